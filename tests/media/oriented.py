"""Footage in each of the eight orientations, and the ffmpeg tool's own picture of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from tests.media.video_files import ffmpeg
from video_assets.media.orientation import ORIENTATIONS, Orientation

Pixels = npt.NDArray[np.uint8]
NAMES = {o: f"{o.rotation} degrees{', mirrored' * o.mirrored}" for o in ORIENTATIONS}
CORNERS = ("red", "lime", "blue", "yellow")  # as coded: top left, top right, bottom left, bottom right


def quarters(width: int = 320, height: int = 180) -> str:
    """A lavfi picture whose quarters have the corners' colours."""
    boxes = [
        f"drawbox=x={x * width // 2}:y={y * height // 2}:w={width // 2}:h={height // 2}:color={CORNERS[2 * y + x]}:t=fill"
        for y in (0, 1)
        for x in (0, 1)
    ]
    return f"color=black:size={width}x{height}:rate=25:duration=0.2,{','.join(boxes)}"


def oriented_copy(source: Path, target: Path, orientation: Orientation) -> Path:
    """The same coded frames, with the display matrix of an orientation."""
    mirror = ["-display_hflip"] if orientation.mirrored else []
    ffmpeg("-display_rotation", str(-orientation.rotation), *mirror, "-i", source, "-c", "copy", target)
    return target


def shown_by_ffmpeg(path: Path, size: tuple[int, int]) -> Pixels:
    """The first frame as the ffmpeg tool turns and mirrors it: R, G, B, (h, w, 3).

    Args:
        path: The video.
        size: Width and height that it must come out at.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-frames:v", "1"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)


def shown_by_us(jpeg: bytes) -> Pixels:
    """A stored picture: R, G, B, (h, w, 3)."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def corners(picture: Pixels) -> tuple[str, ...]:
    """The names of the colours of a picture's corners: top left, top right, bottom left, bottom right."""
    named = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
    height, width = picture.shape[:2]
    found = [picture[y, x].astype(int) for y in (height // 8, -height // 8) for x in (width // 8, -width // 8)]
    return tuple(min(named, key=lambda n: int(np.abs(pixel - named[n]).sum())) for pixel in found)
