"""What DuckLake keeps of rows that are gone: older versions and their files, statistics, dead rows, free pages.

DuckLake 1.5.5 keeps the bounds of a table's columns for ever, dead rows of tables inside the catalog too, and neither SQLite nor
PostgreSQL overwrites what it deletes. A reader in the midst of a transaction on an older version finds no rows there any more, and no
error: a takedown is announced to whoever has long ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from video_assets.lake import catalog
from video_assets.lake.backend import Tables, backend
from video_assets.lake.lake import Lake
from video_assets.lake.views import DICTIONARY
from video_assets.settings import LakeSettings
from video_assets.takedown.traces import Traces


def forget_versions(lake: Lake, tables: Sequence[str], traces: Traces) -> tuple[int, int]:
    """Leave the newest version alone, with no file that holds a row of an older one.

    Args:
        lake: the lake.
        tables: those from which rows were removed; files that they share with other batches are written anew.
        traces: what must go; files that no version knows are removed only where it is in them.

    Returns:
        How many versions were forgotten and how many files removed.
    """
    with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):
        name = f"'{catalog.NAME}'"
        for table in tables:
            cursor.execute(f"CALL ducklake_rewrite_data_files({name}, '{table}', delete_threshold => 0)")
        before = datetime.now(UTC) + timedelta(days=1)
        forgotten = cursor.execute(f"CALL ducklake_expire_snapshots({name}, older_than => ?)", [before]).fetchall()
        removed = cursor.execute(f"CALL ducklake_cleanup_old_files({name}, cleanup_all => true)").fetchall()
        orphans = cursor.execute(
            f"CALL ducklake_delete_orphaned_files({name}, older_than => ?, dry_run => true)", [before]
        ).fetchall()
        root = f"{lake.files.root}/"
        paths = [str(path).removeprefix(root) for (path, *_) in orphans]
        found = [path for path in paths if _has(lake, path, traces)]
        lake.files.remove(found)
    return len(forgotten), len(removed) + len(found)


def _has(lake: Lake, path: str, traces: Traces) -> bool:
    file = lake.files.fetch(path)
    found = file is not None and traces.in_file(file) > 0
    if file is not None and lake.settings.lake.on_s3:
        file.unlink()  # a copy in scratch space
    return found


def mend(settings: LakeSettings) -> None:
    """Let the catalog say nothing of rows that are gone, and leave nothing of them in it. Nobody in this process may have it open.

    Raises:
        OSError: another process does not let go of the catalog.
    """
    database = backend(settings)
    with catalog.commit_lock(settings):
        try:
            with database.tables() as tables:
                if tables is not None:
                    _mend(tables)
            database.write_anew()
        except (sqlite3.OperationalError, TimeoutError) as error:
            raise OSError(in_use(database.place, error)) from error


def in_use(path: Path | str, error: Exception) -> str:
    """A sentence for a database that another process has locked."""
    return f"{path} is in use ({error}); stop whatever has it open, and say 'video-assets takedown --finish'."


def _mend(database: Tables) -> None:
    inlined: dict[int, list[str]] = {}
    for table, name in database.execute("SELECT table_id, table_name FROM ducklake_inlined_data_tables"):
        inlined.setdefault(table, []).append(name)
        # Of one version alone, what has ended is seen by nobody.
        database.execute(f'DELETE FROM "{name}" WHERE end_snapshot IS NOT NULL')
    for table, column, name in database.execute(_TEXTS, (DICTIONARY.name,)):
        low, high = _bounds(database, table, column, name, inlined.get(table, []))
        database.execute(
            "UPDATE ducklake_table_column_stats SET min_value = ?, max_value = ? WHERE table_id = ? AND column_id = ?",
            (low, high, table, column),
        )


# Bounds of other types stand there as text too, whose order is not that of the numbers; they tell no name.
_TEXTS = """
SELECT s.table_id, s.column_id, c.column_name
FROM ducklake_table_column_stats AS s
JOIN ducklake_column AS c ON c.table_id = s.table_id AND c.column_id = s.column_id AND c.end_snapshot IS NULL
JOIN ducklake_table AS t ON t.table_id = s.table_id AND t.end_snapshot IS NULL
WHERE lower(c.column_type) = 'varchar' AND t.table_name <> ?
"""
_OF_FILES = """
SELECT
    min(s.min_value COLLATE {bytewise}), max(s.max_value COLLATE {bytewise}),
    count(*) FILTER (WHERE s.data_file_id IS NULL OR (s.min_value IS NULL AND coalesce(s.null_count, -1) <> s.value_count))
FROM ducklake_data_file AS f
LEFT JOIN ducklake_file_column_stats AS s ON s.data_file_id = f.data_file_id AND s.column_id = ?
WHERE f.table_id = ? AND f.end_snapshot IS NULL
"""


def _bounds(
    database: Tables, table: int, column: int, name: str, inlined: Sequence[str]
) -> tuple[str | None, str | None]:
    """The least and the greatest text that the column has now; None where a file does not say, so that nothing is passed over."""
    found = database.execute(_OF_FILES.format(bytewise=database.bytewise), (column, table))
    [(low, high, untold)] = found
    if untold:
        return None, None
    bounds = [(low, high)]
    for rows in inlined:
        if name in database.columns(rows):
            text = f"{database.as_text(name)} COLLATE {database.bytewise}"
            bounds += database.execute(f'SELECT min({text}), max({text}) FROM "{rows}"')
    known = [bound for bound in bounds if bound[0] is not None]
    return (min(b[0] for b in known), max(b[1] for b in known)) if known else (None, None)


def allowed(settings: LakeSettings, tables: Sequence[str], traces: Traces) -> int:
    """How often the marks stand in the catalog's rows about some tables, which may have them.

    Args:
        settings: where the catalog is.
        tables: their names.
        traces: the marks.
    """
    wanted = ", ".join("?" * len(tables))
    with backend(settings).tables() as found:
        rows = [
            row
            for statistics in ("ducklake_file_column_stats", "ducklake_table_column_stats")
            for row in (
                found.execute(
                    f"SELECT s.* FROM {statistics} AS s JOIN ducklake_table AS t USING (table_id) WHERE t.table_name IN ({wanted})",
                    tuple(tables),
                )
                if found
                else ()
            )
        ]
    return sum(traces.in_value(value) for row in rows for value in row)
