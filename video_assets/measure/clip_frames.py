"""The frames of many clips: what every family of scores aggregates."""

from __future__ import annotations

import polars as pl

from video_assets.reasons import Reason


def clip_frames(clips: pl.DataFrame, signals: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Give one row per clip and frame in ``[start_frame, end_frame)``, by clip in frame order.

    Clips are expanded to their frame numbers and joined by equality: the work grows with the clips' frames, not with
    clips times the frames of their videos, and clips may overlap.

    Args:
        clips: rows of CLIPS.
        signals: rows of FRAME_SIGNALS of their videos, in any order.
        columns: columns of FRAME_SIGNALS to bring along.

    Returns:
        clip_id, frame, ``step`` (whether the frame follows a frame of the same clip, so that its differences count),
        and ``columns``. Frames without signals are absent.
    """
    spans = clips.select("clip_id", "video_id", "start_frame", pl.int_ranges("start_frame", "end_frame").alias("frame"))
    return (
        spans.explode("frame", empty_as_null=False)
        .with_columns(pl.col("frame").cast(pl.Int32))
        .join(
            signals.select("video_id", "frame", *columns), on=["video_id", "frame"], how="inner", maintain_order="left"
        )
        .select("clip_id", "frame", (pl.col("frame") > pl.col("start_frame")).alias("step"), *columns)
    )


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
