"""The sheet's table: what ``sql/views/clip_measurements.sql`` gives, a row per clip, written down batch by batch.

Its columns are those of that SELECT, so that a column is added by writing it there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import polars as pl

from video_assets.lake.empty import empty_tables
from video_assets.lake.schemas import TABLES, Column, Table
from video_assets.lake.views import columns_of
from video_assets.settings import Settings

SHEET = "clip_sheet"
SOURCE = "clip_measurements"
"""The view that joins the measurements."""


def sheet_sql(settings: Settings) -> str:
    """The SELECT whose rows are the sheet."""
    return (settings.sql_folder / "views" / f"{SOURCE}.sql").read_text()


def best_of_group(settings: Settings) -> str:
    """The SELECT that says which clip of a group of near-duplicates is the best: one's own where there is one."""
    name, own = "best_of_group.sql", settings.own_sql_folder
    mine = own / name if own is not None and (own / name).is_file() else settings.sql_file(name)
    return mine.read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def sheet_table(select: str) -> Table:
    """The table of a SELECT over the lake's tables; its columns are described as :func:`columns_of` finds.

    Raises:
        duckdb.Error: DuckDB refuses the SELECT.
        ValueError: a column is of a type that no table of the lake has.
    """
    known = dict(columns_of(select, TABLES))
    with empty_tables() as empty:
        kinds = empty.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        found = empty.execute(f"DESCRIBE {select}").fetchall()
    types = {kind: TABLES[table].schema[column] for table, column, kind in kinds}
    columns = tuple(_column(known.get(name), name, kind, types) for name, kind, *_ in found)
    return Table(SHEET, "One row per clip with every score, over which tiers are written.", ("clip_id",), columns)


def _column(taken: Column | None, name: str, kind: str, types: Mapping[str, pl.DataType]) -> Column:
    if kind not in types:
        raise ValueError(
            f"{SOURCE}.sql gives {name} as {kind}, which no table of the lake has; cast it to a simpler type."
        )
    if taken is None:
        return Column(name, types[kind], f"Computed in the view {SOURCE}.")
    return replace(taken, dtype=types[kind])
