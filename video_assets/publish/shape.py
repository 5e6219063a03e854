"""The size of a clip's training picture, settled once: what the encoder is given and the manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Crop(NamedTuple):
    """A rectangle in the source's pictures as they are displayed, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Shape(NamedTuple):
    """What is cut out of the source's pictures, and the size to which it is scaled, in pixels."""

    crop: Crop
    width: int
    height: int


def shape(crop: Crop, short_side: int | None, multiple_of: int) -> Shape:
    """Settle a clip's picture.

    Nothing is enlarged and nothing is distorted: where the sides become multiples, what is over is cut off evenly.

    Args:
        crop: the clip's own crop.
        short_side: shorter side to scale to, in pixels; None: no scaling, and both sides are made even.
        multiple_of: of which both sides are multiples where ``short_side`` is given.

    Raises:
        ValueError: the clip is smaller than one multiple.
    """
    unit = multiple_of if short_side else 2
    smaller = min(crop.width, crop.height)
    if smaller < unit:
        raise ValueError(f"A clip of {crop.width}x{crop.height} pixels is smaller than {unit} pixels.")
    if short_side is None or smaller <= short_side:
        width, height = crop.width // unit * unit, crop.height // unit * unit
        return Shape(_middle(crop, width, height), width, height)
    short = max(unit, short_side // unit * unit)
    # The longer side's nearest multiple: of the two sides' ratio at most half a multiple is cut off, and a whole one where the
    # nearest would be longer than the side is.
    longer = max(crop.width, crop.height)
    long = max(short, min(round(longer * short / smaller / unit) * unit, longer // unit * unit))
    width, height = (long, short) if crop.width >= crop.height else (short, long)
    if crop.width * height > crop.height * width:
        return Shape(_middle(crop, max(1, round(crop.height * width / height)), crop.height), width, height)
    return Shape(_middle(crop, crop.width, max(1, round(crop.width * height / width))), width, height)


def _middle(crop: Crop, width: int, height: int) -> Crop:
    return Crop(crop.x + (crop.width - width) // 2, crop.y + (crop.height - height) // 2, width, height)


def bucket(width: int, height: int, seconds: float, edges: Sequence[float]) -> str:
    """Name of the clips that are alike in size and length, such as ``832x480_4-6s``; safe in a file's name.

    Args:
        width: of the training picture, in pixels.
        height: the same.
        seconds: the clip's duration, in s.
        edges: where a bucket of durations ends and the next begins, in s, rising.
    """
    below = [edge for edge in edges if edge <= seconds]
    above = [edge for edge in edges if edge > seconds]
    low = f"{below[-1]:g}" if below else "0"
    return f"{width}x{height}_{low}-{above[0]:g}s" if above else f"{width}x{height}_{low}s-up"
