"""The step at work, in words: what runs, how far it is, and how much is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import duckdb

from video_assets.lake.plan import Due
from video_assets.live.remaining import Remaining, told

_UNITS = {"raw_videos": "files", "frame_signals": "s of footage", "transition_scores": "frames in doubt"}
# Once these are made, more is known of what is due: a batch's hours, its clips, and those that models measure.
_TELLING = frozenset({"raw_videos", "clips", "candidates"})
BETWEEN = " · "


class Work:
    """What a run is at.

    Args:
        remaining: what is due; kept up to date here.
        again: what is due of a batch, as it is known now.
        clock: seconds.
    """

    def __init__(
        self, remaining: Remaining, again: Callable[[str], Iterable[Due]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._remaining = remaining
        self._again = again
        self._clock = clock
        self._started = clock()
        self._since = clock()
        self._places: dict[str, int] = {}
        self._assets: Sequence[str] = ()
        self._batches: Sequence[str] = ()
        self._step = ""
        self._count: tuple[str, int, int] | None = None

    def expect(self, due: Sequence[Due]) -> None:
        """From now on all this is due."""
        self._remaining.expect(due)
        self._places = {batch: number for number, batch in enumerate(sorted({d.batch for d in due}), 1)}

    def began(self, step: str, assets: Sequence[str], batches: Sequence[str]) -> None:
        """A step begins; the one before it is done."""
        self._remaining.paused()
        if _TELLING.intersection(self._assets):
            # What is shown must not cost a step: where the lake does not answer now, less is known.
            with suppress(duckdb.Error, OSError):
                for batch in self._batches:
                    self._remaining.update(self._again(batch))
        self._remaining.began(assets, batches)
        self._step, self._assets, self._batches = step, assets, batches
        self._count, self._since = None, self._clock()

    def reached(self, asset: str, done: int, total: int) -> None:
        """The step is so far. What it says of itself as a whole, one of one, is no count of its subjects."""
        if total > 1 or (done < total and self._count is None):
            self._count = asset, done, total
            self._remaining.reached(done / total)

    def ended(self) -> None:
        """Nothing is at work any more."""
        self._remaining.paused()
        self._step, self._count = "", None

    @property
    def share(self) -> float | None:
        """How far the step is, 0-1; None where it does not say."""
        return self._count[1] / self._count[2] if self._count else None

    @property
    def steps(self) -> tuple[int, int]:
        """Steps that are done, and all; of each batch."""
        return self._remaining.steps

    @property
    def seconds(self) -> tuple[float, float]:
        """Since the step began, and since the run did."""
        now = self._clock()
        return now - self._since, now - self._started

    def sentence(self, width: int | None = None) -> str:
        """What runs, how far it is and how long all will take, in one line of so many characters at most."""
        if not self._step:
            return "Starting"
        parts = [self._batch(), self._step, self._counted(), told(self._remaining.left())]
        if width is not None:
            # The step's name gives way: its end tells more than its beginning.
            room = width - len(BETWEEN.join(p for p in parts if p)) + len(self._step)
            parts[1] = self._step if len(self._step) <= room else f"…{self._step[-max(room - 1, 8) :]}"
        return BETWEEN.join(p for p in parts if p)

    def _batch(self) -> str:
        if len(self._batches) > 1:
            return f"{len(self._batches)} batches"
        if len(self._places) < 2 or not self._batches or self._batches[0] not in self._places:
            return ""
        return f"batch {self._places[self._batches[0]]} of {len(self._places)}"

    def _counted(self) -> str:
        if self._count is None:
            return ""
        asset, done, total = self._count
        return f"{done:,} of {total:,} {_UNITS.get(asset, 'clips')}"
