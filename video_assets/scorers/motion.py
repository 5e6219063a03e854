"""Motion measurements of a clip: how much moves, how the camera does, and its course in time."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import REAL
from video_assets.scorer import FLOAT, TEXT, WHOLE, Column, Given, MeasureTables, Scorer, Tables
from video_assets.settings import Settings


def _open(_given: Given) -> MeasureTables:
    from video_assets.measure.motion import motion_scores

    return motion_scores


def _parameters(_settings: Settings) -> dict[str, object]:
    return {}


MOTION_SCORES = Scorer(
    name="motion_scores",
    says="A clip's motion measurements, aggregated from its frame_signals.",
    code="8",
    reads=Tables(("frame_signals",)),
    open=_open,
    parameters=_parameters,
    subject="clip",
    columns=(
        Column(
            "vmaf_motion",
            FLOAT,
            "Mean VMAF motion, 0-255, at the analysis size: over frames at 24 and 25 frames/s, and what any other rate is brought to (measure/motion.py).",
        ),
        Column(
            "motion_vector",
            FLOAT,
            "Mean length of motion vectors between pictures a sixth of a second apart, by optical flow: the same in every codec and at every frame rate. In display pixels a film's frame (1/24 s); NULL where the pictures are too dark or flat to tell.",
        ),
        Column(
            "still_share",
            FLOAT,
            "Share of the time in which, for more than 0.15 s, under 0.3 % of blurred pixels change from a film's frame to the next and the camera does not move, 0-1.",
        ),
        Column("longest_still_s", FLOAT, "Longest run of such time, in s."),
        Column("sudden_changes", WHOLE, "Isolated changes between still stretches: a slide show has one a slide."),
        Column(
            "shots_per_second",
            FLOAT,
            "ContentDetector boundaries per second inside the clip: Movie Gen's jitter proxy.",
        ),
        Column(
            "camera_motion",
            TEXT,
            "What the camera does for most of the clip: static, handheld, pan_left, pan_right, tilt_up, tilt_down, zoom_in, "
            "zoom_out, roll_left, roll_right, or mixed when nothing for half of it; NULL when it cannot be told.",
        ),
        Column(
            "camera_confidence", FLOAT, "Share of the clip's camera steps that show that motion, 0-1; 0 when NULL."
        ),
        Column("camera_pan", FLOAT, "Median motion of the camera, in shares of the long side/s, right positive."),
        Column("camera_tilt", FLOAT, "Median motion of the camera, in shares of the long side/s, up positive."),
        Column("camera_zoom", FLOAT, "Median growth of the picture, in 1/s, inwards positive."),
        Column("camera_roll", FLOAT, "Median turn of the camera, in degrees/s, clockwise positive."),
        Column(
            "shake",
            FLOAT,
            "Median deviation of the camera from its smooth motion over about 2 s, in shares of the long side/s.",
        ),
        Column("object_motion", FLOAT, "Median motion that is not the camera's, in shares of the long side/s."),
        Column(
            "time_course",
            pl.List(REAL),
            "Mean luma, its deviation and VMAF motion, one curve after the other, each 12.5 values/s of means over 0.24 s (measure/course.py): copies go on alike.",
        ),
    ),
    histograms={
        "vmaf_motion": "luma levels",
        "motion_vector": "px",
        "still_share": "of the time",
        "shots_per_second": "1/s",
        "shake": "long sides/s",
    },
    sheet_by="vmaf_motion",
    good={"still_share": "low", "shake": "low", "shots_per_second": "low"},
    failed="clips have no motion scores",
    noun=("motion", "motion and camera"),
    kinds=frozenset({"polars", "parquet"}),
    alias="m",
    in_sheet=(
        "vmaf_motion", "motion_vector", "still_share", "longest_still_s", "sudden_changes",
        "shots_per_second", "camera_motion", "camera_confidence", "camera_pan", "camera_tilt", "camera_zoom", "camera_roll",
        "shake", "object_motion",
    ),
)  # fmt: skip
