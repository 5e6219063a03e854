"""Which columns a column is made from, read from SQL: of the sheet in the lake's tables, of a tier's rule in the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

Source = tuple[str, str]
"""A table or view, and a column of it."""


def sources(select: str) -> dict[str, tuple[Source, ...]]:
    """Of each column of a SELECT, the columns of tables that its expression reads, in the order in which it does.

    A subquery in FROM or JOIN is looked into; where such a column reads none (a count), it is made from what it is grouped by.

    Args:
        select: one SELECT, whose columns are written with the alias of their table.
    """
    parsed = sqlglot.parse_one(select, read="duckdb")
    if not isinstance(parsed, exp.Select):
        raise ValueError("Only a SELECT has columns with sources.")
    tables = _tables(parsed)
    return {column.alias_or_name: tuple(dict.fromkeys(_read(column, tables))) for column in parsed.expressions}


def _tables(select: exp.Select) -> dict[str, exp.Table | exp.Select]:
    """What each alias of FROM and JOIN stands for."""
    joined = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
    return {
        table.alias_or_name: table.this if isinstance(table, exp.Subquery) else table
        for table in joined
        if isinstance(table, exp.Table) or (isinstance(table, exp.Subquery) and isinstance(table.this, exp.Select))
    }


def _read(expression: exp.Expr, tables: Mapping[str, exp.Table | exp.Select]) -> Iterator[Source]:
    """The columns of tables that an expression reads."""
    for column in expression.find_all(exp.Column, bfs=False):
        alias = column.table or (next(iter(tables)) if len(tables) == 1 else "")
        table = tables.get(alias)
        if isinstance(table, exp.Table):
            yield table.name, column.name
        elif table is not None:
            inside = _tables(table)
            named = next((e for e in table.expressions if e.alias_or_name == column.name), None)
            if named is None and any(e.is_star for e in table.expressions):
                named = exp.column(column.name)
            found = [*_read(named, inside)] if named else []
            grouped = table.args.get("group")
            yield from found or [*(_read(grouped, inside) if grouped else ())]


def reads(rule: exp.Expr) -> tuple[Source, ...]:
    """What a tier's rule reads: columns of ``clip_sheet``, and of ``tier_verdicts`` where it asks for the parent's verdict.

    A clip's id, by which the verdict is found, counts only where nothing else is read. A name that a lambda gives is taken
    for a column; it is none of the sheet's.
    """
    found: list[Source] = []
    whole = rule.find_ancestor(exp.Select)
    for column in rule.find_all(exp.Column, bfs=False):
        query = column.find_ancestor(exp.Select)
        inside = {t.alias_or_name.lower() for t in query.find_all(exp.Table)} if query and query is not whole else set()
        if column.table.lower() not in inside:
            found.append(("clip_sheet", column.name.lower()))
        elif column.parent is query:
            found.append(("tier_verdicts", column.name.lower()))
    return tuple(dict.fromkeys([source for source in found if source[1] != "clip_id"] or found))
