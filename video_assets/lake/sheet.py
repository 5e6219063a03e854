"""The sheet's table: what ``sql/views/clip_measurements.sql`` gives, a row per clip, written down batch by batch.

Its columns are those of that SELECT. A scorer's are written into it where the file has ``--> name``: those that its module
declares, so that nobody writes them twice; all that the file does not name come where it has ``--> others``. What people say
of clips stands where it has ``--> reviews`` (:mod:`video_assets.lake.people`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import polars as pl

from video_assets.lake.empty import Known, empty_tables
from video_assets.lake.people import with_reviews
from video_assets.lake.schemas import Column, Table
from video_assets.lake.views import columns_of
from video_assets.review.questions import read_questions
from video_assets.scorer import Derived, Scorer
from video_assets.scorers import scorers, tables
from video_assets.settings import Settings

SHEET = "clip_sheet"
SOURCE = "clip_measurements"
"""The view that joins the measurements."""
FAILED = "failed_rows"
"""The view of what could not be measured."""
_PLACE = re.compile(r"\s*--> (\w+)\s*")
_OTHERS = "others"


def sheet_sql(settings: Settings, *, ours_alone: bool = False) -> str:
    """The SELECT whose rows are the sheet; ``ours_alone`` leaves out one's own scorers."""
    text = _source(settings)
    used = scorers(settings).used
    return with_scorers(text, {n: s for n, s in used.items() if s.ours} if ours_alone else used)


def sheet_columns_without(settings: Settings) -> list[str]:
    """The columns of the sheet that are no scorer's."""
    path = settings.sql_folder / "views" / f"{SOURCE}.sql"
    return list(_columns_without(_source(settings))) if path.is_file() else []


def _source(settings: Settings) -> str:
    """The file's SELECT with what people say, and with the lines that stand for scorers."""
    folder = settings.sql_folder / "views"
    text = (folder / f"{SOURCE}.sql").read_text(encoding="utf-8")
    return with_reviews(text, folder, read_questions(settings.review.questions))


@lru_cache(maxsize=4)
def _columns_without(text: str) -> tuple[str, ...]:
    import sqlglot
    from sqlglot import exp

    bare = "\n".join(line for line in text.splitlines() if not _PLACE.fullmatch(line))
    parsed = sqlglot.parse_one(with_scorers(bare, {}), read="duckdb")
    return tuple(parsed.named_selects) if isinstance(parsed, exp.Query) else ()


def with_scorers(text: str, used: Mapping[str, Scorer]) -> str:
    """The file's SELECT with the columns and joins of all scorers in place of its lines ``--> name``."""
    named = {found[1] for line in text.splitlines() if (found := _PLACE.fullmatch(line))}
    if not named:
        return text
    lines: list[str] = []
    joins = False
    for line in text.splitlines():
        joins = joins or line.startswith("FROM ")
        if not (found := _PLACE.fullmatch(line)):
            lines.append(line)
            continue
        here = [s for n, s in used.items() if n not in named] if found[1] == _OTHERS else [used[found[1]]]
        for scorer in here:
            lines += [_join(scorer)] if joins else _columns(scorer)
    ends = next(n for n, line in enumerate(lines) if line.startswith("FROM "))
    last = next(n for n in range(ends - 1, -1, -1) if lines[n].strip() and not lines[n].strip().startswith("--"))
    lines[last] = re.sub(r",(\s*(--.*)?)$", r"\1", lines[last])
    return "\n".join(lines) + "\n"


def _alias(scorer: Scorer) -> str:
    return scorer.alias or scorer.name


def _columns(scorer: Scorer) -> list[str]:
    alias = _alias(scorer)
    listed = scorer.in_sheet if scorer.in_sheet is not None else tuple(c.name for c in scorer.columns)
    lines = [
        f"    {c.sql.replace('{}', alias)} AS {c.name}, -- {c.description}"
        if isinstance(c, Derived)
        else f"    {alias}.{c},"
        for c in listed
    ]
    why = f"Why {scorer.what} could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried."
    return [*lines, f"    {alias}.reason AS {scorer.reason_column}, -- {why}"]


def _join(scorer: Scorer) -> str:
    a = _alias(scorer)
    return f"LEFT JOIN {scorer.name} AS {a} ON {a}.batch = c.batch AND {a}.clip_id = c.clip_id"


def views_of(settings: Settings) -> dict[str, str]:
    """Every view of a lake: name and SELECT."""
    files = (settings.sql_folder / "views").glob("*.sql")
    views = {path.stem: path.read_text(encoding="utf-8") for path in files}
    used = scorers(settings).used
    if SOURCE in views:
        views[SOURCE] = with_scorers(_source(settings), used)
    views[FAILED] = failed_rows(used)
    return views


def failed_rows(used: Mapping[str, Scorer]) -> str:
    """The SELECT of the view of every row that has a reason in place of a measurement."""
    tables = [("raw_videos", "video_id"), ("decoded_videos", "video_id"), ("transition_scores", "video_id")]
    tables += [*((name, "clip_id") for name in used), ("captions", "clip_id")]
    # The frames in doubt of a video fail together.
    selects = [
        f"SELECT {'DISTINCT ' * (table == 'transition_scores')}'{table}' AS found_in, batch, {key} AS id, reason, message "
        f"FROM {table} WHERE reason IS NOT NULL"
        for table, key in tables
    ]
    inner = "\n    UNION ALL\n    ".join(selects)
    return f"""-- A video or a clip of which something could not be measured, and why.
SELECT
    found_in, -- Table that has the row.
    batch, -- Ingest batch: the partition.
    id, -- The video or the clip.
    reason, -- Why nothing was measured (see reasons.Reason).
    message -- What was seen when it failed, for a person.
FROM (
    {inner}
) AS failed;
"""


def best_of_group(settings: Settings) -> str:
    """The SELECT that says which clip of a group of near-duplicates is the best: one's own where there is one."""
    name, own = "best_of_group.sql", settings.own_sql_folder
    mine = own / name if own is not None and (own / name).is_file() else settings.sql_file(name)
    return mine.read_text(encoding="utf-8")


def sheet_of(settings: Settings) -> Table:
    """The table of the sheet by the settings."""
    return sheet_table(sheet_sql(settings), tables(settings))


def sheet_table(select: str, there: Mapping[str, Table]) -> Table:
    """The table of a SELECT over tables; its columns are described as :func:`columns_of` finds.

    Raises:
        duckdb.Error: DuckDB refuses the SELECT.
        ValueError: a column is of a type that no table of the lake has.
    """
    return _sheet_table(select, Known(there))


@lru_cache(maxsize=4)
def _sheet_table(select: str, known_tables: Known) -> Table:
    there = known_tables.tables
    known = dict(columns_of(select, there))
    with empty_tables(known_tables) as empty:
        kinds = empty.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        found = empty.execute(f"DESCRIBE {select}").fetchall()
    types = {kind: there[table].schema[column] for table, column, kind in kinds}
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
