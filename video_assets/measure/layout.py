"""Collages, split screens and pictures in pictures: straight lines that stay, and across which nothing goes on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Picture

_STEP = 8.0
"""Least luma step across a line, in levels over two pixels."""
_AGAINST_NEIGHBOURS = 2.0
"""Least ratio of the step to the mean step beside it: texture has steps everywhere."""
_ALL_ALONG, _IN_EVERY_PART = 0.6, 0.35
"""Least mean share of a line's pixels that show the step: along all of it, and along each quarter of it."""
_FROM_THE_EDGE = 0.08
"""Lines nearer to the picture's edge, as a share of the side, belong to its borders."""
_EQUAL_PARTS = (2, 3, 4)
_TOLERANCE = 0.015
"""How far from equal parts, or from symmetry, a line may be, as a share of the side."""
_MOST_LINES = 4
"""More lines one way are a pattern in the scene: blinds, a cutting mat, a shelf."""
_SOFTER = 0.25
"""Most fine detail of the sides of a picture on its own blurred self, as a share of the middle's."""
_FLAT = 4.0
"""Most standard deviation of luma in a bar, in levels: as in measure/bars.py."""
_IN_MOST, _CHANGES = 0.75, 0.5
"""Where two moving pictures meet there is a step in so large a share of the pictures, and its deviation over them is at least
this share of its mean size: an edge in the scene keeps its step, or moves."""
_TURNS = 0.2
"""Least share of such a line's pixels whose step goes up on one picture and down on another: old film that shakes in its gate
changes the size of every step."""
_LEAST_SIDE, _CORNER, _MARGIN = 0.12, 0.05, 0.015
"""Least side of a picture in the picture, how far from each other its sides may end, and least distance from the picture's edge,
as shares of the picture's sides."""
_BROKEN = 0.1
"""Length over which the pixels of a part of a line are counted, as a share of the side: it may be broken for less."""


class Layout(StrEnum):
    """How a picture is divided; the value is what the table holds."""

    SINGLE = "single"
    SIDE_BY_SIDE = "side_by_side"
    STACKED = "stacked"
    GRID = "grid"
    BLURRED_SIDES = "blurred_sides"
    PICTURE_IN_PICTURE = "picture_in_picture"


class Division(NamedTuple):
    """A layout and how many different pictures it shows."""

    layout: Layout
    panels: int


def find_layout(lumas: Sequence[Picture]) -> Division:
    """How a clip's pictures are divided.

    Lines count where they divide a side into equal parts (halves, thirds, quarters) or symmetrically: a wall's edge that
    runs through the picture is seldom there. Anywhere else they count where the pictures on their sides go on
    independently, so that the step across the line is always there and never the same.

    Args:
        lumas: float32 (h, w), all of one size; at least one.
    """
    turned = [np.ascontiguousarray(luma.T) for luma in lumas]
    upright, lying = _Lines(lumas), _Lines(turned)
    if _blurred_sides(lumas, upright.through) or _blurred_sides(turned, lying.through):
        return Division(Layout.BLURRED_SIDES, 1)
    columns, rows = upright.parts(), lying.parts()
    if columns > 1 and rows > 1:
        return Division(Layout.GRID, columns * rows)
    if columns > 1:
        return Division(Layout.SIDE_BY_SIDE, columns)
    if rows > 1:
        return Division(Layout.STACKED, rows)
    sides = upright.segments(), lying.segments()
    if _inset(*sides) or _inset(*reversed(sides)):
        return Division(Layout.PICTURE_IN_PICTURE, 2)
    return Division(Layout.SINGLE, 1)


class _Segment(NamedTuple):
    """A straight part of a line: where it is across, and from where to where along, as shares of the sides."""

    at: float
    start: float
    end: float


class _Lines:
    """The upright lines of pictures.

    Attributes:
        through: where lines run through all of the pictures, as shares of the width.
    """

    def __init__(self, lumas: Sequence[Picture]) -> None:
        self._height, self._width = lumas[0].shape
        steps = np.stack([cv2.filter2D(p, -1, _ACROSS, borderType=cv2.BORDER_REPLICATE) for p in lumas])
        sizes = np.abs(steps)
        shown = np.stack([_shown(size) for size in sizes])
        quarters = np.stack([part.mean(axis=0) for part in np.array_split(shown.mean(axis=0), 4)])
        clear = (quarters.mean(axis=0) >= _ALL_ALONG) & (quarters.min(axis=0) >= _IN_EVERY_PART)
        self._groups = self._grouped(clear, _FROM_THE_EDGE)
        self.through = [float(group.mean() + 0.5) / self._width for group in self._groups]
        self._shown = shown.mean(axis=0)
        self._changing = (self._shown >= _IN_MOST) & (steps.std(axis=0) >= _CHANGES * sizes.mean(axis=0))
        self._turning = (steps.max(axis=0) >= _STEP) & (steps.min(axis=0) <= -_STEP)

    def parts(self) -> int:
        """Into how many pictures the lines divide the side."""
        if not self.through or len(self.through) > _MOST_LINES:
            return 1
        for parts in reversed(_EQUAL_PARTS):
            if all(any(abs(line - n / parts) <= _TOLERANCE for line in self.through) for n in range(1, parts)):
                return parts
        if len(self.through) == 2 and abs(sum(self.through) - 1) <= _TOLERANCE:
            return 3
        return 1 + sum(self._alive(group, slice(None)) for group in self._groups)

    def _alive(self, columns: npt.NDArray[np.intp], rows: slice) -> bool:
        """Whether two pictures meet there that go on independently."""
        changing, turning = (m[rows, columns].any(axis=1).mean() for m in (self._changing, self._turning))
        return bool(changing >= _IN_EVERY_PART and turning >= _TURNS)

    def segments(self) -> list[_Segment]:
        """The straight parts of lines at which two moving pictures meet."""
        length = max(3, round(_BROKEN * self._height))
        # A border that lies between two pixels is on either.
        wide = cv2.dilate(self._shown.astype(np.float32), np.ones((1, 3), np.uint8))
        dense = cv2.boxFilter(wide, -1, (1, length), borderType=cv2.BORDER_CONSTANT) >= _ALL_ALONG
        least = _LEAST_SIDE * self._height
        found = []
        for group in self._grouped(dense.sum(axis=0) >= least, _MARGIN):
            rows = np.flatnonzero(dense[:, group].any(axis=1))
            for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
                if len(run) >= least and self._alive(group, slice(run[0], run[-1] + 1)):
                    at = float(group.mean() + 0.5) / self._width
                    found.append(_Segment(at, run[0] / self._height, (run[-1] + 1) / self._height))
        return found

    def _grouped(self, columns: npt.NDArray[np.bool_], from_the_edge: float) -> list[npt.NDArray[np.intp]]:
        """Neighbouring columns, of those that are no borders: a line that scaling has smeared is on a few."""
        margin = round(from_the_edge * self._width)
        inner = columns.copy()
        inner[:margin] = inner[self._width - margin :] = False
        at = np.flatnonzero(inner)
        return np.split(at, np.flatnonzero(np.diff(at) > 0.02 * self._width) + 1) if len(at) else []


_ACROSS = np.array([[-1.0, 0.0, 1.0]])


def _shown(size: Picture) -> npt.NDArray[np.bool_]:
    """Which pixels show a step, (h, w)."""
    # Beside the column, but not on the line itself, which scaling may have smeared.
    wide, narrow = (cv2.boxFilter(size, -1, (columns, 1), normalize=False) for columns in (17, 7))
    return np.asarray((size >= _STEP) & (size >= _AGAINST_NEIGHBOURS * (wide - narrow) / 10))


def _inset(upright: Sequence[_Segment], lying: Sequence[_Segment]) -> bool:
    """Whether two upright segments of one height and a lying one between their ends are sides of a rectangle."""
    for left, right in combinations(sorted(upright), 2):
        ends = abs(left.start - right.start) <= _CORNER and abs(left.end - right.end) <= _CORNER
        if ends and right.at - left.at >= _LEAST_SIDE and _joined(left, right, lying):
            return True
    return False


def _joined(left: _Segment, right: _Segment, lying: Sequence[_Segment]) -> bool:
    reach = _CORNER + _BROKEN / 2
    for line in lying:
        at_an_end = min(abs(line.at - left.start), abs(line.at - left.end)) <= reach
        if at_an_end and abs(line.start - left.at) <= reach and abs(line.end - right.at) <= reach:
            return True
    return False


def _blurred_sides(lumas: Sequence[Picture], at: Sequence[float]) -> bool:
    """Whether two of the lines part a sharp middle from two soft sides."""
    width = lumas[0].shape[1]
    detail = np.mean([np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean(axis=0) for luma in lumas], axis=0)
    for left in (line for line in at if line < 0.5):
        if any(abs(left + right - 1) <= _TOLERANCE for right in at):
            # The lines themselves are no detail of either.
            edge, gap = round(left * width), max(2, round(0.01 * width))
            middle = detail[edge + gap : width - edge - gap].mean()
            sides = [np.s_[: edge - gap], np.s_[width - edge + gap :]]
            soft = all(detail[side].mean() <= _SOFTER * middle for side in sides)
            if soft and all(luma[:, side].std() > _FLAT for luma in lumas for side in sides):
                return True
    return False
