"""What clips look like, by which copies are known: stored signatures, or taken anew where no model has looked at a clip.

A model looks at candidates alone. A clip that every tier drops has keyframes all the same, and may be a copy of something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from video_assets.batches.pictures import measured
from video_assets.batches.step import Step
from video_assets.lake.schemas import CLIPS
from video_assets.lake.sql_text import in_batches
from video_assets.settings import Settings

# Raised when the same pictures give another coarse part of the signature (measure/copies.py). What was taken down cannot be looked at again:
# of an older form its copies are not known any more.
_SIGNATURE = 1
# Raised when the same frames give another course (measure/course.py). It has the code number that motion_scores had when it last changed.
_COURSE = 7

SIGNED = pl.Schema(
    {
        "batch": pl.String(), "video_id": pl.String(), "clip_id": pl.String(), "player_start_s": pl.Float64(),
        "duration_s": pl.Float64(), "copy_signature": pl.List(pl.Float32()), "time_course": pl.List(pl.Float32()),
        "reason": pl.String(), "message": pl.String(), "limited_by": pl.String(),
    }
)  # fmt: skip
"""Clips with what they are compared by. A signature is NULL where the pictures are flat, or where ``reason`` says why."""


@dataclass(frozen=True)
class Copy:
    """Two clips of which one is a copy of the other, or of a part of it.

    Attributes:
        one: id of the first.
        other: id of the second.
        score: cosine of the signatures, or correlation of the courses where those are not near enough; to 1.
        seconds: how long what they share is, in s.
        mirrored: whether one is a mirror image.
    """

    one: str
    other: str
    score: float
    seconds: float
    mirrored: bool


def form(settings: Settings) -> str:
    """The form of signatures and courses by these settings; those of two forms are not compared."""
    return f"{_SIGNATURE}-{settings.embedding.frames_per_clip}-{_COURSE}"


def signed(step: Step, batches: Sequence[str], videos: Sequence[str] | None = None) -> pl.DataFrame:
    """The clips of some batches, or of some videos in them, with signature and course: rows of :data:`SIGNED`."""
    only = "" if videos is None else "AND c.video_id IN (SELECT unnest($videos))"
    # Of each table by name: what a join lets through, DuckDB learns when it has opened every file.
    among = {table: in_batches(batches, f"{table}.batch") for table in "cem"}
    found = step.lake.query(
        "SELECT c.batch, c.video_id, c.clip_id, c.player_start_s, c.duration_s, e.copy_signature, m.time_course, "
        "e.clip_id IS NULL OR e.reason IS NOT NULL AS unsigned FROM clips AS c "
        f"LEFT JOIN clip_embeddings AS e ON {among['e']} AND e.batch = c.batch AND e.clip_id = c.clip_id AND e.version = $embeddings "
        f"LEFT JOIN motion_scores AS m ON {among['m']} AND m.batch = c.batch AND m.clip_id = c.clip_id AND m.version = $motion "
        f"WHERE {among['c']} {only} ORDER BY c.batch, c.clip_id",
        {
            "embeddings": step.version("clip_embeddings"), "motion": step.version("motion_scores"),
            **({} if videos is None else {"videos": list(videos)}),
        },
    )  # fmt: skip
    unsigned = found.filter("unsigned")
    rows = [row for (batch,), part in unsigned.group_by("batch") for row in _taken(step, str(batch), part["clip_id"])]
    told = dict.fromkeys(("reason", "message", "limited_by"), pl.String())
    taken = pl.DataFrame(rows, schema={"clip_id": pl.String(), "taken": SIGNED["copy_signature"], **told}, orient="row")
    return (
        found.drop("unsigned")
        .join(taken, on="clip_id", how="left")
        .with_columns(
            pl.coalesce("taken", pl.col("copy_signature").cast(SIGNED["copy_signature"])).alias("copy_signature")
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SIGNED.items())
        .sort("batch", "clip_id")
    )


def _taken(step: Step, batch: str, clips: pl.Series) -> Iterator[tuple[object, ...]]:
    """Signatures from the stored keyframes, in worker processes: clip_id, copy_signature, reason, message and limited_by."""
    from video_assets.measure.copy_model import CopySigner

    frames = step.lake.settings.embedding.frames_per_clip
    wanted = step.lake.read(CLIPS, [batch]).filter(pl.col("clip_id").is_in(clips.to_list()))
    for row in measured(step, "copy_checks", batch, wanted, CopySigner(frames), frames, pictures_per_worker=1000):
        yield tuple(row.get(name) for name in ("clip_id", "copy_signature", "reason", "message", "limited_by"))


def copies(step: Step, ones: pl.DataFrame, others: pl.DataFrame) -> list[Copy]:
    """The clips among some that are copies of others, by what makes clips near-duplicates; the surest first.

    Args:
        step: whose settings say from which numbers on.
        ones: clip_id, duration_s, copy_signature and time_course.
        others: likewise; ids in both are of the same clips.
    """
    names, ours = matrix(ones)
    other_names, theirs = matrix(others)
    if not names or not other_names:
        return []
    from video_assets.measure.copy_pairs import Limits, copy_pairs

    both = pl.concat([f.select("clip_id", "duration_s", "time_course") for f in (ones, others)]).unique("clip_id")
    lengths = dict(both.select("clip_id", "duration_s").iter_rows())
    courses = _courses(both)
    settings = step.lake.settings.duplicates
    limits = Limits(settings.min_cosine, settings.min_correlation, settings.min_course)
    found = [
        Copy(
            pair.clip_id, pair.other_id, pair.cosine if pair.correlation is None else pair.correlation,
            min(lengths[pair.clip_id], lengths[pair.other_id]) if pair.shared_s is None else pair.shared_s, pair.mirrored,
        )
        for pair in copy_pairs(names, ours, other_names, theirs, lambda _: courses, limits)
    ]  # fmt: skip
    return sorted(found, key=lambda c: (-c.score, c.one, c.other))


def matrix(clips: pl.DataFrame) -> tuple[list[str], Any]:
    """The clips that have a signature: ids, and float32 (clips, n)."""
    rows = clips.filter(pl.col("copy_signature").is_not_null())
    signatures = rows["copy_signature"].explode().cast(pl.Float32).to_numpy()
    return rows["clip_id"].to_list(), signatures.reshape(max(rows.height, 1), -1)


def _courses(clips: pl.DataFrame) -> dict[str, Any]:
    from video_assets.measure.course import SIGNALS

    rows = clips.filter(pl.col("time_course").is_not_null())
    return {
        clip: course.to_numpy().reshape(len(SIGNALS), -1)
        for clip, course in zip(rows["clip_id"], rows["time_course"], strict=True)
    }
