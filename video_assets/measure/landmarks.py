"""Landmarks of a clip's course: the moments at which it moves most or least, and how it goes on around each of them.

A copy has the landmarks of its original, whichever part of it there is and whatever was done to the picture. So two clips
whose courses may go on alike are found by comparing a few short stretches of each, by matrix products, and not by laying
every two courses on each other at every shift.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from video_assets.measure.course import FLAT, Curves, levels_and_changes, told

# Of a stretch, in values of the course: 2.4 s. The means of each 3 are compared.
_STRETCH, _MEANS = 30, 3
# Values over which motion is smoothed before its extremes are looked for: encoders repeat and blend frames.
_SMOOTHED = 7
# Least landmarks of a clip, and how many values of its course there are for each where these are more.
_FEWEST, _APART = 7, 8
# So many rows by so many fit into a processor's cache.
_BLOCK = 1024

Stretches = NDArray[np.float32]


def stretches(curves: Curves) -> Stretches:
    """A course around its landmarks.

    Args:
        curves: float32 (curves, n) of :func:`video_assets.measure.course.course`, the last the amount of motion.

    Returns:
        float32 (landmarks, 20 * curves): the product of two rows is the mean correlation of levels and changes, -1 to 1, weighed
        as in :class:`video_assets.measure.course.Shift`.
        No rows when the course is shorter than a stretch.
    """
    kinds = 2 * len(curves)
    if curves.shape[1] < _STRETCH + 4:
        return np.zeros((0, kinds * _STRETCH // _MEANS), np.float32)
    values = levels_and_changes(curves)
    first = _firsts(values[len(curves) - 1])
    found = np.stack([values[:, i : i + _STRETCH] for i in first])
    means = found.reshape(len(first), kinds, -1, _MEANS).mean(axis=3)
    means -= means.mean(axis=2, keepdims=True)
    variance = (means**2).mean(axis=2, keepdims=True)
    weights = told(variance[:, :, 0].T).T[:, :, None]
    means *= weights / np.sqrt(np.maximum(variance, FLAT) * means.shape[2])
    return np.asarray(means.reshape(len(first), -1), np.float32)


def _firsts(motion: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where the stretches around the most marked extremes of motion begin."""
    window = np.hanning(_SMOOTHED + 2)[1:-1]
    smooth = np.convolve(motion, window / window.sum(), "same")
    middle = smooth[_STRETCH // 2 : len(smooth) - _STRETCH // 2 + 1]
    inner, before, after = middle[1:-1], middle[:-2], middle[2:]
    turns = 1 + np.flatnonzero(((inner >= before) & (inner > after)) | ((inner <= before) & (inner < after)))
    most = max(_FEWEST, len(motion) // _APART)
    chosen = turns[np.argsort(-np.abs(middle[turns] - smooth.mean()), kind="stable")][:most]
    if len(chosen) < most:
        even = np.linspace(0, len(middle) - 1, most - len(chosen)).round().astype(np.int64)
        chosen = np.concatenate([chosen, even])
    return np.unique(chosen)


def alike(ones: Sequence[Curves], others: Sequence[Curves], least: float) -> set[tuple[int, int]]:
    """Which of some clips may go on like which of others, at whatever speed: a stretch is short.

    Args:
        ones: their courses, each float32 (curves, n).
        others: likewise; where it is ``ones`` itself, each pair need be found one way alone.
        least: least correlation of a stretch of the one and a stretch of the other, to 1.

    Returns:
        Positions in ``ones`` and in ``others``.
    """
    these, whose = _stacked([stretches(c) for c in ones])
    those, whose_those = _stacked([stretches(c) for c in others])
    found: set[tuple[int, int]] = set()
    for i in range(0, len(these), _BLOCK):
        for j in range(i if others is ones else 0, len(those), _BLOCK):
            rows, columns = np.nonzero(these[i : i + _BLOCK] @ those[j : j + _BLOCK].T >= least)
            found.update(zip(whose[i + rows].tolist(), whose_those[j + columns].tolist(), strict=True))
    return found


def _stacked(parts: Sequence[Stretches]) -> tuple[Stretches, NDArray[np.int64]]:
    """All rows, and which part each is of."""
    whose = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    return (np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)), whose
