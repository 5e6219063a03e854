"""The copy signature: a clip's coarse structure and its change in time, by which a copy is known and a neighbour is not.

A copy that was encoded again, rescaled, brightened or cut by some rows at its borders has the same low frequencies. Two
clips of one static film have them too: what tells them apart is what moves, so that the change in time, which they do
not share, has a part of its own. Copies that start at another moment share the structure alone: see ``course.py``.

Titles of one template, and stills of like scenes, have the same low frequencies too, and nothing moves in them. What tells those
apart is their ink: frequencies in which letters and houses are, of the mean picture.
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

# Of the ink: side of the picture that is looked at, its frequencies (those of the structure left out), and the luma levels (root
# of the mean square) under which encoding may make it up.
_FINE_SIDE, _FINEST, _FAINT = 64, 28, 0.5
# Length of ink that is twice as large as that.
_SEEN = 0.9

_row, _column = np.mgrid[:_FREQUENCIES, :_FREQUENCIES]
# A crop shifts high frequencies most. Without the mean, which brightness changes.
_WEIGHTS = (1 / (1 + np.hypot(_row, _column))).ravel()[1:].astype(np.float32)
_MIRROR = np.where(_column % 2, -1, 1).ravel()[1:].astype(np.float32)

_fine_row, _fine_column = np.mgrid[:_FINEST, :_FINEST]
_FINE = (_fine_row + _fine_column < _FINEST) & (np.maximum(_fine_row, _fine_column) >= _FREQUENCIES)
_FINE_MIRROR = np.where(_fine_column % 2, -1, 1)[_FINE].astype(np.float32)
_INK = int(_FINE.sum())  # No multiple of the coarse part's 35, which tells signatures with and without it apart.


def copy_signature(pictures: Sequence[Picture]) -> NDArray[np.float32] | None:
    """A vector of length 1 from a clip's pictures in time order; None when they are flat.

    Args:
        pictures: uint8 (h, w, 3) in B, G, R order, as many of each clip that is compared.

    Returns:
        float32 of 35 times one more than the pictures, of length 1: the mean picture's weighted DCT coefficients, then each
        picture's deviation from them, scaled as a whole by how far it is over encoding noise. After them 370 of the mean picture's
        ink, of the length by which that is over encoding noise, to 1.
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
    return np.concatenate([signature / np.linalg.norm(signature), _ink(pictures)]).astype(np.float32)


def _ink(pictures: Sequence[Picture]) -> NDArray[np.float32]:
    """The mean picture's higher frequencies, in the size of their part over noise: float32 (370,)."""
    size = _FINE_SIDE, _FINE_SIDE
    lumas = (cv2.resize(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA) for p in pictures)
    mean: NDArray[np.float32] = np.mean(np.stack([luma.astype(np.float32) for luma in lumas]), axis=0)
    found = cv2.dct(mean)[:_FINEST, :_FINEST][_FINE] / _FINE_SIDE
    return np.asarray(found / np.hypot(np.linalg.norm(found), _FAINT), np.float32)


def coarse(signatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """The signatures (clips, n) without their ink, each of length 1; all of those that have none."""
    return signatures[:, : coarse_length(signatures.shape[1])]


def coarse_length(numbers: int) -> int:
    """How many of a signature's numbers come before its ink: all, where it has none, as what is kept of footage that was taken down."""
    return numbers - _INK if numbers % len(_WEIGHTS) == _INK % len(_WEIGHTS) else numbers


def ink_agrees(one: NDArray[np.float32], other: NDArray[np.float32], mirror: bool, least: float) -> bool:
    """Whether the ink of two signatures (n,) correlates by so much; where one of them has none or hardly any, it does.

    Args:
        one: the one.
        other: the other.
        mirror: whether that is its mirror image.
        least: least correlation, to 1.
    """
    if coarse_length(len(one)) == len(one) or coarse_length(len(other)) == len(other):
        return True
    a, b = one[-_INK:], other[-_INK:] * (_FINE_MIRROR if mirror else 1)
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    return min(lengths) < _SEEN or float(a @ b) >= least * lengths[0] * lengths[1]


def mirrored(signatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coarse parts (clips, n) of the signatures of the same clips seen in a mirror: odd horizontal frequencies change their sign."""
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
