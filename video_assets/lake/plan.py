"""The work plan: what would run and why, before it runs.

Two grains. A *partition* (asset x batch) is due when it was never made, when its version changed, when an input's
content changed, or when failed rows of it are tried again (:mod:`video_assets.lake.again`). Inside it, *rows* are due by
an anti-join: subjects without a good or permanently failed row of this version. So a finished batch has nothing due, and an unfinished one
only what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import polars as pl

from video_assets.lake.again import settled, waiting
from video_assets.lake.amounts import clips_of, rates_of, videos_of, yet_to_measure
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Entries, good_rows, told
from video_assets.lake.schemas import Table
from video_assets.lake.unsettled import unsettled
from video_assets.lake.versions import combined

SOURCE_FILES = "source_files"
REVIEWED = "reviews"
"""As what the ledger has that people have judged clips of a batch; no asset makes it."""
FILE = ".sql"
_FEW = 100
SHARED = ""
"""The batch under which the ledger and the tables have what is made once for all batches."""


@dataclass(frozen=True)
class Expected:
    """What a batch would be asked for, where that is not one row for each of its videos or clips."""

    rows: int
    hours: float
    """Hours of footage behind them."""
    cost_seconds: float | None
    """Expected seconds; None when nothing is known."""
    usd: float | None
    """Expected price; None where nothing has one."""


@dataclass(frozen=True)
class Measurement:
    """One asset as the plan sees it.

    Attributes:
        asset: its name in the ledger and in Dagster.
        table: where its rows are.
        version: of its code, parameters and weights.
        inputs: the assets that it reads.
        subject: what it has rows for: video, clip, or the column of CANDIDATES that says which clips: candidate (models
            measure it) or compared (and those of benchmarks).
        where: which rows of the table are its own, when several assets share one.
        stops: whether a batch of which every row failed ends here, because what follows could only be empty.
        growth: it is made once for all batches, and anew when its one input has this many times as many good rows as
            then; None: it is made for each batch.
        over_all: it is made once for all batches, and anew when an input's content changed in any of them.
        expects: tells what each of some batches, at least, would be asked for, by batch; None: one row for each subject, at the asset's usual
            cost per hour of footage.
        wants: tells of which clips of a batch it has rows, where these are not those of its subject.
        limits: the settings of the limits at which its rows may fail, as ``limited_by`` names them.
        light: it is so cheap that many batches of it are made in one run.
        at_once: it is made from what is there, though models may yet look at more clips.
        files: files that it reads beside its inputs, each a name that ends in ``.sql``, and their versions; None where a
            file cannot be used, which changes nothing: neither that it was broken nor that it was mended as it was. Of
            what is made for each batch alone.
        usual: what it costs where the lake does not know yet: seconds to start the workers, and seconds of one core per hour
            of footage.
    """

    asset: str
    table: Table
    version: str
    inputs: tuple[str, ...]
    subject: str
    where: Mapping[str, str] = field(default_factory=dict)
    stops: bool = False
    growth: float | None = None
    over_all: bool = False
    expects: Callable[[Lake, Sequence[str]], Mapping[str, Expected]] | None = None
    wants: Callable[[Lake, str], Sequence[str]] | None = None
    limits: tuple[str, ...] = ()
    light: bool = False
    at_once: bool = False
    files: Mapping[str, str | None] = field(default_factory=dict)
    usual: tuple[float, float] | None = None

    @property
    def shared(self) -> bool:
        """Whether it is made once for all batches."""
        return self.over_all or self.growth is not None


class Why(StrEnum):
    """Why a partition is due; FOLLOWS is due only if what it reads turns out different."""

    NEW = "new"
    STALE = "stale"
    FAILED = "failed"
    FOLLOWS = "follows"


@dataclass(frozen=True)
class Due:
    """One partition that is due."""

    asset: str
    batch: str
    why: Why
    detail: str
    rows: int = 0
    """Subjects (videos or clips) that would be measured; as far as they are known now."""
    hours: float = 0.0
    """Hours of footage behind them."""
    cost_seconds: float | None = None
    """Expected seconds of CPU and GPU, from what this asset has cost per hour of footage so far; None when nothing is known."""
    usd: float | None = None
    """Expected price, of what has one."""


def due_rows(subjects: Sequence[str], rows: pl.DataFrame, key: str, measurement: Measurement) -> list[str]:
    """The anti-join: subjects that have no good or permanently failed row of the measurement's version.

    Args:
        subjects: keys of what should be measured.
        rows: what is there: ``key``, ``version``, ``reason`` and ``limited_by``.
        key: name of the key column.
        measurement: its version and limits count.
    """
    wanted = pl.DataFrame({key: list(subjects)}, schema={key: pl.String})
    return wanted.join(rows.filter(settled(measurement)), on=key, how="anti")[key].to_list()


def ledger_key(measurement: Measurement | None, asset: str, batch: str) -> tuple[str, str]:
    """Where the ledger has an asset's batch; None is an asset that is no measurement."""
    return asset, SHARED if measurement and measurement.shared else batch


def outgrown(measurement: Measurement, ledger: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    """Whether what is made once for all batches was made from much less than there is now, or from nothing."""
    (source,) = measurement.inputs
    rows = good_rows(ledger, source)
    then = int(ledger[measurement.asset, SHARED]["inputs"].get(source, 0))
    return rows > then and rows >= (measurement.growth or 1) * then


def over_batches(asset: str, ledger: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """One data version for all batches of an asset, as an asset over all batches reads them."""
    return combined(*sorted(f"{batch} {version}" for batch, version in told(ledger, asset, "batch", "data_version")))


def _due_over_all(
    measurement: Measurement, ledger: Mapping[tuple[str, str], Mapping[str, Any]], pending: Container[str]
) -> tuple[Why, str] | None:
    """Why an asset over all batches is due; it waits while what it reads may yet change in some batch."""
    if waits := [i for i in measurement.inputs if i in pending]:
        return Why.FOLLOWS, f"only if {', '.join(waits)} changes"
    entry = ledger.get((measurement.asset, SHARED))
    if entry is None:
        return Why.NEW, "never made"
    if entry["version"] != measurement.version:
        return Why.STALE, f"version {entry['version']} is now {measurement.version}"
    changed = [i for i in measurement.inputs if entry["inputs"].get(i) != over_batches(i, ledger)]
    return (Why.STALE, f"{', '.join(changed)} changed") if changed else None


def due_partitions(
    order: Mapping[str, Measurement],
    batches: Iterable[str],
    ledger: Mapping[tuple[str, str], Mapping[str, Any]],
    failed: Mapping[tuple[str, str], str],
) -> list[tuple[str, str, Why, str]]:
    """Asset, batch, why and a sentence for every partition that is due. Pure.

    Args:
        order: the assets, inputs before what reads them.
        batches: the batches that were taken in.
        ledger: by (asset, batch): ``version``, ``data_version``, ``inputs``, ``rows`` and ``failures`` of what was made.
        failed: by (asset, batch): which failed rows are tried again, in words.
    """
    found: list[tuple[str, str, Why, str]] = []
    shared: set[str] = set()
    # To tell it takes a look at every entry, and it is the same for every batch.
    has_outgrown = cache(lambda asset: outgrown(order[asset], ledger))
    for batch in batches:
        due = set(shared)
        stopped: set[str] = set()
        for asset, measurement in order.items():
            if measurement.over_all:
                continue
            entry = ledger.get(ledger_key(measurement, asset, batch))
            if (entry is None and stopped & {*measurement.inputs}) or (measurement.stops and _all_failed(entry)):
                stopped.add(asset)
            if measurement.growth and asset in shared:
                continue
            keys = {i: ledger_key(order.get(i), i, batch) for i in measurement.inputs}
            changed = [
                i for i, key in keys.items()
                if entry and not measurement.growth and key in ledger
                and entry["inputs"].get(i) != ledger[key]["data_version"]
            ]  # fmt: skip
            changed += _changed_files(measurement, entry["inputs"]) if entry else []
            following = [i for i in measurement.inputs if i in due and not measurement.growth]
            if entry is None:
                if asset in stopped:
                    continue
                why, detail = Why.NEW, "never made"
            elif entry["version"] != measurement.version:
                why, detail = Why.STALE, f"version {entry['version']} is now {measurement.version}"
            elif measurement.growth and has_outgrown(asset):
                why, detail = Why.STALE, f"{', '.join(measurement.inputs)} has grown"
            elif changed:
                why, detail = Why.STALE, f"{', '.join(changed)} changed"
            elif told := failed.get((asset, batch)):
                why, detail = Why.FAILED, told
            elif following:
                why, detail = Why.FOLLOWS, f"only if {', '.join(following)} changes"
            else:
                continue
            due.add(asset)
            if measurement.growth:
                shared.add(asset)
            found.append((asset, batch, why, detail))
    last = found[-1][1] if found else max((b for _, b in ledger), default=SHARED)
    for asset, measurement in order.items():
        if measurement.over_all and last and (due_now := _due_over_all(measurement, ledger, {f[0] for f in found})):
            found.append((asset, last, *due_now))
    return found


def _changed_files(measurement: Measurement, then: Mapping[str, str]) -> list[str]:
    """The files that are not as they were when something was made, by what the ledger has of its inputs."""
    now = {name: then.get(name) if version is None else version for name, version in measurement.files.items()}
    names = {name for name in then if name.endswith(FILE)} | {*now}
    return sorted(name for name in names if then.get(name) != now.get(name))


def _all_failed(entry: Mapping[str, Any] | None) -> bool:
    return entry is not None and 0 < entry["rows"] == entry["failures"]


def due_now(lake: Lake, order: Mapping[str, Measurement], assets: Collection[str], batches: Sequence[str]) -> set[str]:
    """In which of these batches one of some assets is due for certain, as things are at this moment.

    A step of a run asks, so it is quick: of what is made for each batch, these batches alone are looked at.

    Args:
        lake: the lake.
        order: see :func:`due_partitions`.
        assets: what the step makes together.
        batches: the run's; what is made once for all batches is under ``SHARED``.
    """
    shared = any(order[asset].shared for asset in assets)
    with lake.at_one_look():
        due, _ = _due(lake, order, [order[asset] for asset in assets], None if shared else batches)
    return {
        ledger_key(order[asset], asset, batch)[1]
        for asset, batch, why, _ in due
        if asset in assets and why is not Why.FOLLOWS
    }


def plan(lake: Lake, order: Mapping[str, Measurement], batches: Sequence[str] | None = None) -> list[Due]:
    """Everything that is due in the lake, with rows, hours and expected cost; cheap at any size.

    Args:
        lake: the lake.
        order: see :func:`due_partitions`.
        batches: only these, without what is made over all; default all that the ledger of sources holds.
    """
    with lake.at_one_look():
        return _plan(lake, order, batches)


def _due(
    lake: Lake, order: Mapping[str, Measurement], asked: Iterable[Measurement], batches: Sequence[str] | None
) -> tuple[list[tuple[str, str, Why, str]], Entries]:
    """What is due, and the ledger by which it is.

    Args:
        lake: the lake.
        order: see :func:`due_partitions`.
        asked: of which measurements failed rows are tried again.
        batches: only these; None: all.
    """
    ledger = lake.entries(None if batches is None else [*batches, SHARED])
    known = ledger.batches_of(SOURCE_FILES)
    # To go through few batches takes less time than to make columns of them.
    look = due_partitions if len(known) <= _FEW else due_in
    return look(order, known, ledger, waiting(lake, asked, ledger)), ledger


def due_in(
    order: Mapping[str, Measurement], known: Sequence[str], ledger: Entries, failed: Mapping[tuple[str, str], str]
) -> list[tuple[str, str, Why, str]]:
    """The same as :func:`due_partitions`, which looks at the batches alone that are not seen to be settled. Pure."""
    if not _may_be_outgrown(order, ledger, failed):
        shared = {a: ledger[a, SHARED]["data_version"] for a, m in order.items() if m.shared and (a, SHARED) in ledger}
        known = unsettled(order, known, ledger, shared, {batch for _, batch in failed})
    return due_partitions(order, known, ledger, failed)


def _may_be_outgrown(
    order: Mapping[str, Measurement],
    ledger: Mapping[tuple[str, str], Mapping[str, Any]],
    failed: Iterable[tuple[str, str]],
) -> bool:
    """Whether something that each batch reads and that is made once for all may be due, so that each has to be looked at."""
    grown = {asset: m for asset, m in order.items() if m.growth}
    return any(asset in grown for asset, _ in failed) or any(
        (entry := ledger.get((asset, SHARED))) is None
        or entry["version"] != m.version
        or bool(_changed_files(m, entry["inputs"]))
        or outgrown(m, ledger)
        for asset, m in grown.items()
    )


def _plan(lake: Lake, order: Mapping[str, Measurement], batches: Sequence[str] | None) -> list[Due]:
    if batches is not None:
        order = {asset: m for asset, m in order.items() if not m.over_all}
    due, ledger = _due(lake, order, order.values(), batches)
    if not due:
        return []
    assets, among = {d[0] for d in due}, sorted({d[1] for d in due})
    videos, clips = videos_of(lake, among), clips_of(lake, among)
    rates = rates_of(lake, ledger if batches is None else None)
    modelled = yet_to_measure(lake, order, ledger, {(d[0], d[1]) for d in due})
    expected = {a: m.expects(lake, among) for a, m in order.items() if m.expects and a in assets}
    found = []
    for asset, batch, why, detail in due:
        if asset in expected:
            found.append(_as_expected(asset, batch, why, detail, expected[asset].get(batch)))
            continue
        subjects = modelled.get(asset, videos if order[asset].subject == "video" else clips)
        rows, hours = subjects.get(batch, (0, 0.0))
        rate = rates.get(asset)
        cost = rate * hours if rate is not None and hours and why is not Why.FOLLOWS else None
        found.append(Due(asset, batch, why, detail, rows, hours, cost))
    return found


def _as_expected(asset: str, batch: str, why: Why, detail: str, expected: Expected | None) -> Due:
    if expected is None:
        return Due(asset, batch, why, detail)
    cost, usd = (None, None) if why is Why.FOLLOWS else (expected.cost_seconds, expected.usd)
    return Due(asset, batch, why, detail, expected.rows, expected.hours, cost, usd)


def failures(table: Table, lake: Lake, batches: Sequence[str]) -> pl.DataFrame:
    """Rows of a table that have a reason: reason and count, most frequent first."""
    if not batches:
        return pl.DataFrame(schema={"reason": pl.String, "rows": pl.Int64})
    sql = f"SELECT reason, count(*) AS rows FROM {table.name} WHERE reason IS NOT NULL AND batch IN (SELECT unnest(?)) GROUP BY reason ORDER BY rows DESC, reason"
    return lake.query(sql, [list(batches)])
