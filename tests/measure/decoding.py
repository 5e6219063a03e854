"""Running the decode pass in tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from video_assets.measure.decode_pass import DecodedVideo, decode_video
from video_assets.media.probe import probe
from video_assets.settings import DecodeSettings


@dataclass(frozen=True)
class Decoded:
    video: DecodedVideo
    signals: pl.DataFrame
    keyframes: pl.DataFrame
    shot_frames: pl.DataFrame


def decode(
    path: Path, folder: Path, settings: DecodeSettings | None = None, flow_frames: Path | None = None
) -> Decoded:
    """Decode the stream that the probe chooses, writing into a folder."""
    settings = settings or DecodeSettings()
    stream = probe(path, settings.max_pixels).stream
    signals, keyframes, shot_frames = (folder / f"{name}.parquet" for name in ("signals", "keyframes", "shot_frames"))
    video = decode_video(path, "video", stream, settings, signals, keyframes, shot_frames, flow_frames)
    return Decoded(video, *(pl.read_parquet(table) for table in (signals, keyframes, shot_frames)))
