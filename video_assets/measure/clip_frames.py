"""The frames of many clips: what every family of scores aggregates."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from video_assets.measure.pace import FILM_S, STANDING_S
from video_assets.reasons import Reason

_ADDED_BY_BARS = ["dark_share", "black_share"]
_DILUTED_BY_BARS = [
    "luma_mean", "saturation", "bright_share", "changed_share", "difference", "frame_difference", "delta_hue", "delta_sat", "delta_lum",
    "vmaf_motion", "vmaf_motion_two_steps",
]  # fmt: skip


def clip_frames(clips: pl.DataFrame, signals: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Give one row per clip and frame in ``[start_frame, end_frame)``, by clip in frame order.

    Clips are expanded to their frame numbers and joined by equality: the work grows with the clips' frames, not with
    clips times the frames of their videos, and clips may overlap.

    Means over the picture are brought to the clip's crop: what was cut off was black and did not change, and has no part in what
    the clip shows.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.
        columns: columns of FRAME_SIGNALS to bring along.

    Returns:
        clip_id, frame, ``step`` (whether the frame follows a frame of the same clip, so that its differences count),
        and ``columns``. Frames without signals are absent.
    """
    crop = (pl.col("crop_width") * pl.col("crop_height")).alias("crop")
    needed = list(dict.fromkeys(["width", "height", "luma_mean", *columns]))
    spans = clips.select(
        "clip_id", "video_id", "start_frame", crop, pl.int_ranges("start_frame", "end_frame").alias("frame")
    )
    return (
        spans.explode("frame", empty_as_null=False)
        .with_columns(pl.col("frame").cast(pl.Int32))
        .join(
            signals.select("video_id", "frame", *needed), on=["video_id", "frame"], how="inner", maintain_order="left"
        )
        .with_columns(expression for name, expression in _inside_crop().items() if name in columns)
        .select("clip_id", "frame", (pl.col("frame") > pl.col("start_frame")).alias("step"), *columns)
    )


def _inside_crop() -> dict[str, pl.Expr]:
    """Of each column that black bars change, what it is without them."""
    share = (pl.col("crop") / (pl.col("width") * pl.col("height"))).fill_null(1.0).clip(1e-3, 1.0)
    diluted = {name: pl.col(name) / share for name in _DILUTED_BY_BARS}
    added = {name: ((pl.col(name) - (1.0 - share)) / share).clip(0.0) for name in _ADDED_BY_BARS}
    mean, deviation = (pl.col(name).cast(pl.Float64) for name in ("luma_mean", "luma_std"))
    spread = (((deviation**2 + mean**2) / share) - (mean / share) ** 2).clip(0.0).sqrt()
    whole = pl.when(share < 1.0)
    return {
        name: whole.then(inside).otherwise(pl.col(name))
        for name, inside in {**diluted, **added, "luma_std": spread}.items()
    }


def with_standing(frames: pl.DataFrame, clips: pl.DataFrame, same: Sequence[str], zero: Sequence[str]) -> pl.DataFrame:
    """Put back what a variable frame rate does not store: that a picture stands, which is shown for more than 0.15 s.

    Such a picture gets two more rows, a film's frame after it begins and a film's frame before it ends. So whatever is
    weighed by the time between rows counts the change at either end as long as a film's, and in between none.

    Args:
        frames: of :func:`clip_frames`, with time_s.
        clips: rows of CLIPS.
        same: columns of what the picture is, which its repeats share.
        zero: columns of how it differs from the one before, 0 in its repeats.

    Returns:
        The rows of ``frames`` and the repeats, by clip and time; NULL in a repeat's other columns.
    """
    shown_until = pl.col("time_s").shift(-1).over("clip_id").fill_null(pl.col("end_s"))
    timed = frames.join(clips.select("clip_id", "end_s"), on="clip_id", how="left", maintain_order="left").with_columns(
        shown_until.alias("until")
    )
    standing = timed.filter(pl.col("until") - pl.col("time_s") > STANDING_S)
    if standing.is_empty():
        return frames
    repeats = standing.select(
        "clip_id",
        "frame",
        *same,
        pl.lit(True).alias("step"),
        pl.concat_list(pl.col("time_s") + FILM_S, pl.col("until") - FILM_S).alias("time_s"),
        *(pl.lit(0.0, frames.schema[c]).alias(c) for c in zero),
    ).explode("time_s")
    clip_order = frames.select("clip_id").unique(maintain_order=True).with_row_index("clip_order")
    return (
        pl.concat([frames, repeats], how="diagonal")
        .join(clip_order, on="clip_id")
        .sort("clip_order", "time_s", maintain_order=True)
        .select(frames.columns)
    )


def weighed(values: pl.Expr, weights: pl.Expr) -> pl.Expr:
    """The mean of what is not NULL, each value as often as its weight says; NULL when there is none."""
    there = values.is_not_null()
    return (values * weights).filter(there).sum() / pl.when(there.any()).then(weights.filter(there).sum())


def with_reasons(clips: pl.DataFrame, scores: pl.DataFrame, measured: str, message: str) -> pl.DataFrame:
    """Give every clip a row: its scores, or NULL in all of them with the reason where ``measured`` is NULL.

    Args:
        clips: rows of CLIPS.
        scores: clip_id and score columns, a row for each clip that has any signals.
        measured: the score column without which nothing counts as measured.
        message: what a person should know where it is NULL.

    Returns:
        clip_id, video_id, the scores, reason and message, in the order of ``clips``.
    """
    failed = pl.col(measured).is_null()
    names = [c for c in scores.columns if c != "clip_id"]
    return (
        clips.select("clip_id", "video_id")
        .join(scores, on="clip_id", how="left", maintain_order="left")
        .select(
            "clip_id",
            "video_id",
            *(pl.when(~failed).then(pl.col(c)).alias(c) for c in names),
            pl.when(failed).then(pl.lit(Reason.NOT_MEASURED.value)).alias("reason"),
            pl.when(failed).then(pl.lit(message)).alias("message"),
        )
    )
