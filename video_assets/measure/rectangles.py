"""Upright rectangles in a picture whose width and height are 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import ceil, floor
from typing import NamedTuple

from video_assets.measure.types import Crop


class Rectangle(NamedTuple):
    """Edges as shares of the picture's width and height, 0-1; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


def overlap(a: Rectangle, b: Rectangle) -> float:
    """Area of the intersection over area of the union, 0-1; 0 for rectangles without area."""
    left, top = max(a.left, b.left), max(a.top, b.top)
    shared = Rectangle(left, top, min(a.right, b.right), min(a.bottom, b.bottom)).area
    either = a.area + b.area - shared
    return shared / either if either > 0 else 0.0


def envelope(rectangles: Iterable[Rectangle]) -> Rectangle:
    """The smallest rectangle that holds all of them; there must be one."""
    lefts, tops, rights, bottoms = zip(*rectangles, strict=True)
    return Rectangle(min(lefts), min(tops), max(rights), max(bottoms))


def largest_clear(obstacles: Sequence[Rectangle]) -> Rectangle:
    """The largest rectangle in the picture that none of the obstacles reaches into.

    Its edges lie on edges of obstacles or of the picture, so every pair of rows is tried with the widest gap between
    the obstacles there: time grows with the cube of their number, of which a picture has dozens at most. One without
    area when nothing is clear.
    """
    best = Rectangle(0.0, 0.0, 0.0, 0.0)
    rows = sorted({0.0, 1.0, *(o.top for o in obstacles), *(o.bottom for o in obstacles)})
    for top, bottom in combinations(rows, 2):
        free_from = 0.0
        between = sorted((o.left, o.right) for o in obstacles if o.top < bottom and o.bottom > top)
        for left, right in [*between, (1.0, 1.0)]:
            gap = Rectangle(free_from, top, left, bottom)
            if gap.left < gap.right and gap.area > best.area:
                best = gap
            free_from = max(free_from, right)
    return best


def in_pixels(name: str, crop: Crop, box: Rectangle, *, outwards: bool) -> dict[str, int]:
    """A rectangle of the clip's picture in whole display pixels: with all of what it touches, or nothing outside it."""
    begin, end = (floor, ceil) if outwards else (ceil, floor)
    # Shares are quotients of whole numbers: a rounding error must not cost a pixel.
    left, right = begin(round(box.left * crop.width, 6)), end(round(box.right * crop.width, 6))
    top, bottom = begin(round(box.top * crop.height, 6)), end(round(box.bottom * crop.height, 6))
    return {
        f"{name}_x": crop.x + left,
        f"{name}_y": crop.y + top,
        f"{name}_width": max(0, right - left),
        f"{name}_height": max(0, bottom - top),
    }
