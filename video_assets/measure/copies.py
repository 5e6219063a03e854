"""The copy signature: a clip's coarse structure and its change in time, by which a copy is known and a neighbour is not.

A copy that was encoded again, rescaled, brightened or cut by some rows at its borders has the same low frequencies. Two
clips of one static film have them too: what tells them apart is what moves, so that the change in time, which they do
not share, has a part of its own. Copies that start at another moment share the structure alone: see ``course.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.types import Picture

_SIDE, _FREQUENCIES = 32, 6
# Share of the change beside the structure, and the change (luma levels) under which encoding noise may make it up.
_CHANGE, _NOISE = 0.5, 0.5
# Structure, in luma levels, under which there is nothing to know a picture by.
_FLAT = 1.0

_row, _column = np.mgrid[:_FREQUENCIES, :_FREQUENCIES]
# A crop shifts high frequencies most. Without the mean, which brightness changes.
_WEIGHTS = (1 / (1 + np.hypot(_row, _column))).ravel()[1:].astype(np.float32)
_MIRROR = np.where(_column % 2, -1, 1).ravel()[1:].astype(np.float32)


def copy_signature(pictures: Sequence[Picture]) -> NDArray[np.float32] | None:
    """A vector of length 1 from a clip's pictures in time order; None when they are flat.

    Args:
        pictures: uint8 (h, w, 3) in B, G, R order, as many of each clip that is compared.

    Returns:
        float32 of 35 times one more than the pictures: the mean picture's weighted DCT coefficients, then each
        picture's deviation from them, scaled as a whole by how far it is over encoding noise.
    """
    each = np.stack([_coefficients(p) for p in pictures])
    structure = each.mean(axis=0)
    change = each - structure
    size = float(np.linalg.norm(structure))
    if size < _FLAT:
        return None
    amount = float(np.linalg.norm(change)) / np.sqrt(len(each))
    share = _CHANGE / (np.hypot(amount, _NOISE) * np.sqrt(len(each)))
    signature = np.concatenate([structure / size, (change * share).ravel()])
    return np.asarray(signature / np.linalg.norm(signature), np.float32)


def mirrored(signatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """The signatures (clips, n) of the same clips seen in a mirror: odd horizontal frequencies change their sign."""
    return signatures * np.tile(_MIRROR, signatures.shape[1] // len(_MIRROR))


def structures(signatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean pictures' part of some signatures, each of length 1: float32 (clips, 35)."""
    parts = signatures[:, : len(_WEIGHTS)]
    return np.asarray(parts / np.linalg.norm(parts, axis=1, keepdims=True), np.float32)


def _coefficients(picture: Picture) -> NDArray[np.float32]:
    """Weighted low frequencies of a picture's luma, in luma levels: float32 (35,)."""
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(luma, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_FREQUENCIES, :_FREQUENCIES] / _SIDE
    return np.asarray(low.ravel()[1:] * _WEIGHTS, np.float32)
