"""The lake: read tables, and replace whole batches of them in one atomic commit.

Files are written first and need no lock. A short commit then makes them visible by reference: delete the batch, add the
file, note it in the ledger, in one DuckLake snapshot that carries the Dagster run id. A reader sees all of it or none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.files import DataFiles, write_parquet
from video_assets.lake.s3 import S3Access, open_s3
from video_assets.lake.schemas import MATERIALIZATIONS, TABLES, Column, Table
from video_assets.lake.sheet import SHEET, SOURCE, sheet_table
from video_assets.lake.sql_types import sql_type
from video_assets.settings import Settings


@dataclass(frozen=True)
class Replacement:
    """New content of some batches of one table.

    ``rows`` is a frame or a finished local Parquet file (which is taken over). ``where`` narrows what is replaced by
    further equalities, such as the tier.
    """

    table: Table
    batches: Sequence[str]
    rows: pl.DataFrame | Path
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A ledger entry: one asset's batch, and what it was made from."""

    asset: str
    batch: str
    version: str
    data_version: str
    inputs: Mapping[str, str]
    rows: int
    failures: int = 0
    footage_seconds: float | None = None
    compute_seconds: float | None = None
    gpu_seconds: float | None = None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Lake:
    """Reads and commits, by the settings. Safe for several threads and processes at once.

    Args:
        settings: where the lake is.
        open_access: gives S3 access when something turns out to be on S3; default: by the settings.
    """

    def __init__(self, settings: Settings, open_access: Callable[[], S3Access] | None = None) -> None:
        self.settings = settings
        self._open_access = open_access or (lambda: open_s3(settings.s3))
        self._local = threading.local()

    @cached_property
    def access(self) -> S3Access:
        """S3 access, opened when first asked for."""
        return self._open_access()

    @cached_property
    def files(self) -> DataFiles:
        lake = self.settings.lake
        return DataFiles(lake.root, lake.scratch_path, self.access if lake.on_s3 else None)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        lake = self.settings.lake
        access = self.access if lake.on_s3 else None
        with catalog.commit_lock(lake):
            connection = catalog.connect(lake, access, read_only=False)
            _create_missing(connection)
            # The sheet's first, over which others may be written.
            files = sorted((self.settings.sql_folder / "views").glob("*.sql"), key=lambda p: (p.stem != SOURCE, p.stem))
            _create_views(connection, {p.stem: p.read_text() for p in files})
        return connection

    @property
    def _reader(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's connection for queries, kept: to open one takes half as long as a small query."""
        if not hasattr(self._local, "reader"):
            self._local.reader = self.cursor()
        return self._local.reader  # type: ignore[no-any-return]

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for the caller, with the lake in use."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {catalog.NAME}")
        return cursor

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Rows of a query."""
        return self._reader.execute(sql, parameters).pl()

    def read(
        self, table: Table, batches: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """A table's rows, of all batches or some, in key order."""
        chosen = ", ".join(f'"{c}"' for c in columns or table.schema)
        sql, parameters = f"SELECT {chosen} FROM {table.name}", []
        if batches is not None:
            sql, parameters = f"{sql} WHERE batch IN (SELECT unnest(?))", [list(batches)]
        rows = self.query(sql, parameters).cast({c: table.schema[c] for c in columns or table.schema})
        return rows.sort([c for c in table.key if c in rows.columns])

    def made(self, batches: Sequence[str] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
        """The ledger by (asset, batch)."""
        rows = self.read(MATERIALIZATIONS, batches).iter_rows(named=True)
        return {(row["asset"], row["batch"]): row | {"inputs": json.loads(row["inputs"])} for row in rows}

    def commit(
        self,
        replacements: Sequence[Replacement],
        made: Sequence[Made],
        *,
        message: str,
        run_id: str = "",
        author: str = "dagster",
    ) -> int:
        """Replace batches and note them in the ledger, all in one snapshot.

        Returns:
            The snapshot's id.
        """
        published = [(r, self._publish(r)) for r in replacements]
        with self.cursor() as cursor, catalog.commit_lock(self.settings.lake):
            cursor.execute("BEGIN")
            try:
                for replacement, uri in published:
                    _replace(cursor, replacement, uri)
                _note(cursor, made, run_id)
                extra = json.dumps({"run_id": run_id, "assets": sorted({m.asset for m in made})})
                cursor.execute(
                    f"CALL {catalog.NAME}.set_commit_message({_quoted(author)}, {_quoted(message)}, extra_info => {_quoted(extra)})"
                )
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            row = cursor.execute(f"SELECT max(snapshot_id) FROM ducklake_snapshots('{catalog.NAME}')").fetchone()
        return int(row[0]) if row else 0

    def _publish(self, replacement: Replacement) -> str | None:
        """Put the rows where readers will find them; nothing refers to the file yet."""
        rows, table = replacement.rows, replacement.table
        partition = f"batch={replacement.batches[0]}" if len(replacement.batches) == 1 else "batches"
        if isinstance(rows, Path):
            uri = self.files.new_uri(table.name, partition)
            self.files.publish(rows, uri)
            return uri
        if rows.is_empty():
            return None
        uri = self.files.new_uri(table.name, partition)
        with self.files.temporary() as folder:
            write_parquet(rows, folder / "rows.parquet")
            self.files.publish(folder / "rows.parquet", uri)
        return uri


def _replace(cursor: duckdb.DuckDBPyConnection, replacement: Replacement, uri: str | None) -> None:
    conditions = ["batch IN (SELECT unnest(?))", *(f'"{column}" = ?' for column in replacement.where)]
    name = replacement.table.name
    cursor.execute(
        f"DELETE FROM {name} WHERE {' AND '.join(conditions)}", [list(replacement.batches), *replacement.where.values()]
    )
    if uri:
        cursor.execute(
            f"CALL ducklake_add_data_files('{catalog.NAME}', '{name}', {_quoted(uri)}, hive_partitioning => false)"
        )


def _note(cursor: duckdb.DuckDBPyConnection, made: Sequence[Made], run_id: str) -> None:
    """Write ledger entries in one statement each way: thousands of batches are one commit when a tier changes."""
    if not made:
        return
    inputs = [json.dumps(dict(sorted(m.inputs.items()))) for m in made]
    entries = [
        vars(m) | {"inputs": i, "run_id": run_id, "made_at": datetime.now(UTC)}
        for m, i in zip(made, inputs, strict=True)
    ]
    cursor.register("entries", MATERIALIZATIONS.frame(entries).to_arrow(compat_level=pl.CompatLevel.oldest()))
    cursor.execute("DELETE FROM materializations WHERE (asset, batch) IN (SELECT (asset, batch) FROM entries)")
    cursor.execute("INSERT INTO materializations BY NAME SELECT * FROM entries")
    cursor.unregister("entries")


def _create_missing(connection: duckdb.DuckDBPyConnection) -> None:
    """Create tables, and columns that newer code has, each with its description, in one snapshot; drop what it gave up."""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        f"SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = '{catalog.NAME}'"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    missing = {
        table: columns
        for table in TABLES.values()
        if (columns := [c for c in table.columns if c.name not in found.get(table.name, ())])
    }
    if not found:
        # The ledger comes first and alone, so that a lake that has more than it also has these options.
        _create(connection, {MATERIALIZATIONS: missing.pop(MATERIALIZATIONS)}, found)
    if set(found) <= {MATERIALIZATIONS.name}:
        # Rows belong in Parquet files; only the ledger's few rows are kept inside the catalog.
        set_option = f"CALL {catalog.NAME}.set_option('data_inlining_row_limit'"
        connection.execute(f"{set_option}, 0)")
        connection.execute(f"{set_option}, 1000, table_name => '{MATERIALIZATIONS.name}')")
    if missing:
        _create(connection, missing, found)
    for table in TABLES.values():
        # A column that no file has any more: DuckLake takes no file without it. Older snapshots keep it.
        for column in found.get(table.name, set()) & set(table.given_up):
            connection.execute(f'ALTER TABLE {table.name} DROP COLUMN "{column}"')


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
    connection.execute(f"COMMENT ON TABLE {table.name} IS {_quoted(table.description)}")
    for c in columns:
        connection.execute(f'COMMENT ON COLUMN {table.name}."{c.name}" IS {_quoted(c.description)}')


def _fill_sheet(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Make the sheet's table anew by a SELECT, with the rows that it gives now, so that nobody finds it empty."""
    table = sheet_table(text)
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


def _create_views(connection: duckdb.DuckDBPyConnection, views: Mapping[str, str]) -> None:
    """Create the views whose text has changed; their text's hash stands in the ledger."""
    import hashlib

    for name, text in views.items():
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        known = connection.execute(
            "SELECT version FROM materializations WHERE asset = ? AND batch = ''", [f"views/{name}"]
        ).fetchone()
        if known and known[0] == version:
            continue
        connection.execute("BEGIN")
        if name == SOURCE:
            _fill_sheet(connection, text)
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS {text.rstrip().rstrip(';')}")
        _note(connection, [Made(f"views/{name}", "", version, version, {}, 0)], "")
        connection.execute("COMMIT")
