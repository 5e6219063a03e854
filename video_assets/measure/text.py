"""Text scores of a clip: how much text its pictures show, where it stays, and what a crop without it would keep."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from video_assets.measure.rectangles import Rectangle, envelope, in_pixels, largest_clear, overlap
from video_assets.measure.types import Crop

LEGIBLE = 0.5
"""Least recognition score of what counts as read: rapidocr's own."""
_LINE_ASPECT, _LINE_HEIGHT = 2.5, 0.2
"""A line of text is at least so many times as wide as high, and at most this share of the picture high. What the detector
takes for text and is none (trees, waves, a whole dark picture) was nearly square in 25 real videos, and often all of it."""
_LOWER_THIRD = 2 / 3
_SAME_PLACE = 0.5
"""Least overlap of two boxes that are taken for one that stayed."""


@dataclass(frozen=True)
class TextBox:
    """One piece of text on one picture.

    Attributes:
        place: where it is.
        detection: the detector's score, 0-1.
        recognition: the recogniser's score, 0-1.
        text: what it says to the recogniser.
        line: whether it has the shape of a line, so that it is text in whatever script (see :func:`is_line`).
    """

    place: Rectangle
    detection: float
    recognition: float
    text: str
    line: bool = False

    @property
    def score(self) -> float:
        return self.detection * self.recognition

    @property
    def legible(self) -> bool:
        return bool(self.text.strip()) and self.recognition >= LEGIBLE

    @property
    def seen(self) -> bool:
        """Whether it is text: it was read, or it is a line in a script that the recogniser does not know."""
        return self.legible or self.line


def is_line(width: float, height: float, picture_height: int) -> bool:
    """Whether a piece of text that nobody can read has the shape of a line.

    Args:
        width: of the piece, in pixels, along its text.
        height: of the piece, in pixels.
        picture_height: in pixels.
    """
    return width >= _LINE_ASPECT * height and height <= _LINE_HEIGHT * picture_height


@dataclass(frozen=True)
class ReadPicture:
    """What was read on one picture, and the share of it that text covers, read or only seen, 0-1."""

    boxes: tuple[TextBox, ...]
    share: float

    @property
    def seen(self) -> list[Rectangle]:
        return [b.place for b in self.boxes if b.seen]


def text_scores(pictures: Sequence[ReadPicture], crop: Crop) -> dict[str, object]:
    """The columns of TEXT_SCORES that are measured.

    Args:
        pictures: what was read on the clip's sampled keyframes, in order of time; at least one.
        crop: the clip's crop, to which the boxes' shares refer.
    """
    best = max((b for p in pictures for b in p.boxes), key=lambda b: b.score, default=None)
    shares, places = [p.share for p in pictures], [p.seen for p in pictures]
    subtitles = subtitle_band(places)
    row: dict[str, object] = {
        "text_frames": len(pictures),
        "text_score": best.score if best else 0.0,
        "text_read": best.text if best else "",
        "text_boxes": max(len(p) for p in places),
        "text_share": statistics.fmean(shares),
        "text_share_max": max(shares),
    }
    if subtitles:
        row |= in_pixels("subtitle", crop, subtitles, outwards=True)
    if len(pictures) > 1:
        fixed = static_places(places)
        clear = largest_clear([*fixed, *([subtitles] if subtitles else [])])
        inside = in_pixels("clear", crop, clear, outwards=False)
        row |= inside | {
            "static_text": len(fixed),
            "static_text_share": min(1.0, sum(f.area for f in fixed)),
            "clear_share": inside["clear_width"] * inside["clear_height"] / (crop.width * crop.height),
        }
    return row


def static_places(pictures: Sequence[Sequence[Rectangle]]) -> list[Rectangle]:
    """Where text stays: boxes that overlap by half on three quarters of the pictures, at least two of them.

    One picture in four may lack the box: the detector misses some.
    """
    needed = max(2, ceil(0.75 * len(pictures)))
    found: list[Rectangle] = []
    for box in (b for boxes in pictures for b in boxes):
        if any(overlap(box, f) >= _SAME_PLACE for f in found):
            continue
        nearest = [max(boxes, key=lambda b: overlap(b, box), default=None) for boxes in pictures]
        stayed = [n for n in nearest if n and overlap(n, box) >= _SAME_PLACE]
        if len(stayed) >= needed:
            found.append(envelope(stayed))
    return found


def subtitle_band(pictures: Sequence[Sequence[Rectangle]]) -> Rectangle | None:
    """The rows of subtitles: text centred in the lower third that is on half of the pictures, at least two of them.

    Lines further than one and a half line heights from the middle one are something else.
    """
    low = [[b for b in boxes if (b.top + b.bottom) / 2 > _LOWER_THIRD] for boxes in pictures]
    lines = [b for boxes in low for b in boxes]
    if not lines:
        return None
    height = statistics.median(b.bottom - b.top for b in lines)
    middle = statistics.median_low((b.top + b.bottom) / 2 for b in lines)

    def near(box: Rectangle) -> bool:
        return abs((box.top + box.bottom) / 2 - middle) <= 1.5 * height

    recurring = sum(any(near(b) for b in boxes) for boxes in low)
    if recurring < max(2, ceil(len(pictures) / 2)):
        return None
    return envelope(b for b in lines if near(b))
