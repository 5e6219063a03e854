"""shots and clips: from the recorded frame signals, without opening a video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import polars as pl

from video_assets.batches.step import Step, Stopwatch, total
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, DECODED_VIDEOS, FRAME_SIGNALS, SHOTS, TRANSITION_SCORES, Table
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.segment.video_facts import VideoFacts


def segment_shots(step: Step, batch: str) -> Made:
    """Find the shots of the batch's videos; commit ``shots``."""
    inputs, watch = step.inputs("shots", batch), Stopwatch()
    signals = _by_video(step.lake.read(FRAME_SIGNALS, [batch]))
    scores = _network_scores(step, batch)
    found = [
        find_shots(signals[v.video_id], v, step.lake.settings.shots, scores(v.video_id)) for v in _videos(step, batch)
    ]
    return _commit(step, "shots", SHOTS, batch, found, inputs, watch)


def _network_scores(step: Step, batch: str) -> Callable[[str], pl.DataFrame | None]:
    """Of each video what :func:`find_shots` is told of the network; None when it is off or failed on the video."""
    rows = step.lake.read(TRANSITION_SCORES, [batch])
    failed = set(rows.filter(pl.col("reason").is_not_null())["video_id"])
    scored = _by_video(rows.filter(pl.col("reason").is_null()))
    off = not step.lake.settings.shots.network
    return lambda video: None if off or video in failed else scored.get(video, TRANSITION_SCORES.empty())


def segment_clips(step: Step, batch: str) -> Made:
    """Cut the shots of the batch's videos into clips; commit ``clips``."""
    inputs, watch = step.inputs("clips", batch), Stopwatch()
    columns = [
        "video_id",
        "frame",
        "pts",
        "pts_offset",
        "width",
        "height",
        "sharpness",
        "bar_left",
        "bar_right",
        "bar_top",
        "bar_bottom",
    ]
    signals = _by_video(step.lake.read(FRAME_SIGNALS, [batch], columns))
    shots = _by_video(step.lake.read(SHOTS, [batch]))
    found = [
        cut_clips(shots[v.video_id], signals[v.video_id], v, step.lake.settings.clips)
        for v in _videos(step, batch)
        if v.video_id in shots
    ]
    return _commit(step, "clips", CLIPS, batch, found, inputs, watch)


def _videos(step: Step, batch: str) -> list[VideoFacts]:
    """The batch's decoded videos."""
    decoded = step.lake.read(DECODED_VIDEOS, [batch]).filter(pl.col("reason").is_null())
    rows = decoded.sort("video_id").iter_rows(named=True)
    return [
        VideoFacts(
            r["video_id"], r["stream"], Fraction(r["time_base_num"], r["time_base_den"]), r["width"], r["height"],
            r["truncated"], r["end_pts"], r["container_start_s"],
        )
        for r in rows
    ]  # fmt: skip


def _by_video(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): part for key, part in rows.partition_by("video_id", as_dict=True).items()}


def _commit(
    step: Step,
    asset: str,
    table: Table,
    batch: str,
    found: list[pl.DataFrame],
    inputs: dict[str, str],
    watch: Stopwatch,
) -> Made:
    rows = table.frame(
        pl.concat(found) if found else table.empty().drop("batch", "version"), batch=batch, version=step.version(asset)
    )
    made = step.made(
        asset, batch, rows, inputs, footage_seconds=total(rows["duration_s"]), compute_seconds=watch.seconds
    )
    step.lake.commit([Replacement(table, [batch], rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made
