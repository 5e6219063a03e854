"""The ledger's entries: what each asset's batch was made from, by which version and run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import duckdb
import polars as pl

from video_assets.lake.schemas import MATERIALIZATIONS
from video_assets.lake.sql_text import quoted

_FEW = 20
_LARGE = 20_000
_TOGETHER = 128
"""To make one row of a frame a dict takes nearly as long as so many."""


@dataclass(frozen=True)
class Made:
    """A ledger entry: one asset's batch, and what it was made from. The last three are of a tier."""

    asset: str
    batch: str
    version: str
    data_version: str
    inputs: Mapping[str, str]
    rows: int
    failures: int = 0
    footage_seconds: float | None = None
    compute_seconds: float | None = None
    gpu_seconds: float | None = None
    kept: int | None = None
    undecided: int | None = None
    kept_seconds: float | None = None


class Entries(Mapping[tuple[str, str], dict[str, Any]]):
    """The ledger by (asset, batch), as it was read; an entry is made of its row when it is asked for.

    A lake of many batches has millions of them, and most of its questions are about few or about one column.

    Args:
        rows: those of the table, in any order.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows
        self._some: dict[str, dict[str, int]] = {}
        self._read: dict[int, list[dict[str, Any]]] = {}
        self._made: dict[int, dict[str, Any]] = {}

    def with_entries(self, rows: pl.DataFrame) -> Entries:
        """The same with these in the place of those of the same assets and batches."""
        kept = self.rows.join(rows.select("asset", "batch"), on=["asset", "batch"], how="anti")
        return Entries(pl.concat([kept, rows.select(kept.columns)]))

    def batches_of(self, asset: str) -> list[str]:
        """The batches of an asset that there are, in order."""
        return self.of(asset)["batch"].sort().to_list()

    def of(self, asset: str) -> pl.DataFrame:
        """The rows of an asset."""
        if self.rows.height < _LARGE:
            return self.rows.filter(pl.col("asset") == asset)
        return self._of_asset.get((asset,), self.rows.clear())

    @cached_property
    def _of_asset(self) -> dict[tuple[Any, ...], pl.DataFrame]:
        """To take a large ledger apart takes as long as to look for the rows of three assets, and a plan looks for all."""
        return self.rows.partition_by("asset", as_dict=True)

    @cached_property
    def _all(self) -> dict[tuple[str, str], int]:
        return {key: number for number, key in enumerate(self)}

    def _at(self, key: tuple[str, str]) -> int | None:
        """The number of an entry's row. Of a large ledger to note all takes as long as to look for a hundred batches."""
        asset, batch = key
        few = batch in self._some or len(self._some) < _FEW
        if self.rows.height < _LARGE or "_all" in vars(self) or not few:
            return self._all.get(key)
        if batch not in self._some:
            numbered = self.rows.lazy().select("asset", "batch").with_row_index("number")
            found = numbered.filter(pl.col("batch") == batch).select("asset", "number").collect()
            self._some[batch] = dict(found.iter_rows())
        return self._some[batch].get(asset)

    @property
    def failed(self) -> set[str]:
        """The assets of which some batch has rows that failed."""
        return {*self.rows.filter(pl.col("failures") != 0)["asset"]}

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        number = self._at(key)
        if number is None:
            raise KeyError(key)
        if number not in self._made:
            part, place = divmod(number, _TOGETHER)
            if part not in self._read:
                self._read[part] = list(self.rows[part * _TOGETHER : (part + 1) * _TOGETHER].iter_rows(named=True))
            row = self._read[part][place]
            self._made[number] = row | {"inputs": json.loads(row["inputs"])}
        return self._made[number]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.rows["asset"].to_list(), self.rows["batch"].to_list(), strict=True)

    def __len__(self) -> int:
        return self.rows.height

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and self._at(key) is not None


def told(ledger: Mapping[tuple[str, str], Mapping[str, Any]], asset: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """What a ledger has of an asset in each batch: so many columns, ``batch`` among them where it is asked for."""
    if isinstance(ledger, Entries):  # without looking at every entry of the others
        return ledger.of(asset).select(columns).iter_rows()
    found = ({"batch": batch} | dict(ledger[of, batch]) for of, batch in ledger if of == asset)
    return (tuple(entry[column] for column in columns) for entry in found)


def good_rows(ledger: Mapping[tuple[str, str], Mapping[str, Any]], asset: str) -> int:
    """How many rows an asset has in all batches, without those that failed."""
    if isinstance(ledger, Entries):
        return int(ledger.of(asset).select(pl.col("rows").sum() - pl.col("failures").sum()).item())
    return sum(rows - failures for rows, failures in told(ledger, asset, "rows", "failures"))


class KnownLedger:
    """What this process has read of the ledger, for as long as nobody else commits.

    After each of its own commits a run asks again what the ledger has of its batch, and knows what it has added.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot = -1
        self._parts: dict[frozenset[str], Entries] = {}

    def at(self, snapshot: int, batches: frozenset[str] | None) -> Entries | None:
        """The entries of these batches as of a snapshot, where they are known."""
        with self._lock:
            return self._parts.get(batches) if batches is not None and snapshot == self._snapshot else None

    def keep(self, snapshot: int, batches: frozenset[str] | None, entries: Entries) -> None:
        """Remember what a snapshot has of few batches."""
        if batches is None or len(batches) > _FEW:
            return
        with self._lock:
            if snapshot > self._snapshot:
                self._snapshot, self._parts = snapshot, {}
            if snapshot == self._snapshot and len(self._parts) < _FEW:
                self._parts[batches] = entries

    def lacks(self, snapshot: int, made: Sequence[Made]) -> bool:
        """Whether it is known that a snapshot has nothing of some assets' batches."""
        batches = {m.batch for m in made}
        with self._lock:
            parts = [part for known, part in self._parts.items() if batches <= known]
            return snapshot == self._snapshot and bool(parts) and not any((m.asset, m.batch) in parts[0] for m in made)

    def follow(self, before: int, after: int, entries: pl.DataFrame) -> None:
        """Take over what a commit of this process has written, if it came right after what is known."""
        with self._lock:
            if before != self._snapshot or after != before + 1:
                self._parts = {}
            elif not entries.is_empty():
                self._parts = {
                    batches: part.with_entries(entries.filter(pl.col("batch").is_in(list(batches))))
                    for batches, part in self._parts.items()
                }
            self._snapshot = after


def rows_of(made: Sequence[Made], run_id: str) -> pl.DataFrame:
    """Entries as rows of the table, made now."""
    now = datetime.now(UTC)
    told = [json.dumps(dict(sorted(m.inputs.items()))) for m in made]
    return MATERIALIZATIONS.frame(
        [vars(m) | {"inputs": inputs, "run_id": run_id, "made_at": now} for m, inputs in zip(made, told, strict=True)]
    )


def note(cursor: duckdb.DuckDBPyConnection, made: Sequence[Made], run_id: str) -> None:
    """Write ledger entries in one statement each way: thousands of batches are one commit when a tier changes."""
    if made:
        write(cursor, rows_of(made, run_id))


def write(cursor: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, first: bool = False) -> None:
    """Write the ledger's rows; see :func:`note`.

    Args:
        cursor: inside a transaction.
        rows: as of :func:`rows_of`.
        first: nothing stands in their place.
    """
    cursor.register("entries", rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
    # A few are written out: the ledger is then not joined with them.
    among = "(asset, batch) IN (SELECT (asset, batch) FROM entries)"
    if rows.height <= _FEW:
        keys = rows.select("asset", "batch").iter_rows()
        among = " OR ".join(f"(asset = {quoted(asset)} AND batch = {quoted(batch)})" for asset, batch in keys)
    if not first:
        cursor.execute(f"DELETE FROM materializations WHERE {among}")
    cursor.execute("INSERT INTO materializations BY NAME SELECT * FROM entries")
    cursor.unregister("entries")
