"""Drawn pictures (screens, slides, charts, cartoons) told from recorded ones: by ground without noise, few levels, ruled lines.

A camera's picture has noise, and its edges are blurred by a lens; a drawn one has ground of exactly one level up to its edges.
Of an interface with a photograph in it little is ground, and coding spoils what lies between letters. What is left of it are
a few levels that come again and lines that are upright or lying to the pixel and no wider than one.
After Swain, Frankel and Athitsos, Distinguishing photographs and graphics on the World Wide Web (CBAIVL 1997), and Lienhart
and Hartmann, Classifying images on the web automatically (J. Electronic Imaging 11(4), 2002).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Picture

_LEVELS = 2.0
"""By how much luma ranges in the 5x5 pixels around one of flat ground, at most: coding leaves so much of one level."""
_BLACK = 16.0
"""Ground darker than this may be a night in which nothing was recorded."""
_EDGE = 20.0
"""Least gradient of an edge, in luma levels per two pixels."""
_BESIDE, _BEYOND_CODING = 9, 17
"""Side of the square around an edge's pixel in which flat ground is looked for, and of one that reaches over the 8x8 pixels of a
coded block, all of which have ripples where one edge runs through them."""
_LEVELS_COUNTED = 4
"""How many of the most frequent levels, each with its two neighbours, are few."""
_RULED = 21
"""Least length of a ruled line, in pixels."""
_RULED_STEP, _SLANT = 60.0, 0.15
"""Its least step, as Sobel's kernel gives it (four times the levels over two pixels), and most gradient along it, as a share of that across it."""
_RULED_REST = 0.15
"""Most gradient three pixels beside it, as a share of its own: a lens, or the filter of a camera, spreads an edge over more."""
_BY_LINES, _BY_GROUND = 4.0, 0.25
"""Weights that bring the three products to one scale, on which 0.1 is drawn. Chosen on 31 screens and 113 recordings and
photographs: the product with ruled lines was 0.03 to 0.3 in two thirds of the screens and at most 0.012 without drawn lines, and
that with ground of few levels at most 0.37, in a photograph of sweets that somebody had cut out."""
_DRAWN = 0.08
"""Product of flat share and clean edges from which a picture is kept large: it was 0.09 to 0.58 in screens, slides, test cards and
most drawn wallpapers, and under 0.05 in 74 of 75 recordings and photographs (a smooth white wall behind a hand had 0.09)."""


class Drawn(NamedTuple):
    """Signs that a picture was drawn, each 0-1.

    Attributes:
        flat_share: share of the picture that is ground without noise, and not black.
        clean_edges: share of its edges beside which is such ground; 0 without edges.
        few_levels: share of the picture, without what is black, that has one of its four most frequent levels of luma.
        ruled_edges: share of its edges on upright or lying lines of at least 21 pixels that are one step wide, near such ground.
        drawn: all of them together; from 0.1 on a picture is drawn.
    """

    flat_share: float
    clean_edges: float
    few_levels: float
    ruled_edges: float
    drawn: float


def find_drawn(lumas: Sequence[Picture]) -> Drawn:
    """The signs in a clip's pictures: medians.

    Args:
        lumas: float32 (h, w), of a short side of 360 pixels; at least one.
    """
    each = [_drawn(luma) for luma in lumas]
    return Drawn(*(statistics.median(values) for values in zip(*each, strict=True)))


def looks_drawn(luma: Picture) -> bool:
    """Whether one picture has enough ground with edges on it to be a screen, a page or a chart.

    Args:
        luma: uint8 or float32 (h, w).
    """
    flat, flat_share = _ground(luma)
    # Neither sign is over 1, and the second one costs most.
    return flat_share >= _DRAWN and flat_share * _Edges(luma, flat).near(_BESIDE) >= _DRAWN


def _ground(luma: Picture) -> tuple[npt.NDArray[np.uint8], float]:
    """Where there is ground without noise (uint8, 0 or 1), and on what share of the picture."""
    square = np.ones((5, 5), np.uint8)
    ground = (cv2.subtract(cv2.dilate(luma, square), cv2.erode(luma, square)) <= _LEVELS) & (luma >= _BLACK)
    flat = ground.view(np.uint8)
    return flat, cv2.countNonZero(flat) / flat.size


class _Edges:
    """Edges of a picture, and which of them are near its ground.

    Attributes:
        across: gradient to the right, float32 (h, w), as Sobel's kernel gives it.
        down: likewise downwards.
        count: how many pixels are an edge's.
    """

    def __init__(self, luma: Picture, flat: npt.NDArray[np.uint8]) -> None:
        self._flat = flat
        self.across, self.down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
        # Numpy's hypot alone took longer than all the rest.
        self._edges = (cv2.magnitude(self.across, self.down) >= 4 * _EDGE).view(np.uint8)
        self.count = cv2.countNonZero(self._edges)

    def near(self, side: int) -> float:
        """Share of the edges with ground in the square around them, of so many pixels; 0 without edges."""
        return self.share(self._edges, side)

    def share(self, pixels: npt.NDArray[np.uint8], side: int) -> float:
        """How many of these pixels have ground in the square around them, over the number of edges; 0 without edges."""
        near = cv2.dilate(self._flat, np.ones((side, side), np.uint8))
        return cv2.countNonZero(cv2.bitwise_and(near, pixels)) / self.count if self.count else 0.0


def _drawn(luma: Picture) -> Drawn:
    ground, flat = _ground(luma)
    edges = _Edges(luma, ground)
    clean, levels = edges.near(_BESIDE), _few_levels(luma)
    lit = luma >= _BLACK
    upright = _ruled(np.abs(edges.across), np.abs(edges.down), lit)
    lying = _ruled(np.abs(edges.down).T, np.abs(edges.across).T, lit.T).T
    ruled = min(1.0, edges.share(np.maximum(upright, lying), _BEYOND_CODING))
    by_ground = _BY_GROUND * flat * edges.near(_BEYOND_CODING) * levels
    return Drawn(flat, clean, levels, ruled, min(1.0, max(flat * clean, _BY_LINES * ruled * levels, by_ground)))


def _few_levels(luma: Picture) -> float:
    counts = np.bincount(np.clip(np.rint(luma), 0, 255).astype(np.uint8).ravel(), minlength=256)
    counts[: int(_BLACK)] = 0
    total = 0
    for _ in range(_LEVELS_COUNTED):
        around = np.convolve(counts, np.ones(3, np.int64), "same")
        level = int(around.argmax())
        total += int(around[level])
        counts[max(0, level - 1) : level + 2] = 0
    return total / luma.size


def _ruled(across: Picture, along: Picture, lit: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Pixels of upright ruled lines, (h, w), by the size of the gradients across them and along them.

    A line beside which it is black may be where bars or a vignette begin.
    """
    steps = (across >= _RULED_STEP) & (along <= _SLANT * across)
    steps[:, :3] = steps[:, -3:] = False
    rest = np.maximum(across[:, 6:], across[:, :-6])
    steps[:, 3:-3] &= (rest <= _RULED_REST * across[:, 3:-3]) & lit[:, 6:] & lit[:, :-6]
    lines = cv2.morphologyEx(steps.astype(np.uint8), cv2.MORPH_OPEN, np.ones((_RULED, 1), np.uint8))
    return np.asarray(lines, np.uint8)
