"""Camera moves made from stills: a window of 320x180 that runs over a real picture, with or without somebody in front."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import polars as pl

from tests.media.video_files import BIKES, BUNNY, CARPHONE
from video_assets.measure.global_motion import GlobalMotion
from video_assets.measure.types import Picture

WIDTH, HEIGHT, FPS, SECONDS = 320, 180, 12, 4
STILLS = [(BUNNY, 0), (BUNNY, 100), (BIKES, 10), (BIKES, 50), (BIKES, 110), (BIKES, 160), (BIKES, 210), (CARPHONE, 60)]
WindowPath = Callable[[float], tuple[float, float, float, float]]
"""By time (s): the window's centre off the still's (window widths, right and down), its zoom and its turn (rad)."""


def stills() -> Iterator[Picture]:
    """One real frame after the other, luma, with room around the window."""
    for path, number in STILLS:
        yield still_of(path, number)


def still_of(path: Path, number: int) -> Picture:
    with av.open(str(path)) as container:
        frame = next(f for i, f in enumerate(container.decode(video=0)) if i == number)
        luma = frame.to_ndarray(format="gray")
    scale = max(1.6 * WIDTH / luma.shape[1], 1.6 * HEIGHT / luma.shape[0])
    return cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def path_of(move: str, speed: float, random: np.random.Generator) -> WindowPath:
    """The window's path for a class of ``camera_motion``; ``speed`` is in widths/s of the picture's edges."""
    turns = random.uniform(0, 2 * math.pi, (2, 4))
    hertz = random.uniform(0.8, 3.5, (2, 4))

    def shaken(t: float) -> tuple[float, float, float, float]:
        x, y = (np.sin(2 * math.pi * hertz * t + turns) * speed / hertz / 10).sum(axis=1)
        return float(x), float(y), 1.0, 0.0

    def run(t: float) -> float:
        return speed * (t - SECONDS / 2)

    paths: dict[str, WindowPath] = {
        "static": lambda _: (0.0, 0.0, 1.0, 0.0),
        "pan_left": lambda t: (-run(t), 0.0, 1.0, 0.0),
        "pan_right": lambda t: (run(t), 0.0, 1.0, 0.0),
        "tilt_up": lambda t: (0.0, -run(t) / 2, 1.0, 0.0),
        "tilt_down": lambda t: (0.0, run(t) / 2, 1.0, 0.0),
        "zoom_in": lambda t: (0.0, 0.0, math.exp(2 * run(t)), 0.0),
        "zoom_out": lambda t: (0.0, 0.0, math.exp(-2 * run(t)), 0.0),
        "roll_left": lambda t: (0.0, 0.0, 1.0, -2 * run(t)),
        "roll_right": lambda t: (0.0, 0.0, 1.0, 2 * run(t)),
        "handheld": shaken,
    }
    return paths[move]


def shot(
    still: Picture, path: WindowPath, foreground: Picture | None, random: np.random.Generator
) -> Iterator[Picture]:
    """Film the still along the path, with a sensor's noise; a foreground picture crosses the view on its own."""
    centre = np.array([still.shape[1], still.shape[0]]) / 2
    start, drift = random.uniform(0.0, 0.2), random.choice([-1, 1]) * random.uniform(0.04, 0.12)
    for frame in range(FPS * SECONDS):
        x, y, zoom, turn = path(frame / FPS)
        cos, sin = math.cos(turn) / zoom, math.sin(turn) / zoom
        middle = centre + WIDTH * np.array([x, y])
        to_still = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
        to_still[:, 2] = middle - to_still[:, :2] @ (WIDTH / 2, HEIGHT / 2)
        seen = cv2.warpAffine(
            still,
            to_still,
            (WIDTH, HEIGHT),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        if foreground is not None:
            left = round(WIDTH * (0.35 + start * math.copysign(1, drift) + drift * (frame / FPS - SECONDS / 2)))
            _paste(seen, foreground, left)
        noise = random.normal(0, 1.5, seen.shape)
        yield np.clip(seen + noise, 0, 255).astype(np.uint8)


def _paste(seen: Picture, foreground: Picture, left: int) -> None:
    height, width = foreground.shape
    start, end = max(0, left), min(WIDTH, left + width)
    if start < end:
        seen[HEIGHT - height :, start:end] = foreground[:, start - left : end - left]


def camera_signals(frames: Iterator[Picture], clip_id: str = "c", hz: float = 8.0) -> pl.DataFrame:
    """What the decode pass records of the camera, as rows of one clip."""
    motion = GlobalMotion(hz)
    columns = (
        "camera_pan",
        "camera_tilt",
        "camera_zoom",
        "camera_roll",
        "camera_support",
        "camera_held",
        "object_motion",
    )
    rows = [{"clip_id": clip_id, "frame": i, **motion.measure(f, i / FPS)} for i, f in enumerate(frames)]
    schema = {"clip_id": pl.String(), "frame": pl.Int32(), **dict.fromkeys(columns, pl.Float32())}
    return pl.DataFrame(rows, schema=schema)
