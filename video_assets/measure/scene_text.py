"""Text of the scene (a banner, a sign, toys) told from text that lies on the picture, where motion shows it.

What says the same on two pictures at two places, with the same around it, moves with the scene. A ticker moves over it; a
logo, and every sign under a fixed camera, stays, which tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations

import cv2
import numpy as np

from video_assets.measure.rectangles import Rectangle, overlap
from video_assets.measure.text import ReadPicture, TextBox
from video_assets.measure.types import Picture

_SAME_TEXT = 0.7
"""Least likeness of two readings of one text: letters are misread."""
_MOVED = 0.5
"""Most overlap of two places of text that has moved."""
_AROUND, _INSIDE = 1.0, 0.15
"""How far the surroundings of a text reach and how much of them, next to it, is left to the text, in its own heights."""
_ALIKE, _TEXTURE = 0.6, 4.0
"""Least correlation of two surroundings that are the same, and least deviation of luma in them, in levels."""
_HEIGHT = 64
"""Of the surroundings that are compared, in pixels."""


def with_scene_text(pictures: Sequence[Picture], read: Sequence[ReadPicture]) -> list[ReadPicture]:
    """What was read, with the text that moves with the scene marked as its own.

    Args:
        pictures: uint8 (h, w, 3).
        read: what was read on each of them.
    """
    own: set[tuple[int, int]] = set()
    for m, n in combinations(range(len(read)), 2):
        for i, one in enumerate(read[m].boxes):
            for j, other in enumerate(read[n].boxes):
                moved = _same_text(one, other) and overlap(one.place, other.place) < _MOVED
                if moved and _around_alike(pictures[m], one.place, pictures[n], other.place):
                    own |= {(m, i), (n, j)}
    return [
        ReadPicture(tuple(replace(box, of_scene=(n, i) in own) for i, box in enumerate(picture.boxes)))
        for n, picture in enumerate(read)
    ]


def _same_text(one: TextBox, other: TextBox) -> bool:
    if not (one.legible and other.legible):
        return False
    return SequenceMatcher(None, one.text.casefold(), other.text.casefold()).ratio() >= _SAME_TEXT


def _around_alike(one: Picture, at: Rectangle, other: Picture, moved: Rectangle) -> bool:
    """Whether the surroundings of a text on two pictures are the same."""
    room = [_room(picture, place) for picture, place in ((one, at), (other, moved))]
    left, top, right, bottom = (min(_AROUND, a, b) for a, b in zip(*room, strict=True))
    if min(left + right, top + bottom) < _AROUND:
        return False
    # Of both, the same surroundings: as far as both pictures have them, in heights of the text.
    wide = [(p.right - p.left) * picture.shape[1] for picture, p in ((one, at), (other, moved))]
    high = [(p.bottom - p.top) * picture.shape[0] for picture, p in ((one, at), (other, moved))]
    aspect = sum(w / h for w, h in zip(wide, high, strict=True)) / 2
    unit = _HEIGHT / (1 + top + bottom)
    size = max(8, round(unit * (aspect + left + right))), _HEIGHT
    cut = []
    for picture, place, height in ((one, at, high[0]), (other, moved, high[1])):
        x, y = place.left * picture.shape[1] - left * height, place.top * picture.shape[0] - top * height
        x1, y1 = place.right * picture.shape[1] + right * height, place.bottom * picture.shape[0] + bottom * height
        part = picture[max(0, round(y)) : round(y1), max(0, round(x)) : round(x1)]
        cut.append(cv2.resize(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA))
    ring = np.ones(size[::-1], bool)
    inner = [unit * max(0.0, side - _INSIDE) for side in (left, top, right, bottom)]
    ring[round(inner[1]) : size[1] - round(inner[3]), round(inner[0]) : size[0] - round(inner[2])] = False
    values = [c[ring].astype(np.float64) for c in cut]
    if ring.sum() < _HEIGHT or min(v.std() for v in values) < _TEXTURE:
        return False
    return float(np.corrcoef(values[0], values[1])[0, 1]) >= _ALIKE


def _room(picture: Picture, place: Rectangle) -> tuple[float, float, float, float]:
    """How far the picture goes on to the left of a text, above, to the right and below, in heights of the text."""
    height, width = picture.shape[:2]
    unit = max(1.0, (place.bottom - place.top) * height)
    left, top, right, bottom = (
        place.left * width,
        place.top * height,
        (1 - place.right) * width,
        (1 - place.bottom) * height,
    )
    return left / unit, top / unit, right / unit, bottom / unit
