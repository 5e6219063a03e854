"""What a lake consists of, tables and views: made when it is opened, and brought up where older code made it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.ledger import Made, note
from video_assets.lake.schemas import (
    DRAWS_HISTORY,
    TIER_OUTCOMES,
    TIER_RULES_HISTORY,
    TIER_VERDICTS,
    TIER_VERDICTS_HISTORY,
    Column,
    Table,
)
from video_assets.lake.sheet import SHEET, SOURCE, sheet_table
from video_assets.lake.sql_text import quoted, sql_type
from video_assets.lake.views import DICTIONARY, summary, view_table

VERDICTS = TIER_VERDICTS.name
# Tables that had the name of what is a view of them now.
_RENAMED = {"draws": DRAWS_HISTORY.name, "tier_rules": TIER_RULES_HISTORY.name}
_MOST_COLUMNS = 100_000
_DESCRIBED = f"views/{DICTIONARY.name}"


def create_missing(connection: duckdb.DuckDBPyConnection, tables: Collection[Table]) -> None:
    """Create tables, and columns that newer code has, each with its description, in one snapshot."""
    _rename(connection)
    found: dict[str, dict[str, str | None]] = {}
    for table, column, comment in connection.execute(
        f"SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = '{catalog.NAME}'"
    ).fetchall():
        found.setdefault(table, {})[column] = comment
    # Older code may have said less of a column.
    for table in (t for t in tables if t.name in found):
        other = [c for c in table.columns if found[table.name].get(c.name, c.description) != c.description]
        if other:
            _describe(connection, table, other)
    missing = {
        table: columns
        for table in (*tables, DICTIONARY)
        if (columns := [c for c in table.columns if c.name not in found.get(table.name, ())])
    }
    # Tables inside the catalog come first and alone, so that a lake that has more than them also has these options.
    if first := {table: missing.pop(table) for table in list(missing) if table.in_catalog}:
        _create(connection, first, found)
    inside = {table.name for table in tables if table.in_catalog}
    if first or set(found) <= inside:
        # Rows belong in Parquet files, but for the few of these tables.
        set_option = f"CALL {catalog.NAME}.set_option('data_inlining_row_limit'"
        connection.execute(f"{set_option}, 0)")
        for name in sorted(inside):
            connection.execute(f"{set_option}, 1000, table_name => '{name}')")
    if missing:
        _create(connection, missing, found)
    if DICTIONARY in missing:
        connection.execute(
            f"CALL {catalog.NAME}.set_option('data_inlining_row_limit', {_MOST_COLUMNS}, table_name => '{DICTIONARY.name}')"
        )


def _rename(connection: duckdb.DuckDBPyConnection) -> None:
    """In a lake from before a table had a view of what is current beside it, leave the table's name to the view."""
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [catalog.NAME]
        ).fetchall()
    }
    for old, new in _RENAMED.items():
        if old in tables:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


def _create(
    connection: duckdb.DuckDBPyConnection, missing: Mapping[Table, Sequence[Column]], found: Container[str]
) -> None:
    """Create these columns of these tables, in one snapshot."""
    connection.execute("BEGIN")
    for table, columns in missing.items():
        if table.name not in found:
            listed = ", ".join(f'"{c.name}" {sql_type(c.dtype)}' for c in columns)
            connection.execute(f"CREATE TABLE {table.name} ({listed})")
        else:
            for c in columns:
                connection.execute(f'ALTER TABLE {table.name} ADD COLUMN "{c.name}" {sql_type(c.dtype)}')
        _describe(connection, table, columns)
    connection.execute("COMMIT")


def _describe(connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[Column]) -> None:
    """Put the descriptions of a table and of some of its columns into the catalog."""
    connection.execute(f"COMMENT ON TABLE {table.name} IS {quoted(table.description)}")
    for c in columns:
        connection.execute(f'COMMENT ON COLUMN {table.name}."{c.name}" IS {quoted(c.description)}')


def _fill_sheet(connection: duckdb.DuckDBPyConnection, text: str, table: Table) -> None:
    """Make the sheet's table anew by a SELECT, with the rows that it gives now, so that nobody finds it empty."""
    [(views,)] = connection.execute(
        f"SELECT count(*) FROM duckdb_views() WHERE database_name = '{catalog.NAME}' AND view_name = '{SHEET}'"
    ).fetchall()
    if views:  # in a lake from before there was a table
        connection.execute(f"DROP VIEW {SHEET}")
    listed = ", ".join(f'"{c.name}" {sql_type(c.dtype)}' for c in table.columns)
    any_clip = connection.execute("SELECT 1 FROM clips LIMIT 1").fetchone()
    # To run the SELECT takes a second, also over empty tables.
    rows = f"AS {text.rstrip().rstrip(';')}" if any_clip else f"({listed})"
    connection.execute(f"CREATE OR REPLACE TABLE {SHEET} {rows}")
    _describe(connection, table, table.columns)


def is_current(connection: duckdb.DuckDBPyConnection, views: Mapping[str, str], tables: Collection[Table]) -> bool:
    """Whether tables and views are noted to be as this code makes them.

    That is asked in a fraction of the time that a look at all columns takes, which binds every view.
    """
    try:
        known = _noted(connection)
    except duckdb.CatalogException:  # a lake in the making
        return False
    versions = _versions(views)
    return known.get(_DESCRIBED) == _described(versions, tables) and all(
        known.get(f"views/{name}") == version for name, version in versions.items()
    )


def create_views(connection: duckdb.DuckDBPyConnection, views: Mapping[str, str], tables: Collection[Table]) -> None:
    """Create the views whose text has changed, in one snapshot, and tell what the columns mean.

    Their texts' hashes stand in the ledger.
    """
    known = _noted(connection)
    versions = _versions(views)
    described = _described(versions, tables)
    changed = [name for name, version in versions.items() if known.get(f"views/{name}") != version]
    if not changed and known.get(_DESCRIBED) == described:
        return
    connection.execute("BEGIN")
    for name in changed:
        text = views[name]
        if name == SOURCE:
            _fill_sheet(connection, text, _sheet(text, tables))
        if name == VERDICTS:
            _take_over_verdicts(connection)
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS {text.rstrip().rstrip(';')}")
        connection.execute(f"COMMENT ON VIEW {name} IS {quoted(summary(text))}")
    _write_dictionary(connection, {name: views[name] for name in versions}, tables)
    entries = [Made(f"views/{name}", "", versions[name], versions[name], {}, 0) for name in changed]
    note(connection, [*entries, Made(_DESCRIBED, "", described, described, {}, 0)], "")
    connection.execute("COMMIT")


def _sheet(text: str, tables: Collection[Table]) -> Table:
    return sheet_table(text, {table.name: table for table in tables})


def _noted(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The versions of the views, and of what the columns mean, as the ledger has them."""
    sql = "SELECT asset, version FROM materializations WHERE batch = '' AND starts_with(asset, 'views/')"
    return dict(connection.execute(sql).fetchall())


def _versions(views: Mapping[str, str]) -> dict[str, str]:
    """Of each view the version of its text, those that others read before them."""
    return {name: _hash(views[name]) for name in in_order(views)}


def _described(versions: Mapping[str, str], tables: Collection[Table]) -> str:
    """The version of all tables with their columns, and of all views.

    In an order of their own: two processes that list the tables in another order must not undo each other's work.
    """
    listed = sorted((*tables, DICTIONARY), key=lambda table: table.name)
    return _hash(repr((sorted(versions.items()), listed)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_dictionary(
    connection: duckdb.DuckDBPyConnection, views: Mapping[str, str], listed: Collection[Table]
) -> None:
    """Write what every column means, of tables as the catalog has it and of views as their files say.

    Args:
        connection: inside a transaction.
        views: name and text of each, those that others read before them.
        listed: every table.
    """
    tables = {table.name: table for table in (*listed, TIER_VERDICTS, TIER_VERDICTS_HISTORY)}
    said = []
    for name, text in views.items():
        if name == SOURCE:
            tables[SHEET] = _sheet(text, listed)
        if name not in tables:
            tables[name] = view_table(name, text, tables)
        said += [(name, c.name, c.description) for c in tables[name].columns]
    rows = pl.DataFrame(said, schema=["table_name", "column_name", "description"], orient="row")
    connection.register("said", rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
    connection.execute(f"DELETE FROM {DICTIONARY.name}")
    connection.execute(
        f"INSERT INTO {DICTIONARY.name} BY NAME SELECT c.table_name, if(s.table_name IS NULL, 'table', 'view') AS kind, "
        "c.column_name, c.data_type AS column_type, coalesce(s.description, c.comment) AS description "
        "FROM duckdb_columns() AS c LEFT JOIN said AS s ON s.table_name = c.table_name AND s.column_name = c.column_name "
        f"WHERE c.database_name = '{catalog.NAME}' ORDER BY c.table_name, c.column_index"
    )
    connection.unregister("said")


def in_order(views: Mapping[str, str]) -> Iterable[str]:
    """The views' names, those that others read before them.

    Args:
        views: name and SQL of each. Who reads the sheet reads the view that it is made from.

    Raises:
        graphlib.CycleError: two views read each other.
    """
    of_name = {name: name for name in views} | ({SHEET: SOURCE} if SOURCE in views else {})
    reads = {}
    for name, text in sorted(views.items()):
        words = re.findall(r"\w+", re.sub(r"--.*", "", text))
        reads[name] = sorted({of_name[word] for word in words if word in of_name} - {name})
    return TopologicalSorter(reads).static_order()


def _take_over_verdicts(connection: duckdb.DuckDBPyConnection) -> None:
    """In a lake from before verdicts were a view, make outcomes of the table's rows and drop it.

    An older table has the rules' names in every row and no ``passed``; a still older one has neither.
    """
    columns = {
        name
        for (name,) in connection.execute(
            "SELECT c.column_name FROM duckdb_columns() AS c SEMI JOIN duckdb_tables() AS t USING (database_name, table_name) "
            "WHERE c.database_name = ? AND c.table_name = ?",
            [catalog.NAME, VERDICTS],
        ).fetchall()
    }
    if not columns:
        return
    passed = "passed" if "passed" in columns else "[r.passed FOR r IN rules]" if "rules" in columns else "NULL"
    bits = "list_sum(list_transform(passed, lambda p, i: CASE WHEN {} THEN 1::BIGINT << (i - 1) ELSE 0 END))::BIGINT"
    connection.execute(
        f"INSERT INTO {TIER_OUTCOMES.name} BY NAME SELECT batch, tier, clip_id, {bits.format('NOT p')} AS failed, "
        f"{bits.format('p IS NULL')} AS unknown, version "
        f"FROM (SELECT batch, tier, clip_id, {passed}::BOOLEAN[] AS passed, version FROM {VERDICTS}) "
        "WHERE passed IS NOT NULL"
    )
    if "rules" in columns:
        connection.execute(
            f"INSERT INTO {TIER_RULES_HISTORY.name} BY NAME SELECT DISTINCT '' AS batch, tier, version, number, "
            "rules[number].rule AS rule "
            f"FROM (SELECT tier, version, rules, unnest(range(1, len(rules) + 1)) AS number FROM {VERDICTS}) AS o "
            f"WHERE NOT EXISTS (FROM {TIER_RULES_HISTORY.name} AS r WHERE r.tier = o.tier AND r.version = o.version)"
        )
    connection.execute(f"DROP TABLE {VERDICTS}")
