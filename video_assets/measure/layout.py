"""Collages, split screens and pictures in pictures: straight lines that stay, and across which nothing goes on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations, pairwise, product
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Picture

_SHORT_SIDE = 360
"""Of the pictures in which lines are looked for, in pixels."""
_STEP = 8.0
"""Least luma step across a line, in levels over two pixels."""
_AGAINST_NEIGHBOURS = 2.0
"""Least ratio of the step to the mean step beside it: texture has steps everywhere."""
_ALL_ALONG, _IN_EVERY_PART = 0.6, 0.35
"""Least mean share of a line's pixels that show the step: along all of it, and along each quarter of it."""
_FROM_THE_EDGE = 0.08
"""Lines nearer to the picture's edge, as a share of the side, belong to its borders."""
_EQUAL_PARTS = (2, 3, 4)
_TOLERANCE = 0.015
"""How far from equal parts, or from symmetry, a line may be, as a share of the side."""
_MOST_LINES = 4
"""More lines one way are a pattern in the scene: blinds, a cutting mat, a shelf."""
_SOFTER = 0.25
"""Most fine detail of the sides of a picture on its own blurred self, as a share of the middle's."""
_FLAT = 4.0
"""Most standard deviation of luma in a bar, in levels: as in measure/bars.py."""
_COLOUR = 0.6
"""A step in a colour difference that counts as much as one in luma, as a share of it: colours are coded with half the detail."""
_IN_MOST, _CHANGES = 0.75, 0.5
"""Where two moving pictures meet there is a step in so large a share of the pictures, and its deviation over them is at least
this share of its mean size: an edge in the scene keeps its step, or moves."""
_CHANGING = 0.3
"""Least share of a seam's pixels whose step changes: a window or a bar under a fixed camera had at most 0.11."""
_SEAM, _SEAM_IN_PARTS = 0.88, 0.55
"""Least mean share of a seam's pixels that show the step, along all of it and along each eighth of it. Seams of 40 pieced pictures
had 0.89 and 0.59; edges along which a camera moves had 0.71 and 0.60, but for a chart's and the horizon of a whole sphere."""
_ABSENT = 0.4
"""Most share of a line's pixels that show a step in a picture in which it is not, yet or any more."""
_SIDE = 0.75
"""Least share of the pixels of each side of a picture in the picture."""
_LEAST_SIDE, _CORNER, _MARGIN = 0.12, 0.05, 0.015
"""Least side of a picture in the picture, how far from each other its sides may end, and least distance from the picture's edge,
as shares of the picture's sides."""
_REACH = 0.1
"""How far from its corners a side of it may be, or end: where it is broken it ends early."""
_BROKEN = 0.1
"""Length over which the pixels of a part of a line are counted, as a share of the side: it may be broken for less."""


class Layout(StrEnum):
    """How a picture is divided; the value is what the table holds."""

    SINGLE = "single"
    SIDE_BY_SIDE = "side_by_side"
    STACKED = "stacked"
    GRID = "grid"
    BLURRED_SIDES = "blurred_sides"
    PICTURE_IN_PICTURE = "picture_in_picture"
    TORN = "torn"


class Division(NamedTuple):
    """A layout and how many different pictures it shows."""

    layout: Layout
    panels: int


def in_colour(picture: Picture) -> Picture:
    """A picture, uint8 (h, w, 3) in B, G, R order, as :func:`find_layout` takes it.

    Returns:
        float32 (3, h, w) of a short side of at most 360 pixels: luma and the differences of red and blue to it, these scaled so
        that their steps count as luma's do.
    """
    scale = _SHORT_SIDE / min(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    luma, *differences = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb))
    return np.stack([luma.astype(np.float32), *(d.astype(np.float32) / _COLOUR for d in differences)])


def find_layout(pictures: Sequence[Picture]) -> Division:
    """How a clip's pictures are divided.

    Lines count where they divide a side into equal parts (halves, thirds, quarters) or symmetrically: a wall's edge that
    runs through the picture is seldom there. Anywhere else, and around a picture in the picture, they count where the pictures
    on their sides go on independently, so that the step across the line is always there and never the same.
    Torn is a picture through which such a line runs from side to side for a part of the time: what was decoded after a loss of data
    stands or is dragged along below it until the next key frame, and so does, for good, what was encoded from it. A band that comes
    and goes, as wide as the picture, looks likewise.

    Args:
        pictures: luma, float32 (h, w), or as :func:`in_colour` gives them, all of one size; at least one.
    """
    channels = [list(p if p.ndim == 3 else p[None]) for p in pictures]
    turned = [[np.ascontiguousarray(channel.T) for channel in of_picture] for of_picture in channels]
    upright, lying = _Lines(channels), _Lines(turned)
    if any(_blurred_sides([p[0] for p in of], lines.through) for of, lines in ((channels, upright), (turned, lying))):
        return Division(Layout.BLURRED_SIDES, 1)
    # A ruled mat or page has many lines one way, whatever lies across.
    ruled = max(len(upright.through), len(lying.through)) > _MOST_LINES
    columns, rows = (1, 1) if ruled else (upright.parts(), lying.parts())
    if columns > 1 and rows > 1:
        return Division(Layout.GRID, columns * rows)
    if columns > 1:
        return Division(Layout.SIDE_BY_SIDE, columns)
    if rows > 1:
        return Division(Layout.STACKED, rows)
    if _inset(upright.segments(), lying.segments()):
        return Division(Layout.PICTURE_IN_PICTURE, 2)
    if lying.tear():
        return Division(Layout.TORN, 1)
    return Division(Layout.SINGLE, 1)


class _Segment(NamedTuple):
    """A straight part of a line.

    Attributes:
        at: where it is across, as a share of the side.
        start: from where on along, likewise.
        end: up to where.
        length: in pixels.
        changing: how many of them have a step that changes.
        turning: how many have one that goes up on one picture and down on another.
    """

    at: float
    start: float
    end: float
    length: int
    changing: int
    turning: int


class _Lines:
    """The upright lines of pictures.

    Attributes:
        through: where lines run through all of the pictures, as shares of the width.
    """

    def __init__(self, pictures: Sequence[Sequence[Picture]]) -> None:
        self._height, self._width = pictures[0][0].shape
        self._steps = [
            [cv2.filter2D(channel, -1, _ACROSS, borderType=cv2.BORDER_REPLICATE) for channel in p] for p in pictures
        ]
        self._each = [_shown(s) for s in self._steps]
        self._shown: Picture = np.asarray(np.mean(self._each, axis=0, dtype=np.float32))
        self._groups = self._grouped(_clear(self._shown, 4, _ALL_ALONG, _IN_EVERY_PART), _FROM_THE_EDGE)
        self.through = [float(group.mean() + 0.5) / self._width for group in self._groups]

    def parts(self) -> int:
        """Into how many pictures the lines divide the side."""
        if not self.through:
            return 1
        for parts in reversed(_EQUAL_PARTS):
            between = [
                [g for g, line in zip(self._groups, self.through, strict=True) if abs(line - n / parts) <= _TOLERANCE]
                for n in range(1, parts)
            ]
            # One of several lines may lie there by chance: the ruled mat under somebody's hands has many.
            alone = len(self.through) == parts - 1
            if all(groups and (alone or any(self._seam(g) for g in groups)) for groups in between):
                return parts
        if len(self.through) == 2 and abs(sum(self.through) - 1) <= _TOLERANCE:
            return 3
        return 1 + sum(self._seam(group) for group in self._groups)

    def _seam(self, columns: npt.NDArray[np.intp]) -> bool:
        """Whether two pictures meet there that go on independently."""
        part = np.s_[:, columns[0] : columns[-1] + 1]
        along = self._shown[part].max(axis=1, keepdims=True)
        return bool(
            _clear(along, 8, _SEAM, _SEAM_IN_PARTS).all() and self._going_on(part)[0] >= _CHANGING * self._height
        )

    def tear(self) -> bool:
        """Whether in a part of the pictures, of which two follow each other, a line runs through that is none in another."""
        absent = np.min([shown.mean(axis=0) for shown in self._each], axis=0) <= _ABSENT
        through = [_clear(shown, 8, _SEAM, _SEAM_IN_PARTS) for shown in self._each]
        for first, (one, other) in enumerate(pairwise(through)):
            for group in self._grouped(one & other & absent, _FROM_THE_EDGE):
                part = np.s_[:, group[0] : group[-1] + 1]
                if self._going_on(part, np.s_[first : first + 2])[0] >= _CHANGING * self._height:
                    return True
        return False

    def _going_on(self, part: tuple[slice, slice], pictures: slice = np.s_[:]) -> tuple[int, int]:
        """In how many of a part's rows a step changes from picture to picture, and in how many one turns."""
        shown = np.mean([each[part] for each in self._each[pictures]], axis=0)
        changing = np.zeros(shown.shape, np.bool_)
        turning = changing.copy()
        for channel in range(len(self._steps[0])):
            steps = np.stack([of_picture[channel][part] for of_picture in self._steps[pictures]])
            sizes = np.abs(steps)
            changing |= (steps.std(axis=0) >= _CHANGES * sizes.mean(axis=0)) & (sizes.max(axis=0) >= _STEP)
            turning |= (steps.max(axis=0) >= _STEP) & (steps.min(axis=0) <= -_STEP)
        changing &= shown >= _IN_MOST
        return int(changing.any(axis=1).sum()), int(turning.any(axis=1).sum())

    def segments(self) -> list[_Segment]:
        """The straight parts of lines."""
        length = max(3, round(_BROKEN * self._height))
        # A border that lies between two pixels is on either.
        wide = cv2.dilate(self._shown, np.ones((1, 3), np.uint8))
        dense = cv2.boxFilter(wide, -1, (1, length), borderType=cv2.BORDER_CONSTANT) >= _ALL_ALONG
        least = _LEAST_SIDE * self._height
        found = []
        for group in self._grouped(dense.sum(axis=0) >= least, _MARGIN):
            rows = np.flatnonzero(dense[:, group].any(axis=1))
            for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
                part = np.s_[run[0] : run[-1] + 1, group[0] : group[-1] + 1] if len(run) >= least else None
                if part and wide[part].max(axis=1).mean() >= _SIDE:
                    at = float(group.mean() + 0.5) / self._width
                    counts = self._going_on(part)
                    found.append(_Segment(at, run[0] / self._height, (run[-1] + 1) / self._height, len(run), *counts))
        return found

    def _grouped(self, columns: npt.NDArray[np.bool_], from_the_edge: float) -> list[npt.NDArray[np.intp]]:
        """Neighbouring columns, of those that are no borders: a line that scaling has smeared is on a few."""
        margin = round(from_the_edge * self._width)
        inner = columns.copy()
        inner[:margin] = inner[self._width - margin :] = False
        at = np.flatnonzero(inner)
        return np.split(at, np.flatnonzero(np.diff(at) > 0.02 * self._width) + 1) if len(at) else []


_ACROSS = np.array([[-1.0, 0.0, 1.0]])


def _shown(steps: Sequence[Picture]) -> npt.NDArray[np.bool_]:
    """Which pixels show a step in one of a picture's channels, (h, w)."""
    found = np.zeros(steps[0].shape, np.bool_)
    for channel in steps:
        size = np.abs(channel)
        # Beside the column, but not on the line itself, which scaling may have smeared.
        wide, narrow = (cv2.boxFilter(size, -1, (columns, 1), normalize=False) for columns in (17, 7))
        beside = cv2.scaleAdd(narrow, -1.0, wide)
        found |= (size >= _STEP) & (size >= _AGAINST_NEIGHBOURS / 10 * beside)
    return found


def _clear(shown: Picture | npt.NDArray[np.bool_], parts: int, mean: float, least: float) -> npt.NDArray[np.bool_]:
    """In which columns so large a share shows the step on the whole and in each of so many parts."""
    each = np.stack([part.mean(axis=0) for part in np.array_split(shown, parts)])
    return np.asarray((each.mean(axis=0) >= mean) & (each.min(axis=0) >= least))


def _inset(upright: Sequence[_Segment], lying: Sequence[_Segment]) -> bool:
    """Whether some of the segments are the four sides of a rectangle in which another picture goes on."""
    for left, right in combinations(sorted(upright), 2):
        ends = abs(left.start - right.start) <= _CORNER and abs(left.end - right.end) <= _CORNER
        if ends and right.at - left.at >= _LEAST_SIDE:
            between = [s for s in lying if abs(s.start - left.at) <= _REACH and abs(s.end - right.at) <= _REACH]
            tops = [s for s in between if abs(s.at - min(left.start, right.start)) <= _REACH]
            bottoms = [s for s in between if abs(s.at - max(left.end, right.end)) <= _REACH]
            for top, bottom in product(tops, bottoms):
                if bottom.at - top.at >= _LEAST_SIDE and _independent((left, right, top, bottom)):
                    return True
    return False


def _independent(sides: Sequence[_Segment]) -> bool:
    """Whether the steps across the sides of a rectangle change, taken together.

    Where it is plain on both sides of one of them, the step across that one cannot change.
    """
    pixels = sum(side.length for side in sides)
    return sum(side.changing for side in sides) >= _CHANGING * pixels and any(side.turning for side in sides)


def _blurred_sides(lumas: Sequence[Picture], at: Sequence[float]) -> bool:
    """Whether two of the lines part a sharp middle from two soft sides."""
    width = lumas[0].shape[1]
    detail = np.mean([np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean(axis=0) for luma in lumas], axis=0)
    for left in (line for line in at if line < 0.5):
        if any(abs(left + right - 1) <= _TOLERANCE for right in at):
            # The lines themselves are no detail of either.
            edge, gap = round(left * width), max(2, round(0.01 * width))
            if edge <= gap or 2 * (edge + gap) >= width:
                continue
            middle = detail[edge + gap : width - edge - gap].mean()
            sides = [np.s_[: edge - gap], np.s_[width - edge + gap :]]
            soft = all(detail[side].mean() <= _SOFTER * middle for side in sides)
            if soft and all(luma[:, side].std() > _FLAT for luma in lumas for side in sides):
                return True
    return False
