"""Motion scores of clips: amount, direction, stillness and jitter, from recorded frame signals.

A frame's difference columns compare it with the frame before. The first frame of a clip follows a frame outside it,
so a clip of n frames has n - 1 steps, and only steps count here.
"""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas import MOTION_SCORES
from video_assets.measure.camera import MOVES, camera_scores
from video_assets.measure.clip_frames import clip_frames, with_reasons
from video_assets.measure.course import courses

_SIGNALS = [
    "time_s",
    "luma_mean",
    "luma_std",
    "delta_hue",
    "delta_sat",
    "delta_lum",
    "changed_share",
    "vmaf_motion",
    "mv_mean",
    "mv_x",
    "mv_y",
]
_SIGNALS += [*MOVES, "camera_support", "object_motion"]
_STILL = 0.003  # A step is still when a smaller share of pixels changes.
_STILL_STRETCH_S = 0.5  # Least length of the still stretches on both sides of a sudden change.
_SUDDEN_S = 0.5  # Longest sudden change: codecs take several frames to sharpen a new slide, and slides may dissolve.
_CONTENT_CUT = 27.0  # PySceneDetect ContentDetector's default threshold.
_CONTENT_GAP = 5  # Crossings closer than this many frames are one boundary.


def motion_scores(clips: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Motion scores of a batch.

    A sudden change is a stretch of at most 0.5 s of changed steps (changed_share of 0.003 and more) between two still
    stretches of at least 0.5 s each. A ContentDetector boundary is a step whose content value (mean of delta_hue,
    delta_sat and delta_lum) reaches 27 and that no other such step precedes by under 5 frames. The camera's columns are
    those of :func:`video_assets.measure.camera.camera_scores`, the course in time that of
    :func:`video_assets.measure.course.courses`.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.

    Returns:
        Rows of MOTION_SCORES without batch and version, one per clip. A clip without a measured step has NULL in
        every score and the reason not_measured; without motion vectors or camera steps, theirs alone are NULL and the
        row is good.
    """
    frames = clip_frames(clips, signals, _SIGNALS)
    steps = frames.with_columns(pl.col("time_s").diff().over("clip_id").alias("seconds")).filter("step")
    scores = (
        steps.group_by("clip_id", maintain_order=True)
        .agg(
            _mean("vmaf_motion", "vmaf_motion"),
            _mean("mv_mean", "motion_vector"),
            _mean("mv_x", "pan_x"),
            _mean("mv_y", "pan_y"),
            (pl.col("changed_share") < _STILL).mean().alias("still_share"),
        )
        .join(_stretches(steps), on="clip_id", how="left")
        .join(_boundaries(clips, steps), on="clip_id", how="left")
        .join(camera_scores(frames), on="clip_id", how="left")
        .join(courses(clips, frames), on="clip_id", how="left")
    )
    rows = with_reasons(
        clips, scores, "vmaf_motion", "No frame of the clip has a measured difference from the one before."
    )
    return MOTION_SCORES.frame(rows).drop("batch", "version")


def _mean(column: str, name: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).mean().alias(name)


def _stretches(steps: pl.DataFrame) -> pl.DataFrame:
    """longest_still_s and sudden_changes per clip, from the maximal stretches of still and of changed steps."""
    stretches = (
        steps.drop_nulls("changed_share")
        .with_columns((pl.col("changed_share") < _STILL).alias("still"))
        .with_columns(pl.col("still").rle_id().over("clip_id").alias("stretch"))
        .group_by("clip_id", "stretch", maintain_order=True)
        # Sums of float seconds meet the limits exactly once they are rounded to microseconds.
        .agg(pl.col("still").first(), pl.col("seconds").sum().round(6))
    )
    long_still = pl.col("still") & (pl.col("seconds") >= _STILL_STRETCH_S)
    sudden = (
        ~pl.col("still")
        & (pl.col("seconds") <= _SUDDEN_S)
        & long_still.shift(1, fill_value=False)
        & long_still.shift(-1, fill_value=False)
    )
    return stretches.group_by("clip_id", maintain_order=True).agg(
        pl.col("seconds").filter("still").max().fill_null(0.0).alias("longest_still_s"),
        sudden.sum().alias("sudden_changes"),
    )


def _boundaries(clips: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """shots_per_second per clip."""
    content = pl.mean_horizontal("delta_hue", "delta_sat", "delta_lum")
    crossings = pl.col("frame").filter(content >= _CONTENT_CUT)
    boundaries = (crossings.diff().fill_null(_CONTENT_GAP) >= _CONTENT_GAP).sum()
    return (
        steps.group_by("clip_id", maintain_order=True)
        .agg(boundaries.alias("boundaries"))
        .join(clips.select("clip_id", "duration_s"), on="clip_id")
        .select("clip_id", (pl.col("boundaries") / pl.col("duration_s")).alias("shots_per_second"))
    )
