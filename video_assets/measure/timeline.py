"""When frames are shown: exact timestamps and what follows from them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from video_assets.media.holes import holes, longest_s

Integers = npt.NDArray[np.int64]

_LONGEST_LAST = 3.0  # The last frame's own word is believed up to so many times the longest interval.
_SPARSE_S = 0.25  # Pictures that are usually further apart are stored where something changes, and not at a rate.
_AGREED_S = 0.002  # Two times that are one, each rounded to milliseconds.
_ONCE_IN_MILLISECONDS = 0.001  # Times that went through Matroska or Flash are rounded to these, wherever they are now.
_FINE = 4  # A time base in which a frame lasts at least so many units rounds times; a coarser one counts frames.


@dataclass(frozen=True)
class Times:
    """What a stream's timestamps say of it as a whole.

    Attributes:
        frames: how many it has.
        first_pts: of the first one, in time base units.
        end_pts: when the last one ends, in time base units.
        stands_until: until when the last one says that it is shown, in time base units; ``end_pts`` where it says nothing of
            the kind, or more than can be.
        holes: how many holes there are in its time.
        holes_s: what is missing there, in s: a hole's length less one usual interval.
        lost_s: of it, what may have been lost. A hole that is longer than a picture can be shown is a clock that was set.
        duration_s: from the first frame's start to the last one's end less the holes, in s.
        variable: whether its frame rate varies.
    """

    frames: int
    first_pts: int
    end_pts: int
    stands_until: int
    holes: int
    holes_s: float
    lost_s: float
    duration_s: float
    variable: bool


class Timeline:
    """Collects the strictly increasing pts of a stream, in time base units, with how much its picture changes."""

    def __init__(self, time_base: Fraction, nominal_step: int) -> None:
        self.time_base = float(time_base)
        self._nominal_step = nominal_step
        self._pts = array("q")
        self._differences = array("f")
        self._damaged = bytearray()
        self._key = bytearray()
        self._declared_last = 0

    def add(self, pts: int, declared_duration: int) -> float:
        """Take the next frame; its time from the first frame, in s."""
        self._pts.append(pts)
        self._declared_last = declared_duration
        return (pts - self._pts[0]) * self.time_base

    def changed(self, difference: float | None, damaged: bool | None, key: bool | None) -> None:
        """Take how far the frame's picture differs from the one before it, mean luma 0-255, and whether it is damaged and a key frame.

        The difference is None on the first; ``damaged`` and ``key`` are None where nobody knows.
        """
        self._differences.append(float("nan") if difference is None else difference)
        self._damaged.append(damaged is True)
        self._key.append(key is not False)

    def times(self, declared_end: float | None = None) -> Times:
        """What the frames so far make.

        Args:
            declared_end: when the stream ends by its file's own word, in s from pts zero.

        Raises:
            IndexError: there is none.
        """
        pts = np.frombuffer(self._pts, np.int64)
        seconds = np.multiply(pts, self.time_base, dtype=np.float64)
        differences = np.frombuffer(self._differences, np.float32).astype(np.float64)
        damaged, key = (np.frombuffer(flags, np.bool_) for flags in (self._damaged, self._key))
        after = holes(seconds, differences, damaged, key)
        steps = np.diff(pts)
        whole = np.delete(steps, after - 1)
        usual = round(float(np.median(whole))) if len(whole) else self._nominal_step
        variable = _varies(whole, self.time_base)
        agreed = (
            declared_end is not None
            and abs(declared_end - (pts[-1] + self._declared_last) * self.time_base) < _AGREED_S
        )
        end = int(pts[-1]) + max(1, self._last(whole, usual, variable, agreed=agreed))
        missing = steps[after - 1] - usual
        longest = longest_s(usual * self.time_base) / self.time_base
        stands = int(pts[-1]) + self._declared_last
        return Times(
            frames=len(pts),
            first_pts=int(pts[0]),
            end_pts=end,
            stands_until=end if self._declared_last > longest else max(end, stands),
            holes=len(after),
            holes_s=int(missing.sum()) * self.time_base,
            lost_s=int(missing[steps[after - 1] <= longest].sum()) * self.time_base,
            duration_s=(end - int(pts[0]) - int(missing.sum())) * self.time_base,
            variable=variable,
        )

    def _last(self, steps: Integers, usual: int, variable: bool, *, agreed: bool) -> int:
        """How long the last frame is shown: as it says itself, where that is like the others; else as usual.

        Where pictures are seconds apart, as in recordings of screens, there is no usual length. Its word counts then if the file
        ends with it: so it is played.
        """
        declared = self._declared_last
        if variable and agreed and 0 < 2 * declared < usual and usual * self.time_base > _SPARSE_S:
            return declared
        if not len(steps):
            return declared or usual
        if not variable:
            return declared if usual <= 2 * declared <= 3 * usual else usual
        return min(declared, round(_LONGEST_LAST * int(steps.max()))) if 2 * declared >= usual else usual


def _varies(steps: Integers, time_base: float) -> bool:
    """Whether frames come at no even rate, beyond what rounding their times explains.

    Times of an even rate lie along a line. Rounding moves each by less than a unit of the time base, and of a millisecond
    where they were in such a container before. A time base with few units to a frame counts frames: there a frame that
    is missing is no rounding.
    """
    if len(steps) < 2:
        return False
    at = np.concatenate(([0], np.cumsum(steps)))
    mean = at[-1] / len(steps)
    allowed = 1.0 + _ONCE_IN_MILLISECONDS / time_base if mean >= _FINE else 0.0
    # The line is not drawn through the two ends, which are rounded too: of all lines the one that fits best.
    number = np.arange(len(at))
    left = at - np.polyval(np.polyfit(number, at, 1), number)
    return bool(left.max() - left.min() > allowed + 1e-6 * at[-1] / len(at))
