"""Clips that FFmpeg makes of the demo's, and the keyframes that the decode pass keeps of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from tests.measure.decoding import decode
from video_assets.measure.types import Picture


def edit(made: Path, graph: str, *sources: Path, encode: tuple[str, ...] = ("-crf", "20")) -> Path:
    """Run a filter graph from ``[0:v]``, ``[1:v]``... over some files."""
    inputs = [part for source in sources for part in ("-i", str(source))]
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1", *inputs, "-filter_complex", graph),
            *("-an", "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", *encode, str(made)),
        ],
        check=True,
    )
    return made


def keyframes(video: Path, folder: Path) -> list[Picture]:
    """The images that the decode pass keeps of a video."""
    folder.mkdir(exist_ok=True)
    images = decode(video, folder).keyframes["jpeg"]
    pictures = [cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR) for image in images]
    assert all(picture is not None for picture in pictures)
    return [picture for picture in pictures if picture is not None]
