"""What scorers that are gone have left in a lake: their tables, which nobody reads and a takedown still has to look into."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import Column, Table
from video_assets.lake.schemas.table import BATCH, BOOL, CLIP, DOUBLE, INT, LONG, REAL, TEXT, TIME, VERSION
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import identifier
from video_assets.lake.views import DICTIONARY
from video_assets.scorers import tables
from video_assets.scorers.judge import NAME as JUDGE

_TYPES = {
    "VARCHAR": TEXT, "BOOLEAN": BOOL, "INTEGER": INT, "BIGINT": LONG, "FLOAT": REAL, "DOUBLE": DOUBLE,
    "TIMESTAMP WITH TIME ZONE": TIME,
}  # fmt: skip
# What every scorer's table has: another table that somebody has put into the lake is left alone.
_OF_A_SCORER = {BATCH.name, CLIP.name, VERSION.name, "reason", "message"}


@dataclass(frozen=True)
class Left:
    """A table of a scorer that is gone, and how many rows it has."""

    table: Table
    rows: int


def left_behind(lake: Lake) -> list[Left]:
    """The tables of scorers that there are no more, by name."""
    found = _unknown(lake)
    if lake.settings.judge.questions is not None:  # It is there; its file of questions may be refused just now.
        found.pop(JUDGE, None)
    return [Left(t, int(lake.query(f"SELECT count(*) FROM {identifier(t.name)}").item())) for t in found.values()]


def every_table(lake: Lake, names: Collection[str] | None = None) -> Mapping[str, Table]:
    """Every table of a lake, with those that scorers have left behind.

    Args:
        lake: the lake.
        names: of all its tables, where they are known: to ask for the columns of all takes a while.
    """
    known = tables(lake.settings)
    return known if names is not None and _known(lake) >= {*names} else {**known, **_unknown(lake)}


def _known(lake: Lake) -> set[str]:
    return {*tables(lake.settings), DICTIONARY.name, SHEET}


def _unknown(lake: Lake) -> dict[str, Table]:
    known = _known(lake)
    rows = lake.query(
        "SELECT c.table_name, c.column_name, c.data_type FROM duckdb_columns() AS c "
        "SEMI JOIN duckdb_tables() AS t USING (database_name, table_name) WHERE c.database_name = ? "
        "ORDER BY c.table_name, c.column_index",
        [catalog.NAME],
    )
    columns: dict[str, list[Column]] = {}
    for table, column, kind in rows.iter_rows():
        if table not in known and kind in _TYPES:
            columns.setdefault(table, []).append(Column(column, _TYPES[kind], "Of a scorer that is gone."))
    return {
        name: Table(name, "Of a scorer that is gone.", (CLIP.name,), tuple(listed))
        for name, listed in columns.items()
        if {c.name for c in listed} >= _OF_A_SCORER
    }


def drop(lake: Lake, name: str) -> None:
    """Remove a table that a scorer has left behind, and what the ledger has of it.

    Raises:
        ValueError: there is no such table.
    """
    there = _unknown(lake)
    if name not in there:
        listed = ", ".join(there) or "none"
        raise ValueError(f"No scorer that is gone has left a table {name}; left behind: {listed}.")
    with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):
        cursor.execute("BEGIN")
        cursor.execute(f"DROP TABLE {identifier(name)}")
        cursor.execute("DELETE FROM materializations WHERE asset = ?", [name])
        cursor.execute("COMMIT")
