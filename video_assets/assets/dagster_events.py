"""What Dagster's own records hold of footage that was taken down, in its SQLite databases and the files beside them.

Our events name no file and no clip; the message of an error, and what the sensor remembers of files that it is waiting for,
may. Dagster removes no event by what is in it, so the marks are replaced where they stand. Events of early builds of this project
have pictures in them, which nobody can tell whose they are: these go too.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg

from video_assets.assets.run import end_lost_runs, open_instance
from video_assets.lake.files import atomic_path
from video_assets.takedown.catalog import in_use
from video_assets.takedown.traces import Traces, files_in

INSTEAD = "taken-down"
_SQLITE = b"SQLite format 3\0"
_PICTURE = re.compile(r"data:image/[a-z+.-]+;base64,[A-Za-z0-9+/=]+")
_ACTIVE = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def at_work(home: Path) -> int:
    """How many runs are at work: they would write what they have read of the footage."""
    if not (home / "dagster.yaml").exists():
        return 0
    with open_instance(home) as instance:
        end_lost_runs(instance)
        return len(instance.get_runs(dg.RunsFilter(statuses=_ACTIVE)))


def elsewhere(home: Path) -> list[str]:
    """The storages of Dagster's that are no SQLite files in its folder, and cannot be looked at."""
    if not (home / "dagster.yaml").exists():
        return []
    with open_instance(home) as instance:
        kept = (instance.event_log_storage, instance.run_storage, instance.schedule_storage)
        names = {type(storage).__name__ for storage in kept if storage is not None}
    return sorted(name for name in names if "Sqlite" not in name)


def clean(home: Path, traces: Traces) -> int:
    """Replace the marks wherever Dagster has them, and every picture in its events; no process may be at work.

    Returns:
        How many values and files were changed.
    """
    changed = 0
    for path in files_in(home):
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
        if head == _SQLITE:
            changed += _clean_database(path, traces)
        elif not path.name.endswith(("-wal", "-shm", ".lock")) and traces.in_file(path):
            text = path.read_bytes().decode(errors="surrogateescape")
            with atomic_path(path) as temporary:
                temporary.write_bytes(traces.replaced(text, INSTEAD).encode(errors="surrogateescape"))
            changed += 1
    return changed


def forget_pictures(home: Path) -> int:
    """Take the pictures of early builds out of Dagster's events, once for each home; nothing while runs are at work.

    Returns:
        How many values were changed.

    Raises:
        OSError: another process uses a database.
    """
    noted = home / "pictures_are_files"
    if noted.exists():
        return 0
    there = any(home.rglob("*.db"))
    if there and at_work(home):
        return 0
    changed = clean(home, Traces(())) if there else 0
    noted.touch()
    return changed


def _clean_database(path: Path, traces: Traces) -> int:
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            changed = _replace(database, traces)
            database.execute("COMMIT")
            # What was there before may still stand in free pages, and in the log.
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise OSError(in_use(path, error)) from error
    return changed


def _replace(database: sqlite3.Connection, traces: Traces) -> int:
    """Replace the marks and pictures in every text of every table."""
    changed = 0
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table.startswith("sqlite_"):
            continue
        name = '"' + table.replace('"', '""') + '"'
        for column in [f'"{row[1]}"' for row in database.execute(f"PRAGMA table_info({name})")]:
            found = [
                (_PICTURE.sub(INSTEAD, traces.replaced(value, INSTEAD)), row)
                for row, value in database.execute(f"SELECT rowid, {column} FROM {name}")
                if isinstance(value, str) and (traces.in_value(value) or _PICTURE.search(value))
            ]
            database.executemany(f"UPDATE {name} SET {column} = ? WHERE rowid = ?", found)
            changed += len(found)
    return changed
