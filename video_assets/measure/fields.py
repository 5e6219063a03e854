"""Interlaced pictures: which frames are woven of two moments, which field comes first, and 3:2 pulldown.

A frame of interlaced video holds two fields, its even lines (top) and its odd ones (bottom), taken half a frame apart. Where
something moves the lines of the two do not fit, which is known as combing, and which the Laplacian takes for sharpness. As in
FFmpeg's ``idet``, a field is tried with the other field of the frame before: of pictures woven of two moments the second field of
the frame before fits the first field of this one better than the two others fit, and of whole pictures neither does. So fine
horizontal lines, which are no combing, are told from it by what moves.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import polars as pl
from av.video.frame import VideoFrame

from video_assets.measure.types import Picture

COLUMNS = 64
"""Columns of a frame's luma that are compared, all of its lines each."""
_MOVED = 12  # Luma difference from which on a pixel has moved.
_LEAST_MOVED, _ALL_MOVED = 0.002, 0.8  # Shares of pixels under which nothing can be told, over which it may be a cut.
_LEAST_PREFERENCE = 1.11  # How much better the one pairing of fields fits than the other: idet asks for 1.04.
_LEAST_COMBING = (
    1.15  # Roughness from line to line over that inside a field: 0.4 of pictures, 1 of noise, 4 to 16 of combing.
)
_SURE_COMBING = 1.3
_MOST_COMBING = (
    3.0  # Roughness over the difference of moved pixels: a line cannot be off by more than what moved since. 1 to 2.
)
_SUSPICION = 50  # Frames after a woven one whose fields are all compared.
_THREE_LINES = np.ones((3, 1), np.uint8)

# 3:2 pulldown: two of five frames are woven, five by five alike.
_CYCLE, _LEAST_CYCLES = 5, 2
_WOVEN_OF_CYCLE = (0.3, 0.5)
_LEAST_LIKENESS = 0.85


class Fields(NamedTuple):
    """What the fields of a frame are to each other.

    Attributes:
        combed: whether they are of two moments; False too where nothing moves; None where it cannot be told.
        top_first: which of them is the earlier one; None where they are of one moment, or it cannot be told.
    """

    combed: bool | None = None
    top_first: bool | None = None


class FieldReader:
    """Compares the fields of one video's frames in their order: of wanted ones, and of all after one that was woven."""

    def __init__(self) -> None:
        self._last: VideoFrame | None = None
        self._last_lines: tuple[VideoFrame, Picture] | None = None
        self._suspicion = 0
        self._after_wanted = False

    def read(self, frame: VideoFrame, wanted: bool, flagged: bool) -> Fields:
        """The fields of the next frame.

        Args:
            frame: the frame.
            wanted: whether it is measured by more than its light.
            flagged: whether the file calls it interlaced.
        """
        before, self._last = self._last, frame
        # The frame after a wanted one too: of 29.97 frames/s those that are sampled are two of a cycle of pulldown.
        due = wanted or flagged or self._after_wanted or self._suspicion > 0
        self._after_wanted = wanted
        if not due:
            return Fields()
        self._suspicion = max(self._suspicion - 1, 0)
        if before is None:
            return Fields()
        lines_before = self._lines(before)
        lines = self._lines(frame)
        if lines is None or lines_before is None or lines.shape != lines_before.shape:
            return Fields()
        found = compare(lines_before, lines)
        if found.combed:
            self._suspicion = _SUSPICION
        return found

    def woven(self, fields: Fields, flagged: bool) -> bool:
        """Whether to measure one field of the last frame in place of the frame."""
        return bool(fields.combed or (fields.combed is None and (flagged or self._suspicion)))

    def _lines(self, frame: VideoFrame) -> Picture | None:
        if self._last_lines is None or self._last_lines[0] is not frame:
            lines = lines_of(frame)
            self._last_lines = None if lines is None else (frame, lines)
            return lines
        return self._last_lines[1]


def lines_of(frame: VideoFrame) -> Picture | None:
    """All lines of a frame's first plane (luma, or green; packed samples as they come), about :data:`COLUMNS` columns of each: uint8 (h, n).

    None for samples that are neither bytes nor plain little-endian words.
    """
    plane, bits, name = frame.planes[0], frame.format.components[0].bits, frame.format.name
    plain = 8 < bits <= 16 and name.endswith("le") and name.startswith(("yuv", "gbr", "gray"))
    if bits != 8 and not plain:
        return None
    rows = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16).reshape(plane.height, -1)  # type: ignore[call-overload]
    packed = len(frame.planes) == 1 and len(frame.format.components) > 1
    width = plane.width * (frame.format.padded_bits_per_pixel // 8 if packed else 1)
    step = max(1, width // COLUMNS)
    lines = rows[:, step // 2 : width : step]
    found: Picture = np.ascontiguousarray(lines if bits == 8 else (lines >> (bits - 8)).astype(np.uint8))
    return found


def compare(before: Picture, now: Picture) -> Fields:
    """The fields of a frame, by its lines and those of the frame before: uint8 (h, n)."""
    difference = cv2.threshold(cv2.absdiff(before, now), _MOVED, 255, cv2.THRESH_BINARY)[1]
    moved = cv2.dilate(difference, _THREE_LINES)
    count = cv2.countNonZero(moved)
    if count < _LEAST_MOVED * moved.size:
        return Fields(combed=False)
    # Wide enough for differences of differences; as a mask, all bits of what has moved.
    before, now, where = before.astype(np.int16), now.astype(np.int16), moved.view(np.int8).astype(np.int16)
    top_of_now, bottom_of_now = now.copy(), before.copy()
    top_of_now[1::2] = before[1::2]
    bottom_of_now[1::2] = now[1::2]
    # The second field of the frame before and the first of this one are next to each other in time.
    if_top_first, if_bottom_first = _roughness(top_of_now, 1, where), _roughness(bottom_of_now, 1, where)
    least, most = sorted((if_top_first, if_bottom_first))
    ordered = most > _LEAST_PREFERENCE * least
    if not ordered and count < _ALL_MOVED * moved.size:
        return Fields(combed=False)
    own, inside = _roughness(now, 1, where), _roughness(now, 2, where)
    if ordered:
        # Fine lines of the picture itself, which light moves over, are rougher than what moves.
        step = cv2.norm(now, before, cv2.NORM_L1, difference) / cv2.countNonZero(difference)
        combed = _LEAST_COMBING * inside < own < _MOST_COMBING * step * count
        return Fields(combed, if_top_first < if_bottom_first if combed else None)
    return Fields(combed=None if own > _SURE_COMBING * inside else False)


def _roughness(lines: Picture, apart: int, where: Picture) -> float:
    """Sum of the absolute second differences down the columns, of lines so far apart."""
    around = cv2.copyMakeBorder(lines, apart, apart, 0, 0, cv2.BORDER_REFLECT_101)
    rough = around[2 * apart :] + around[: -2 * apart] - 2 * lines
    # With OpenCV's own mask norm takes twenty times as long.
    return cv2.norm(cv2.bitwise_and(rough, where), cv2.NORM_L1)


def clip_fields(frames: pl.DataFrame) -> pl.DataFrame:
    """What clips are by their fields.

    Args:
        frames: clip_id, pts, interlaced, combed and top_first of FRAME_SIGNALS, by clip in frame order.

    Returns:
        clip_id, ``interlaced``, ``field_order`` and ``telecine`` of VISUAL_SCORES, a row for each clip.
    """
    told = pl.col("interlaced") | pl.col("combed")
    top = pl.col("top_first").mean()
    scores = frames.group_by("clip_id", maintain_order=True).agg(
        pl.coalesce(told.mean(), pl.col("interlaced").mean()).alias("interlaced"),
        pl.when(top > 0.5).then(pl.lit("top")).when(top < 0.5).then(pl.lit("bottom")).alias("field_order"),
        pl.col("pts", "combed"),
    )
    telecine = [_telecine(pts, combed) for pts, combed in zip(scores["pts"], scores["combed"], strict=True)]
    return scores.drop("pts", "combed").with_columns(telecine=pl.Series(telecine, dtype=pl.String()))


def _telecine(pts: pl.Series, combed: pl.Series) -> str | None:
    """'hard' where two of five frames are woven in a cycle, 'soft' where frames last three and two fields in turn."""
    known = pl.DataFrame({"now": combed, "next": combed.shift(-_CYCLE)}).drop_nulls()
    share = known["now"].mean()
    if isinstance(share, float) and known.height >= _CYCLE * _LEAST_CYCLES:
        alike = (known["now"] == known["next"]).mean()
        least, most = _WOVEN_OF_CYCLE
        if least <= share <= most and isinstance(alike, float) and alike >= _LEAST_LIKENESS:
            return "hard"
    steps = pts.diff().drop_nulls().cast(pl.Float64)
    ratio = (steps / steps.shift(1)).drop_nulls()
    in_turn = ((ratio - 1.5).abs() < 0.1) | ((ratio - 1 / 1.5).abs() < 0.1)
    often = in_turn.mean()
    if in_turn.len() >= _CYCLE * _LEAST_CYCLES and isinstance(often, float) and often >= _LEAST_LIKENESS:
        return "soft"
    return None if combed.null_count() == combed.len() else "none"
