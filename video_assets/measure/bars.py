"""Dark bars (letterbox, pillarbox) at the edges of a frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Picture

BAR_LUMA = 14
"""A bar line's 98th percentile of luma (full range) stays under this: at most ``BRIGHT_SHARE_OF_LINE`` reach it."""
BAR_STD = 4.0
"""A bar line's standard deviation stays under this."""
BRIGHT_SHARE_OF_LINE = 0.02
LIT_LUMA = 32
LIT_SHARE = 0.1
"""A frame is dark as a whole when fewer of its pixels than this share reach ``LIT_LUMA``."""


@dataclass(frozen=True)
class Bars:
    """Widths of dark bars, as shares of the picture's width (left, right) and height (top, bottom), 0-1."""

    left: float
    right: float
    top: float
    bottom: float


def find_bars(luma: Picture) -> Bars | None:
    """The bars of one frame.

    From each edge inwards, the lines that are dark and even belong to the bar. That says nothing of a frame that is
    dark as a whole (under 10 % of its pixels reach luma 32): None.

    Args:
        luma: Full-range luma, uint8 (h, w).
    """
    lit = cv2.countNonZero(cv2.threshold(luma, LIT_LUMA - 1, 1, cv2.THRESH_BINARY)[1])
    if lit < LIT_SHARE * luma.size:
        return None
    height, width = luma.shape
    top, bottom = _edges(luma, axis=0)
    # Columns are judged between the bars above and below, which would make every column look darker.
    left, right = _edges(luma[top : height - bottom], axis=1)
    return Bars(left / width, right / width, top / height, bottom / height)


def _edges(luma: Picture, axis: int) -> tuple[int, int]:
    """How many lines from the first, and from the last, are bar lines. Lines are rows (axis 0) or columns (axis 1)."""
    bright = cv2.threshold(luma, BAR_LUMA - 1, 1, cv2.THRESH_BINARY)[1]
    counts = cv2.reduce(bright, 1 - axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    dark = counts <= BRIGHT_SHARE_OF_LINE * luma.shape[1 - axis]
    return _run(luma, dark, axis), _run(np.flip(luma, axis), dark[::-1], axis)


def _run(luma: Picture, dark: npt.NDArray[np.bool_], axis: int) -> int:
    """How many lines from the first are dark and even; there is a line that is not dark, for the frame is lit."""
    dark_lines = int(np.argmin(dark))
    if dark_lines == 0:
        return 0
    uneven = luma.take(range(dark_lines), axis).std(axis=1 - axis) >= BAR_STD
    return int(np.argmax(uneven)) if uneven.any() else dark_lines
