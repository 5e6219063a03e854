"""Visual scores of clips: sharpness, exposure, colour, flicker, bars and fields, from recorded frame signals."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas import VISUAL_SCORES
from video_assets.measure.clip_frames import clip_frames, with_reasons
from video_assets.measure.fields import clip_fields
from video_assets.segment.clips import BARS
from video_assets.segment.detectors import BLACK_SHARE

_FIELDS = ["pts", "interlaced", "combed", "top_first"]
_SIGNALS = ["luma_mean", "luma_std", "black_share", "sharpness", "saturation", "dark_share", "bright_share", *BARS]


def visual_scores(clips: pl.DataFrame, signals: pl.DataFrame, min_bar_share: float) -> pl.DataFrame:
    """Visual scores of a batch.

    A bar's width is the 10th percentile over the clip's sampled frames, so 90 % of them have at least that much: one
    odd frame does not remove it. Percentiles interpolate linearly (SQL's ``quantile_cont``). Bars are NULL in a clip
    that is dark throughout, where none can be told from the picture.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.
        min_bar_share: bars narrower than this share of the side do not count in border_share, in 0-0.5.

    Returns:
        Rows of VISUAL_SCORES without batch and version, one per clip. A clip without a sampled frame has NULL in
        every score and the reason not_measured.
    """
    frames = clip_frames(clips, signals, _SIGNALS + _FIELDS)
    sharpness = pl.col("sharpness").cast(pl.Float64)
    # A second difference needs two frames before it in the same clip.
    flicker = pl.col("luma_mean").cast(pl.Float64).diff().diff().abs().mean()
    scores = frames.group_by("clip_id", maintain_order=True).agg(
        sharpness.median().alias("sharpness"),
        sharpness.quantile(0.1, "linear").alias("sharpness_p10"),
        sharpness.drop_nulls().first().alias("sharpness_start"),
        *(_mean(c) for c in ("luma_mean", "luma_std", "dark_share", "bright_share")),
        (pl.col("black_share") >= BLACK_SHARE).mean().alias("black_share"),
        _mean("saturation"),
        flicker.alias("flicker"),
        *(pl.col(bar).cast(pl.Float64).quantile(0.1, "linear").alias(bar) for bar in BARS),
    )
    scores = scores.with_columns(_border_share(min_bar_share).alias("border_share"))
    scores = scores.join(clip_fields(frames), on="clip_id", how="left", maintain_order="left")
    rows = with_reasons(clips, scores, "sharpness", "No frame of the clip was sampled.")
    return VISUAL_SCORES.frame(rows).drop("batch", "version")


def _mean(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).mean().alias(column)


def _border_share(min_bar_share: float) -> pl.Expr:
    """Share of the picture outside the rectangle that the bars leave."""
    left, right, top, bottom = (
        pl.when(pl.col(b) >= min_bar_share).then(pl.col(b)).otherwise(pl.col(b) * 0) for b in BARS
    )
    return 1 - (1 - left - right).clip(0, 1) * (1 - top - bottom).clip(0, 1)
