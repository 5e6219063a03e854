"""Visual scores of clips: sharpness, exposure, colour, flicker, bars and fields, from recorded frame signals."""

from __future__ import annotations

import polars as pl

from video_assets.measure.clip_frames import clip_frames, weighed, with_reasons, with_standing
from video_assets.measure.fields import clip_fields
from video_assets.scorers.visual import VISUAL_SCORES
from video_assets.segment.clips import BARS
from video_assets.segment.detectors import STEP
from video_assets.settings.segmenting import BLACK_SHARE

_FIELDS = ["pts", "interlaced", "combed", "top_first"]
_SAMPLED = ["sharpness", "saturation", "dark_share", "bright_share", *BARS]
_SIGNALS = ["time_s", "luma_mean", "luma_std", "black_share", "difference", "frame_difference", *_SAMPLED]


def visual_scores(
    clips: pl.DataFrame, signals: pl.DataFrame, min_bar_share: float, sample_hz: float = 4.0
) -> pl.DataFrame:
    """Visual scores of a batch.

    A frame counts as long as it is shown, and a sampled one as often as there would have been a sample while it was.
    A bar's width is the median over the clip's sampled frames, the lower of two: a frame whose dark picture hides the
    bar's border does not remove it. Percentiles of sharpness interpolate linearly (SQL's ``quantile_cont``). Bars are NULL
    in a clip that is dark throughout, where none can be told from the picture.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.
        min_bar_share: bars narrower than this share of the side do not count in border_share, in 0-0.5.
        sample_hz: frames per second that were sampled, where there were as many.

    Returns:
        Rows of VISUAL_SCORES without batch and version, one per clip. A clip without a sampled frame has NULL in
        every score and the reason not_measured.
    """
    frames = clip_frames(clips, signals, _SIGNALS + _FIELDS)
    sharpness = pl.col("sharpness").cast(pl.Float64)
    black = (pl.col("black_share") >= BLACK_SHARE).cast(pl.Float64)
    shown = _until_next(frames, clips).group_by("clip_id", maintain_order=True)
    sampled = _as_often_as_shown(frames, clips, sample_hz).group_by("clip_id", maintain_order=True)
    scores = (
        shown.agg(
            *(weighed(pl.col(c).cast(pl.Float64), pl.col("seconds")).alias(c) for c in ("luma_mean", "luma_std")),
            weighed(black, pl.col("seconds")).alias("black_share"),
        )
        .join(
            sampled.agg(
                sharpness.median().alias("sharpness"),
                sharpness.quantile(0.1, "linear").alias("sharpness_p10"),
                sharpness.drop_nulls().first().alias("sharpness_start"),
                *(_mean(c) for c in ("dark_share", "bright_share", "saturation")),
                *(pl.col(bar).cast(pl.Float64).quantile(0.5, "lower").alias(bar) for bar in BARS),
            ),
            on="clip_id",
            how="left",
        )
        .join(_flicker(frames, clips), on="clip_id", how="left")
    )
    scores = scores.with_columns(_border_share(min_bar_share).alias("border_share"))
    scores = scores.join(clip_fields(frames), on="clip_id", how="left", maintain_order="left")
    rows = with_reasons(clips, scores, "sharpness", "No frame of the clip was sampled.")
    return VISUAL_SCORES.table.frame(rows).drop("batch", "version")


def _until_next(frames: pl.DataFrame, clips: pl.DataFrame) -> pl.DataFrame:
    """Each row with the ``seconds`` until the clip's next one, or its end, to the microsecond."""
    until = pl.col("time_s").shift(-1).over("clip_id").fill_null(pl.col("end_s"))
    timed = frames.join(clips.select("clip_id", "end_s"), on="clip_id", how="left", maintain_order="left")
    return timed.with_columns((until - pl.col("time_s")).round(6).alias("seconds"))


def _as_often_as_shown(frames: pl.DataFrame, clips: pl.DataFrame, hz: float) -> pl.DataFrame:
    """The sampled frames, each as many times as a sample was due until the next one; at least once."""
    sampled = frames.filter(pl.any_horizontal(pl.col(_SAMPLED).is_not_null()))
    times = (pl.col("seconds") * hz).round().clip(1).cast(pl.UInt32)
    return (
        _until_next(sampled, clips).select(pl.col("clip_id", *_SAMPLED).repeat_by(times)).explode("clip_id", *_SAMPLED)
    )


def _flicker(frames: pl.DataFrame, clips: pl.DataFrame) -> pl.DataFrame:
    """Flicker per clip, of the steps: a second difference needs two before it in the same clip."""
    standing = with_standing(frames, clips, ["luma_mean"], ["difference"])
    steps = standing.filter(STEP)
    second = pl.col("luma_mean").cast(pl.Float64).diff().diff().abs()
    seconds = pl.col("time_s").diff().round(6)
    return steps.group_by("clip_id", maintain_order=True).agg(weighed(second, seconds).alias("flicker"))


def _mean(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).mean().alias(column)


def _border_share(min_bar_share: float) -> pl.Expr:
    """Share of the picture outside the rectangle that the bars leave."""
    left, right, top, bottom = (
        pl.when(pl.col(b) >= min_bar_share).then(pl.col(b)).otherwise(pl.col(b) * 0) for b in BARS
    )
    return 1 - (1 - left - right).clip(0, 1) * (1 - top - bottom).clip(0, 1)
