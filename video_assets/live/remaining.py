"""How long what is left will take: what is expected of each asset's batch, at the pace of what this run has done.

Expected is what the plan says: the asset's cost per hour of footage so far in this lake. Where the lake has none yet, what
is usual serves, in proportion: it only says how the work divides. The pace is always this run's own, so that neither the
machine nor the number of worker processes need be known; before there is one, there is no estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from video_assets.lake.plan import SHARED, Due, Measurement, ledger_key

# Seconds of one core that any step takes beside its measuring: reading, committing, telling Dagster.
_STEP = 1.0
# Where the lake has no cost of its own: seconds to start the workers and load the models, and seconds of one core per hour
# of footage; by the demo footage, of clips of 4 to 16 s.
_USUAL = {
    "raw_videos": (4.0, 10.0),
    "rights_signals": (3.0, 1.0),
    "decoded_videos": (2.0, 270.0),
    "transition_scores": (8.0, 170.0),
    "clip_sheet": (1.0, 10.0),
}
# A pace by less than this is none: wall seconds, and share of what is expected altogether, which no longer counts after a
# while.
_LEAST_SECONDS, _LEAST_SHARE, _ENOUGH_SECONDS = 3.0, 0.02, 30.0

_Key = tuple[str, str]


@dataclass
class _Step:
    """A step at work: how many assets' batches it makes, what is expected of them, since when, and how far it is (0-1)."""

    made: int
    expected: float
    since: float
    share: float = 0.0


class Remaining:
    """What is due, what of it is done, and the pace. Nothing here grows with the batches but one pass over what is due.

    Args:
        order: every measurement by asset.
        clock: seconds, such as ``time.monotonic``.
    """

    def __init__(self, order: Mapping[str, Measurement], clock: Callable[[], float]) -> None:
        self._order = order
        self._clock = clock
        self._expected: dict[_Key, float] = {}
        self._left: dict[str, float] = {}
        self._whole: dict[str, float] = {}
        self._unprobed: set[str] = set()
        self._step: _Step | None = None
        self._steps_done = 0
        self._seconds_done = 0.0
        self._spent = 0.0

    def expect(self, due: Iterable[Due]) -> None:
        """From now on all this is due, and nothing else."""
        self._expected, self._left, self._unprobed = {}, {}, set()
        self._add(due)

    def update(self, due: Iterable[Due]) -> None:
        """More is known of what is due in some batches, such as its hours."""
        known = [d for d in due if self._key(d) in self._expected]
        for d in known:
            self._take(self._key(d))
        self._unprobed -= {d.batch for d in known}
        self._add(known)

    def _add(self, due: Iterable[Due]) -> None:
        listed = list(due)
        hours: dict[str, float] = {}
        for d in listed:
            hours[d.batch] = max(hours.get(d.batch, 0.0), d.hours)
        for d in listed:
            asset, batch = key = self._key(d)
            # Nobody knows yet how many clips a batch has that is not cut: it is taken for all of its footage.
            expected = _expected(d, d.hours or hours[d.batch], self._usual(d.asset))
            self._left[batch] = self._left.get(batch, 0.0) + expected - self._expected.get(key, 0.0)
            self._expected[key] = expected
            if asset == "raw_videos" and not hours[d.batch]:
                self._unprobed.add(batch)
        for batch in {self._key(d)[1] for d in listed} - self._unprobed - {SHARED}:
            self._whole[batch] = self._left[batch]

    def _take(self, key: _Key) -> float:
        expected = self._expected.pop(key, _STEP)
        self._left[key[1]] = self._left.get(key[1], _STEP) - expected
        return expected

    def began(self, assets: Sequence[str], batches: Sequence[str]) -> None:
        """A step begins, and the one before it is done."""
        self.paused()
        keys = {ledger_key(self._order.get(a), a, b) for a in assets for b in batches}
        self._step = _Step(len(keys), sum(map(self._take, keys)), self._clock())

    def paused(self) -> None:
        """Nothing is at work any more; what was, is done."""
        if self._step:
            self._spent += self._clock() - self._step.since
            self._seconds_done += self._step.expected
            self._steps_done += self._step.made
            self._step = None

    def reached(self, share: float) -> None:
        """The step at work is so far, 0-1."""
        if self._step:
            self._step.share = share

    @property
    def steps(self) -> tuple[int, int]:
        """How many assets' batches are done, and how many there are."""
        return self._steps_done, self._steps_done + (self._step.made if self._step else 0) + len(self._expected)

    def left(self) -> float | None:
        """Seconds until all is done; None while there is no pace yet."""
        step = self._step
        done = self._seconds_done + (step.share * step.expected if step else 0.0)
        spent = self._spent + (self._clock() - step.since if step else 0.0)
        ahead = self._ahead()
        left = ahead + ((1 - step.share) * step.expected if step else 0.0)
        if spent < _LEAST_SECONDS or not done or (spent < _ENOUGH_SECONDS and done < _LEAST_SHARE * (done + left)):
            return None
        if step and not step.share:
            # A step that does not say how far it is has what was not spent on it yet.
            return max(left * spent / done - (self._clock() - step.since), ahead * spent / done)
        return left * spent / done

    def _ahead(self) -> float:
        """Seconds of one core that are expected of what did not begin yet. A batch that is not probed is as the others are."""
        usual = sum(self._whole.values()) / len(self._whole) if self._whole else 0.0
        # What was added up and taken away again in parts may leave a little less than nothing.
        ahead = sum(
            max(seconds, usual) if batch in self._unprobed else seconds for batch, seconds in self._left.items()
        )
        return max(0.0, ahead)

    def _usual(self, asset: str) -> tuple[float, float] | None:
        measurement = self._order.get(asset)
        return measurement.usual if measurement else None

    def _key(self, due: Due) -> _Key:
        return ledger_key(self._order.get(due.asset), due.asset, due.batch)


def _expected(due: Due, hours: float, usual: tuple[float, float] | None) -> float:
    """Seconds of one core: by the lake's own costs, else as is usual."""
    if due.cost_seconds is not None:
        return _STEP + due.cost_seconds
    start, rate = usual or _USUAL.get(due.asset, (0.0, 0.0))
    return _STEP + start + rate * hours


def told(seconds: float | None) -> str:
    """Words for how much time is left: no more exact than it can be known."""
    if seconds is None:
        return "no estimate yet"
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds, -1):.0f} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {minutes} min left"
    hours, rest = divmod(round(minutes, -1) if minutes > 180 else minutes, 60)
    return f"about {hours} h {rest} min left" if rest else f"about {hours} h left"
