"""How values, names and types are written in SQL."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from polars.datatypes import DataTypeClass

_TYPES: dict[pl.DataType, str] = {
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Int32(): "INTEGER",
    pl.Int64(): "BIGINT",
    pl.Float32(): "FLOAT",
    pl.Float64(): "DOUBLE",
    pl.Binary(): "BLOB",
    pl.Datetime("us", "UTC"): "TIMESTAMPTZ",
}


def sql_type(dtype: pl.DataType) -> str:
    """DuckDB's name of a column type."""
    if isinstance(dtype, pl.List):
        return f"{sql_type(_instance(dtype.inner))}[]"
    if isinstance(dtype, pl.Struct):
        return "STRUCT(" + ", ".join(f'"{f.name}" {sql_type(_instance(f.dtype))}' for f in dtype.fields) + ")"
    return _TYPES[dtype]


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    """Polars lets a nested type be a class; the names below are kept by instance."""
    return dtype() if isinstance(dtype, DataTypeClass) else dtype


def quoted(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def bare(text: str) -> str:
    """SQL without its comments and its layout: what another description of a column leaves as it is."""
    import sqlglot

    return " ".join(text[t.start : t.end + 1] for t in sqlglot.tokenize(text, read="duckdb"))


def identifier(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def in_batches(batches: Iterable[str], column: str = "batch") -> str:
    """A condition that DuckDB compares with the files' bounds, so that it opens those of these batches alone."""
    return f"{column} IN ({', '.join(map(quoted, sorted(batches))) or 'NULL'})"
