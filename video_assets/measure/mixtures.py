"""Whether a picture is made of the one before and the one after it: mixed, side by side, or one pushing the other out.

In a gradual transition the picture in the middle holds both shots: a blend of them in a dissolve, one beside the other in a
wipe, one shifted out as the other is shifted in, in a push. In a moving picture it holds neither: what is there comes from
one of the ends alone, a little shifted. So a middle that the two ends explain together, and neither does, is a witness of a
transition that needs no network (TransNetV2 knows dissolves of about a second, and hardly any wipe or push).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from video_assets.measure.types import Picture
from video_assets.segment.detectors import MOTION_SINGLE

Kind: TypeAlias = Literal["blend", "wipe", "push"]

_SIZE = _WIDTH, _HEIGHT = 24, 14
_LEAST, _MOST = 0.3, 0.7  # The share of the later picture. Nearer to an end, the middle is like one of them.
_ASIDE = 2  # Pixels by which either shot may have moved across the direction of a wipe or push,
_ALONG = 2  # and along it.
_MOVED, _ROSE = 3, 1  # Pixels by which either may have moved in a blend, sideways and up or down.
_ALIKE = 0.5  # Correlation from which the ends may be one scene: in another light, whose middle is their average, too, or with something new.
# Least difference of the ends in half of the picture, as a share of their mean one. What comes into a scene, or leaves it, changes a part:
# 0.29 to 0.42 in films in which somebody walks off or a ball is thrown in; wipes and pushes between shots had 0.48 and more in 95 of 100 pictures.
_MOST_OF_IT = 0.45
_ONE_SHIFT = 0.35  # Largest shift, as a share of the side, at which one end alone may explain the middle.

Grey: TypeAlias = NDArray[np.float32]
"""A picture of :func:`grey`."""
_Bytes: TypeAlias = NDArray[np.uint8]
_Places: TypeAlias = NDArray[np.intp]


class Mixture(NamedTuple):
    """How a middle is made of two ends.

    Attributes:
        kind: what explains it best; None where one end alone, hardly moved, explains it so well that nothing else was tried, or
            where the ends are too alike for two shots.
        residual: what the mixture leaves unexplained, as a share of the ends' distance (mean absolute luma); None without a kind.
        single: what the better end leaves alone, shifted as it may be, likewise; without a kind, at most that.
        share: of the later end in it, 0.3 to 0.7; 0.5 in a blend; None without a kind.
    """

    kind: Kind | None
    residual: float | None
    single: float
    share: float | None


def grey(small: Picture) -> Grey:
    """A small picture in R, G, B as :class:`Between` takes it: luma in whole levels, float32 (14, 24)."""
    smaller = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), _SIZE, interpolation=cv2.INTER_AREA)
    return smaller.astype(np.float32)


class Between:
    """A picture and two ends that it may be made of, one before and one after it in time, each as of :func:`grey`.

    Attributes:
        distance: mean absolute difference of the ends, in levels.
    """

    def __init__(self, before: Grey, middle: Grey, after: Grey) -> None:
        self._before, self._middle, self._after = before, middle, after
        self.distance = float(np.abs(after - before).mean())
        self._ends = _moved(before), _moved(after)
        self._target = middle.ravel()

    @cached_property
    def alone(self) -> float:
        """What is left of the middle by the better end, a little moved, in levels."""
        return min(float(np.abs(end - self._target).sum(axis=1).min()) for end in self._ends) / self._target.size

    @cached_property
    def blended(self) -> float:
        """What is left of the middle by the best average of the ends, each a little moved, in levels."""
        first, last = self._ends
        # Luma is whole, so that every order of these steps gives the same; this one goes over the large array least often.
        half = np.float32(0.5)
        apart = np.add((first * half)[:, None], (last * half - self._target)[None]).reshape(-1, self._target.size)
        # numpy's sums along rows take twice as long.
        return float(cv2.reduce(np.abs(apart, out=apart), 1, cv2.REDUCE_SUM).min()) / self._target.size

    def mixture(self) -> Mixture | None:
        """The best explanation of the middle by both ends; None where the ends are the same."""
        if self.distance < 1.0:
            return None
        single = self.alone
        if single < MOTION_SINGLE * self.distance:  # it moves, and most of what moves is told by this
            return Mixture(None, None, single / self.distance, None)
        found: list[tuple[float, float, Kind]] = []
        others = _correlation(self._before, self._after) < _ALIKE
        if others:
            found.append((self.blended, 0.5, "blend"))
        everywhere = others and float(np.median(np.abs(self._after - self._before))) >= _MOST_OF_IT * self.distance
        before, middle, after = (picture.astype(np.uint8) for picture in (self._before, self._middle, self._after))
        for a, m, b in ((before, middle, after), (before.T, middle.T, after.T)):
            sums = _Sums(m, a, b)
            if everywhere:
                found += sums.beside()
            single = min(single, sums.alone())
        if not found:
            return Mixture(None, None, single / self.distance, None)
        residual, share, kind = min(found)
        return Mixture(kind, residual / self.distance, single / self.distance, share)


def _correlation(one: Grey, other: Grey) -> float:
    """Of two pictures' values, -1 to 1; 0 where one is flat."""
    a, b = (picture.ravel() - picture.mean() for picture in (one, other))
    spread = float(np.sqrt((a @ a) * (b @ b))) / a.size
    return float(a @ b) / a.size / spread if spread > 1.0 else 0.0


def _moved(picture: Grey) -> Grey:
    """The picture's pixels at every shift of a blend: (shifts, h * w)."""
    padded = cv2.copyMakeBorder(picture, _ROSE, _ROSE, _MOVED, _MOVED, cv2.BORDER_REPLICATE)
    # numpy's pad and sliding_window_view do the same, and take longer than all that is done with it.
    shape = (2 * _ROSE + 1, 2 * _MOVED + 1, *picture.shape)
    return np.asarray(
        as_strided(padded, shape, 2 * padded.strides, writeable=False).reshape(-1, picture.size), np.float32
    )


class _Sums:
    """How well two ends, each shifted along the rows, explain a middle's first and last columns.

    ``left[e, o, r + s, i]`` is the sum over the first i columns of their mean absolute difference from the columns s further
    on of the end e, at the offset o across; ``right`` that over the rest of them.
    """

    def __init__(self, middle: _Bytes, *ends: _Bytes) -> None:
        height, self.width = middle.shape
        self.reach = _reach(self.width)
        shape = len(ends), 2 * _ASIDE + 1, 2 * self.reach + 1, self.width
        shifted = np.empty((height, *shape), np.uint8)
        for number, end in enumerate(ends):
            padded = cv2.copyMakeBorder(
                np.ascontiguousarray(end), _ASIDE, _ASIDE, self.reach, self.reach, cv2.BORDER_REPLICATE
            )
            down, along = padded.strides
            shifted[:, number] = as_strided(padded, (height, *shape[1:]), (down, down, along, along), writeable=False)
        # numpy's broadcasting and its cumsum take seven and ten times as long as tile and a product.
        apart = cv2.absdiff(shifted.reshape(height, -1), np.tile(middle, shifted[0, ..., 0].size))
        sums = cv2.reduce(apart, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F).reshape(-1, self.width)
        self.left = (sums @ _running_means(height, self.width)).reshape(*shape[:3], -1)
        self.right = self.left[..., -1:] - self.left

    def alone(self) -> float:
        """What the better end leaves where it overlaps the middle, at its best shift."""
        first, last, columns = _overlaps(self.width)
        left = self.left.reshape(-1, self.left.shape[2] * (self.width + 1))
        apart = left.take(last, axis=1) - left.take(first, axis=1)
        return float((apart.min(axis=0) / columns).min())

    def beside(self) -> list[tuple[float, float, Kind]]:
        """The residuals and shares of the best wipes and pushes along the rows, either way."""
        width, reach = self.width, self.reach
        at = _borders(width)
        near = slice(reach - _ALONG, reach + _ALONG + 1)
        found: list[tuple[float, float, Kind]] = []

        def add(residuals: NDArray[np.float32], shares: NDArray[np.float64], kind: Kind) -> None:
            best = int(residuals.argmin())
            found.append((float(residuals[best]) / width, float(shares[best]), kind))

        left_before, left_after = self.left[:, :, near].min(axis=(1, 2))
        right_before, right_after = self.right[:, :, near].min(axis=(1, 2))
        add((left_before + right_after)[at], 1 - at / width, "wipe")
        add((left_after + right_before)[at], at / width, "wipe")
        # By a push of so many columns the one is that much further on, and the other a whole width less.
        pushed = _pushes(width)
        (before_left, after_left), (before_right, after_right) = self.left, self.right
        add(_least(before_left, pushed[0]) + _least(after_right, pushed[1]), at / width, "push")
        add(_least(before_right, pushed[2]) + _least(after_left, pushed[3]), at / width, "push")
        return found


def _reach(width: int) -> int:
    """Columns by which an end is shifted either way."""
    return int(_MOST * width) + _ALONG


@lru_cache(maxsize=2)
def _running_means(height: int, width: int) -> Grey:
    """What turns sums over the rows of each column into sums over the first 0 to all columns of their means."""
    return (np.arange(width)[:, None] < np.arange(width + 1)).astype(np.float32) / np.float32(height)


@lru_cache(maxsize=2)
def _borders(width: int) -> _Places:
    """The columns between which one picture may end and the other begin."""
    return np.arange(int(np.ceil(_LEAST * width)), int(_MOST * width) + 1)


@lru_cache(maxsize=2)
def _overlaps(width: int) -> tuple[_Places, _Places, _Places]:
    """Of each shift at which one end alone is tried: the places of its first and last columns in the sums, and their number."""
    most = int(_ONE_SHIFT * width)
    shifts = np.arange(-most, most + 1)
    first, last = np.maximum(0, -shifts), np.minimum(width, width - shifts)
    rows = (_reach(width) + shifts) * (width + 1)
    return rows + first, rows + last, last - first


@lru_cache(maxsize=2)
def _pushes(width: int) -> tuple[_Places, _Places, _Places, _Places]:
    """The places in the sums of pushes of every border, (2 * _ALONG + 1, borders): to the left before and after, to the right."""
    reach, at = _reach(width), _borders(width)
    about = np.arange(-_ALONG, _ALONG + 1)[:, None]
    pushes = (
        (reach + at + about, width - at),
        (reach + at - width + about, width - at),
        (reach - at + about, at),
        (reach - at + width + about, at),
    )
    one, two, three, four = (shifts * (width + 1) + columns for shifts, columns in pushes)
    return one, two, three, four


def _least(sums: Grey, places: _Places) -> Grey:
    """The least of an end's sums at each place: over all offsets across, and the places about it."""
    return np.asarray(sums.reshape(len(sums), -1).take(places, axis=1).min(axis=(0, 1)), np.float32)
