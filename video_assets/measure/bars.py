"""Dark bars (letterbox, pillarbox) at the edges of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.types import Picture

BAR_LUMA = 14
"""A bar's pixels are darker than this luma (full range)."""
BAR_STD = 4.0
"""Their standard deviation stays under this."""
LIT_LUMA = 32
LIT_SHARE = 0.1
"""A frame is dark as a whole when fewer of its pixels than this share reach ``LIT_LUMA``."""
_STEP = 8
"""Least luma step from a bar into the picture, in levels over four pixels; and it is half of the rise over 13 of them: darkness
that fades is no bar."""
_ALIGNED_ALONE, _ALIGNED, _ALIGNED_TOGETHER = 0.8, 0.2, 0.4
"""Least share of the lines across a border that end their darkness there: of a bar without its like on the other side; of one
that has it; and of those two together. A logo or subtitles in a bar end some sooner, a dark part of the picture some later."""
_SAME = 0.01
"""Most that the widths of a bar and its like differ by, as a share of the side; two pixels at least."""


@dataclass(frozen=True)
class Bars:
    """Widths of dark bars, as shares of the picture's width (left, right) and height (top, bottom), 0-1."""

    left: float
    right: float
    top: float
    bottom: float


def find_bars(luma: Picture) -> Bars | None:
    """The bars of one frame.

    Along every column (row) the dark pixels from the edge inwards are counted. A bar's border is where many of these
    runs end, in a step: a dark stage or a night sky ends anywhere, or fades. Most bars come in pairs of one width, so
    less is asked of two alike; what lies in them (a logo, subtitles) then hides none. That says nothing of a frame that
    is dark as a whole (under 10 % of its pixels reach luma 32): None.

    Args:
        luma: Full-range luma, uint8 (h, w).
    """
    lit = cv2.countNonZero(cv2.threshold(luma, LIT_LUMA - 1, 1, cv2.THRESH_BINARY)[1])
    if lit < LIT_SHARE * luma.size:
        return None
    height, width = luma.shape
    top, bottom = _pair(cv2.transpose(luma))
    # Columns are judged between the bars above and below, which would make every column look darker.
    left, right = _pair(luma[top : height - bottom])
    return Bars(left / width, right / width, top / height, bottom / height)


class _Border(NamedTuple):
    """Where the darkness from an edge ends: its width in pixels, and the share of the lines that end theirs there."""

    width: int
    aligned: float

    def __bool__(self) -> bool:
        return self.width > 0


_NONE = _Border(0, 0.0)


def _pair(lines: Picture) -> tuple[int, int]:
    """Widths of the bars at the beginning and the end of lines that run across them, in pixels; together less than the length."""
    length = lines.shape[1]
    halves = lines[:, : length // 2], lines[:, : -length // 2 : -1]
    above, below = (_border(half) for half in halves)
    most = max(2.0, _SAME * length)
    # Where subtitles end more of the darkness of one bar than its border does, its like says where that is.
    if abs(above.width - below.width) > most:
        if above.aligned > below.aligned:
            below = _border(halves[1], above.width) or below
        else:
            above = _border(halves[0], below.width) or above
    alike = abs(above.width - below.width) <= most
    together = (above.aligned + below.aligned) / 2 >= _ALIGNED_TOGETHER
    if alike and together and min(above.aligned, below.aligned) >= _ALIGNED:
        return above.width, below.width
    top, bottom = (b.width if b.aligned >= _ALIGNED_ALONE else 0 for b in (above, below))
    return top, bottom


def _border(half: Picture, at: int = 0) -> _Border:
    """The border of a bar at the beginning of these halves of lines, if there is one, or at this width."""
    last = half.shape[1] - 1
    if last < 2 or np.count_nonzero(half[:, 0] < BAR_LUMA) < _ALIGNED * len(half):
        return _NONE
    bright = half >= BAR_LUMA
    runs = bright.argmax(axis=1)
    # Lines that are dark throughout lie in bars at the other sides.
    shown = np.flatnonzero(bright[np.arange(len(runs)), runs])
    if not len(shown):
        return _NONE
    runs = runs[shown]
    counts = np.bincount(runs, minlength=last + 1)
    # Scaling puts a border between two pixels: runs that end at either end together.
    width = min(at, last - 1) or 1 + int((counts[1:-1] + counts[2:]).argmax())
    ends = (runs == width) | (runs == width + 1)
    aligned = np.count_nonzero(ends) / len(runs)
    if aligned < _ALIGNED:
        return _NONE
    # The darkness of a bar is one level, and ends at once.
    ended = shown[ends]
    inside = half[ended, :width]
    step, rise = (_median(half[ended, min(width + n, last)].astype(np.int16) - inside[:, -1]) for n in (3, 12))
    if step < max(_STEP, rise / 2) or cv2.meanStdDev(inside)[1].item() >= BAR_STD:
        return _NONE
    return _Border(int(_median(runs[ends])), aligned)


def _median(values: NDArray[np.integer]) -> float:
    """As ``np.median``, in a third of its time for so few values."""
    ordered, half = np.sort(values), len(values) // 2
    return (int(ordered[-half - 1]) + int(ordered[half])) / 2
