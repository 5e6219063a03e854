"""Dark bars (letterbox, pillarbox) at the edges of a frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Picture

BAR_LUMA = 14
"""At most 2 % of a bar line's pixels reach this luma (full range): its 98th percentile stays under it."""
BAR_STD = 4.0
"""A bar line's standard deviation stays under this."""

_BRIGHT_SHARE_OF_LINE = 0.02
_LIT_LUMA = 32
_LIT_SHARE = 0.1


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
    lit = np.count_nonzero(luma >= _LIT_LUMA)
    if lit < _LIT_SHARE * luma.size:
        return None
    height, width = luma.shape
    top, bottom = _edges(luma)
    # Columns are judged between the bars above and below, which would make every column look darker.
    left, right = _edges(np.ascontiguousarray(luma[top : height - bottom].T))
    return Bars(left / width, right / width, top / height, bottom / height)


def _edges(luma: Picture) -> tuple[int, int]:
    """How many rows from the first, and from the last, are bar lines."""
    bright = cv2.threshold(luma, BAR_LUMA - 1, 1, cv2.THRESH_BINARY)[1]
    counts: npt.NDArray[np.float32] = cv2.reduce(bright, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0]
    dark = counts <= _BRIGHT_SHARE_OF_LINE * luma.shape[1]
    return _run(luma, dark), _run(luma[::-1], dark[::-1])


def _run(luma: Picture, dark: npt.NDArray[np.bool_]) -> int:
    run = int(np.argmin(dark))  # the first line that is not dark; there is one, for the frame is lit
    uneven = np.flatnonzero(luma[:run].std(axis=1) >= BAR_STD) if run else np.empty(0, np.intp)
    return int(uneven[0]) if uneven.size else run
