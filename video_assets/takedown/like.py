"""Footage by what it looks like: clips of the lake that are copies of a file, or of a part of it.

The file is measured in a lake of its own in scratch space, by the steps that measure a batch; nothing of it stays there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.scores import score
from video_assets.batches.segments import segment_clips, segment_shots
from video_assets.batches.signatures import Copy, copies, signed
from video_assets.batches.step import Step
from video_assets.batches.transitions import score_transitions
from video_assets.footage.ingest import sources_version
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SOURCE_FILES
from video_assets.lake.schemas import DECODED_VIDEOS, RAW_VIDEOS, Table
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.settings import LakeSettings
from video_assets.takedown.match import Video

_BATCH = "like"
_AT_ONCE = 32


@dataclass(frozen=True)
class Alike:
    """A clip of the lake that is a copy.

    Attributes:
        video: whose clip it is.
        at_s: where the clip begins there, on a player's clock, in s.
        of_s: where that clip of the file begins of which it is a copy.
        copy: how much of it, and how surely.
    """

    video: Video
    at_s: float
    of_s: float
    copy: Copy


@dataclass(frozen=True)
class Like:
    """A file and what looks like it.

    Attributes:
        own: the file's content.
        clips: its clips, as rows of SIGNED.
        found: of each clip of the lake that is a copy its surest pair, by video and time.
        videos: what is meant: the videos of these clips, and those of the file's own bytes.
    """

    own: Video
    clips: pl.DataFrame
    found: tuple[Alike, ...]
    videos: tuple[Video, ...]


def looks_like(step: Step, path: Path) -> Like:
    """Compare a file with every clip of the lake.

    Raises:
        ValueError: the file cannot be measured, nothing in it can be compared, or nothing looks like it.
    """
    own, clips = _measured(step, path)
    if not clips["copy_signature"].count():
        raise ValueError(f"No clip of {path.name} has a picture by which a copy of it could be known.")
    hashes = dict(step.lake.query("SELECT DISTINCT video_id, sha256 FROM raw_videos WHERE reason IS NULL").iter_rows())
    found = [alike for part in _parts(step) for alike in _alike(step, clips, part, hashes)]
    videos = {alike.video for alike in found} | ({own} if own.video_id in hashes else set())
    if not videos:
        raise ValueError(f"Nothing in the lake looks like {path.name}; nothing was removed.")
    return Like(own, clips, tuple(sorted(found, key=lambda a: (a.video, a.at_s))), tuple(sorted(videos)))


def _parts(step: Step) -> list[list[str]]:
    batches = step.lake.query("SELECT DISTINCT batch FROM clips ORDER BY batch")["batch"].to_list()
    return [batches[start : start + _AT_ONCE] for start in range(0, len(batches), _AT_ONCE)]


def _alike(step: Step, clips: pl.DataFrame, batches: list[str], hashes: dict[str, str]) -> list[Alike]:
    theirs = signed(step, batches)
    video_of = dict(theirs.select("clip_id", "video_id").iter_rows())
    starts = dict(pl.concat([clips, theirs]).select("clip_id", "player_start_s").iter_rows())
    surest: dict[str, Copy] = {}
    for pair in copies(step, clips, theirs):
        surest.setdefault(pair.other, pair)
    return [
        Alike(Video(video_of[clip], hashes.get(video_of[clip])), starts[clip], starts[pair.one], pair)
        for clip, pair in surest.items()
    ]


def _measured(step: Step, path: Path) -> tuple[Video, pl.DataFrame]:
    """A file's content, and its clips as rows of SIGNED, each named as no clip of the lake is."""
    from video_assets.media.identity import sha256_of, video_id

    sha256, stat = sha256_of(path), path.stat()
    with step.lake.files.temporary() as folder:
        places = LakeSettings(root=str(folder / "lake"), scratch=folder / "work")
        lake = Lake(step.lake.settings.model_copy(update={"lake": places}))
        try:
            rows = SOURCES.frame(
                [{"uri": str(path.absolute()), "content": f"sha256:{sha256}", "size_bytes": stat.st_size, "rights_from": "unknown"}],
                batch=_BATCH, current=True, modified_at=datetime.fromtimestamp(stat.st_mtime, UTC),
            )  # fmt: skip
            made = Made(SOURCE_FILES, _BATCH, "1", sources_version(rows), {}, 1)
            lake.commit([Replacement(SOURCES, [_BATCH], rows)], [made], message="like")
            clips = _clips(Step(lake, step.order), path.name)
        finally:
            lake.close()
    return Video(video_id(sha256), sha256), clips.with_columns(clip_id="like/" + pl.col("clip_id"))


def _clips(alone: Step, name: str) -> pl.DataFrame:
    take_in_videos(alone, _BATCH)
    _see(alone.lake, RAW_VIDEOS, name)
    decode_videos(alone, _BATCH)
    _see(alone.lake, DECODED_VIDEOS, name)
    score_transitions(alone, _BATCH)
    segment_shots(alone, _BATCH)
    segment_clips(alone, _BATCH)
    score(alone, "motion_scores", _BATCH)
    return signed(alone, [_BATCH])


def _see(lake: Lake, table: Table, name: str) -> None:
    [(reason, message)] = lake.read(table, [_BATCH], ["reason", "message"]).rows()
    if reason is not None:
        raise ValueError(f"{name} cannot be compared: {reason}: {message}")
