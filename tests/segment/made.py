"""Made frame signals: a calm shot, into which a test writes what it is about."""

from fractions import Fraction
from typing import Any

import polars as pl

from video_assets.lake.schemas import FRAME_SIGNALS
from video_assets.segment.video_facts import VideoFacts

TIME_BASE = Fraction(1, 1000)
CALM: dict[str, Any] = {
    "corrupt": False,
    "luma_mean": 100.0,
    "luma_std": 50.0,
    "rgb_mean": 100.0,
    "black_share": 0.0,
    "delta_hue": 1.0,
    "delta_sat": 1.0,
    "delta_lum": 1.0,
    "difference": 1.0,
    "blend_distance": 4.0,
    "blend_residual": 0.5,
}
BLACK = {"luma_mean": 0.0, "luma_std": 0.0, "rgb_mean": 0.0, "black_share": 1.0}
CHANGE = {"delta_hue": 60.0, "delta_sat": 60.0, "delta_lum": 60.0, "difference": 60.0}


def make_signals(
    frames: int, changes: dict[int, dict[str, Any]] | None = None, pts: list[int] | None = None
) -> pl.DataFrame:
    """Signals of a calm video of 25 frames/s, four samples a second, with the ``changes`` of single frames."""
    times = pts or [i * 40 for i in range(frames)]
    rows = []
    for i in range(frames):
        sampled = {"sharpness": 100.0} if i % 6 == 0 else {}
        row = CALM | sampled | {"frame": i, "pts": times[i], "time_s": float(times[i] * TIME_BASE)}
        rows.append(row | (changes or {}).get(i, {}))
    rows[0] |= dict.fromkeys(("delta_hue", "delta_sat", "delta_lum", "difference"))
    for row in rows[:12]:
        row |= {"blend_distance": None, "blend_residual": None}
    return FRAME_SIGNALS.frame(rows, video_id="v")


def make_facts(signals: pl.DataFrame, **others: Any) -> VideoFacts:
    facts: dict[str, Any] = {
        "video_id": "v",
        "stream": 0,
        "time_base": TIME_BASE,
        "width": 640,
        "height": 360,
        "truncated": False,
        "end_pts": signals["pts"][-1] + 40,
        "container_start_s": 0.0,
    }
    return VideoFacts(**facts | others)
