"""A catalog in a SQLite file, for the processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from video_assets.lake.backend import COMMIT, Tables
from video_assets.lake.sql_text import identifier

_BUSY_S = 120.0
MOVED = "The catalog of this lake was moved; it is at "
"""How the notice begins that stands where the file was."""


class InSqlite:
    """The file at ``path``, and lock files beside it."""

    bytewise = "BINARY"
    extension = "sqlite_scanner"
    # Without these one writer and one reader suffice for "database is locked".
    options = ("META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 20000")

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def address(self) -> str:
        return f"sqlite:{self.path}"

    @staticmethod
    def as_text(column: str) -> str:
        return f"CAST({identifier(column)} AS TEXT)"

    def prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._require_not_moved()

    def moved_to(self) -> str | None:
        """Where the catalog is that was in this file."""
        if not self.path.is_file():
            return None
        with self.path.open("rb") as file:
            head = file.read(4096)
        return head.removeprefix(MOVED.encode()).decode().strip() if head.startswith(MOVED.encode()) else None

    def _require_not_moved(self) -> None:
        if there := self.moved_to():
            raise FileNotFoundError(
                f"The catalog of this lake is not at {self.path} any more; set lake.catalog to {there}."
            )

    def is_there(self) -> bool:
        self._require_not_moved()
        return self.path.exists() and self.path.stat().st_size > 0

    @contextmanager
    def tables(self) -> Iterator[Tables | None]:
        if not self.is_there():
            yield None
            return
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as database:
            yield _Tables(database) if _is_made(database) else None
            database.commit()

    def rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in database.execute(f"SELECT * FROM {identifier(name)}"):
                    yield name, row

    def size_bytes(self) -> int:
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(path.stat().st_size for path in files if path.exists())

    def add_indexes(self) -> None:
        """Nothing: those of a catalog in SQLite are made by DuckDB; see :func:`video_assets.lake.catalog.add_indexes`."""

    def tidy(self) -> None:
        opened = closing(sqlite3.connect(self.path, timeout=5, isolation_level=None))
        with opened as database, suppress(sqlite3.OperationalError):  # somebody reads
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def write_anew(self) -> None:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)) as database:
            try:
                database.execute("VACUUM")
                # Whoever reads in a long transaction keeps the old pages; then a look finds them.
                database.execute("PRAGMA busy_timeout = 5000")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                raise TimeoutError(str(error)) from error

    def lock(self, name: str, timeout_s: float) -> AbstractContextManager[object]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ending = "lock" if name == COMMIT else f"{name}.lock"
        return FileLock(f"{self.path}.{ending}", timeout=timeout_s)


def _is_made(database: sqlite3.Connection) -> bool:
    """Whether DuckLake's tables are there: at its first commit they are not yet, or the file is locked."""
    try:
        found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_metadata'").fetchone()
    except sqlite3.OperationalError:
        return False
    return found is not None


class _Tables:
    bytewise = InSqlite.bytewise
    as_text = staticmethod(InSqlite.as_text)

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, parameters).fetchall()

    def columns(self, table: str) -> list[str]:
        return [row[1] for row in self._database.execute(f"PRAGMA table_info({identifier(table)})")]
