"""Motion scores of clips: amount, direction, stillness and jitter, from recorded frame signals.

A step's difference columns compare it with the step before, which is the frame before unless there are more than 34 a
second. The first step of a clip follows one outside it, so a clip of n steps has n - 1 differences, and only those count
here: each as long as the time that it took, so that neither the frame rate nor frames that were not stored change a score.
"""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas import MOTION_SCORES
from video_assets.measure.camera import MOVES, camera_scores
from video_assets.measure.clip_frames import clip_frames, weighed, with_reasons, with_standing
from video_assets.measure.course import courses
from video_assets.measure.pace import FILM_S, GROWTH

_STATE = ["width", "height", "luma_mean", "luma_std"]
_CHANGES = ["delta_hue", "delta_sat", "delta_lum", "changed_share", "vmaf_motion"]
_SIGNALS = [
    "time_s",
    *_STATE,
    *_CHANGES,
    "mv_mean",
    "mv_x",
    "mv_y",
    *MOVES,
    "camera_support",
    "camera_held",
    "object_motion",
]
_STILL = 0.003  # A step is still when a smaller share of pixels changes.
_STILL_STRETCH_S = 0.5  # Least length of the still stretches on both sides of a sudden change.
_SUDDEN_S = 0.5  # Longest sudden change: codecs take several frames to sharpen a new slide, and slides may dissolve.
_CONTENT_CUT = 27.0  # PySceneDetect ContentDetector's default threshold.
_CONTENT_GAP_S = 0.2  # Crossings closer than this are one boundary.
# Films have 24 or 25 frames a second, and published thresholds are of the plain mean over these and over 30, which changes
# less in a frame. So the mean stays near: half of what 30 frames a second take off is put back.
_SHORTEST_FILM_S, _SHORTEST_S, _PUT_BACK = 1 / 25, 1 / 30, 0.5


def motion_scores(clips: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Motion scores of a batch.

    ``vmaf_motion`` is the mean change over 1/24 s. It is the mean over frames at 24 and 25 frames a second; what is slower
    is brought to 1/24 s as real footage goes (the time to the power of 0.85), and 30 frames a second halfway (1.1 times
    their mean). A picture that is shown for more than 0.15 s stands still and then changes within 1/24 s. ``still_share``
    is of the time, and motion vectors are brought to 1/24 s likewise.

    A sudden change is a stretch of at most 0.5 s of changed steps (changed_share of 0.003 and more) between two still
    stretches of at least 0.5 s each. A ContentDetector boundary is a step whose content value (mean of delta_hue,
    delta_sat and delta_lum) reaches 27 and that no other such step precedes by under 0.2 s. The camera's columns are
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
    recorded = clip_frames(clips, signals, _SIGNALS)
    frames = with_standing(recorded, clips, _STATE, _CHANGES)
    steps = _steps(frames)
    still, taken = (pl.col("changed_share") < _STILL, pl.col("seconds"))
    scores = (
        steps.group_by("clip_id", maintain_order=True)
        .agg(
            weighed(pl.col("vmaf_motion").cast(pl.Float64) * _to_film(), taken).alias("vmaf_motion"),
            weighed(still.cast(pl.Float64), taken).alias("still_share"),
        )
        .join(_vectors(recorded), on="clip_id", how="left")
        .join(_stretches(steps), on="clip_id", how="left")
        .join(_boundaries(clips, steps), on="clip_id", how="left")
        .join(camera_scores(recorded), on="clip_id", how="left")
        .join(courses(clips, frames), on="clip_id", how="left")
    )
    rows = with_reasons(
        clips, scores, "vmaf_motion", "No frame of the clip has a measured difference from the one before."
    )
    return MOTION_SCORES.frame(rows).drop("batch", "version")


def _steps(frames: pl.DataFrame) -> pl.DataFrame:
    """The steps with a step before them in their clip, and the ``seconds`` since that one, to the microsecond."""
    # The first frame of a video is a step, with nothing before it.
    measured = frames.filter(pl.col("vmaf_motion").is_not_null() | (pl.col("frame") == 0))
    return measured.with_columns(pl.col("time_s").diff().over("clip_id").round(6).alias("seconds")).drop_nulls(
        "seconds"
    )


def _to_film() -> pl.Expr:
    """What a change over ``seconds`` is multiplied by to be one of 1/24 s."""
    seconds = pl.col("seconds")
    # Timestamps are rounded, in some containers to ms.
    slower = pl.when(seconds > FILM_S + 0.001).then((FILM_S / seconds).pow(GROWTH))
    return (
        slower.when(seconds < _SHORTEST_FILM_S - 0.001).then((_SHORTEST_FILM_S / seconds).pow(_PUT_BACK)).otherwise(1.0)
    )


def _vectors(frames: pl.DataFrame) -> pl.DataFrame:
    """motion_vector, pan_x and pan_y per clip. Vectors are of every frame, and go with the time between frames."""
    seconds = pl.col("seconds")
    longest = pl.when(seconds > FILM_S + 0.001).then(FILM_S / seconds)
    brought = longest.when(seconds < _SHORTEST_FILM_S - 0.001).then(
        (_SHORTEST_S / seconds).clip(1.0) * (_SHORTEST_FILM_S / seconds.clip(_SHORTEST_S)).pow(_PUT_BACK)
    )
    names = {"mv_mean": "motion_vector", "mv_x": "pan_x", "mv_y": "pan_y"}
    return (
        frames.with_columns(pl.col("time_s").diff().over("clip_id").round(6).alias("seconds"))
        .filter("step")
        .group_by("clip_id", maintain_order=True)
        .agg(
            weighed(pl.col(column).cast(pl.Float64) * brought.otherwise(1.0), seconds).alias(name)
            for column, name in names.items()
        )
    )


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
    crossings = pl.col("time_s").filter(content >= _CONTENT_CUT)
    boundaries = (crossings.diff().round(6).fill_null(_CONTENT_GAP_S) >= _CONTENT_GAP_S).sum()
    return (
        steps.group_by("clip_id", maintain_order=True)
        .agg(boundaries.alias("boundaries"))
        .join(clips.select("clip_id", "duration_s"), on="clip_id")
        .select("clip_id", (pl.col("boundaries") / pl.col("duration_s")).alias("shots_per_second"))
    )
