"""A lake's catalog goes from SQLite into PostgreSQL, with all its snapshots: DuckLake's tables are copied, row for row.

Nobody may have the catalog open, and nobody commits meanwhile. Until the last step the file is the catalog, and the database is
marked as one in the making, which nobody can open; whoever is stopped runs the same command again. At the end a notice stands where
the file was, so that no process goes on with it, and the file beside it under another name.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.lake import catalog
from video_assets.lake.backend import COMMIT
from video_assets.lake.in_postgres import MARK, InPostgres, PostgresTables
from video_assets.lake.in_sqlite import MOVED, InSqlite
from video_assets.lake.sql_text import identifier, quoted
from video_assets.settings import LakeSettings

if TYPE_CHECKING:
    import psycopg

_INLINED = "ducklake_inlined_"
# What DuckLake 1.5.5 makes of its types for rows inside a catalog in PostgreSQL. Other types are in no table of ours that is there.
_TYPES = {
    "varchar": "BYTEA", "blob": "BYTEA", "boolean": "BOOLEAN", "int32": "INTEGER", "int64": "BIGINT", "float32": "REAL",
    "float64": "DOUBLE PRECISION", "timestamptz": "VARCHAR", "list": "VARCHAR", "struct": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """What was moved."""

    snapshots: int
    tables: int
    """Of DuckLake's own."""
    rows: int
    """In these."""
    kept: Path
    """The file that was the catalog."""


def move(settings: LakeSettings, address: str, say: Callable[[str], None] = lambda _: None) -> Moved:
    """Move the catalog of a lake.

    Args:
        settings: of the lake, whose catalog is in SQLite.
        address: of the database, without a password.
        say: called with what is done next.

    Raises:
        FileNotFoundError: there is no lake.
        FileExistsError: the database has tables already.
        BlockingIOError: another process has the catalog open.
        ValueError: the catalog is in PostgreSQL by now, is of another version of DuckLake, or something of it was not copied.
        filelock.Timeout: another process commits for too long.
        OSError: PostgreSQL does not let us in.
    """
    if settings.in_postgres:
        raise ValueError(f"The catalog is no file but {settings.catalog}: there is nothing to move.")
    source, target = InSqlite(settings.catalog_path), InPostgres(address)
    kept = source.path.with_name(f"{source.path.name}.moved")
    if source.moved_to() != address:
        catalog.require(settings)
    with source.lock(COMMIT, settings.lock_timeout_s), target.lock(COMMIT, settings.lock_timeout_s):
        if source.moved_to() != address:
            if kept.exists():
                raise FileExistsError(f"{kept} is there from a move before; move it away first.")
            _claim(target)
            with _alone(source.path) as database:
                say("Making the tables")
                _make_tables(target, settings)
                say("Copying the rows")
                _copy(database, target)
                target.add_indexes()
            say("Leaving a notice")
            _leave_notice(source.path, kept, address)
        say("Opening the new catalog")
        with target.connected() as connection:
            connection.execute(f"DROP TABLE IF EXISTS {MARK}".encode())
    return _counted(target, kept)


def _claim(target: InPostgres) -> None:
    """Mark the database as a catalog in the making, and clear what an earlier attempt has left there."""
    with target.connected() as connection:
        found = [name for (name,) in connection.execute(_TABLES).fetchall()]
        if MARK not in found:
            if found:
                raise FileExistsError(
                    f"{target.place} has tables already, such as {found[0]}; name a database that is empty: createdb makes one."
                )
            connection.execute(f"CREATE TABLE {MARK} (note VARCHAR)".encode())
        for name in found:
            if name.startswith("ducklake_"):
                connection.execute(f"DROP TABLE {identifier(name)}".encode())


_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"


@contextmanager
def _alone(path: Path) -> Iterator[sqlite3.Connection]:
    """The SQLite file, which no other process has open."""
    with closing(sqlite3.connect(path, timeout=5)) as database:
        try:
            # With a journal that nobody shares: SQLite refuses this as long as anybody else has the file open.
            database.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            raise BlockingIOError(
                f"{path} is open elsewhere ({error}); stop what uses the lake, such as runs, the web server and shells, and try again."
            ) from error
        yield database


def _make_tables(target: InPostgres, settings: LakeSettings) -> None:
    """Let DuckLake make its own tables."""
    import duckdb

    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        for name in (target.extension, "ducklake"):
            connection.execute(f"LOAD {quoted(catalog.extension(name))}")
        # No file is there or comes there; the true place is copied.
        options = f"DATA_PATH {quoted(catalog.data_path(settings))}"
        if settings.on_s3:
            connection.execute(f"LOAD {quoted(catalog.extension('httpfs'))}")
        connection.execute(f"ATTACH {quoted(f'ducklake:{target.address}')} AS made ({options})")


def _copy(database: sqlite3.Connection, target: InPostgres) -> None:
    """Copy every row, all in one transaction, and see that each has arrived."""
    names = [name for (name,) in database.execute(_OWN).fetchall()]
    with target.connected() as connection:
        tables = PostgresTables(connection)
        version = "SELECT value FROM ducklake_metadata WHERE key = 'version'"
        ours, theirs = database.execute(version).fetchone(), tables.execute(version)[0]
        if ours != theirs:
            raise ValueError(
                f"The catalog is of DuckLake {ours[0]}, and a new one is of {theirs[0]}; open the lake once, then move it."
            )
        made = {name for (name,) in tables.execute(_TABLES)}
        for name in sorted(made & set(names)):
            tables.execute(f"TRUNCATE {name}")
        for name in names:
            if name not in made:
                connection.execute(_definition(database, name).encode())
            _copy_table(database, connection, name, dict(tables.execute(_COLUMN_TYPES, [name])))


_OWN = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ducklake\\_%' ESCAPE '\\' ORDER BY name"
_COLUMN_TYPES = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?"


def _definition(database: sqlite3.Connection, name: str) -> str:
    """The table in which rows, or what is deleted of them, stand inside the catalog, as DuckLake makes it in PostgreSQL."""
    if not name.startswith(_INLINED):
        raise ValueError(
            f"The catalog has a table {name}, which a new one of this DuckLake has not; nothing was moved."
        )
    table = database.execute(
        "SELECT table_id FROM ducklake_inlined_data_tables WHERE table_name = ?", [name]
    ).fetchone()
    types: dict[str, str] = {}
    if table:
        types = dict(
            database.execute(
                "SELECT column_name, column_type FROM ducklake_column WHERE table_id = ? AND parent_column IS NULL "
                "ORDER BY begin_snapshot",
                table,
            ).fetchall()
        )
    if unknown := sorted(set(types.values()) - set(_TYPES)):
        raise ValueError(f"Rows of {name} have the type {unknown[0]}, which cannot be moved; nothing was moved.")
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
    listed = ", ".join(f"{identifier(c)} {_TYPES[types[c]] if c in types else 'BIGINT'}" for c in columns)
    return f"CREATE TABLE {name} ({listed})"


def _copy_table(database: sqlite3.Connection, connection: psycopg.Connection, name: str, types: dict[str, str]) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
    listed = ", ".join(map(identifier, columns))
    packed = [types.get(column) == "bytea" for column in columns]
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {name} ({listed}) FROM STDIN".encode()) as copy:
            for row in database.execute(f"SELECT {listed} FROM {name}"):
                copy.write_row([_as_bytes(v) if p else _as_text(v) for v, p in zip(row, packed, strict=True)])
        arrived = cursor.rowcount
    [expected] = database.execute(f"SELECT count(*) FROM {name}").fetchone()
    if arrived != expected:
        raise ValueError(f"Of {expected} rows of {name} {arrived} arrived; nothing was moved.")


def _as_bytes(value: Any) -> bytes | None:
    return value.encode(errors="surrogateescape") if isinstance(value, str) else value


def _as_text(value: Any) -> str | None:
    """As text, which PostgreSQL reads by the column's type."""
    return None if value is None else value if isinstance(value, str) else str(value)


def _leave_notice(path: Path, kept: Path, address: str) -> None:
    """Let nobody take the file for the catalog any more; it is there all the time, as one or the other."""
    notice = path.with_name(f".{path.name}.notice")
    notice.write_text(f"{MOVED}{address}\n")
    os.link(path, kept)
    notice.replace(path)
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()


def _counted(target: InPostgres, kept: Path) -> Moved:
    with target.connected() as connection:
        tables = PostgresTables(connection)
        names = [name for (name,) in tables.execute(_TABLES)]
        rows = sum(tables.execute(f"SELECT count(*) FROM {identifier(name)}")[0][0] for name in names)
        [(snapshots,)] = tables.execute("SELECT count(*) FROM ducklake_snapshot")
    return Moved(snapshots, len(names), rows, kept)
