"""Collages and split screens: straight lines through the whole picture, which stay, and across which nothing goes on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
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
_SOFTER = 0.25
"""Most fine detail of the sides of a picture on its own blurred self, as a share of the middle's."""

_FLAT = 4.0
"""Most standard deviation of luma in a bar, in levels: as in measure/bars.py."""


class Layout(StrEnum):
    """How a picture is divided; the value is what the table holds."""

    SINGLE = "single"
    SIDE_BY_SIDE = "side_by_side"
    STACKED = "stacked"
    GRID = "grid"
    BLURRED_SIDES = "blurred_sides"


class Division(NamedTuple):
    """A layout and how many different pictures it shows."""

    layout: Layout
    panels: int


def find_layout(lumas: Sequence[Picture]) -> Division:
    """How a clip's pictures are divided.

    Only equal parts count (halves, thirds, quarters of a side), and a middle between two sides that are as wide as each
    other and blurred: a wall's edge that runs through the picture is seldom there, and nothing else tells it apart.

    Args:
        lumas: float32 (h, w), all of one size; at least one.
    """
    turned = [np.ascontiguousarray(luma.T) for luma in lumas]
    upright, lying = lines(lumas), lines(turned)
    if _blurred_sides(lumas, upright) or _blurred_sides(turned, lying):
        return Division(Layout.BLURRED_SIDES, 1)
    columns, rows = _equal_parts(upright), _equal_parts(lying)
    if columns > 1 and rows > 1:
        return Division(Layout.GRID, columns * rows)
    if columns > 1:
        return Division(Layout.SIDE_BY_SIDE, columns)
    if rows > 1:
        return Division(Layout.STACKED, rows)
    return Division(Layout.SINGLE, 1)


def lines(lumas: Sequence[Picture]) -> list[float]:
    """Where upright lines run through all of the pictures, as shares of the width."""
    width = lumas[0].shape[1]
    shown = np.mean([_steps(luma) for luma in lumas], axis=0)
    clear = (shown.mean(axis=0) >= _ALL_ALONG) & (shown.min(axis=0) >= _IN_EVERY_PART)
    margin = round(_FROM_THE_EDGE * width)
    clear[:margin] = clear[width - margin :] = False
    # A line that scaling has smeared is on a few neighbouring columns: their middle.
    at = np.flatnonzero(clear)
    groups = np.split(at, np.flatnonzero(np.diff(at) > 0.02 * width) + 1) if len(at) else []
    return [float(group.mean() + 0.5) / width for group in groups]


def _steps(luma: Picture) -> npt.NDArray[np.float64]:
    """Share of the pixels of each quarter of each column that show a step, (4, w)."""
    step = np.abs(cv2.filter2D(luma, -1, np.array([[-1.0, 0.0, 1.0]]), borderType=cv2.BORDER_REPLICATE))
    # Beside the column, but not on the line itself, which scaling may have smeared.
    wide, narrow = (cv2.boxFilter(step, -1, (columns, 1), normalize=False) for columns in (17, 7))
    beside = (wide - narrow) / 10
    shown = (step >= _STEP) & (step >= _AGAINST_NEIGHBOURS * beside)
    return np.stack([quarter.mean(axis=0) for quarter in np.array_split(shown, 4)])


def _equal_parts(at: Sequence[float]) -> int:
    """Into how many equal parts the lines divide the side; 1 when they do not."""
    for parts in reversed(_EQUAL_PARTS):
        if all(any(abs(line - n / parts) <= _TOLERANCE for line in at) for n in range(1, parts)):
            return parts
    return 1


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
