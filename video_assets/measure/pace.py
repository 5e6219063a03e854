"""At what rate changes are measured: the rate of film, whatever the frame rate.

How far two pictures differ depends on the time between them. Published thresholds are of films, which have 24 to 30 frames
a second, so a faster stream is looked at 24 to 34 times a second: every second frame of 50 or 60, every fourth of 120.
"""

from __future__ import annotations

FILM_S = 1 / 24
"""Between two frames of a film, in s."""
STANDING_S = 0.15
"""Longest time between frames that move on. A picture that is shown for longer stands: its repeats were not stored."""
LONGEST_STEP_S = 0.5
"""Longest time between two pictures between which the camera's motion is looked for."""
GROWTH = 0.85
"""How a change grows with the time over which it is taken: as about its 0.85th power, chosen on real videos, of which most have 0.7 to 1.0."""

# A little under 1/30 s, for timestamps in ms; 240 frames/s reach it with eight, at 1/30 s, and not with seven.
_LEAST_STEP_S = 0.0295


class Pace:
    """Says which frames are steps: those that changes are measured on, each from the step before."""

    def __init__(self) -> None:
        self._last: float | None = None

    def step(self, seconds: float) -> float | None:
        """The time since the step before, in s (0 on the first frame); None where the frame is no step.

        Args:
            seconds: The frame's time from the first, in s. Ask in order of time.
        """
        if self._last is None:
            self._last = seconds
            return 0.0
        since = seconds - self._last
        if since < _LEAST_STEP_S:
            return None
        self._last = seconds
        return since


def slower_than_film(since: float) -> float:
    """How much larger a change is over this time (s) than in a film, at least 1; 1 where the picture stood before it."""
    return max(since / FILM_S, 1.0) ** GROWTH if since <= STANDING_S else 1.0
