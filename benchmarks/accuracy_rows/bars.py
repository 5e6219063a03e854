"""Dark bars: made ones with and without something in them, on photographs and films; and dark scenes that have none.

Letterboxes of 6 to 17 % of the height around slow moves over photographs and around films, as they are, with a logo in a bar and
with two lines of subtitles in the lower one. A dark scene is a photograph under a spotlight, behind a vignette, between a dark
floor and ceiling, in little light, or with its upper part in the dark. Right: every bar within a hundredth of the side, and none
that is not there. The reference is FFmpeg's cropdetect with its defaults on the same pictures.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from packaged_pictures import (
    FILMS,
    HEIGHT,
    PHOTOGRAPHS,
    SIZE,
    WIDTH,
    cropdetect,
    filled,
    film,
    photograph,
    slow_move,
    with_logo,
)

from accuracy_rows import Row
from video_assets.measure.bars import find_bars
from video_assets.measure.types import Picture

Sides = tuple[float, float, float, float]
NONE: Sides = (0.0, 0.0, 0.0, 0.0)
WITHIN = 0.011


def rows() -> Iterator[Row]:
    clips = [slow_move(photograph(name), 3, 6) for name in PHOTOGRAPHS]
    clips += [[filled(p, *SIZE) for p in film(name, 6)] for name in FILMS]
    random = np.random.default_rng(4)
    heights = [int(random.integers(22, 62)) for _ in clips]
    kinds: dict[str, Callable[[list[Picture], int], list[Picture]]] = {
        "letterbox": lambda pictures, _: pictures,
        "letterbox with a logo in it": lambda pictures, bar: with_logo(pictures, WIDTH - 110, 4, min(24, bar - 6)),
        "letterbox with subtitles in it": _subtitled,
    }
    for kind, change in kinds.items():
        cases = [
            (change(_boxed(c, h), h), (0.0, 0.0, h / HEIGHT, h / HEIGHT)) for c, h in zip(clips, heights, strict=True)
        ]
        yield _row(kind, cases, "found")
    dark = [(scene, NONE) for n, name in enumerate(PHOTOGRAPHS) for scene in _dark(slow_move(photograph(name), n, 6))]
    yield _row("dark scenes without bars", dark, "0 false")


def _row(what: str, cases: Sequence[tuple[list[Picture], Sides]], target: str) -> Row:
    right = sum(_near(_ours(pictures), truth) for pictures, truth in cases)
    theirs = sum(_near(_theirs(pictures), truth) for pictures, truth in cases)
    return Row(f"bars: {what}", right, len(cases), "", f"cropdetect {theirs}", target)


def _near(found: Sides, truth: Sides) -> bool:
    return all(abs(f - t) <= WITHIN for f, t in zip(found, truth, strict=True))


def _ours(pictures: Sequence[Picture]) -> Sides:
    found = [b for p in pictures if (b := find_bars(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY)))]
    if not found:
        return NONE
    left, right, top, bottom = (
        statistics.median_low(getattr(b, side) for b in found) for side in ("left", "right", "top", "bottom")
    )
    return left, right, top, bottom


def _theirs(pictures: Sequence[Picture]) -> Sides:
    width, height, x, y = cropdetect(pictures)
    if width <= 0 or height <= 0:
        return NONE
    return x / WIDTH, 1 - (x + width) / WIDTH, y / HEIGHT, 1 - (y + height) / HEIGHT


def _boxed(pictures: Sequence[Picture], bar: int) -> list[Picture]:
    inner = [filled(p, WIDTH, HEIGHT - 2 * bar) for p in pictures]
    return [cv2.copyMakeBorder(p, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)) for p in inner]


def _subtitled(pictures: Sequence[Picture], bar: int) -> list[Picture]:
    made = [p.copy() for p in pictures]
    size = max(0.3, bar / 90)
    for picture in made:
        for line, row in (("nobody knew where he had gone that day", 0.55), ("and nobody asked again", 0.1)):
            (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
            place = (WIDTH - width) // 2, HEIGHT - 2 - round(row * bar)
            cv2.putText(picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, size, (235, 235, 235), 1, cv2.LINE_AA)
    return made


def _dark(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    lights = (
        (np.hypot(x * 1.4, y - 0.2) < 0.7).astype(float),
        np.clip(1.25 - np.hypot(x, y), 0, 1) ** 2,
        (np.abs(y) < 0.6 + 0.12 * np.sin(5 * x)).astype(float),
        np.full_like(x, 0.3),
        np.clip((y + 0.35) * 4, 0, 1),
    )
    for light in lights:
        yield [(p * light[..., None]).astype(np.uint8) for p in pictures]
