"""Global motion: how the camera moved between two sampled frames, apart from what moves in front of it.

What stands at the picture's edges is more often the scene, and what stands in its middle more often somebody who moves: the
fit weighs places by how far out they are, so that a head that turns before a still wall is no camera that does.

Dense optical flow (DIS: Kroeger et al., ECCV 2016, arXiv 1603.03590), not the codec's motion vectors, so that a
clip has the same camera motion in every codec. A similarity of four parameters is fitted to it robustly.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.pace import LONGEST_STEP_S
from video_assets.measure.samples import SampleClock
from video_assets.measure.types import Picture, Signals

_LONG_SIDE = 128
_GRID = 6  # Pixels between the patches of the flow, and so between the points of the fit.
_LEAST_LUMA_RANGE = 40.0  # Flow runs wild on fades and dark pictures.
_CORNER_WINDOW = 5
_CORNER = 3e-7  # Shi and Tomasi's corner strength (of luma 0-1) at which a point counts half.
_LEAST_TEXTURE = 0.02
_SCALES = (3.0, 1.5, 0.8, 0.4, 0.2, 0.15)  # Of the Cauchy weights, in pixels, round by round.
_FOLLOWS_PX, _FOLLOWS_SHARE = 0.5, 0.1
# The weight in the picture's middle, and what the third power of nearness to the edge adds.
_MIDDLE, _OUTWARDS = 0.1, 2.0
# What is left of growth and turns: flow at the edges is short by what has just left the picture (made zooms and rolls of
# 5 to 100 % and 3 to 25 degrees a second over five photographs: 0.85 to 0.89).
_SHORT = 0.87
_HELD = 0.3  # Of the camera's shift: what moves less stays where it is in the picture.

_Complex = NDArray[np.complex64]
_Real = NDArray[np.float32]
_UNMEASURED: Signals = {"camera_support": 0.0}


class GlobalMotion:
    """Measures one video's frames in order, ``hz`` times a second, each against the one measured before."""

    def __init__(self, hz: float) -> None:
        self._clock = SampleClock(hz)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setPatchStride(_GRID)
        self._last: tuple[Picture, float] | None = None

    def measure(self, luma: Picture, elapsed: float) -> Signals:
        """The ``camera_*``, ``flow_length`` and ``object_motion`` columns of ``frame_signals``; none of them between two samples.

        Args:
            luma: The analysis picture, full-range luma, uint8 (h, w).
            elapsed: The frame's time from the first, in s.

        Returns:
            Signals; ``camera_support`` alone, as 0, when nothing can be told: too dark or flat a picture, or more than
            0.5 s between the two.
        """
        if not self._clock.due(elapsed):
            return {}
        scale = _LONG_SIDE / max(luma.shape)
        size = tuple(max(16, round(side * scale)) for side in reversed(luma.shape))
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
        last, self._last = self._last, (small, elapsed)
        if last is None:
            return {}
        before, then = last
        texture = _texture(before)
        if elapsed - then > LONGEST_STEP_S or min(_range(before), _range(small)) < _LEAST_LUMA_RANGE:
            return dict(_UNMEASURED)
        if float(texture.mean()) < _LEAST_TEXTURE:
            return dict(_UNMEASURED)
        dense = self._flow.calc(before, small, None)  # type: ignore[call-overload]
        flow = _sampled(dense).copy().view(np.complex64).ravel()
        return _in_units(flow, before.shape, texture, elapsed - then)


def _range(luma: Picture) -> float:
    low, high, _, _ = cv2.minMaxLoc(luma)
    return high - low


def _sampled(picture: Picture) -> Picture:
    return picture[_GRID // 2 :: _GRID, _GRID // 2 :: _GRID]


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> _Complex:
    """The sampled points as x + iy from the picture's centre, in pixels."""
    x = np.arange(_GRID // 2, width, _GRID, dtype=np.float32) - (width - 1) / 2
    y = np.arange(_GRID // 2, height, _GRID, dtype=np.float32) - (height - 1) / 2
    return (x[None, :] + 1j * y[:, None]).astype(np.complex64).ravel()


@lru_cache(maxsize=4)
def _outwards(height: int, width: int) -> _Real:
    """The weight of each sampled point by how near it is to an edge."""
    places = _places(height, width)
    near = np.maximum(np.abs(places.real) / (width / 2), np.abs(places.imag) / (height / 2))
    return (_MIDDLE + _OUTWARDS * near**3).astype(np.float32)


def _texture(luma: Picture) -> _Real:
    """How well motion can be told at each sampled point, 0-1: flat places and straight edges, as of bars, count little."""
    corners = _sampled(cv2.cornerMinEigenVal(luma, _CORNER_WINDOW)).ravel()
    return np.asarray(corners / (corners + np.float32(_CORNER)), np.float32)


def _in_units(flow: _Complex, shape: tuple[int, ...], texture: _Real, seconds: float) -> Signals:
    height, width = shape
    places, side_seconds = _places(height, width), max(shape) * seconds
    scenery = texture * _outwards(height, width)
    shift, turn = fit_similarity(flow, places, scenery)
    total = float(texture.sum())
    camera = shift + turn * places
    own = np.abs(flow - camera)
    follows = own < _FOLLOWS_PX + _FOLLOWS_SHARE * np.abs(camera)
    held = np.abs(flow) < _HELD * abs(shift)
    # A picture that moves left and down was taken by a camera that pans right and tilts up.
    return {
        "camera_pan": -shift.real / side_seconds,
        "camera_tilt": shift.imag / side_seconds,
        "camera_zoom": turn.real / seconds / _SHORT,
        "camera_roll": -math.degrees(turn.imag) / seconds / _SHORT,
        "camera_support": min(1.0, float(scenery @ follows) / float(scenery.sum())),
        "camera_held": min(1.0, float(texture @ held) / total),
        "flow_length": float(texture @ np.abs(flow)) / total / side_seconds,
        "object_motion": float(texture @ own) / total / side_seconds,
    }


def fit_similarity(flow: _Complex, places: _Complex, weights: _Real) -> tuple[complex, complex]:
    """The similarity ``flow = shift + turn * place`` that most of the flow follows.

    Iteratively reweighted least squares with Cauchy weights, whose scale shrinks round by round, from the median
    translation: what moves on its own, on less than about half of the texture, does not bend it.

    Args:
        flow: Displacements x + iy, complex64 (n,), in pixels.
        places: Where they were measured, complex64 (n,), from the picture's centre.
        weights: float32 (n,), from 0.

    Returns:
        The shift, in pixels, and the turn: its real part is the relative growth, its imaginary part the angle (rad).
    """
    textured = flow[weights >= 0.5 * weights.max()]
    shift, turn = complex(_middle(textured.real), _middle(textured.imag)), 0j
    for scale in _SCALES:
        apart = flow - (shift + turn * places)
        near = weights / (1.0 + (apart.real**2 + apart.imag**2) / scale**2)
        near /= near.sum()
        centre, mean = complex(near @ places), complex(near @ flow)
        arms = places - centre
        leant = near * arms
        turn = complex(np.vdot(leant, flow)) / (float(np.vdot(leant, arms).real) + 1e-6)
        shift = mean - turn * centre
    return shift, turn


def _middle(values: _Real) -> float:
    """The median of these, or the one above it; a third of ``np.median``'s cost."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])
