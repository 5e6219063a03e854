"""The lake's tables without a row, in memory: what a query would give is told by DuckDB without opening the lake."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import duckdb

from video_assets.lake.schemas import TIER_VERDICTS, Table
from video_assets.lake.sql_text import sql_type


class Known:
    """The tables of a lake; equal to others of the same names and columns."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self._key = tuple((name, tuple((c.name, str(c.dtype)) for c in t.columns)) for name, t in tables.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Known) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=4)
def _tables(known: Known) -> duckdb.DuckDBPyConnection:
    connection = _in_memory()
    for table in known.tables.values():
        _create(connection, table)
    return connection


def _in_memory() -> duckdb.DuckDBPyConnection:
    # On no rows threads only wait for one another.
    return duckdb.connect(config={"threads": 1})


def empty_tables(known: Known) -> duckdb.DuckDBPyConnection:
    """A connection of its own for the caller to every table of the lake; nothing is to be written to them."""
    return _tables(known).cursor()


@lru_cache(maxsize=4)
def _with_sheet(sheet: Table) -> duckdb.DuckDBPyConnection:
    connection = _in_memory()
    for table in (sheet, TIER_VERDICTS):
        _create(connection, table)
    connection.execute(f"INSERT INTO {sheet.name} (clip_id) VALUES (NULL)")
    return connection


def empty_sheet(sheet: Table) -> duckdb.DuckDBPyConnection:
    """A connection of its own for the caller to what tiers and draws read: the sheet, and the verdicts of tiers.

    The sheet has one row, of a clip of which nothing is known: on no row at all DuckDB lets pass what cannot be computed.
    """
    return _with_sheet(sheet).cursor()


def _create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    listed = ", ".join(f'"{c.name}" {sql_type(c.dtype)}' for c in table.columns)
    connection.execute(f"CREATE TABLE {table.name} ({listed})")
