"""Drawn pictures (screens, slides, charts, cartoons) told from recorded ones: ground without noise, and edges that stand on it.

A camera's picture has noise, and its edges are blurred by a lens; a drawn one has ground of exactly one level up to its edges.
After Swain, Frankel and Athitsos, Distinguishing photographs and graphics on the World Wide Web (CBAIVL 1997), and Lienhart
and Hartmann, Classifying images on the web automatically (J. Electronic Imaging 11(4), 2002).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from video_assets.measure.types import Picture

_LEVELS = 2.0
"""By how much luma ranges in the 5x5 pixels around one of flat ground, at most: coding leaves so much of one level."""
_BLACK = 16.0
"""Ground darker than this may be a night in which nothing was recorded."""
_EDGE = 20.0
"""Least gradient of an edge, in luma levels per two pixels."""
_BESIDE = 9
"""Side of the square around an edge's pixel in which flat ground is looked for."""
_DRAWN = 0.08
"""Product of both signs from which a picture is kept large: it was 0.09 to 0.58 in screens, slides, test cards and most drawn
wallpapers, and under 0.05 in 74 of 75 recordings and photographs (a smooth white wall behind a hand had 0.09)."""


class Drawn(NamedTuple):
    """Signs that a picture was drawn, each 0-1.

    Attributes:
        flat_share: share of the picture that is ground without noise, and not black.
        clean_edges: share of its edges beside which is such ground; 0 without edges.
    """

    flat_share: float
    clean_edges: float


def find_drawn(lumas: Sequence[Picture]) -> Drawn:
    """The signs in a clip's pictures: medians.

    Args:
        lumas: float32 (h, w), of a short side of 360 pixels; at least one.
    """
    each = [_drawn(luma) for luma in lumas]
    return Drawn(statistics.median(d.flat_share for d in each), statistics.median(d.clean_edges for d in each))


def looks_drawn(luma: Picture) -> bool:
    """Whether one picture has enough of both signs to be a screen, a page or a chart.

    Args:
        luma: uint8 or float32 (h, w).
    """
    signs = _drawn(luma)
    return signs.flat_share * signs.clean_edges >= _DRAWN


def _drawn(luma: Picture) -> Drawn:
    square = np.ones((5, 5), np.uint8)
    ground = (cv2.subtract(cv2.dilate(luma, square), cv2.erode(luma, square)) <= _LEVELS) & (luma >= _BLACK)
    flat = ground.view(np.uint8)
    near = cv2.dilate(flat, np.ones((_BESIDE, _BESIDE), np.uint8))
    # Numpy's hypot alone took longer than all the rest.
    gradient = cv2.magnitude(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    edges = (gradient >= 4 * _EDGE).view(np.uint8)
    count = cv2.countNonZero(edges)
    return Drawn(
        cv2.countNonZero(flat) / flat.size, cv2.countNonZero(cv2.bitwise_and(near, edges)) / count if count else 0.0
    )
