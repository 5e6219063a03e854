"""Which clips a person means by a tier, a clip's id, or a question in SQL."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

Verdict = Literal["kept", "dropped", "undecided"]
_ID = re.compile(r"[0-9a-f]{8,32}")
_STATEMENT = re.compile(r"\s*(--|select\b|from\b|with\b|values\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """The clips to look at.

    Attributes:
        title: what they are, for a person.
        clips: ``clip_id`` in the order to show, beside the other columns of the question.
        found: how many there are; ``clips`` has the first of them.
        tier: the tier whose clips they are, if they were asked for by one.
    """

    title: str
    clips: pl.DataFrame
    found: int
    tier: str | None = None


def choose(
    connection: duckdb.DuckDBPyConnection, what: str, tiers: Container[str], verdict: Verdict | None, most: int
) -> Choice:
    """Find the clips.

    Args:
        connection: the lake.
        what: a tier; a clip's id or its first eight digits or more; SQL that gives a column clip_id, or a file of it; a
            condition over clip_sheet.
        tiers: the tiers that there are.
        verdict: of a tier, only clips of this verdict; None: the kept ones first, then what is undecided, then dropped.
        most: most clips.

    Raises:
        ValueError: there is no such clip, or DuckDB refuses the SQL, or it gives no clip_id.
    """
    if what in tiers:
        clips = _of_tier(connection, what, verdict)
        return Choice(f"Tier {what}{f': {verdict}' if verdict else ''}", clips.head(most), clips.height, what)
    if verdict is not None:
        raise ValueError(f"--verdict asks for clips of a tier, and {what} is none.")
    if _ID.fullmatch(what):
        return _cut(f"Clip {what}", _by_id(connection, what), most)
    if what.endswith(".sql") and Path(what).is_file():
        return _cut(what, _asked(connection, Path(what).read_text()), most)
    if _STATEMENT.match(what):
        return _cut(what, _asked(connection, what), most)
    return _cut(what, _asked(connection, f"SELECT clip_id FROM clip_sheet WHERE {what}\nORDER BY clip_id", what), most)


def _cut(title: str, clips: pl.DataFrame, most: int) -> Choice:
    return Choice(title, clips.head(most), clips.height)


def _of_tier(connection: duckdb.DuckDBPyConnection, tier: str, verdict: Verdict | None) -> pl.DataFrame:
    # Clip ids are hashes: their order is an even mix of sources.
    return connection.execute(
        "SELECT clip_id FROM tier_verdicts WHERE tier = $tier AND ($verdict IS NULL OR verdict = $verdict) "
        "ORDER BY list_position(['kept', 'undecided', 'dropped'], verdict), clip_id",
        {"tier": tier, "verdict": verdict},
    ).pl()


def _by_id(connection: duckdb.DuckDBPyConnection, digits: str) -> pl.DataFrame:
    found = connection.execute(
        "SELECT clip_id FROM clips WHERE starts_with(clip_id, ?) ORDER BY clip_id", [digits]
    ).pl()
    if found.is_empty():
        raise ValueError(f"There is no clip {digits}; 'SELECT clip_id, file_name FROM clip_sheet' lists the clips.")
    return found


def _asked(connection: duckdb.DuckDBPyConnection, sql: str, condition: str | None = None) -> pl.DataFrame:
    try:
        rows = connection.execute(sql).pl()
    except duckdb.Error as error:
        asked = "is neither a tier nor a clip, and as a condition over clip_sheet" if condition else "as SQL"
        raise ValueError(f"{(condition or sql).strip()!r} {asked} DuckDB refuses it: {error}") from error
    if "clip_id" not in rows.columns:
        raise ValueError(f"The question gives {', '.join(rows.columns)} and no clip_id; add it to what is selected.")
    return rows.filter(pl.col("clip_id").is_not_null()).unique("clip_id", keep="first", maintain_order=True)
