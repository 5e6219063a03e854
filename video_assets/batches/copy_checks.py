"""Copies of what was taken down: known by what their clips look like, before any model looks at them, and refused.

A video of which one clip is a copy is refused as a whole: its row in ``raw_videos`` has the reason, and nothing that was
measured of it stays. Its bytes are known from then on. A video that was let in by a person is not compared again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from video_assets.batches.signatures import Copy, copies, form, matrix, signed
from video_assets.batches.step import Step, Stopwatch
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import COPY_CHECKS, DECODED_VIDEOS, RAW_VIDEOS, TOMBSTONE_CLIPS, TOMBSTONES
from video_assets.reasons import Reason

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake

_ASSET = COPY_CHECKS.name


def check_copies(step: Step, batch: str) -> Made:
    """Compare the batch's clips with what was taken down, refuse the copies, and commit ``copy_checks`` of the others."""
    watch = Stopwatch()
    stones = _stones(step)
    compared = pl.DataFrame(schema={"video_id": pl.String})
    if stones.height:
        clips = signed(step, [batch])
        found = _of_videos(copies(step, clips, stones), clips, _admitted(step.lake))
        step.say(
            f"{_ASSET} of {batch}: {clips.height} clips compared with {stones.height}, {len(found)} videos refused."
        )
        if found:
            _refuse(step, batch, {video: _told(step, pairs, clips, stones, video) for video, pairs in found.items()})
        compared = _nearest(clips, stones)
    inputs = step.inputs(_ASSET, batch)
    videos = step.lake.read(DECODED_VIDEOS, [batch]).filter(pl.col("reason").is_null()).select("video_id", "duration_s")
    rows = COPY_CHECKS.frame(
        videos.select("video_id").join(compared, on="video_id", how="left").with_columns(against=stones.height),
        batch=batch, version=step.version(_ASSET),
    )  # fmt: skip
    made = step.made(
        _ASSET, batch, rows, inputs, footage_seconds=float(videos["duration_s"].sum()), compute_seconds=watch.seconds
    )
    step.lake.commit([Replacement(COPY_CHECKS, [batch], rows)], [made], message=f"{_ASSET}/{batch}", run_id=step.run_id)
    return made


def _stones(step: Step) -> pl.DataFrame:
    """The clips of takedowns that can be compared: ``clip_id`` is one's takedown and number."""
    rows = step.lake.query("SELECT * FROM tombstone_clips WHERE form = ?", [form(step.lake.settings)])
    rows = TOMBSTONE_CLIPS.frame(rows)
    return rows.with_columns(clip_id=pl.format("{}/{}", "takedown", "n"))


def _admitted(lake: Lake) -> set[str]:
    return set(lake.query("SELECT video_id FROM tombstones WHERE admitted_at IS NOT NULL")["video_id"])


def _of_videos(found: list[Copy], clips: pl.DataFrame, admitted: set[str]) -> dict[str, list[Copy]]:
    """The pairs of each video that has any, the surest first."""
    video_of = dict(clips.select("clip_id", "video_id").iter_rows())
    by_video: dict[str, list[Copy]] = {}
    for pair in found:
        if (video := video_of[pair.one]) not in admitted:
            by_video.setdefault(video, []).append(pair)
    return by_video


def _nearest(clips: pl.DataFrame, stones: pl.DataFrame) -> pl.DataFrame:
    """Of each video how many clips were compared, and its nearest signature's cosine."""
    from video_assets.measure.copies import coarse

    names, ours = matrix(clips)
    _, theirs = matrix(stones)
    ours, theirs = coarse(ours), coarse(theirs)
    near = pl.DataFrame(
        {"clip_id": names, "cosine": [float(max(ours[i] @ theirs.T)) for i in range(len(names))]},
        schema={"clip_id": pl.String, "cosine": pl.Float64},
    )
    failed = {
        name: pl.col(name).filter(pl.col("reason").is_not_null()).first()
        for name in ("reason", "message", "limited_by")
    }
    return (
        clips.join(near, on="clip_id", how="left")
        .group_by("video_id")
        .agg(
            clips=pl.col("cosine").count(), cosine=pl.col("cosine").max().clip(-1.0, 1.0), **failed
        )
    )  # fmt: skip


def _told(step: Step, pairs: list[Copy], clips: pl.DataFrame, stones: pl.DataFrame, video: str) -> tuple[str, str]:
    """Of what takedown a video is a copy, and a sentence on how much of it, and how surely."""
    takedown = stones.row(by_predicate=pl.col("clip_id") == pairs[0].other, named=True)["takedown"]
    since = step.lake.query("SELECT strftime(made_at, '%Y-%m-%d') FROM takedowns WHERE takedown = ?", [takedown])
    day = since.item() if since.height else "a day that is not noted"
    alike = {pair.one: pair.seconds for pair in reversed(pairs)}  # of each clip its surest pair
    of_all = clips.filter(video_id=video).height
    told = (
        f"Looks like what was removed on request on {day}: {len(alike)} of {of_all} clips, "
        f"{sum(alike.values()):.1f} s, likeness {pairs[0].score:.3f}."
    )
    return takedown, told


def _refuse(step: Step, batch: str, refused: Mapping[str, tuple[str, str]]) -> None:
    """Keep the hash of each of these videos and a row that says why, and remove all that was measured of them."""
    from video_assets.takedown.anew import make_anew
    from video_assets.takedown.files import remove_pages
    from video_assets.takedown.marks import marks_in
    from video_assets.takedown.rewrite import remove_measured
    from video_assets.takedown.search import searching

    now = datetime.now(UTC)
    videos = step.lake.read(RAW_VIDEOS, [batch])
    gone = videos.filter(pl.col("video_id").is_in(list(refused)))
    told = pl.DataFrame(
        [(video, Reason.TAKEN_DOWN_COPY.value, sentence) for video, (_, sentence) in refused.items()],
        schema=["video_id", "why", "told"], orient="row",
    )  # fmt: skip
    rows = videos.join(told, on="video_id", how="left").with_columns(
        reason=pl.coalesce("why", "reason"), message=pl.coalesce("told", "message")
    )
    stones = [
        Replacement(
            TOMBSTONES, [f"copy-{video[:12]}"],
            TOMBSTONES.frame(
                [{"video_id": video, "sha256": sha256, "takedown": f"copy-{video[:12]}", "copy_of": refused[video][0]}], since=now
            ),
            by="takedown",
        )
        for video, sha256 in gone.select("video_id", "sha256").iter_rows()
    ]  # fmt: skip
    said = f"{len(refused)} copies of what was taken down"
    # Before the rows: who is stopped between the two finds the copies again.
    remove_pages(step.lake, [batch], said)
    with searching(step.lake) as search:
        marks = marks_in(search, sorted(refused), [batch])
    remove_measured(step, marks, {RAW_VIDEOS: RAW_VIDEOS.frame(rows.select(RAW_VIDEOS.schema.names()))}, stones)
    if due := make_anew(step, [batch]):
        remove_pages(step.lake, due, said)
