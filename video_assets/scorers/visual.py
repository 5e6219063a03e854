"""Visual measurements of a clip: sharpness, light, colour, bars and fields, aggregated from the signals of its frames."""

from __future__ import annotations

import polars as pl

from video_assets.scorer import FLOAT, TEXT, Column, Derived, Given, MeasureTables, Scorer, Tables
from video_assets.settings import Settings


def _open(given: Given) -> MeasureTables:
    from video_assets.measure.visual import visual_scores

    bars, hz = given.settings.clips.min_bar_share, given.settings.decode.sample_hz

    def measure(clips: pl.DataFrame, frame_signals: pl.DataFrame) -> pl.DataFrame:
        return visual_scores(clips, frame_signals, bars, hz)

    return measure


def _parameters(settings: Settings) -> dict[str, object]:
    return {"min_bar_share": settings.clips.min_bar_share, "sample_hz": settings.decode.sample_hz}


VISUAL_SCORES = Scorer(
    name="visual_scores",
    says="A clip's visual measurements, aggregated from its frame_signals and brought to its crop.",
    code="4",
    reads=Tables(("frame_signals",)),
    open=_open,
    parameters=_parameters,
    subject="clip",
    columns=(
        Column("sharpness", FLOAT, "Median variance of the Laplacian over sampled frames, at the sampled short side."),
        Column("sharpness_p10", FLOAT, "10th percentile of the same."),
        Column("sharpness_start", FLOAT, "The same at the sampled frame nearest to the clip's start."),
        Column("luma_mean", FLOAT, "Mean luma over the time, 0-255."),
        Column("luma_std", FLOAT, "Mean standard deviation of luma in a frame (contrast), 0-128."),
        Column("dark_share", FLOAT, "Mean share of pixels with luma under 5, 0-1."),
        Column("bright_share", FLOAT, "Mean share of pixels with luma over 250, 0-1."),
        Column("black_share", FLOAT, "Share of the time that is black (98 % of pixels under luma 16), 0-1."),
        Column("saturation", FLOAT, "Mean HSV saturation, 0-1."),
        Column("flicker", FLOAT, "Mean absolute second difference of the steps' mean luma, 0-255."),
        Column("bar_left", FLOAT, "Dark bar at the left, median over the sampled frames, share of width."),
        Column("bar_right", FLOAT, "Dark bar at the right, likewise."),
        Column("bar_top", FLOAT, "Dark bar at the top, share of height."),
        Column("bar_bottom", FLOAT, "Dark bar at the bottom, likewise."),
        Column(
            "border_share", FLOAT, "Share of the picture that bars cover, 0-1; 0 when all are under the least width."
        ),
        Column(
            "interlaced",
            FLOAT,
            "Share of frames that the file calls interlaced, or whose fields are of two moments, 0-1, of those that were looked at.",
        ),
        Column(
            "field_order",
            TEXT,
            "Which field of combed frames is the earlier one, by the picture: top or bottom; NULL when none is combed.",
        ),
        Column(
            "telecine",
            TEXT,
            "3:2 pulldown: hard (two of five frames are woven of two film frames), soft (whole frames that last three and two fields in turn) or none; NULL where nobody looked.",
        ),
    ),
    histograms={
        "sharpness": "Laplacian variance",
        "luma_mean": "luma",
        "saturation": "saturation",
        "border_share": "of the picture",
    },
    sheet_by="sharpness",
    good={"sharpness": "high", "black_share": "low", "border_share": "low", "flicker": "low"},
    failed="clips have no visual scores",
    noun=("visual", "sharpness, light and bars"),
    kinds=frozenset({"polars", "parquet"}),
    alias="i",
    in_sheet=(
        "sharpness", "sharpness_p10", "sharpness_start", "luma_mean", "luma_std", "dark_share", "bright_share", "black_share",
        "saturation", "flicker", "bar_left", "bar_right", "bar_top", "bar_bottom", "border_share", "interlaced",
        Derived(
            "field_order", "coalesce({}.field_order, CASE WHEN {}.interlaced > 0 THEN v.field_order END)",
            "Which field of interlaced frames is shown first: top or bottom, by the picture, else as the file says; NULL when no frame is interlaced, and when neither tells.",
        ),
        "telecine",
    ),
)  # fmt: skip
