"""Connections to the DuckLake catalog, and the one lock under which commits happen.

DuckLake's conflict rule is per table, not per partition: two runs that replace different batches of one table conflict.
So every commit takes a lock; it is held for milliseconds, because files are written before. What differs between a
catalog in SQLite and one in PostgreSQL is in :mod:`video_assets.lake.backend`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from video_assets.lake.backend import COMMIT, INDEXES, Backend, Tables, backend
from video_assets.lake.s3 import S3Access, duckdb_secret, split_uri
from video_assets.lake.sql_text import quoted
from video_assets.settings import LakeSettings, Settings

NAME = "lake"
_NOT_FOUND = 404
_WORTH_THREADS = 1_000_000
"""Rows of all tables together."""
_SIZE = f"""
SELECT
    (SELECT max(snapshot_id) FROM __ducklake_metadata_{NAME}.ducklake_snapshot),
    (SELECT sum(record_count) FROM __ducklake_metadata_{NAME}.ducklake_table_stats),
    current_setting('threads') = 1
"""


@cache
def extension(name: str) -> str:
    """Path of a DuckDB extension that an installed wheel carries: loaded by path, it needs no network and no home."""
    package = importlib.import_module(f"duckdb_extension_{name}")
    return str(next(Path(str(package.__file__)).parent.rglob("*.duckdb_extension")))


def attach_statements(settings: LakeSettings, reach_s3: Sequence[str], *, read_only: bool) -> list[str]:
    """The SQL that opens the lake in a fresh DuckDB: what this package runs, and what a person types in a shell.

    Args:
        settings: where the lake is.
        reach_s3: the statements by which DuckDB reaches the server, when the lake is on S3.
        read_only: whether writes are refused.
    """
    database = backend(settings)
    options = [f"DATA_PATH {quoted(data_path(settings))}", *database.options, *(["READ_ONLY"] if read_only else [])]
    names = [database.extension, "ducklake", *(["httpfs"] if settings.on_s3 else [])]
    statements = [f"LOAD '{extension(name)}'" for name in names]
    return [
        *statements,
        *reach_s3,
        f"ATTACH {quoted(f'ducklake:{database.address}')} AS {NAME} ({', '.join(options)})",
        f"USE {NAME}",
    ]


def macros(file: Path) -> list[str]:
    """The statements of ``macros.sql``, such as ``luck``: they define it for one connection, and nothing in the lake."""
    lines = file.read_text().splitlines()
    statements = duckdb.extract_statements("\n".join(line for line in lines if line and not line.startswith("--")))
    return [statement.query.strip().rstrip(";") for statement in statements]


def open_to_read(settings: Settings, access: Callable[[], S3Access]) -> duckdb.DuckDBPyConnection:
    """A read-only connection for a person: the lake in use, in UTC, with the macros.

    Raises:
        FileNotFoundError: the lake does not exist.
    """
    return _with_macros(connect(settings.lake, access() if settings.lake.on_s3 else None, read_only=True), settings)


def open_beside(settings: Settings, access: Callable[[], S3Access]) -> duckdb.DuckDBPyConnection:
    """The same in a process that has the lake open, and goes on with it.

    There nobody may open and close the catalog's file but DuckDB: what Python closes takes SQLite's locks with it, which are the
    process's, and may remove the log that DuckDB's connections read.
    """
    return _with_macros(_attached(settings.lake, access() if settings.lake.on_s3 else None, read_only=True), settings)


def _with_macros(connection: duckdb.DuckDBPyConnection, settings: Settings) -> duckdb.DuckDBPyConnection:
    for statement in macros(settings.sql_file("macros.sql")):
        connection.execute(statement)
    return connection


def connect(settings: LakeSettings, access: S3Access | None, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached and in use, in UTC.

    Raises:
        FileNotFoundError: the lake does not exist and ``read_only`` is set, or its files are elsewhere.
    """
    if read_only:
        require(settings)
    backend(settings).prepare()
    _follow(settings, access)
    return _attached(settings, access, read_only=read_only)


def _attached(settings: LakeSettings, access: S3Access | None, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    # These extensions are files of installed packages, trusted as the packages' code is. To check their signatures, over
    # 35 MB each, would be nine tenths of the time in which a small lake opens. All others are checked: it is never on again.
    connection = duckdb.connect(config={"threads": 1, "allow_unsigned_extensions": "true"})
    reach_s3 = [duckdb_secret(access)] if access else []
    try:
        for statement in (
            "SET TimeZone = 'UTC'",
            "SET enable_progress_bar = false",
            *attach_statements(settings, reach_s3, read_only=read_only),
            "SET allow_unsigned_extensions = false",
        ):
            connection.execute(statement)
        choose_threads(connection)
    except duckdb.InvalidInputException as error:
        # The file is there before the tables in it are: another process is at its first commit.
        if read_only and "does not exist" in str(error):
            raise _no_lake(settings) from error
        raise
    return connection


def use_one_thread(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection, and all that share its database, use one core until :func:`choose_threads` is called again.

    What looks for the rows of few batches reads few files, and in a lake of any size others have nothing to do meanwhile but wait.
    """
    connection.execute("SET threads = 1")


def choose_threads(connection: duckdb.DuckDBPyConnection) -> int:
    """Let a connection with the lake attached, and all that share its database, use one core or all of them.

    DuckDB's threads wait for one another for longer than a small lake's queries take.

    Returns:
        The newest snapshot's id.
    """
    [(snapshot, rows, alone)] = connection.execute(_SIZE).fetchall()
    if alone != (small := (rows or 0) < _WORTH_THREADS):
        connection.execute("SET threads = 1" if small else "RESET threads")
    return int(snapshot)


_PLACES = """
SELECT '' AS place
FROM ducklake_table AS t
LEFT JOIN ducklake_column AS c ON c.table_id = t.table_id AND c.column_name = {column} AND c.end_snapshot IS NULL
JOIN ducklake_data_file AS f ON f.table_id = t.table_id AND f.end_snapshot IS NULL
LEFT JOIN ducklake_file_column_stats AS s ON s.data_file_id = f.data_file_id AND s.column_id = c.column_id
JOIN (
    {values}
) AS v ON s.min_value IS NULL OR s.max_value IS NULL
    OR (s.min_value COLLATE {bytewise} <= v.value AND s.max_value COLLATE {bytewise} >= v.value)
WHERE t.table_name = {table} AND t.end_snapshot IS NULL
UNION
SELECT i.table_name
FROM ducklake_table AS t JOIN ducklake_inlined_data_tables AS i ON i.table_id = t.table_id
WHERE t.table_name = {table} AND t.end_snapshot IS NULL
"""


def may_hold(
    settings: LakeSettings,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    values: Sequence[str],
    where: Mapping[str, str] | None = None,
) -> bool:
    """Whether a table of the lake may have a row whose text ``column`` is one of these values.

    That is told by the statistics of its files, and by looking at its rows that are inside the catalog, of which the other text
    columns have to be as ``where`` says too. DuckLake asks the same of its catalog before it deletes, in twenty times the time.
    The catalog's database answers by its indexes.
    """
    database = backend(settings)
    wanted = "\n    UNION ALL\n    ".join(f"SELECT {quoted(value)} AS value" for value in values)
    places = _PLACES.format(table=quoted(table), column=quoted(column), values=wanted, bytewise=database.bytewise)
    equal = {column: values} | {name: [value] for name, value in (where or {}).items()}
    is_meant = " AND ".join(
        f"{database.as_text(name)} IN ({', '.join(map(quoted, among))})" for name, among in equal.items()
    )
    return any(
        not place
        or _asked(database, connection, f'SELECT 1 FROM "{place}" WHERE end_snapshot IS NULL AND {is_meant} LIMIT 1')
        for (place,) in _asked(database, connection, places)
    )


def _asked(database: Backend, connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """What the catalog's own database answers, inside the connection's transaction."""
    ask = f"{database.extension.split('_')[0]}_query"
    return connection.execute(f"FROM {ask}('__ducklake_metadata_{NAME}', {quoted(query)})").fetchall()


def add_indexes(settings: LakeSettings, connection: duckdb.DuckDBPyConnection) -> None:
    """Let what is asked of the catalog at every commit be found without reading all that there is.

    Through DuckDB, where the catalog is in SQLite: two copies of SQLite in one process, each with the file open, undo each
    other's locks.
    """
    if settings.in_postgres:
        backend(settings).add_indexes()
        return
    for name, on in INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON __ducklake_metadata_{NAME}.main.{on}")


_NO_ROWS = f"""
INSERT INTO __ducklake_metadata_{NAME}.ducklake_table_stats (table_id, record_count, next_row_id, file_size_bytes)
SELECT table_id, 0, 0, 0 FROM __ducklake_metadata_{NAME}.ducklake_table
WHERE end_snapshot IS NULL AND table_id NOT IN (SELECT table_id FROM __ducklake_metadata_{NAME}.ducklake_table_stats)
"""


def note_sizes(connection: duckdb.DuckDBPyConnection) -> None:
    """Note of the tables that never had a row that they have none.

    Of a table of which its catalog notes no size DuckLake 1.5.5 asks for it four times for each column of each query: an empty
    table took six times as long to read as one with rows. Whoever calls this holds the lock of commits.
    """
    connection.execute(_NO_ROWS)


def data_path(settings: LakeSettings) -> str:
    """Under which DuckLake has the lake's files."""
    root = settings.root if settings.on_s3 else str(Path(settings.root).absolute())
    return f"{root.rstrip('/')}/data/"


def _follow(settings: LakeSettings, access: S3Access | None) -> None:
    """Let the catalog of a lake that was moved, restored or mounted elsewhere name its files where they are now.

    DuckLake keeps the whole path of a file that it did not write itself, and refuses another place than the first one.

    Raises:
        FileNotFoundError: the files are not where the settings say that the lake is.
    """
    database, now = backend(settings), data_path(settings)
    with database.tables() as found:
        rows = found.execute("SELECT value FROM ducklake_metadata WHERE key = 'data_path'") if found else []
        if found is None or not rows or rows[0][0] == now:
            return
        [(then,)] = rows
        _lead(found, then, now, database.place, access)


def _lead(found: Tables, then: str, now: str, place: str, access: S3Access | None) -> None:
    """Let DuckLake's tables name the files that were under one address under another, if they are there."""
    files = found.execute(
        "SELECT path FROM ducklake_data_file WHERE end_snapshot IS NULL AND substr(path, 1, length(?)) = ? LIMIT 20",
        (then, then),
    )
    if files and not any(_is_there(now + path.removeprefix(then), access) for (path,) in files):
        raise FileNotFoundError(
            f"{place} is the catalog of a lake whose files were under {then}, and they are not under "
            f"{now}; set lake.root to where they are, or move them there."
        )
    for table in ("ducklake_data_file", "ducklake_delete_file"):
        found.execute(
            f"UPDATE {table} SET path = ? || substr(path, 1 + length(?)) WHERE substr(path, 1, length(?)) = ?",
            (now, then, then, then),
        )
    found.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (now,))


def _is_there(path: str, access: S3Access | None) -> bool:
    if access is None:
        return Path(path).is_file()
    from botocore.exceptions import ClientError

    bucket, key = split_uri(path)
    try:
        access.client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _NOT_FOUND:
            return False
        raise
    return True


def require(settings: LakeSettings) -> None:
    """See that the lake is there.

    Raises:
        FileNotFoundError: it is not.
        OSError: PostgreSQL, where the catalog is in it, does not let us see.
    """
    if not backend(settings).is_there():
        raise _no_lake(settings)


def _no_lake(settings: LakeSettings) -> FileNotFoundError:
    mend = "lake.catalog" if settings.in_postgres else "VIDEO_ASSETS_LAKE__ROOT"
    return FileNotFoundError(
        f"There is no lake at {backend(settings).place}; run 'video-assets curate FOLDER' or 'make demo' first, or set {mend}."
    )


def commit_lock(settings: LakeSettings) -> AbstractContextManager[object]:
    """The lock that serialises commits to this lake.

    Raises:
        filelock.Timeout: another process held it for longer than ``lake.lock_timeout_s``.
    """
    return backend(settings).lock(COMMIT, settings.lock_timeout_s)


def lock(settings: LakeSettings, name: str) -> AbstractContextManager[object]:
    """A lock for work that reads all batches and commits; whoever waits for it waits as for commits.

    Raises:
        filelock.Timeout: see :func:`commit_lock`.
    """
    return backend(settings).lock(name, settings.lock_timeout_s)
