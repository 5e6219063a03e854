"""Made frame signals and clips, and the same aggregates in SQL."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl

from video_assets.lake.schemas import CLIPS, FRAME_SIGNALS

SAMPLED = ("sharpness", "saturation", "dark_share", "bright_share", "bar_left", "bar_right", "bar_top", "bar_bottom")
MEASURED = (
    "luma_mean", "luma_std", "black_share", "delta_hue", "delta_sat", "delta_lum", "changed_share", "vmaf_motion",
)  # fmt: skip


def frames_of(video_id: str, columns: dict[str, list[Any]], fps: float = 25.0) -> pl.DataFrame:
    """Make the signals of one video; columns that are not given are NULL."""
    frames = len(next(iter(columns.values())))
    times = {"frame": list(range(frames)), "time_s": [i / fps for i in range(frames)]}
    return FRAME_SIGNALS.frame(pl.DataFrame(times | columns), video_id=video_id)


def random_frames(video_id: str, frames: int, seed: int) -> pl.DataFrame:
    """Make random signals of one video: a sampled frame every six."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {c: random.uniform(0, 60, frames).tolist() for c in MEASURED}
    columns["changed_share"] = np.where(random.random(frames) < 0.9, 0.001, 0.02).tolist()
    columns["black_share"] = random.choice([0.5, 0.99], frames).tolist()
    for name in SAMPLED:
        columns[name] = [v if i % 6 == 0 else None for i, v in enumerate(random.uniform(0, 0.2, frames).tolist())]
    return frames_of(video_id, columns)


def clip(clip_id: str, video_id: str, start: int, end: int, fps: float = 25.0) -> dict[str, Any]:
    return {
        "clip_id": clip_id,
        "video_id": video_id,
        "start_frame": start,
        "end_frame": end,
        "start_pts": start,
        "end_s": end / fps,
        "duration_s": (end - start) / fps,
    }


def clips_of(*rows: dict[str, Any]) -> pl.DataFrame:
    return CLIPS.frame(list(rows))


def in_sql(query: str, clips: pl.DataFrame, frame_signals: pl.DataFrame) -> pl.DataFrame:
    """Run a query over ``inside``: the rows of FRAME_SIGNALS in each clip, ``step`` false on its first frame."""
    connection = duckdb.connect()
    connection.register("clips", clips)
    connection.register("frame_signals", frame_signals)
    connection.execute(
        """CREATE VIEW inside AS
        SELECT c.clip_id, c.duration_s, f.*, f.frame > c.start_frame AS step
        FROM clips c JOIN frame_signals f
          ON f.video_id = c.video_id AND f.frame >= c.start_frame AND f.frame < c.end_frame"""
    )
    return connection.sql(query).pl()
