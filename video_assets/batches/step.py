"""What every step has at hand, and the cost of what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, Measurement, ledger_key, over_batches
from video_assets.lake.versions import data_version
from video_assets.media.tally import Tally

Progress = Callable[[str, int, int], None]
"""Called with the asset, how many subjects are done, and how many there are."""


def silent(_asset: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def unheard(_sentence: str) -> None:
    """What a step says when nobody listens."""


@dataclass(frozen=True)
class Step:
    """The lake, the measurements and the run on whose behalf a step works."""

    lake: Lake
    order: Mapping[str, Measurement]
    run_id: str = ""
    progress: Progress = silent
    say: Callable[[str], None] = unheard
    """Called with a sentence on what is taken, measured or left out, and why."""
    read: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """By asset and batch, the inputs that are known already, as they were when the step began."""

    def version(self, asset: str) -> str:
        return self.order[asset].version

    def inputs(self, asset: str, batch: str) -> dict[str, str]:
        """The versions of what the asset reads, data and files. Read them before the rows themselves."""
        return self.inputs_of(asset, [batch])[batch]

    def inputs_of(self, asset: str, batches: Sequence[str]) -> dict[str, dict[str, str]]:
        """The same for several batches, by batch."""
        known = self.read.get(asset, {})
        if known.keys() >= {*batches}:
            return {batch: dict(known[batch]) for batch in batches}
        ledger = self.lake.entries(None if self.order[asset].over_all else [*batches, SHARED])
        return {batch: self.inputs_by(ledger, asset, batch) for batch in batches}

    def inputs_by(self, ledger: Mapping[tuple[str, str], Mapping[str, Any]], asset: str, batch: str) -> dict[str, str]:
        """The same by a ledger that was read already."""
        if self.order[asset].over_all:
            return {i: over_batches(i, ledger) for i in self.order[asset].inputs}
        keys = {i: ledger_key(self.order.get(i), i, batch) for i in self.order[asset].inputs}
        files = {name: version for name, version in self.order[asset].files.items() if version is not None}
        return {i: ledger[key]["data_version"] for i, key in keys.items() if key in ledger} | files

    def made(
        self, asset: str, batch: str, rows: pl.DataFrame, inputs: Mapping[str, str], *,
        footage_seconds: float | None = None, compute_seconds: float | None = None, gpu_seconds: float | None = None,
    ) -> Made:  # fmt: skip
        """The ledger entry of rows that are about to be committed."""
        self.progress(asset, 1, 1)
        table = self.order[asset].table
        failures = int(rows["reason"].is_not_null().sum()) if "reason" in rows.columns else 0
        return Made(
            asset, batch, self.version(asset), data_version(rows, table), inputs, rows.height, failures,
            footage_seconds, compute_seconds, gpu_seconds,
        )  # fmt: skip


def counter(step: Step, asset: str, total: int) -> Callable[[str, object], None]:
    """An ``on_done`` that reports how many jobs are done."""
    done = iter(range(1, total + 1))
    return lambda _key, _outcome: step.progress(asset, next(done), total)


def tally(step: Step, asset: str, folder: Path, subjects: Mapping[str, int]) -> Tally:
    """Count the subjects of an asset while workers are at them.

    Args:
        step: whom to report to.
        asset: whose subjects they are.
        folder: for the workers' marks; it is there until the work is done.
        subjects: by job, how many it has.
    """
    return Tally(folder, subjects, lambda done, total: step.progress(asset, done, total))


def total(values: pl.Series) -> float:
    """Sum of the values that are there; 0 when none is."""
    return float(values.sum() or 0.0)


class Stopwatch:
    """CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._start = time.process_time()

    @property
    def seconds(self) -> float:
        return time.process_time() - self._start
