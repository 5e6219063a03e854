"""Motion scores of clips: amount, direction, stillness and jitter, from recorded frame signals.

A step's difference columns compare it with the step before, which is the frame before unless there are more than 34 a
second. The first step of a clip follows one outside it, so a clip of n steps has n - 1 differences, and only those count
here: each as long as the time that it took, so that neither the frame rate nor frames that were not stored change a score.
"""

from __future__ import annotations

import polars as pl

from video_assets.measure.camera import MOVES, camera_moves, camera_scores
from video_assets.measure.clip_frames import clip_frames, weighed, with_reasons, with_standing
from video_assets.measure.course import courses
from video_assets.measure.pace import FILM_S, GROWTH, LONGEST_STEP_S, STANDING_S
from video_assets.scorers.motion import MOTION_SCORES
from video_assets.segment.detectors import content_change

_STATE = ["width", "height", "luma_mean", "luma_std"]
_CHANGES = ["delta_hue", "delta_sat", "delta_lum", "changed_share", "vmaf_motion"]
_SIGNALS = [
    "time_s",
    *_STATE,
    *_CHANGES,
    "vmaf_motion_two_steps",
    "saturation",
    *MOVES,
    "camera_support",
    "camera_held",
    "flow_length",
    "object_motion",
]
_STILL = 0.003  # Nothing moves in a step when a smaller share of pixels changes.
_STILL_STRETCH_S = 0.5  # Least length of the still stretches on both sides of a sudden change.
_SUDDEN_S = 0.5  # Longest sudden change: codecs take several frames to sharpen a new slide, and slides may dissolve.
_CONTENT_CUT = 27.0  # PySceneDetect ContentDetector's default threshold.
_CONTENT_GAP_S = 0.2  # Crossings closer than this are one boundary.
_OFF_S = 0.001  # Timestamps are rounded, in some containers to ms.
_SHORTEST_FILM_S = 1 / 25  # Films have 24 or 25 frames a second, and what is as fast is left as it is.
# If changes grow by the factor 1 + x from one step to two, then by 1 + x to this power from half a step to one: so do those of
# pictures that forget each other at an even rate.
_STEEPER = 0.5
_LEAST_GROWTH_ROWS = 4  # Moments at which the change over two steps is needed to tell how it grows.


def motion_scores(clips: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Motion scores of a batch.

    ``vmaf_motion`` is the mean change over 1/24 s. It is the mean over frames at 24 and 25 frames a second; what is slower
    or faster is brought to 1/24 s by the power of time as which its changes grow: as the clip's own do from one step to two
    (0.4 to 1.0 in real videos), else 0.85. A picture that is shown for more than 0.15 s stands still and then changes within 1/24 s. ``still_share``
    is of the time. ``motion_vector`` is of pictures a sixth of a second apart, whatever lies between them. A step is still where hardly a pixel changes (changed_share
    under 0.003), the camera does not pan, tilt, zoom or roll, and both go on for more than 0.15 s.

    A sudden change is a stretch of at most 0.5 s of steps that are not still between two still
    stretches of at least 0.5 s each. A ContentDetector boundary is a step whose content value (the changes of hue,
    saturation and luma, weighed as in :func:`video_assets.segment.detectors.content_change`) reaches 27 and that no other
    such step precedes by under 0.2 s. The camera's columns are
    those of :func:`video_assets.measure.camera.camera_scores`, the course in time that of
    :func:`video_assets.measure.course.courses`.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.

    Returns:
        Rows of MOTION_SCORES without batch and version, one per clip. A clip without a measured step has NULL in
        every score and the reason not_measured; without camera steps, theirs alone are NULL and the row is good.
    """
    recorded = clip_frames(clips, signals, _SIGNALS)
    frames = with_standing(recorded.with_columns(camera_moves(recorded)), clips, _STATE, _CHANGES)
    steps, taken = _steps(frames), pl.col("seconds")
    scores = (
        steps.join(_growth(steps), on="clip_id", how="left", maintain_order="left")
        .with_columns(pl.col("growth").fill_null(GROWTH))
        .group_by("clip_id", maintain_order=True)
        .agg(
            weighed(pl.col("vmaf_motion").cast(pl.Float64) * _to_film(), taken).alias("vmaf_motion"),
            weighed(pl.col("still").cast(pl.Float64), taken).alias("still_share"),
        )
        .join(_lengths(recorded), on="clip_id", how="left")
        .join(_stretches(steps), on="clip_id", how="left")
        .join(_boundaries(clips, steps), on="clip_id", how="left")
        .join(camera_scores(recorded), on="clip_id", how="left")
        .join(courses(clips, frames), on="clip_id", how="left")
    )
    rows = with_reasons(
        clips, scores, "vmaf_motion", "No frame of the clip has a measured difference from the one before."
    )
    return MOTION_SCORES.table.frame(rows).drop("batch", "version")


def _steps(frames: pl.DataFrame) -> pl.DataFrame:
    """The steps with a step before them in their clip, and the ``seconds`` since that one, to the microsecond."""
    # A slow pan over soft shapes changes hardly a pixel from step to step.
    still = (pl.col("changed_share") < _STILL) & ~pl.col("moves").fill_null(False)
    told = frames.with_columns(still.alias("still"), content_change().over("clip_id").alias("content"))
    # The first frame of a video is a step, with nothing before it.
    measured = told.filter(pl.col("vmaf_motion").is_not_null() | (pl.col("frame") == 0))
    timed = measured.with_columns(pl.col("time_s").diff().over("clip_id").round(6).alias("seconds")).drop_nulls(
        "seconds"
    )
    # A film of 16 frames a second has every second or third one twice at 25: that is how it is shown, and nothing rests in it.
    stretch = timed.select(pl.col("still").rle_id().over("clip_id"))["still"]
    lasts = pl.col("seconds").sum().over("clip_id", stretch).round(6) > STANDING_S
    return timed.with_columns(pl.col("still") & lasts)


def _to_film() -> pl.Expr:
    """What a change over ``seconds`` is multiplied by to be one of 1/24 s."""
    growth = pl.col("growth")
    below = (1.0 + (pl.lit(2.0).pow(growth) - 1.0).pow(_STEEPER)).log(2.0)
    brought = (FILM_S / pl.col("seconds")).pow(pl.when(_is_slow()).then(below).otherwise(growth))
    return pl.when(_is_film()).then(1.0).otherwise(brought)


def _is_slow() -> pl.Expr:
    return pl.col("seconds") > FILM_S + _OFF_S


def _is_film() -> pl.Expr:
    return ~_is_slow() & (pl.col("seconds") >= _SHORTEST_FILM_S - _OFF_S)


def _growth(steps: pl.DataFrame) -> pl.DataFrame:
    """clip_id and ``growth``: the power of time as which changes grow from one step to two, of what moves on."""
    # Of the two steps in one, each counts: a picture that is shown twice does not change in one of them.
    motion = pl.col("vmaf_motion").cast(pl.Float64)
    pairs = steps.with_columns(((motion + motion.shift().over("clip_id")) / 2).alias("one_step"))
    both = pairs.filter(pl.col("seconds") <= STANDING_S).drop_nulls(["one_step", "vmaf_motion_two_steps"])
    one, two = pl.col("one_step").sum(), pl.col("vmaf_motion_two_steps").cast(pl.Float64).sum()
    told = (pl.len() >= _LEAST_GROWTH_ROWS) & (one > 0) & (two > 0)
    return both.group_by("clip_id", maintain_order=True).agg(
        pl.when(told).then((two / one).log(2.0).clip(0.0, 1.0)).otherwise(GROWTH).alias("growth")
    )


def _lengths(frames: pl.DataFrame) -> pl.DataFrame:
    """motion_vector per clip, from its camera steps but the first, which counts from a frame outside it."""
    seconds = pl.col("seconds")
    # A picture that is shown for so long that the next one is not compared with it stands.
    standing = pl.when(seconds > LONGEST_STEP_S).then(0.0)
    pixels = pl.max_horizontal("width", "height").cast(pl.Float64) * FILM_S
    return (
        frames.drop_nulls("camera_support")
        .with_columns(pl.col("time_s").diff().over("clip_id").round(6).alias("seconds"))
        .drop_nulls("seconds")
        .group_by("clip_id", maintain_order=True)
        .agg(
            weighed(pl.coalesce(pl.col("flow_length").cast(pl.Float64), standing) * pixels, seconds).alias(
                "motion_vector"
            )
        )
    )


def _stretches(steps: pl.DataFrame) -> pl.DataFrame:
    """longest_still_s and sudden_changes per clip, from the maximal stretches of still and of changed steps."""
    stretches = (
        steps.drop_nulls("changed_share")
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
    crossings = pl.col("time_s").filter(pl.col("content") >= _CONTENT_CUT)
    boundaries = (crossings.diff().round(6).fill_null(_CONTENT_GAP_S) >= _CONTENT_GAP_S).sum()
    return (
        steps.group_by("clip_id", maintain_order=True)
        .agg(boundaries.alias("boundaries"))
        .join(clips.select("clip_id", "duration_s"), on="clip_id")
        .select("clip_id", (pl.col("boundaries") / pl.col("duration_s")).alias("shots_per_second"))
    )
