"""The numbers and images of sampled frames, at a larger size than the analysis picture."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import cv2

from video_assets.measure.bars import Bars, find_bars
from video_assets.measure.types import Picture, Signals

UNDER_EXPOSED_LUMA, OVER_EXPOSED_LUMA = 5, 250
"""Luma under the first is under-exposed, over the second over-exposed (UltraVideo, arXiv 2506.13691)."""

_LEAST_BETWEEN = 16  # Pixels.


def measure_sample(luma: Picture) -> Signals:
    """The (sampled) columns of ``frame_signals`` that come from luma at the sampled size.

    Sharpness is the variance of the 3x3 Laplacian with the 4-neighbour kernel, as ``cv2.Laplacian``'s default, between the bars:
    their borders are the sharpest edges in it.

    Args:
        luma: Full-range luma, uint8 (h, w).
    """
    bars = find_bars(luma)
    edges = cv2.Laplacian(_between(luma, bars) if bars else luma, cv2.CV_16S, ksize=1)
    return {
        "sharpness": cv2.norm(edges, cv2.NORM_L2SQR) / edges.size - cv2.mean(edges)[0] ** 2,
        "dark_share": 1.0 - _share_over(luma, UNDER_EXPOSED_LUMA - 1),
        "bright_share": _share_over(luma, OVER_EXPOSED_LUMA),
        "bar_left": bars.left if bars else None,
        "bar_right": bars.right if bars else None,
        "bar_top": bars.top if bars else None,
        "bar_bottom": bars.bottom if bars else None,
    }


def _between(luma: Picture, bars: Bars) -> Picture:
    """The picture between bars, without the two pixels at their borders, which coding blurs; all of it where that leaves little."""
    height, width = luma.shape
    top, bottom, left, right = (
        round(bar * side) + 2 * (bar > 0)
        for bar, side in ((bars.top, height), (bars.bottom, height), (bars.left, width), (bars.right, width))
    )
    inside = luma[top : height - bottom, left : width - right]
    return inside if min(inside.shape) >= _LEAST_BETWEEN else luma


def _share_over(luma: Picture, level: int) -> float:
    return cv2.countNonZero(cv2.threshold(luma, level, 1, cv2.THRESH_BINARY)[1]) / luma.size


def encode_jpeg(bgr: Picture, quality: int) -> bytes:
    """A JPEG of a uint8 (h, w, 3) picture in B, G, R order."""
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data.data)


def nearest_to(elapsed: float, seen: Sequence[tuple[float, Any, Any]]) -> int:
    """Which of those seen, at times that rise, was nearest in time; of two the earlier one.

    Args:
        elapsed: a time from the first frame, in s.
        seen: at least one, each beginning with its time.
    """
    later = bisect_left(seen, elapsed, key=itemgetter(0))
    if later in (0, len(seen)):
        return min(later, len(seen) - 1)
    return later - (elapsed - seen[later - 1][0] <= seen[later][0] - elapsed)


class SampleClock:
    """Says which frames are the first at or after each multiple of a period."""

    def __init__(self, hz: float) -> None:
        self._hz = hz
        self._tick = -1

    def due(self, seconds: float) -> bool:
        """Whether the frame at this time (s, from the first frame) is one of them. Ask in order of time."""
        # A frame that is a rounding error early is on time.
        tick = int(seconds * self._hz + 1e-6)
        if tick <= self._tick:
            return False
        self._tick = tick
        return True
