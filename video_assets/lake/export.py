"""Answers of the lake as rows to show and as files, which DuckDB itself writes: nested values and all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from video_assets.lake.sql_text import quoted
from video_assets.tables import Rows

_FORMS: Mapping[str, str] = {
    ".csv": "FORMAT csv, HEADER",
    ".json": "FORMAT json, ARRAY true",
    ".jsonl": "FORMAT json",
    ".parquet": "FORMAT parquet",
}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "UTINYINT", "UINTEGER",
    "USMALLINT", "UBIGINT", "UHUGEINT")  # fmt: skip


def check_ending(path: Path) -> None:
    """See that a file's name ends in a form that can be written.

    Raises:
        ValueError: it does not.
    """
    if path.suffix.lower() not in _FORMS:
        raise ValueError(f"{path} ends in none of {', '.join(_FORMS)}; give it one of these endings.")


def write(answer: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write an answer to a file, whole or not at all.

    Raises:
        ValueError: the file's name ends in no known form.
        FileNotFoundError: its folder is not there.
    """
    check_ending(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}; make it first, or write elsewhere.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        form = _FORMS[path.suffix.lower()]
        asked = _as_json_can_say(answer) if "json" in form else "FROM answer"
        answer.query("answer", f"COPY ({asked}) TO {quoted(str(part))} ({form})")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _as_json_can_say(answer: duckdb.DuckDBPyRelation) -> str:
    """The same with null for what JSON has no number for: infinity, and not a number (RFC 8259, section 6)."""
    finite = []
    for name, kind in zip(answer.columns, answer.types, strict=True):
        column = '"' + name.replace('"', '""') + '"'
        if str(kind) in ("FLOAT", "DOUBLE"):
            finite.append(f"CASE WHEN isfinite({column}) THEN {column} END AS {column}")
        elif str(kind) in ("FLOAT[]", "DOUBLE[]"):
            finite.append(f"list_transform({column}, lambda x: CASE WHEN isfinite(x) THEN x END) AS {column}")
        else:
            finite.append(column)
    return f"SELECT {', '.join(finite)} FROM answer"


def rows(answer: duckdb.DuckDBPyRelation) -> Rows:
    """An answer's rows, to be shown."""
    numbers = [str(kind).partition("(")[0] in _NUMBERS for kind in answer.types]
    return Rows(answer.columns, numbers, answer.fetchall())
