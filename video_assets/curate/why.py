"""Why one clip is in or out, by the verdicts that the lake holds; nothing is decided again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from video_assets.lake.people import PREFIX
from video_assets.written import text


def why(connection: duckdb.DuckDBPyConnection, clip_id: str) -> pl.DataFrame:
    """Every tier's rules with their outcome for one clip; no rows when no tier has seen it.

    Args:
        connection: the lake.
        clip_id: the clip.

    Returns:
        One row per tier and rule, tiers by name and rules in order: tier, verdict (kept, dropped, undecided), step
        (from 1), rule, outcome (passed, failed, undecided), decided (whether the verdict hangs on this rule), expression
        (in SQL over clip_sheet) and measured (the values that it reads, as they are now; of what people say, who says it).
    """
    rows = connection.execute(
        """
        SELECT
            v.tier,
            v.verdict,
            r.number AS step,
            r.rule,
            CASE WHEN v.passed[r.number] THEN 'passed' WHEN NOT v.passed[r.number] THEN 'failed' ELSE 'undecided' END
                AS outcome,
            r.rule IS NOT DISTINCT FROM v.decided_by AS decided,
            r.expression
        FROM tier_verdicts AS v JOIN tier_rules_history AS r ON r.tier = v.tier AND r.version = v.version
        WHERE v.clip_id = $clip_id
        ORDER BY v.tier, r.number
        """,
        {"clip_id": clip_id},
    ).pl()
    measured = measured_by(rows["expression"], _values(connection, clip_id), _judged(connection, clip_id))
    return rows.with_columns(pl.Series("measured", measured, pl.String))


def measured_by(expressions: Iterable[str], values: Mapping[str, Any], judged: Sequence[tuple[str, str]]) -> list[str]:
    """What rules read of a clip, in words, and of what people say, who says it.

    Args:
        expressions: the rules, in SQL over clip_sheet.
        values: its row of the sheet.
        judged: raters of the clip, by name, and what each says of it now.
    """
    return [_measured(expression, values, judged) for expression in expressions]


def as_document(connection: duckdb.DuckDBPyConnection, clip_id: str, rows: pl.DataFrame) -> dict[str, Any]:
    """The same for another program: clip_id, by tier the verdict and its rules with what each read, not rounded, and who has judged it."""
    values = _values(connection, clip_id)
    tiers = []
    for (tier, verdict), rules in rows.group_by("tier", "verdict", maintain_order=True):
        listed = [
            {**rule, "measured": _read_by(rule["expression"], values)}
            for rule in rules.drop("tier", "verdict").iter_rows(named=True)
        ]
        decided_by = next((rule["rule"] for rule in listed if rule["decided"]), None)
        tiers.append({"tier": tier, "verdict": verdict, "decided_by": decided_by, "rules": listed})
    people = [{"rater": rater, "decision": decision} for rater, decision in _judged(connection, clip_id)]
    return {"clip_id": clip_id, "tiers": tiers, "people": people}


def _values(connection: duckdb.DuckDBPyConnection, clip_id: str) -> Mapping[str, Any]:
    """The clip's row of the sheet; empty where it has none."""
    sheet = connection.execute("SELECT * FROM clip_sheet WHERE clip_id = ?", [clip_id]).pl()
    return sheet.row(0, named=True) if sheet.height else {}


def _read_by(expression: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The clip's columns that an expression reads, with their values."""
    return {n: values[n] for n in _columns(expression) if n in values and n != "clip_id"}


@lru_cache(maxsize=4096)
def _columns(expression: str) -> tuple[str, ...]:
    """The columns of the sheet that an expression reads, in small letters: the same for every clip."""
    read = sqlglot.parse_one(expression, read="duckdb").find_all(exp.Column, bfs=False)
    return tuple(dict.fromkeys(c.name.lower() for c in read if c.table.lower() in ("", "clip_sheet")))


def _measured(expression: str, values: Mapping[str, Any], judged: Sequence[tuple[str, str]]) -> str:
    read = _read_by(expression, values)
    said = ", ".join(f"{name} = {text(value)}" for name, value in read.items())
    return f"{said} ({_each(judged)})" if judged and any(name.startswith(PREFIX) for name in read) else said


def _judged(connection: duckdb.DuckDBPyConnection, clip_id: str) -> list[tuple[str, str]]:
    """Raters of a clip, by name, and what each says of it now."""
    return connection.execute(_PEOPLE, {"clip_id": clip_id}).fetchall()


def about(connection: duckdb.DuckDBPyConnection, clip_id: str) -> list[str]:
    """What a person asks next of a clip, as sentences: where it is from, on what rights, what is like it, and who has judged it.

    Nothing is said of a clip that the sheet does not have.
    """
    rows = connection.execute(_ABOUT, {"clip_id": clip_id}).pl()
    said = _judged(connection, clip_id)
    told = [_source(row) for row in rows.iter_rows(named=True)] + [_copies(row) for row in rows.iter_rows(named=True)]
    return told + ([f"People have judged it: {_each(said)}."] if said else [])


def _source(clip: Mapping[str, Any]) -> str:
    return (
        f"{clip['file_name']}, {clip['from_s']:.2f} to {clip['to_s']:.2f} s. Licence {clip['licence']}, holder "
        f"{clip['holder']} (stated by: {clip['rights_from']})."
    )


def _each(said: Sequence[tuple[str, str]]) -> str:
    named = {"keep": "keeps it", "drop": "drops it", "unsure": "is unsure"}
    return ", ".join(f"{rater} {named[decision]}" for rater, decision in said)


def _copies(clip: Mapping[str, Any]) -> str:
    if clip["duplicates"] is None:
        return "Whether it has near-duplicates is not known: nobody compared it."
    if clip["duplicates"] == 1:
        return "It has no near-duplicates."
    group = f"It is one of {clip['duplicates']} near-duplicates (duplicate_group {clip['duplicate_group']})"
    better = clip["duplicate_of"]
    return f"{group}; {better} is better." if better else f"{group}, and none that is near it is better."


_PEOPLE = "SELECT rater, decision FROM current_reviews WHERE clip_id = $clip_id ORDER BY rater"
_ABOUT = """
SELECT s.file_name, coalesce(s.player_start_s, s.start_s) AS from_s, coalesce(s.player_end_s, s.end_s) AS to_s, v.licence, v.holder, v.rights_from, g.duplicate_group, g.duplicates, g.duplicate_of
FROM clip_sheet AS s
LEFT JOIN raw_videos AS v ON v.batch = s.batch AND v.video_id = s.video_id
LEFT JOIN duplicate_groups AS g ON g.batch = s.batch AND g.clip_id = s.clip_id
WHERE s.clip_id = $clip_id
"""
