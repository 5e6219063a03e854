"""When frames are shown: exact timestamps and what follows from them."""

from __future__ import annotations

from fractions import Fraction


class Timeline:
    """Collects the strictly increasing pts of a stream, in time base units."""

    def __init__(self, time_base: Fraction, nominal_step: int) -> None:
        self.time_base = float(time_base)
        self.frames = 0
        self.first_pts = 0
        self._last_pts = 0
        self._last_step = nominal_step
        self._declared_last = 0
        self._steps: tuple[int, int] | None = None

    def add(self, pts: int, declared_duration: int) -> float:
        """Take the next frame; its time from the first frame, in s."""
        if self.frames == 0:
            self.first_pts = pts
        else:
            step = self._last_step = pts - self._last_pts
            shortest, longest = self._steps or (step, step)
            self._steps = (min(step, shortest), max(step, longest))
        self.frames += 1
        self._last_pts = pts
        self._declared_last = declared_duration
        return (pts - self.first_pts) * self.time_base

    @property
    def variable(self) -> bool:
        """Whether two intervals differ by more than rounding to the time base explains: more than one unit."""
        return self._steps is not None and self._steps[1] - self._steps[0] > 1

    @property
    def end_pts(self) -> int:
        """When the last frame ends: by its own duration when it has one, else as long as the frame before it."""
        return self._last_pts + max(1, self._declared_last or self._last_step)

    @property
    def duration_s(self) -> float:
        """From the first frame's start to the last frame's end, in s."""
        return (self.end_pts - self.first_pts) * self.time_base
