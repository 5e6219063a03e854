"""Text scores of a clip: how much text its pictures show, where it stays, and what a crop without it would keep."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from video_assets.measure.rectangles import Rectangle, envelope, in_pixels, largest_clear, overlap
from video_assets.measure.types import Crop

LEGIBLE = 0.5
"""Least recognition score of what counts as read: rapidocr's own."""
_HIGH, _SURE = 0.2, 0.8
"""What is higher than this share of the picture is read by a recogniser that always answers: it made single characters of whole
pictures without text, and rows of one character of coins. The least score of such text, where no other picture of the clip has
some in its place."""
_FEW, _SURE_OF_FEW = 2, 0.95
"""Of what is so high and has at most so many different characters, the least score; and it says so on two pictures."""
_LINE_ASPECT, _LINE_HEIGHT = 2.5, 0.2
"""A line of text is at least so many times as wide as high, and at most this share of the picture high. What the detector
takes for text and is none (trees, waves, a whole dark picture) was nearly square in 25 real videos, and often all of it."""
_LOWER_THIRD = 2 / 3
_SAME_PLACE = 0.5
"""Least overlap of two boxes that are taken for one that stayed."""
_SPACE = 0.02
"""Most that the pieces of one line lie apart, as a share of the width."""
_WORD_HEIGHT, _BESIDE, _CENTRED = 0.1, 0.05, 0.05
"""A word of subtitles is at most this share of the picture high; words of one row lie at most so far beside each other's
columns; and the middle of a line of subtitles is so near to the picture's. What the detector takes for a word and is none was
larger in all but 5 of 300 pictures, and none of the 5 lay in the middle below."""


@dataclass(frozen=True)
class TextBox:
    """One piece of text on one picture.

    Attributes:
        place: where it is.
        detection: the detector's score, 0-1.
        recognition: the recogniser's score, 0-1.
        text: what it says to the recogniser.
        line: whether it has the shape of a line, so that it is text in whatever script (see :func:`is_line`).
        word: whether it is a short word where there is other text, in whatever script (see :func:`settled`).
        of_scene: whether it moves with what is around it (see measure/scene_text.py).
        covers: share of the picture that it covers, 0-1, where it is written at an angle; None: its place's.
    """

    place: Rectangle
    detection: float
    recognition: float
    text: str
    line: bool = False
    word: bool = False
    of_scene: bool = False
    covers: float | None = None

    @property
    def score(self) -> float:
        return self.detection * self.recognition

    @property
    def area(self) -> float:
        return self.place.area if self.covers is None else self.covers

    @property
    def legible(self) -> bool:
        return bool(self.text.strip()) and self.recognition >= (_SURE_OF_FEW if self.few else LEGIBLE)

    @property
    def few(self) -> bool:
        """Whether it is so high, and has so few characters, that another picture must say the same."""
        return self._high and len({*self.text.casefold()} - {" "}) <= _FEW

    @property
    def doubtful(self) -> bool:
        """Whether it is so high, and read so badly, that another picture must have text in its place."""
        return self._high and not self.few and not self.line and self.recognition < _SURE

    @property
    def _high(self) -> bool:
        return self.place.bottom - self.place.top > _HIGH

    @property
    def seen(self) -> bool:
        """Whether it is text: it was read, or it is a line or a word in a script that the recogniser does not know."""
        return self.legible or self.line or self.word


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
    """What was read on one picture."""

    boxes: tuple[TextBox, ...]

    @property
    def share(self) -> float:
        """Share of the picture that text covers, read or only seen, 0-1."""
        return min(1.0, sum(b.area for b in self.boxes if b.seen))

    @property
    def seen(self) -> list[Rectangle]:
        return [b.place for b in self.boxes if b.seen]

    @property
    def overlaid(self) -> list[TextBox]:
        """Text that is not known to belong to the scene."""
        return [b for b in self.boxes if b.seen and not b.of_scene]


def settled(pictures: Sequence[ReadPicture]) -> list[ReadPicture]:
    """The pictures with what only all of them together tell: less high characters that one alone has, and with short words.

    A high character or two must be on two of the pictures, if there are two. Text that nobody can read and that is too
    short to have the shape of a line could be anything by its shape alone. It is a word where text is seen in its row, on
    its own or on another of the clip's pictures, or where subtitles are: low, in the middle, and in the same row on two
    pictures.
    """
    pictures = _without_lone(pictures) if len(pictures) > 1 else pictures
    seen = [place for p in pictures for place in p.seen]
    low = [[b.place for b in p.boxes if _is_low_and_centred(b.place)] for p in pictures]

    def is_word(box: TextBox, elsewhere: Iterable[Rectangle]) -> bool:
        place = box.place
        if box.seen or place.bottom - place.top > _WORD_HEIGHT:
            return False
        if any(_in_one_row(place, s) and _beside(place, s) for s in seen):
            return True
        return _is_low_and_centred(place) and any(_in_one_row(place, other) for other in elsewhere)

    found = []
    for n, picture in enumerate(pictures):
        elsewhere = [place for m, places in enumerate(low) if m != n for place in places]
        found.append(ReadPicture(tuple(replace(b, word=is_word(b, elsewhere)) for b in picture.boxes)))
    return found


def _without_lone(pictures: Sequence[ReadPicture]) -> list[ReadPicture]:
    """The pictures less high text that no other picture bears out."""

    def is_text(box: TextBox, n: int) -> bool:
        others = [b for m, p in enumerate(pictures) if m != n for b in p.boxes if b.legible]
        if box.few and box.legible:
            return any(b.text == box.text for b in others)
        if box.doubtful and box.legible:
            return any(not b.few and overlap(b.place, box.place) >= _SAME_PLACE for b in others)
        return True

    return [ReadPicture(tuple(b for b in p.boxes if is_text(b, n))) for n, p in enumerate(pictures)]


def _in_one_row(one: Rectangle, other: Rectangle) -> bool:
    """Whether two boxes are about as high, and as far down."""
    heights = one.bottom - one.top, other.bottom - other.top
    apart = abs(one.top + one.bottom - other.top - other.bottom) / 2
    return apart <= min(heights) / 2 and max(heights) <= 1.5 * min(heights)


def _beside(one: Rectangle, other: Rectangle) -> bool:
    return one.left <= other.right + _BESIDE and one.right >= other.left - _BESIDE


def _is_low_and_centred(place: Rectangle) -> bool:
    low = (place.top + place.bottom) / 2 > _LOWER_THIRD and place.bottom - place.top <= _WORD_HEIGHT
    return low and _is_centred(place)


def text_scores(pictures: Sequence[ReadPicture], crop: Crop) -> dict[str, object]:
    """The columns of TEXT_SCORES that are measured.

    Args:
        pictures: what was read on the clip's sampled keyframes, in order of time; at least one.
        crop: the clip's crop, to which the boxes' shares refer.
    """
    pictures = settled(pictures)
    best = max((b for p in pictures for b in p.boxes if b.seen), key=lambda b: b.score, default=None)
    shares, places = [p.share for p in pictures], [p.seen for p in pictures]
    subtitles = subtitle_band(places)
    row: dict[str, object] = {
        "text_frames": len(pictures),
        "text_score": best.score if best else 0.0,
        "text_read": best.text if best else "",
        "text_boxes": max(len(p) for p in places),
        "text_share": statistics.fmean(shares),
        "text_share_max": max(shares),
        "overlaid_text_boxes": max(len(p.overlaid) for p in pictures),
        "overlaid_text_share": statistics.fmean(min(1.0, sum(b.area for b in p.overlaid)) for p in pictures),
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
    """The rows of subtitles: centred lines in the lower third that are on half of the pictures, at least two of them.

    A line is made of the pieces that lie beside each other in one row; a watermark or a clock in a corner is none. Lines
    further than one and a half line heights from the middle one are something else.
    """
    low = [
        [line for line in _rows([b for b in boxes if (b.top + b.bottom) / 2 > _LOWER_THIRD]) if _is_centred(line)]
        for boxes in pictures
    ]
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


def _rows(boxes: Sequence[Rectangle]) -> list[Rectangle]:
    """Lines of text: pieces of one row that lie beside each other, joined."""
    joined: list[Rectangle] = []
    for box in sorted(boxes):
        beside = next((j for j in joined if _in_one_row(j, box) and box.left <= j.right + _SPACE), None)
        if beside is not None:
            joined.remove(beside)
        joined.append(envelope([box] if beside is None else [beside, box]))
    return joined


def _is_centred(place: Rectangle) -> bool:
    return abs((place.left + place.right) / 2 - 0.5) <= _CENTRED
