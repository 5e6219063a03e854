"""What the columns of a view mean: as its file says behind a column, else as the column that it is taken from.

DuckLake keeps comments on views and on the columns of tables, and none on the columns of views: those are written into the
table ``data_dictionary``, where the others stand too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from video_assets.lake.schemas import Column, Table
from video_assets.lake.schemas.table import TEXT

DICTIONARY = Table(
    "data_dictionary",
    "A column of a table or a view of this lake, with what it means.",
    ("table_name", "column_name"),
    (
        Column("table_name", TEXT, "Table or view that has the column."),
        Column("kind", TEXT, "Whether that is a table or a view."),
        Column("column_name", TEXT, "Name of the column."),
        Column("column_type", TEXT, "DuckDB's type of the column."),
        Column("description", TEXT, "What the column says: meaning, unit, range, and when it is NULL."),
    ),
)

_SAID = re.compile(r"^(?=\s*[^\s-]).*?(\w+)\s*,?\s*-- (.+)$")


def said(text: str) -> dict[str, str]:
    """The descriptions in a view's file: of each column the comment on the line on which it ends."""
    return {found[1]: found[2].strip() for line in text.splitlines() if (found := _SAID.match(line))}


def summary(text: str) -> str:
    """What a view's file says first: the first sentence of the comment that opens it."""
    opening = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        opening.append(line.lstrip("-").strip())
    return re.split(r"(?<=\.)\s", " ".join(opening), maxsplit=1)[0]


def columns_of(select: str, tables: Mapping[str, Table]) -> Iterator[tuple[str, Column | None]]:
    """The columns of a SELECT in order: the name of each, and a column with its description where there is any.

    A column that is taken as it is means what it means in its table, unless the file says otherwise.

    Args:
        select: a view's text.
        tables: what it may read, by name; a view that another reads is one of them.
    """
    import sqlglot
    from sqlglot import exp

    parsed = sqlglot.parse_one(select, read="duckdb")
    if not isinstance(parsed, exp.Select):
        return
    own = said(select)
    read = [parsed.args.get("from_") or parsed.args.get("from"), *(parsed.args.get("joins") or [])]
    sources = {
        joined.this.alias_or_name: tables[joined.this.name]
        for joined in read
        if joined is not None and isinstance(joined.this, exp.Table) and joined.this.name in tables
    }
    for selected in parsed.expressions:
        taken = selected.unalias()
        while isinstance(taken, exp.Cast):
            taken = taken.this
        for source in _sources(taken, sources):
            known = {c.name: c for c in source.columns}
            if taken.is_star:
                yield from known.items()
                break
            if found := known.get(taken.name):
                yield selected.alias_or_name, _described(found, selected.alias_or_name, own)
                break
        else:
            name = selected.alias_or_name
            yield name, Column(name, TEXT, own[name]) if name in own else None


def _sources(taken: object, sources: Mapping[str, Table]) -> Iterable[Table]:
    """The tables that a column without further ado may be taken from."""
    from sqlglot import exp

    if isinstance(taken, exp.Star):
        return sources.values()
    if not isinstance(taken, exp.Column):
        return ()
    return [sources[taken.table]] if taken.table in sources else [] if taken.table else sources.values()


def _described(taken: Column, name: str, own: Mapping[str, str]) -> Column:
    return replace(taken, name=name, description=own.get(name, taken.description))


def view_table(name: str, text: str, tables: Mapping[str, Table]) -> Table:
    """A view as a table, its columns described; of the types only the database knows."""
    columns = tuple(
        column or Column(called, TEXT, f"Computed in the view {name}.") for called, column in columns_of(text, tables)
    )
    return Table(name, summary(text), (), columns)
