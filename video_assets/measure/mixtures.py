"""Whether a picture is made of the one before and the one after it: mixed, side by side, or one pushing the other out.

In a gradual transition the picture in the middle holds both shots: a blend of them in a dissolve, one beside the other in a
wipe, one shifted out as the other is shifted in, in a push. In a moving picture it holds neither: what is there comes from
one of the ends alone, a little shifted. So a middle that the two ends explain together, and neither does, is a witness of a
transition that needs no network (TransNetV2 knows dissolves of about a second, and hardly any wipe or push).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from video_assets.measure.types import Picture

Kind: TypeAlias = Literal["blend", "wipe", "push"]

_SIZE = _WIDTH, _HEIGHT = 24, 14
_LEAST, _MOST = 0.3, 0.7  # The share of the later picture. Nearer to an end, the middle is like one of them.
_ASIDE = (-2, -1, 0, 1, 2)  # Pixels by which either shot may have moved across the direction of a wipe or push,
_ALONG = 2  # and along it.
_MOVED, _ROSE = 3, 1  # Pixels by which either may have moved in a blend, sideways and up or down.
_ALIKE = 0.5  # Correlation from which the ends may be one scene in another light, whose middle is their average, too.
_ONE_SHIFT = 0.35  # Largest shift, as a share of the side, at which one end alone may explain the middle.

Grey: TypeAlias = NDArray[np.float32]
"""A picture of :func:`grey`."""


class Mixture(NamedTuple):
    """How a middle is made of two ends.

    Attributes:
        kind: what explains it best.
        residual: what the mixture leaves unexplained, as a share of the ends' distance (mean absolute luma).
        single: what the better end leaves alone, shifted as it may be, likewise.
        share: of the later end in it, 0.3 to 0.7; 0.5 in a blend.
    """

    kind: Kind
    residual: float
    single: float
    share: float


def grey(small: Picture) -> Grey:
    """A small picture in R, G, B as :func:`mixture` takes it: luma, float32 (14, 24)."""
    smaller = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), _SIZE, interpolation=cv2.INTER_AREA)
    return smaller.astype(np.float32)


def mixture(before: Grey, middle: Grey, after: Grey) -> Mixture | None:
    """The best explanation of a middle by both ends; None where the ends are the same.

    Args:
        before: the first of them, as of :func:`grey`.
        middle: the one half way in time.
        after: the last.
    """
    distance = float(np.abs(after - before).mean())
    if distance < 1.0:
        return None
    blended, single = blend(before, middle, after)
    found: list[tuple[float, float, Kind]] = []
    if _correlation(before, after) < _ALIKE:
        found.append((blended, 0.5, "blend"))
    for a, m, b in ((before, middle, after), (before.T, middle.T, after.T)):
        ends = _End(m, a), _End(m, b)
        found += _beside(*ends)
        single = min(single, *(end.alone() for end in ends))
    residual, share, kind = min(found)
    return Mixture(kind, residual / distance, single / distance, share)


def _correlation(one: Grey, other: Grey) -> float:
    """Of two pictures' values, -1 to 1; 0 where one is flat."""
    a, b = (picture - picture.mean() for picture in (one, other))
    spread = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / spread if spread > 1.0 else 0.0


def blend(before: Grey, middle: Grey, after: Grey) -> tuple[float, float]:
    """What is left of the middle by the best average of the ends, each a little moved, and by the better one alone."""
    first, last = (_moved(end) for end in (before, after))
    target = middle.reshape(-1, 1)
    alone = min(float(_means(ends - target).min()) for ends in (first, last))
    # Luma is whole, so that every order of these steps gives the same; this one goes over the large array least often.
    half = np.float32(0.5)
    return float(_means((first * half - target)[:, :, None] + (last * half)[:, None]).min()), alone


def _means(apart: Grey) -> Grey:
    """Mean absolute values over the first axis, which sums whole rows of memory at once; what they are of is overwritten."""
    return np.asarray(np.add.reduce(np.abs(apart, out=apart), axis=0) / np.float32(len(apart)), np.float32)


def _moved(picture: Grey) -> Grey:
    """The picture's pixels at every shift of a blend: (h * w, shifts)."""
    return _shifted(picture, _ROSE, _MOVED).transpose(2, 3, 0, 1).reshape(picture.size, -1)


def _shifted(picture: Grey, across: int, along: int) -> Grey:
    """The picture at every shift of at most so many pixels either way, its edges drawn out: (shifts, shifts, h, w), a view.

    numpy's pad and sliding_window_view do the same, and take longer than all that is done with it.
    """
    padded = cv2.copyMakeBorder(picture, across, across, along, along, cv2.BORDER_REPLICATE)
    shape = (2 * across + 1, 2 * along + 1, *picture.shape)
    return as_strided(padded, shape, 2 * padded.strides, writeable=False)


class _End:
    """How well one end, shifted along the rows, explains the middle's first and last columns.

    ``left[o, r + s, i]`` is the sum over the first i columns of their mean absolute difference from the end's columns s
    further on, at the offset o across.
    """

    def __init__(self, middle: Grey, end: Grey) -> None:
        self.width = middle.shape[1]
        self.reach = int(_MOST * self.width) + _ALONG
        rows = _shifted(end, _ASIDE[-1], self.reach).transpose(2, 0, 1, 3)
        apart = _means(np.subtract(rows, middle[:, None, None], order="C"))
        self.left = np.zeros((*apart.shape[:2], self.width + 1), np.float32)
        np.cumsum(apart, axis=2, out=self.left[..., 1:])
        self.right = self.left[..., -1:] - self.left

    def alone(self) -> float:
        """What it leaves where it overlaps the middle, at its best shift."""
        most = int(_ONE_SHIFT * self.width)
        shifts = np.arange(-most, most + 1)
        first, last = np.maximum(0, -shifts), np.minimum(self.width, self.width - shifts)
        apart = self.left[:, self.reach + shifts, last] - self.left[:, self.reach + shifts, first]
        return float((apart.min(axis=0).astype(np.float64) / (last - first)).min())


def _beside(before: _End, after: _End) -> list[tuple[float, float, Kind]]:
    """The residuals and shares of the best wipes and pushes along the rows, either way."""
    width, reach = before.width, before.reach
    at = np.arange(int(np.ceil(_LEAST * width)), int(_MOST * width) + 1)
    about = np.arange(-_ALONG, _ALONG + 1)[:, None]
    near = slice(reach - _ALONG, reach + _ALONG + 1)
    found: list[tuple[float, float, Kind]] = []

    def add(residuals: NDArray[np.float32], shares: NDArray[np.float64], kind: Kind) -> None:
        best = int(residuals.argmin())
        found.append((float(residuals[best]) / width, float(shares[best]), kind))

    left_before, right_before = (part[:, near].min(axis=(0, 1)) for part in (before.left, before.right))
    left_after, right_after = (part[:, near].min(axis=(0, 1)) for part in (after.left, after.right))
    add((left_before + right_after)[at], 1 - at / width, "wipe")
    add((left_after + right_before)[at], at / width, "wipe")
    # By a push of so many columns the one is that much further on, and the other a whole width less.
    to_left = _least(before.left, reach + at + about, width - at) + _least(
        after.right, reach + at - width + about, width - at
    )
    to_right = _least(before.right, reach - at + about, at) + _least(after.left, reach - at + width + about, at)
    add(to_left, at / width, "push")
    add(to_right, at / width, "push")
    return found


def _least(sums: Grey, shifts: NDArray[np.int64], columns: NDArray[np.int64]) -> Grey:
    """The least of the sums over so many columns each, at the shifts about each."""
    return np.asarray(sums[:, shifts, columns].min(axis=(0, 1)), np.float32)
