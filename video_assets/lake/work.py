"""What of the plan can run now, and which of it goes together in one run. Pure.

A run is one batch, from footage to verdicts. What is cheap (a changed tier, the sheets after new duplicates) is one run
for all the batches that need it. A run takes along what only follows from it: each step asks the plan again at its turn
(:func:`video_assets.lake.plan.due_now`) and is skipped where what it reads came out the same, so nothing is made in vain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from video_assets.lake.ledger import told
from video_assets.lake.plan import SHARED, Due, Measurement, Why, ledger_key
from video_assets.lake.schemas import CANDIDATES

Key = tuple[str, str]
"""An asset and its batch, as the ledger has them."""

CHOOSES = frozenset({CANDIDATES.name})
"""What says which clips are measured, and nothing of a clip that is measured."""


@dataclass(frozen=True)
class Work:
    """One run: which assets of which batches, in order, and how much of that is due for certain."""

    batches: tuple[str, ...]
    assets: tuple[str, ...]
    certain: tuple[Due, ...]


def ready(due: Sequence[Due], order: Mapping[str, Measurement], held: Collection[Key] = frozenset()) -> list[Due]:
    """What can be run now: due for certain, and not downstream of something that may yet change.

    Running these in order and planning again, until nothing is ready, makes everything once and nothing in vain. A tier
    is decided at once though models may yet look at more clips: whether they do is seen in a second, and whoever
    changed a threshold waits for the verdicts.

    Args:
        due: the plan.
        order: the assets, inputs before what reads them.
        held: what others are at work on, or what failed and would fail again. It is not ready, nor what it holds up.
    """
    found: list[Due] = []
    waiting: dict[Key, set[str]] = {key: {key[0]} for key in held}
    pending = causes(due, order)
    for d in due:
        key = _key(d, order)
        reasons = set().union(*(waiting[i] for i in _inputs(d, order, waiting)))
        if d.why is Why.FOLLOWS:
            waiting[key] = reasons | pending[key]
        elif key in waiting or reasons - (CHOOSES if order[d.asset].at_once else set()):
            waiting[key] = waiting.get(key, set()) | reasons
        else:
            found.append(d)
    return found


def causes(due: Sequence[Due], order: Mapping[str, Measurement]) -> dict[Key, set[str]]:
    """Of everything that is due, the assets because of whose change it is, or may become, so."""
    found: dict[Key, set[str]] = {}
    for d in due:
        because: set[str] = set().union(*(found[i] for i in _inputs(d, order, found)))
        found[_key(d, order)] = because | (set() if d.why is Why.FOLLOWS else {d.asset})
    return found


def works(
    due: Sequence[Due],
    certain: Sequence[Due],
    order: Mapping[str, Measurement],
    batches: Sequence[str],
    empty: Collection[str] = frozenset(),
    held: Collection[Key] = frozenset(),
) -> list[Work]:
    """Runs for what is ready.

    Args:
        due: the plan, or the part of it that is wanted.
        certain: what of it is ready.
        order: the assets, inputs before what reads them.
        batches: all that may be run, in the order in which Dagster knows them: a run of several is a range of these.
        empty: batches in which nothing can be made; a range may go over them.
        held: see :func:`ready`.
    """
    pending = _Pending(due, certain, order, held)
    return [
        Work(stretch, pending.selected(stretch, found), found)
        for stretch, found in _stretches(certain, order, batches, empty)
    ]


def _stretches(
    certain: Sequence[Due], order: Mapping[str, Measurement], batches: Sequence[str], empty: Collection[str]
) -> Iterable[tuple[tuple[str, ...], tuple[Due, ...]]]:
    """The batches of each run and what is ready in them: neighbours share one if all of it is light."""
    by_batch: dict[str, list[Due]] = {}
    for d in certain:
        by_batch.setdefault(d.batch, []).append(d)
    stretch: list[str] = []

    def finished() -> Iterable[tuple[tuple[str, ...], tuple[Due, ...]]]:
        if stretch:
            yield tuple(stretch), tuple(d for batch in stretch for d in by_batch[batch])
            stretch.clear()

    for batch in batches:
        wanted = by_batch.get(batch, [])
        if wanted and all(order[d.asset].light for d in wanted):
            stretch.append(batch)
            continue
        if wanted or batch not in empty:
            yield from finished()
        if wanted:
            yield (batch,), tuple(wanted)
    yield from finished()


class _Pending:
    """What waits for something that is due, by batch: it may follow, or is due itself and may change once more."""

    def __init__(
        self, due: Sequence[Due], certain: Sequence[Due], order: Mapping[str, Measurement], held: Collection[Key]
    ) -> None:
        self._order = order
        self._because = causes(due, order)
        self._followers: dict[str, list[tuple[Key, set[Key]]]] = {}
        others = {_key(d, order) for d in certain} | {*held}
        for d in due:
            key = _key(d, order)
            reads = {i for i in _inputs(d, order, self._because) if not self._because[i] <= CHOOSES}
            if reads and key not in others:
                self._followers.setdefault(key[1], []).append((key, reads))

    def selected(self, batches: Sequence[str], certain: Sequence[Due]) -> tuple[str, ...]:
        """The assets of a run: what is ready, and what waits for nothing but that.

        What something ready reads is never among what may follow: where a step is skipped, so is what reads it.
        """
        order = self._order
        inside = {_key(d, order) for d in certain}
        light = all(order[d.asset].light for d in certain)
        read = {i for d in certain for i in _inputs(d, order, self._because)}
        for batch in (*batches, SHARED):
            for key, reads in self._followers.get(batch, ()):
                if key not in read and reads <= inside and (order[key[0]].light or not light):
                    inside.add(key)
        assets = {asset for asset, _ in inside}
        # What is fitted to all batches looks for itself whether there is much more than there was.
        fitted = {a for a, m in order.items() if m.growth and not light and assets & {*m.inputs}}
        return tuple(a for a in order if a in assets | fitted)


def _key(due: Due, order: Mapping[str, Measurement]) -> Key:
    return ledger_key(order[due.asset], due.asset, due.batch)


def _inputs(due: Due, order: Mapping[str, Measurement], among: Collection[Key]) -> set[Key]:
    """Those of some keys that something reads: of its own batch, or of every one."""
    measurement = order[due.asset]
    if measurement.over_all:
        return {key for key in among if key[0] in measurement.inputs}
    keys = {ledger_key(order.get(i), i, due.batch) for i in measurement.inputs}
    return {key for key in keys if key in among}


def stopped(order: Mapping[str, Measurement], ledger: Mapping[Key, Mapping[str, Any]]) -> set[str]:
    """The batches that ended at an asset of which every row failed: nothing more is made of them."""
    ends = (asset for asset, m in order.items() if m.stops)
    return {
        batch
        for asset in ends
        for batch, rows, failures in told(ledger, asset, "batch", "rows", "failures")
        if 0 < rows == failures
    }
