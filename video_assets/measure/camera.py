"""What the camera does in a clip, from the recorded camera steps alone: thresholds change without a decode.

Geometry sees where the picture goes, not why: a truck looks like a pan and a push-in like a zoom. The classes here are
the coarser ones; ``sql/views/camera_classes.sql`` says which published classes each stands for.
"""

from __future__ import annotations

import math

import polars as pl

STATIC, HANDHELD, MIXED = "static", "handheld", "mixed"
MOVES = {
    "camera_pan": ("pan_left", "pan_right"),
    "camera_tilt": ("tilt_down", "tilt_up"),
    "camera_zoom": ("zoom_out", "zoom_in"),
    "camera_roll": ("roll_left", "roll_right"),
}
"""Each axis' class when it is negative and when it is positive."""

# What one unit moves the middle of the left and right edges, in long sides.
_EDGE = {"camera_pan": 1.0, "camera_tilt": 1.0, "camera_zoom": 0.5, "camera_roll": 0.5 * math.radians(1)}
# Long sides/s of the edges from which a camera moves. Nothing but a lens or a camera that comes closer grows the whole picture:
# from 4 % in 4 s on it is told. What moves in front bends pan and tilt more.
_MOVING = {"camera_pan": 0.015, "camera_tilt": 0.015, "camera_zoom": 0.005, "camera_roll": 0.015}
_SHAKING = 0.02  # Long sides/s off its smooth motion from which a camera is in hands.
_STANDS_OUT = 0.7  # Of the deviation around it: the least motion that is not its chance.
_GROWS = 3.0  # Of the zoom's own deviation around it, likewise.
_HELD = 0.12  # Of the texture: what stays in place under a pan, a tilt or a roll from which it follows somebody or goes round.
_LEAST_SUPPORT = 0.4
_LEAST_TOLD = 0.25  # Of the steps: of a flight between trees 1 % were told, and made it a pan.
_SMOOTH_STEPS = 13  # About 2 s.
_MAJORITY = 0.5
_AXES = list(MOVES)


def camera_scores(frames: pl.DataFrame) -> pl.DataFrame:
    """The camera's columns of ``motion_scores``.

    Every camera step gets the class that its smooth motion (the median of the 13 steps around it) shows: the axis that
    moves the picture's edges most, where that is at least 0.015 of the long side a second (a zoom: 0.005, which is 4 %
    in 4 s, and 3 times its own median deviation) and 0.7 of the median deviation from the smooth motion around; else
    handheld, where that deviation is 0.02/s and more; else static. A pan, a tilt or a roll under which an eighth of the picture's
    texture stays in place follows somebody or goes round, which no class of ours is: mixed. The clip has its most frequent
    class if that is half of them, and is mixed otherwise. A clip's first step counts from a frame outside it and is left
    out, as are steps that less than 40 % of the picture's texture supports. Where those that are left are less than a
    quarter, nothing is told of the clip.

    Args:
        frames: clip_id, the axes of MOVES, camera_support, camera_held and object_motion, of every frame of the clips in order.

    Returns:
        clip_id, camera_motion, camera_confidence, camera_pan, camera_tilt, camera_zoom, camera_roll, shake and
        object_motion, a row for each clip with a camera step of its own.
    """
    steps = _steps(frames)
    told, all_of_it = _told(steps), steps.group_by("clip_id", maintain_order=True).agg(pl.len().alias("steps"))
    counted = told.group_by("clip_id").agg(pl.len().alias("told")).join(all_of_it, on="clip_id")
    told = told.join(counted.filter(pl.col("told") >= _LEAST_TOLD * pl.col("steps")), on="clip_id", how="semi")
    return (
        all_of_it.join(_most_frequent(told), on="clip_id", how="left")
        .join(
            told.group_by("clip_id").agg(
                pl.col(*_AXES).median(), pl.col("deviation").median().alias("shake"), pl.col("object_motion").median()
            ),
            on="clip_id",
            how="left",
        )
        .select(
            "clip_id",
            "camera_motion",
            (pl.col("showing").fill_null(0) / pl.col("steps")).alias("camera_confidence"),
            *_AXES,
            "shake",
            "object_motion",
        )
    )


def camera_moves(frames: pl.DataFrame) -> pl.Series:
    """Whether the camera pans, tilts, zooms or rolls at each frame: as the camera step says in whose time it lies.

    A step's time goes from the step before up to it. Its smooth motion has one of these classes, and its own is not at rest.
    False where it cannot be told.

    Args:
        frames: as of :func:`camera_scores`, with frame.

    Returns:
        Booleans, one for each row of ``frames``.
    """
    steps = _steps(frames)
    own = pl.any_horizontal((pl.col(axis) * edge).abs() >= _MOVING[axis] for axis, edge in _EDGE.items())
    moves = ~pl.col("camera_motion").is_in([STATIC, HANDHELD]) & own
    told = _told(steps).select("clip_id", "frame", moves.alias("moves"))
    by_step = steps.select("clip_id", "frame").join(told, on=["clip_id", "frame"], how="left")
    return (
        frames.select("clip_id", "frame")
        .join(
            by_step.with_columns(pl.col("moves").fill_null(False)),
            on=["clip_id", "frame"],
            how="left",
            maintain_order="left",
        )
        .select(pl.col("moves").backward_fill().forward_fill().over("clip_id").fill_null(False))
        .to_series()
    )


def _steps(frames: pl.DataFrame) -> pl.DataFrame:
    """The camera steps but each clip's first."""
    return frames.drop_nulls("camera_support").filter(pl.int_range(pl.len()).over("clip_id") > 0)


def _told(steps: pl.DataFrame) -> pl.DataFrame:
    """Those of which enough of the picture tells, with their smooth motion, the deviation from it and their class."""
    return (
        steps.filter(pl.col("camera_support") >= _LEAST_SUPPORT)
        .with_columns(pl.col(*_AXES, "object_motion").cast(pl.Float64))
        .with_columns(_smooth(pl.col(a)).alias(f"smooth_{a}") for a in _AXES)
        .with_columns(
            _deviation().alias("deviation"),
            (pl.col("camera_zoom") - pl.col("smooth_camera_zoom")).abs().alias("unsteady"),
        )
        .with_columns(_step_class())
    )


def _smooth(values: pl.Expr) -> pl.Expr:
    return values.rolling_median(_SMOOTH_STEPS, min_samples=1, center=True).over("clip_id")


def _deviation() -> pl.Expr:
    """How far a step's pan and tilt are off the smooth ones, in long sides/s."""
    return sum(
        ((pl.col(a) - pl.col(f"smooth_{a}")) ** 2 for a in ("camera_pan", "camera_tilt")), start=pl.lit(0.0)
    ).sqrt()


def _step_class() -> pl.Expr:
    edges = {a: pl.col(f"smooth_{a}") * _EDGE[a] for a in _AXES}
    fastest, shake = pl.max_horizontal(e.abs() for e in edges.values()), _smooth(pl.col("deviation"))
    unsteady = {"camera_zoom": _GROWS * _EDGE["camera_zoom"] * _smooth(pl.col("unsteady"))}
    least = {a: pl.max_horizontal(pl.lit(_MOVING[a]), _STANDS_OUT * shake, unsteady.get(a, pl.lit(0.0))) for a in _AXES}
    moves = pl.any_horizontal((edges[a].abs() == fastest) & (fastest >= least[a]) for a in _AXES)
    turns = pl.any_horizontal(edges[a].abs() == fastest for a in ("camera_pan", "camera_tilt", "camera_roll"))
    held = _smooth(pl.col("camera_held").cast(pl.Float64).fill_null(0.0)) >= _HELD
    at_rest = pl.when(shake >= _SHAKING).then(pl.lit(HANDHELD)).otherwise(pl.lit(STATIC))
    return pl.coalesce(
        pl.when(~moves).then(at_rest),
        pl.when(turns & held).then(pl.lit(MIXED)),
        *(
            pl.when(sign * edges[axis] == fastest).then(pl.lit(name))
            for axis, names in MOVES.items()
            for sign, name in zip((-1, 1), names, strict=True)
        ),
    ).alias("camera_motion")


def _most_frequent(told: pl.DataFrame) -> pl.DataFrame:
    """clip_id, camera_motion, and in ``showing`` how many steps show it; of classes as frequent, the first by name."""
    counts = told.group_by("clip_id", "camera_motion").agg(pl.len().alias("showing"))
    first = counts.sort("showing", "camera_motion", descending=[True, False]).group_by("clip_id", maintain_order=True)
    return (
        first.agg(pl.col("camera_motion").first(), pl.col("showing").first(), pl.col("showing").sum().alias("told"))
        .with_columns((pl.col("showing") < _MAJORITY * pl.col("told")).alias("mixed"))
        .select(
            "clip_id",
            pl.when("mixed").then(pl.lit(MIXED)).otherwise("camera_motion").alias("camera_motion"),
            pl.when("mixed").then(pl.col("told") - pl.col("showing")).otherwise("showing").alias("showing"),
        )
    )
