"""When the pictures of a clip are shown: each at its own time, or at a frame rate by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

Frame = TypeVar("Frame")

_LATE_S = Fraction(1, 1000)


def at_rate(frames: Iterable[tuple[Frame, Fraction]], fps: Fraction, duration: Fraction) -> Iterator[tuple[Frame, int]]:
    """What is shown at every k / ``fps`` s: the last frame that has begun by then.

    A frame that begins up to 1 ms later counts as begun (at very high rates a quarter of 1 / ``fps``): containers round times to
    that, and a clip that has the wanted rate already must come out with every frame once.

    Args:
        frames: frames and when they begin, in s from the clip's start; rising, the first at 0.
        fps: frames/s that are wanted.
        duration: of the clip, in s.

    Yields:
        A frame and k, from 0 without gaps, for every k / ``fps`` before the clip ends; at least one.
    """
    late = min(_LATE_S, 1 / fps / 4)
    k = 0
    shown: Frame | None = None
    for frame, begins in frames:
        while shown is not None and k / fps + late < begins:
            yield shown, k
            k += 1
        shown = frame
    while shown is not None and (k == 0 or k / fps + late < duration):
        yield shown, k
        k += 1
