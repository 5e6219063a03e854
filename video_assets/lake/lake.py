"""The lake: read tables, and replace whole batches of them in one atomic commit.

Files are written first and need no lock. A short commit then makes them visible by reference: delete the batch, add the
file, note it in the ledger, in one DuckLake snapshot that carries the Dagster run id. A reader sees all of it or none.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.faults import patiently
from video_assets.lake.files import DataFiles, write_parquet
from video_assets.lake.layout import create_missing, create_views, is_current
from video_assets.lake.ledger import Entries, KnownLedger, Made, rows_of, write
from video_assets.lake.s3 import S3Access, open_s3
from video_assets.lake.schemas import MATERIALIZATIONS, Table
from video_assets.lake.sheet import views_of
from video_assets.lake.sql_text import quoted
from video_assets.scorers import tables
from video_assets.settings import Settings

_FEW = 20
_LONGEST_LOOK_S = 10.0


@dataclass(frozen=True)
class Replacement:
    """New content of some batches, or of other partitions, of one table.

    ``rows`` is a frame or a finished local Parquet file (which is taken over), and a frame where the table is
    ``in_catalog``. ``where`` narrows what is replaced by
    further equalities, such as the tier.
    """

    table: Table
    batches: Sequence[str]
    rows: pl.DataFrame | Path
    where: Mapping[str, str] = field(default_factory=dict)
    by: str = "batch"
    """The column of the partition."""


@dataclass
class _Look:
    """A thread's transaction of queries: how many blocks want it, and whether it has begun."""

    depth: int = 0
    begun: bool = False
    began_at: float = 0.0
    snapshot: int = -1
    made: dict[frozenset[str] | None, Entries] = field(default_factory=dict)
    """The ledger as it was read in the transaction, by the batches that were asked for."""

    @property
    def fresh(self) -> bool:
        """Whether a transaction has begun, a moment ago."""
        return self.begun and time.monotonic() - self.began_at <= _LONGEST_LOOK_S


class Lake:
    """Reads and commits, by the settings. Safe for several threads and processes at once.

    Args:
        settings: where the lake is.
        open_access: gives S3 access when something turns out to be on S3; default: by the settings.
    """

    def __init__(self, settings: Settings, open_access: Callable[[], S3Access] | None = None) -> None:
        self.settings = settings
        self._open_access = open_access or (lambda: open_s3(settings.s3))
        self._local = threading.local()
        self._gathering = 0
        self._waiting: list[tuple[Replacement, str | None]] = []
        self._waiting_lock = threading.Lock()
        self._ledger = KnownLedger()

    @classmethod
    def existing(cls, settings: Settings) -> Lake:
        """The lake that is there; none is made.

        Raises:
            FileNotFoundError: there is none.
        """
        catalog.require(settings.lake)
        return cls(settings)

    @cached_property
    def access(self) -> S3Access:
        """S3 access, opened when first asked for."""
        return self._open_access()

    @cached_property
    def files(self) -> DataFiles:
        lake = self.settings.lake
        return DataFiles(lake.root, lake.scratch_path, self.access if lake.on_s3 else None)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return patiently()(self._opened)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        lake = self.settings.lake
        access = self.access if lake.on_s3 else None
        with catalog.commit_lock(lake):
            connection = catalog.connect(lake, access, read_only=False)
            views, known = views_of(self.settings), tables(self.settings).values()
            if not is_current(connection, views, known):
                create_missing(connection, known)
                create_views(connection, views, known)
                catalog.add_indexes(lake, connection)
                catalog.note_sizes(connection)
        return connection

    @property
    def _reader(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's connection for queries."""
        return self._kept("reader")

    def _kept(self, name: str) -> duckdb.DuckDBPyConnection:
        """The calling thread's connection of that name, kept: to open one takes half as long as a small query."""
        if not hasattr(self._local, name):
            setattr(self._local, name, self.cursor())
        return getattr(self._local, name)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let go of the catalog; whoever asks next opens it anew. No cursor may be in use."""
        self._local.__dict__.pop("look", None)
        kept = [self._local.__dict__.pop(name, None) for name in ("reader", "writer")]
        for held in (*kept, self.__dict__.pop("_connection", None)):
            if held is not None:
                held.close()

    @contextmanager
    def snapshot(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own for the caller, on which every statement sees one snapshot; for short blocks."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            yield cursor

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for the caller, with the lake in use."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {catalog.NAME}")
        return cursor

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Rows of a query that changes nothing."""
        return patiently()(self._asked, sql, parameters)

    def _asked(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None) -> pl.DataFrame:
        look = self._look
        if not look.fresh:
            self._look_anew()
        if look.depth and not look.begun:
            self._reader.execute("BEGIN")
            look.begun, look.began_at = True, time.monotonic()
            look.snapshot = _snapshot_of(self._reader)
        try:
            return self._reader.execute(sql, parameters).pl()
        except BaseException:
            self._look_anew()  # after an error a transaction answers nothing
            raise

    @contextmanager
    def at_one_look(self) -> Iterator[None]:
        """Inside the block this thread's queries that come within ten seconds see one snapshot.

        To look which snapshot is the newest takes longer than most queries of a small lake. What this thread commits, or
        another before a lock of :meth:`lock` was had, is always seen. An old snapshot may expire, so none is kept for long.
        """
        look = self._look
        look.depth += 1
        try:
            yield
        finally:
            look.depth -= 1
            if not look.depth:
                self._look_anew()

    def _look_anew(self) -> None:
        """Let this thread's next query see the newest snapshot."""
        if self._look.begun:
            self._look.begun = False
            self._look.made.clear()
            with suppress(duckdb.TransactionException):  # an error has ended it
                self._reader.execute("ROLLBACK")

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """The lock of that name for the block; see :func:`video_assets.lake.catalog.lock`."""
        with catalog.lock(self.settings.lake, name):
            self._look_anew()
            yield

    @property
    def _look(self) -> _Look:
        if not hasattr(self._local, "look"):
            self._local.look = _Look()
        return self._local.look  # type: ignore[no-any-return]

    def read(
        self, table: Table, batches: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """A table's rows, of all batches or some, in key order."""
        rows = self._rows(table, batches, columns)
        return rows.sort([c for c in table.key if c in rows.columns])

    def _rows(self, table: Table, batches: Sequence[str] | None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The same in any order: a large ledger takes as long to sort as to be told of."""
        chosen = ", ".join(f'"{c}"' for c in columns or table.schema)
        sql = f"SELECT {chosen} FROM {table.name}"
        parameters: list[object] = []
        if batches is not None:
            among, parameters = _among("batch", batches)
            sql = f"{sql} WHERE {among}"
        return self.query(sql, parameters).cast({c: table.schema[c] for c in columns or table.schema})

    def made(self, batches: Sequence[str] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
        """The ledger by (asset, batch); its entries are not to be changed, as within one look they are read once."""
        return dict(self.entries(batches))

    def entries(self, batches: Sequence[str] | None = None) -> Entries:
        """The same for whoever wants few of many entries; within one look the ledger is read once."""
        asked, look = None if batches is None else frozenset(batches), self._look
        if asked in look.made and look.fresh:
            return look.made[asked]
        if look.depth and not look.fresh:
            self.query("SELECT 1")
        found = self._ledger.at(look.snapshot, asked) if look.begun else None
        if found is None:
            found = Entries(self._rows(MATERIALIZATIONS, batches))
        if look.begun:
            look.made[asked] = found
            self._ledger.keep(look.snapshot, asked, found)
        return found

    def commit(
        self,
        replacements: Sequence[Replacement],
        made: Sequence[Made],
        *,
        message: str,
        run_id: str = "",
        author: str = "dagster",
    ) -> int:
        """Replace batches and note them in the ledger, all in one snapshot.

        Returns:
            The snapshot's id.
        """
        published = [(r, self._publish(r)) for r in replacements]
        extra = {"run_id": run_id, "assets": sorted({m.asset for m in made})}
        waiting = self._taken_along()
        try:
            return patiently()(self._replaced, [*waiting, *published], made, run_id, (author, message), extra)
        except BaseException:
            with self._waiting_lock:
                self._waiting[:0] = waiting
            raise

    def commit_along(self, replacement: Replacement, *, message: str, run_id: str = "") -> None:
        """Replace what no other work reads: at once, or inside :meth:`gathering` together with the next commit."""
        if not self._gathering:
            self.commit([replacement], [], message=message, run_id=run_id)
            return
        published = (replacement, self._publish(replacement))
        with self._waiting_lock:
            self._waiting.append(published)

    @contextmanager
    def gathering(self, run_id: str = "") -> Iterator[None]:
        """Inside the block :meth:`commit_along` waits for the next commit of any thread, and at the end for no other.

        A commit of its own for each page of a run took as long as those of the rows.
        """
        with self._waiting_lock:
            self._gathering += 1
        try:
            yield
        finally:
            with self._waiting_lock:
                self._gathering -= 1
                last = not self._gathering and bool(self._waiting)
            if last:
                self.commit([], [], message="pages", run_id=run_id)

    def is_waiting(self, table: Table) -> bool:
        """Whether something of a table waits for a commit."""
        with self._waiting_lock:
            return any(replacement.table is table for replacement, _ in self._waiting)

    def _taken_along(self) -> list[tuple[Replacement, str | None]]:
        """What waits for a commit, which takes it now."""
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, []
        return waiting

    def _replaced(
        self,
        published: Sequence[tuple[Replacement, str | None]],
        made: Sequence[Made],
        run_id: str,
        told: tuple[str, str],
        extra: Mapping[str, object],
    ) -> int:
        """One snapshot in which the published files stand where others stood; done twice it is the same."""
        self._look_anew()
        cursor = self._kept("writer")
        entries = rows_of(made, run_id) if made else MATERIALIZATIONS.empty()
        if len(made) <= _FEW and all(0 < len(r.batches) <= _FEW for r, _ in published):
            catalog.use_one_thread(cursor)
        with catalog.commit_lock(self.settings.lake):
            with _snapshot(cursor, *told, extra):
                before = _snapshot_of(cursor)
                for number, (replacement, uri) in enumerate(published):
                    earlier = [r for r, _ in published[:number]]
                    if any(_overlap(r, replacement) for r in earlier) or self._may_hold(cursor, replacement):
                        _delete(cursor, replacement)
                    _add(cursor, replacement, uri)
                if made:
                    write(cursor, entries, first=self._ledger.lacks(before, made))
            with self._connection.cursor() as beside:  # with the lake in use a name is looked for in it first
                after = catalog.choose_threads(beside)
            self._ledger.follow(before, after, entries)
            return after

    def _may_hold(self, cursor: duckdb.DuckDBPyConnection, replacement: Replacement) -> bool:
        """Whether there may be something to replace: to find nothing takes as long as to delete it."""
        table, batches = replacement.table, replacement.batches
        if not 0 < len(batches) <= _FEW:
            return True
        return catalog.may_hold(self.settings.lake, cursor, table.name, replacement.by, batches, replacement.where)

    def amend(self, changes: Sequence[tuple[str, Mapping[str, object]]], *, message: str, author: str) -> None:
        """Change rows where they are, by UPDATE statements with their parameters, all in one snapshot.

        The ledger stays as it is: what it says of the batches must hold of the changed rows too.
        """

        def change() -> None:
            self._look_anew()
            with (
                self.cursor() as cursor,
                catalog.commit_lock(self.settings.lake),
                _snapshot(cursor, author, message, {}),
            ):
                for statement, parameters in changes:
                    cursor.execute(statement, parameters)

        patiently()(change)

    def _publish(self, replacement: Replacement) -> str | None:
        """Put the rows where readers will find them; nothing refers to the file yet."""
        rows, table = replacement.rows, replacement.table
        partition = f"{replacement.by}={replacement.batches[0]}" if len(replacement.batches) == 1 else "batches"
        if isinstance(rows, Path):
            uri = self.files.new_uri(table.name, partition)
            patiently()(self.files.publish, rows, uri)
            return uri
        if rows.is_empty() or table.in_catalog:
            return None
        uri = self.files.new_uri(table.name, partition)
        with self.files.temporary() as folder:
            write_parquet(rows, folder / "rows.parquet")
            patiently()(self.files.publish, folder / "rows.parquet", uri)
        return uri


def _among(column: str, values: Sequence[str]) -> tuple[str, list[object]]:
    """A condition that a column has one of these values, and its parameters.

    A few are written out: DuckDB then opens no file whose values are others.
    """
    if 0 < len(values) <= _FEW:
        return f'"{column}" IN ({", ".join(map(quoted, values))})', []
    return f'"{column}" IN (SELECT unnest(?))', [list(values)]


@contextmanager
def _snapshot(
    cursor: duckdb.DuckDBPyConnection, author: str, message: str, extra: Mapping[str, object]
) -> Iterator[None]:
    """Make what the block does one snapshot, or undo all of it."""
    cursor.execute("BEGIN")
    try:
        yield
        told = ", ".join(map(quoted, (author, message)))
        cursor.execute(f"CALL {catalog.NAME}.set_commit_message({told}, extra_info => {quoted(json.dumps(extra))})")
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a COMMIT that failed has left none
            cursor.execute("ROLLBACK")
        raise


def _snapshot_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The snapshot that a transaction sees."""
    [(snapshot,)] = connection.execute(f"FROM {catalog.NAME}.current_snapshot()").fetchall()
    return int(snapshot)


def _overlap(one: Replacement, other: Replacement) -> bool:
    """Whether two of one commit may replace the same rows."""
    return one.table is other.table and all(one.where[c] == other.where[c] for c in {*one.where} & {*other.where})


def _delete(cursor: duckdb.DuckDBPyConnection, replacement: Replacement) -> None:
    among, parameters = _among(replacement.by, replacement.batches)
    conditions = [among, *(f'"{column}" = {quoted(value)}' for column, value in replacement.where.items())]
    cursor.execute(f"DELETE FROM {replacement.table.name} WHERE {' AND '.join(conditions)}", parameters)


def _add(cursor: duckdb.DuckDBPyConnection, replacement: Replacement, uri: str | None) -> None:
    name = replacement.table.name
    if uri:
        # A table may have columns that its scorer no longer has.
        cursor.execute(
            f"CALL ducklake_add_data_files('{catalog.NAME}', '{name}', {quoted(uri)}, hive_partitioning => false, "
            "allow_missing => true)"
        )
    elif isinstance(replacement.rows, pl.DataFrame) and not replacement.rows.is_empty():
        cursor.register("few", replacement.rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM few")
        cursor.unregister("few")
