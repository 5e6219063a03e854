"""Keeping a lake in order: what is of no use goes, small files become large ones, and the catalog is tidied.

The ledger grows inside the catalog, where a commit writes no file for it, and is put into a file when it is long.

Each step is what a lake does without: it only grows, and slows down, where nobody does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from video_assets.lake import catalog
from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import MATERIALIZATIONS
from video_assets.lake.sql_text import quoted
from video_assets.lake.sweep import Swept, sweep

SMALL = 4 << 20
"""A file of fewer bytes is small: to open it takes as long as to read it."""
MANY = 200
"""So many small files of a table are worth being one. Until then each batch is a file of its own, which is replaced as a whole."""
MANY_ENTRIES = 10_000
"""So many rows of the ledger inside the catalog are worth a file. All of them are read for each entry that a commit replaces."""
_MOST_AT_ONCE = 10_000
_HALF = 0.5


@dataclass(frozen=True)
class Kept:
    """What was done."""

    swept: Swept
    merged: int
    """Small files that are others now."""
    into: int
    """How many these are."""
    rewritten: int
    """Files of which half the rows or more were replaced, and that were written anew without them."""
    entries: int
    """Of the ledger, that are in a file now and no longer inside the catalog."""
    catalog_bytes: tuple[int, int]
    """Of the catalog, before and after."""


def keep_up(lake: Lake, decoded_version: str, now: datetime, *, older_than: timedelta) -> Kept:
    """Sweep, then put a long ledger into a file, make many small files of a table a large one, and tidy the catalog.

    What is merged goes at a later sweep, when nobody can be reading it any more. Every version of the lake reads as before.

    Args:
        lake: the lake.
        decoded_version: see :func:`video_assets.lake.sweep.sweep`.
        now: the clock, with a time zone.
        older_than: see :func:`video_assets.lake.sweep.sweep`.

    Raises:
        ValueError: see :func:`video_assets.lake.sweep.sweep`; nothing was done then.
    """
    database = backend(lake.settings.lake)
    before = database.size_bytes()
    swept = sweep(lake, decoded_version, now, older_than=older_than)
    entries = put_away(lake)
    rewritten, merged, into = compact(lake)
    with catalog.commit_lock(lake.settings.lake):
        database.tidy()
    return Kept(swept, merged, into, rewritten, entries, (before, database.size_bytes()))


def compact(lake: Lake, *, many: int = MANY) -> tuple[int, int, int]:
    """Write files anew of which half is gone, and make one of many small ones.

    Args:
        lake: the lake.
        many: of how many small files of a table on.

    Returns:
        How many were rewritten, how many merged, and into how many.
    """
    rewritten = merged = into = 0
    for table, small, gone in lake.query(_FILES, {"small": SMALL, "half": _HALF}).iter_rows():
        # A lock for each table: whoever commits meanwhile waits for one of them, not for all.
        with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):
            if gone:
                # With rows inside a catalog in SQLite DuckLake 1.5.5 does not rewrite a table that has floating-point columns.
                _flush(cursor, table)
                found = cursor.execute(
                    f"CALL ducklake_rewrite_data_files('{catalog.NAME}', {quoted(table)}, delete_threshold => {_HALF})"
                ).fetchall()
                rewritten += sum(int(row[2]) for row in found)
            if small >= many:
                found = cursor.execute(
                    f"CALL ducklake_merge_adjacent_files('{catalog.NAME}', {quoted(table)}, max_file_size => {SMALL}, "
                    f"max_compacted_files => {_MOST_AT_ONCE})"
                ).fetchall()
                merged += sum(int(row[2]) for row in found)
                into += sum(int(row[3]) for row in found)
    return rewritten, merged, into


def put_away(lake: Lake, *, many: int = MANY_ENTRIES) -> int:
    """Put the rows of the ledger that are inside the catalog into a file, where they are many.

    DuckLake passes no condition on to the catalog's database: of rows inside the catalog it fetches all, of a file the
    columns that are asked for. Every version of the lake reads as before.

    Args:
        lake: the lake.
        many: from how many rows on, those that were replaced among them.

    Returns:
        How many rows were put into a file.
    """
    with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):
        inside = cursor.execute(_INSIDE, [MATERIALIZATIONS.name]).fetchall()
        counts = [cursor.execute(f"SELECT count(*) FROM {_META}.{name}").fetchall() for (name,) in inside]
        if sum(count for [(count,)] in counts) < many:
            return 0
        return _flush(cursor, MATERIALIZATIONS.name)


def _flush(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    """Put a table's rows that are inside the catalog into a file; how many there were."""
    flushed = cursor.execute(
        f"CALL ducklake_flush_inlined_data('{catalog.NAME}', table_name => {quoted(table)})"
    ).fetchall()
    return sum(int(rows) for *_, rows in flushed)


_META = f"__ducklake_metadata_{catalog.NAME}"
_INSIDE = f"""
SELECT i.table_name
FROM {_META}.ducklake_inlined_data_tables AS i
JOIN {_META}.ducklake_table AS t ON t.table_id = i.table_id AND t.end_snapshot IS NULL
WHERE t.table_name = ?
"""
# Of each table how many small files it has now, and how many of which half is gone.
_FILES = f"""
SELECT t.table_name,
    count(*) FILTER (f.file_size_bytes < $small) AS small,
    count(*) FILTER (d.delete_count >= $half * f.record_count) AS gone
FROM {_META}.ducklake_data_file AS f
JOIN {_META}.ducklake_table AS t ON t.table_id = f.table_id AND t.end_snapshot IS NULL
LEFT JOIN {_META}.ducklake_delete_file AS d ON d.data_file_id = f.data_file_id AND d.end_snapshot IS NULL
WHERE f.end_snapshot IS NULL
GROUP BY t.table_name
ORDER BY t.table_name
"""
