"""Overlays: logos, watermarks and captions that stay in place and look the same while the picture behind them moves.

After Dekel et al., On the Effectiveness of Visible Watermarks (CVPR 2017): over pictures that have nothing else in
common, the median of the gradients is the gradient of the watermark, opaque or not. That holds only where the picture
changes, so an overlay is looked for only where it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.rectangles import Rectangle
from video_assets.measure.types import Picture

Map = npt.NDArray[np.bool_]

LEAST_PICTURES = 4
"""Of which an overlay can be told: chance makes too many edges of fewer agree."""
_SHORT_SIDE = 360
"""Of the reduced pictures, in pixels."""
_LEAST_GRADIENT = 3.0
"""Of an edge, in luma levels per pixel: a white logo of opacity 0.2 on mid-grey has about 8."""
_AGREEING, _DEVIATION = 0.7, 0.6
"""Share of the pictures whose gradient deviates from the median by at most so large a share of it."""
_ALWAYS_AGREEING = 5
"""Least number of them; of fewer pictures, all."""
_SIGNIFICANCE = 6.0
"""Least ratio of the median gradient to the median deviation from it over the square root of the pictures' number."""
_COMPANY = 0.4
"""Least share of the 5x5 pixels around an edge that are edges too: a stroke has two, chance has loose ones."""
_CHANGE = 12.0
"""Luma levels by which a place must range over the pictures to have changed."""
_REACH = 0.011
"""Half of how far parts of one overlay are apart, and half the width of its surroundings, as a share of the short side."""
_CHANGING_AROUND = 0.6
"""Least share of an overlay's surroundings that change; on plain ground, which cannot, of a picture that changes."""
_MOVES = 0.9
"""Least share of a picture's edges at which it changes, beside those that stay, where its camera moves: then plain ground moves,
too, though nobody sees it."""
_STRAIGHT = 0.8
"""Least coherence of the gradients (0 of all directions, 1 of one) of a straight edge: it stays where the camera moves along it."""
_LARGEST = 0.15
"""Largest share of the picture that one overlay's rectangle covers."""
_LEAST_EDGES, _DENSITY = 0.00035, 0.15
"""Least share of the picture that an overlay's edges cover, and least share of its rectangle."""
_OWN_DEVIATION, _OWN_GRADIENT = 0.36, 4.5
"""Most deviation and least gradient of an overlay's median edge; chance and a swaying camera leave looser ones."""


class Found(NamedTuple):
    """What stays in a clip's pictures.

    Attributes:
        fixed_share: share of the pictures' edges that stay and belong to no overlay, 0-1: much under a fixed camera.
        overlays: the overlays' rectangles.
    """

    fixed_share: float
    overlays: list[Rectangle]


def find_overlays(lumas: Sequence[Picture]) -> Found:
    """Find what stays while the picture changes.

    Args:
        lumas: as :func:`reduced` gives them, all of one size; at least ``LEAST_PICTURES``, spread over the clip.
    """
    reach = max(1, round(_REACH * min(lumas[0].shape)))
    edges = _edges(lumas)
    # At the picture's own edges lies what cropping has left of bars.
    for outermost in (np.s_[: 2 * reach], np.s_[-2 * reach :]):
        edges.constant[outermost] = edges.constant[:, outermost] = False
    changing = _changing(lumas)
    going = edges.typical & ~edges.constant
    if int(np.count_nonzero(going & changing)) >= _MOVES * max(1, int(np.count_nonzero(going))):
        changing |= ~going
    joined = cv2.dilate(edges.constant.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined)
    found, explained = [], 0
    for label, (x, y, width, height, _) in enumerate(boxes[1:], start=1):
        part = np.zeros_like(edges.constant)
        place = np.s_[y : y + height, x : x + width]
        part[place] = edges.constant[place] & (labels[place] == label)
        if box := _overlay(part, edges, changing, 2 * reach):
            found.append(box)
            explained += int(part.sum())
    typical = max(1, int(edges.typical.sum()))
    return Found(min(1.0, (int(edges.constant.sum()) - explained) / typical), found)


def reduced(picture: Picture) -> Picture:
    """Luma of a picture, uint8 (h, w, 3) in B, G, R order: float32, of a short side of at most 360 pixels."""
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    scale = _SHORT_SIDE / min(luma.shape)
    if scale < 1:
        luma = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return luma.astype(np.float32)


class _Edges(NamedTuple):
    """Edges over the pictures: where they are constant, where a typical picture has one, and how they are there."""

    constant: Map
    typical: Map
    across: Picture
    down: Picture
    """The median gradient, in luma levels per pixel."""
    strength: Picture
    """Its length."""
    deviation: Picture
    """What most pictures deviate from it by at most, as a share of it."""


def _edges(lumas: Sequence[Picture]) -> _Edges:
    # Scharr's kernels add up to 16 times the difference over two pixels.
    across = np.stack([cv2.Scharr(luma, cv2.CV_32F, 1, 0) for luma in lumas]) / 32
    down = np.stack([cv2.Scharr(luma, cv2.CV_32F, 0, 1) for luma in lumas]) / 32
    across_median, down_median = np.median(across, axis=0), np.median(down, axis=0)
    strength = np.hypot(across_median, down_median)
    deviations = np.sort(np.hypot(across - across_median, down - down_median), axis=0)
    count = len(lumas)
    agreeing = max(ceil(_AGREEING * count), min(count, _ALWAYS_AGREEING))
    deviation = deviations[agreeing - 1] / np.maximum(strength, 1e-6)
    constant = (
        (strength >= _LEAST_GRADIENT)
        & (deviation <= _DEVIATION)
        & (strength >= _SIGNIFICANCE * deviations[count // 2] / count**0.5)
    )
    constant &= cv2.boxFilter(constant.astype(np.float32), -1, (5, 5)) >= _COMPANY
    typical = np.hypot(across, down).mean(axis=0) >= _LEAST_GRADIENT
    return _Edges(constant, typical, across_median, down_median, strength, deviation)


def _changing(lumas: Sequence[Picture]) -> Map:
    """Where the pictures change by more than noise."""
    blurred = np.stack([cv2.blur(luma, (5, 5)) for luma in lumas])
    return np.asarray(np.ptp(blurred, axis=0) >= _CHANGE)


def _overlay(part: Map, edges: _Edges, changing: Map, far: int) -> Rectangle | None:
    """The rectangle around some constant edges, when they are an overlay's: distinct, dense, with change all around."""
    height, width = part.shape
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    box = Rectangle(left / width, top / height, right / width, bottom / height)
    own = np.count_nonzero(part)
    if (
        box.area > _LARGEST
        or own < _LEAST_EDGES * part.size
        or own < _DENSITY * (bottom - top) * (right - left)
        or np.median(edges.deviation[part]) > _OWN_DEVIATION
        or np.median(edges.strength[part]) < _OWN_GRADIENT
        or _coherence(edges.across[part], edges.down[part]) >= _STRAIGHT
    ):
        return None
    around = changing[max(0, top - far) : bottom + far, max(0, left - far) : right + far]
    inside = changing[top:bottom, left:right]
    ring = around.size - inside.size
    changed = np.count_nonzero(around) - np.count_nonzero(inside)
    return box if ring and changed >= _CHANGING_AROUND * ring else None


def _coherence(across: Picture, down: Picture) -> float:
    """How far gradients have one direction: the difference of their structure tensor's eigenvalues over their sum, 0-1."""
    xx, yy, xy = (across**2).sum(), (down**2).sum(), (across * down).sum()
    return float(np.hypot(xx - yy, 2 * xy) / max(float(xx + yy), 1e-6))
