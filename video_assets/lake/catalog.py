"""Connections to the DuckLake catalog, and the one lock under which commits happen.

DuckLake's conflict rule is per table, not per partition: two runs that replace different batches of one table conflict.
So every commit takes a lock; it is held for milliseconds, because files are written before. On one machine the catalog
is a SQLite file in WAL mode and the lock is a file beside it.
"""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from functools import cache
from pathlib import Path

import duckdb
from filelock import FileLock

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
    options = f"DATA_PATH {quoted(_data_path(settings))}, META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 20000"
    if read_only:
        options += ", READ_ONLY"
    names = ["sqlite_scanner", "ducklake", *(["httpfs"] if settings.on_s3 else [])]
    statements = [f"LOAD '{extension(name)}'" for name in names]
    return [
        *statements,
        *reach_s3,
        f"ATTACH {quoted(f'ducklake:sqlite:{settings.catalog_path}')} AS {NAME} ({options})",
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
    connection = connect(settings.lake, access() if settings.lake.on_s3 else None, read_only=True)
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
    settings.catalog_path.parent.mkdir(parents=True, exist_ok=True)
    _follow(settings, access)
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


def _data_path(settings: LakeSettings) -> str:
    root = settings.root if settings.on_s3 else str(Path(settings.root).absolute())
    return f"{root.rstrip('/')}/data/"


def _follow(settings: LakeSettings, access: S3Access | None) -> None:
    """Let the catalog of a lake that was moved, restored or mounted elsewhere name its files where they are now.

    DuckLake keeps the whole path of a file that it did not write itself, and refuses another place than the first one.

    Raises:
        FileNotFoundError: the files are not where the settings say that the lake is.
    """
    now = _data_path(settings)
    if not (settings.catalog_path.exists() and settings.catalog_path.stat().st_size):
        return
    with closing(sqlite3.connect(settings.catalog_path, timeout=settings.lock_timeout_s)) as found:
        try:
            row = found.execute("SELECT value FROM ducklake_metadata WHERE key = 'data_path'").fetchone()
        except sqlite3.OperationalError:  # at its first commit
            return
        if row is None or row[0] == now:
            return
        [then] = row
        files = found.execute(
            "SELECT path FROM ducklake_data_file WHERE end_snapshot IS NULL AND substr(path, 1, length(?)) = ? LIMIT 20",
            (then, then),
        ).fetchall()
        if files and not any(_is_there(now + path.removeprefix(then), access) for (path,) in files):
            raise FileNotFoundError(
                f"{settings.catalog_path} is the catalog of a lake whose files were under {then}, and they are not under "
                f"{now}; set lake.root to where they are, or move them there."
            )
        for table in ("ducklake_data_file", "ducklake_delete_file"):
            found.execute(
                f"UPDATE {table} SET path = ? || substr(path, 1 + length(?)) WHERE substr(path, 1, length(?)) = ?",
                (now, then, then, then),
            )
        found.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (now,))
        found.commit()


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
    """
    path = settings.catalog_path
    if not (path.exists() and path.stat().st_size):
        raise _no_lake(settings)


def _no_lake(settings: LakeSettings) -> FileNotFoundError:
    return FileNotFoundError(
        f"There is no lake at {settings.catalog_path}; run 'video-assets curate FOLDER' or 'make demo' first, "
        "or set VIDEO_ASSETS_LAKE__ROOT."
    )


def commit_lock(settings: LakeSettings) -> AbstractContextManager[object]:
    """The lock that serialises commits to this lake.

    Raises:
        filelock.Timeout: another process held it for longer than ``lake.lock_timeout_s``.
    """
    return FileLock(_beside(settings, "lock"), timeout=settings.lock_timeout_s)


def lock(settings: LakeSettings, name: str) -> AbstractContextManager[object]:
    """A lock for work that reads all batches and commits; whoever waits for it waits as for commits.

    Raises:
        filelock.Timeout: see :func:`commit_lock`.
    """
    return FileLock(_beside(settings, f"{name}.lock"), timeout=settings.lock_timeout_s)


def _beside(settings: LakeSettings, ending: str) -> str:
    path = settings.catalog_path
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"{path}.{ending}"
