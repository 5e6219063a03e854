"""The lake as the page asks it: read-only, no file but the lake's own, with a limit of memory and of time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from video_assets.batches.search import Search
from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.sql_text import identifier, quoted
from video_assets.review.likeness import Likeness
from video_assets.review.recent import Recent
from video_assets.review.where import RefusedError, checked

COPY = "copy"
SHOWN = f"{COPY}.shown"
"""Every clip of the sheet, in the order of ids, with what pages ask of it besides: a table of the copy (:mod:`video_assets.review.copies`)."""
RULES = f"{COPY}.rules"
"""The rules by which the copy's verdicts were given, as tier_rules has them."""
TIMELINE = f"{COPY}.timeline"
"""The shots and the clips of every source, by their source: :data:`video_assets.review.clips.LINE`."""

# DuckLake's own schema and the catalog's tables are none of a reader's.
_TABLES = """
SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'
UNION SELECT view_name FROM duckdb_views() WHERE database_name = 'lake' AND NOT internal
"""
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
)
_AGAIN_S = 0.1
_SORTED = (*_NUMBERS, "VARCHAR", "BOOLEAN")


class TooLongError(RuntimeError):
    """A question took longer than it may."""


class Asked:
    """A look at one version of the lake, on a cursor of its own.

    Args:
        cursor: in a transaction.
        until: when everything that is asked must be answered, by ``time.monotonic``.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, until: float) -> None:
        self._cursor, self._until = cursor, until

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """What asks.

        Raises:
            TooLongError: what was asked before has taken all of the time.
        """
        if time.monotonic() > self._until:
            raise TooLongError
        return self._cursor

    def frame(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Rows."""
        return self.cursor.execute(sql, parameters).pl()

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """Rows by the columns' names."""
        found = self.cursor.execute(sql, parameters)
        names = [d[0] for d in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def one(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> dict[str, Any] | None:
        """The first row, if there is one."""
        return next(iter(self.rows(sql, parameters)), None)


def is_of_sheet(column: str) -> bool:
    """Whether a column of the copy is one of clip_sheet: the others have a space in their names, as no column of a table has."""
    return " " not in column


@dataclass(eq=False)
class _Opened:
    """A connection to the lake, and to a copy of its sheet.

    Attributes:
        connection: to both, read-only.
        copy: the copy's file; None: the lake alone is asked.
        columns: of :data:`SHOWN`, each with its type; of the sheet, where there is no copy.
        gone: videos of the copy that were taken down since it was made.
        cursors: of the threads that have asked.
        looks: that are going on.
        left: whether there is a newer one.
    """

    connection: duckdb.DuckDBPyConnection
    copy: Path | None
    columns: dict[str, str]
    gone: frozenset[str] = frozenset()
    cursors: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    looks: int = 0
    left: bool = False

    @cached_property
    def sorted_by(self) -> dict[str, str]:
        """The sheet's columns by which clips can be sorted, each with its type."""
        return {name: kind for name, kind in self.columns.items() if kind in _SORTED and is_of_sheet(name)}

    def close(self) -> None:
        for cursor in self.cursors:
            cursor.close()
        self.connection.close()


class Asking:
    """Connections to the lake for the page's questions. Safe for several threads at once.

    Args:
        lake: the lake.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._local = threading.local()
        self._lock = threading.Lock()
        self._now: _Opened | None = None
        self.likeness = Likeness(Search(lake), self._asked_for)
        self._tables: Recent[frozenset[str]] = Recent(1)
        self._descriptions: Recent[dict[str, str]] = Recent(1)

    def _open(self, copy: Path | None) -> _Opened:
        settings = self._lake.settings
        self._lake.cursor().close()  # The lake is where the settings say: its own connection has seen to that.
        connection = catalog.open_beside(settings, lambda: self._lake.access)
        if copy is not None:
            connection.execute(f"ATTACH {quoted(str(copy))} AS {COPY} (READ_ONLY)")
        connection.execute(f"SET memory_limit = '{settings.review.memory_mib} MiB'")
        connection.execute("SET temp_directory = ''")
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"SET allowed_directories = [{quoted(catalog.data_path(settings.lake))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        sheet = SHOWN if copy is not None else f"{catalog.NAME}.clip_sheet"
        columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {sheet}").fetchall()}
        return _Opened(connection, copy, columns)

    def _opened(self) -> _Opened:
        """What is asked now; nobody else may open it meanwhile."""
        if self._now is None:
            self._now = self._open(None)
        return self._now

    def show(self, copy: Path) -> None:
        """Ask of this copy from now on; looks that have begun go on in the one before."""
        opened = self._open(copy)
        with self._lock:
            before, self._now = self._now, opened
            if before is not None:
                before.left = True
                if before.looks == 0:
                    before.close()

    def hide(self, gone: frozenset[str]) -> None:
        """Have no page show these videos of the copy."""
        with self._lock:
            self._opened().gone = gone

    @property
    def copy(self) -> Path | None:
        """The copy that is asked."""
        with self._lock:
            return self._opened().copy

    @property
    def gone(self) -> frozenset[str]:
        """Videos of the copy that no page shows."""
        with self._lock:
            return self._opened().gone

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The calling thread's cursor, which stays open for the block."""
        with self._lock:
            opened = self._opened()
            opened.looks += 1
            if getattr(self._local, "opened", None) is not opened:
                self._local.opened, self._local.cursor = opened, opened.connection.cursor()
                opened.cursors.append(self._local.cursor)
                self._local.cursor.execute(f"USE {catalog.NAME}")
        try:
            yield self._local.cursor
        finally:
            with self._lock:
                opened.looks -= 1
                if opened.left and opened.looks == 0:
                    opened.close()

    @contextmanager
    def look(self) -> Iterator[Asked]:
        """Ask several things of one version of the lake. A look inside another of the same thread is a part of it.

        Raises:
            TooLongError: together they took longer than ``review.query_seconds``.
        """
        if getattr(self._local, "looking", False):
            yield Asked(self._local.cursor, self._local.until)
            return
        longest = self._lake.settings.review.query_seconds
        with self._cursor() as cursor:
            self._local.until = time.monotonic() + longest
            self._local.looking = True
            try:
                with _ended_after(cursor, longest):
                    cursor.execute("BEGIN")
                    yield Asked(cursor, self._local.until)
            except (duckdb.InterruptException, TooLongError) as error:
                raise TooLongError(
                    f"The question took longer than {longest:g} s (review.query_seconds); ask for less."
                ) from error
            finally:
                self._local.looking = False
                _end(cursor)

    @property
    def tables(self) -> frozenset[str]:
        """Names of all tables and views."""

        def make() -> frozenset[str]:
            with self.look() as asked:
                return frozenset(row["table_name"] for row in asked.rows(_TABLES))

        return self._tables.get("", make) or frozenset()

    @property
    def columns(self) -> dict[str, str]:
        """The sheet's columns by which clips can be sorted, each with its type."""
        with self._lock:
            return self._opened().sorted_by

    @property
    def _sheet(self) -> str:
        """What the sheet's columns are read from, and no other ones, as SQL."""
        with self._lock:
            opened = self._opened()
        if opened.copy is None:
            return "clip_sheet"
        return f"(SELECT {', '.join(identifier(name) for name in opened.columns if is_of_sheet(name))} FROM {SHOWN})"

    @property
    def judging(self) -> list[str]:
        """The tiers of which the copy has verdicts, by name."""
        with self._lock:
            found = self._opened().columns
        return sorted(name.removeprefix("verdict ") for name in found if name.startswith("verdict "))

    @property
    def descriptions(self) -> dict[str, str]:
        """What each of the sheet's columns says."""

        def make() -> dict[str, str]:
            with self.look() as asked:
                found = asked.rows(
                    "SELECT column_name, description FROM data_dictionary WHERE table_name = 'clip_sheet'"
                )
            return {c["column_name"]: c["description"] or "" for c in found}

        return self._descriptions.get("", make) or {}

    def is_number(self, column: str) -> bool:
        """Whether a column has numbers."""
        return self.columns.get(column) in _NUMBERS

    def _asked_for(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        with self.look() as asked:
            return asked.rows(sql, parameters)

    def condition(self, typed: str) -> str:
        """A condition that a person typed, looked through and tried.

        Raises:
            RefusedError: see :func:`video_assets.review.where.checked`; or DuckDB refuses it.
        """
        condition = checked(typed, self.tables)
        with self.look() as asked:
            try:
                asked.cursor.execute(f"EXPLAIN SELECT 1 FROM {self._sheet} AS clip_sheet WHERE ({condition})")
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise RefusedError(str(error).partition("\n")[0]) from error
        return condition

    def close(self) -> None:
        """Let go of the lake; nobody may be asking."""
        with self._lock:
            if self._now is not None:
                self._now.close()
            self._now = None


@contextmanager
def _ended_after(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what is asked in the block after a time, and again: between two statements it changes nothing."""
    over, lock = threading.Event(), threading.Lock()

    def interrupt() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    cursor.interrupt()
            wait = _AGAIN_S

    threading.Thread(target=interrupt, name="deadline", daemon=True).start()
    try:
        yield
    finally:
        with lock:
            over.set()


def _end(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:  # An error has ended the transaction.
        return
