"""The lake: read tables, and replace whole batches of them in one atomic commit.

Files are written first and need no lock. A short commit then makes them visible by reference: delete the batch, add the
file, note it in the ledger, in one DuckLake snapshot that carries the Dagster run id. A reader sees all of it or none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.faults import patiently
from video_assets.lake.files import DataFiles, write_parquet
from video_assets.lake.layout import create_missing, create_views, is_current
from video_assets.lake.ledger import Made, note
from video_assets.lake.s3 import S3Access, open_s3
from video_assets.lake.schemas import MATERIALIZATIONS, Table
from video_assets.lake.sql_text import quoted
from video_assets.settings import Settings


@dataclass(frozen=True)
class Replacement:
    """New content of some batches, or of other partitions, of one table.

    ``rows`` is a frame or a finished local Parquet file (which is taken over), and a frame where the table is
    ``in_catalog``. ``where`` narrows what is replaced by
    further equalities, such as the tier.
    """

    table: Table
    batches: Sequence[str]
    rows: pl.DataFrame | Path
    where: Mapping[str, str] = field(default_factory=dict)
    by: str = "batch"
    """The column of the partition."""


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

    @classmethod
    def existing(cls, settings: Settings) -> Lake:
        """The lake that is there; none is made.

        Raises:
            FileNotFoundError: there is none.
        """
        catalog.require(settings.lake)
        return cls(settings)

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
        return patiently()(self._opened)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        lake = self.settings.lake
        access = self.access if lake.on_s3 else None
        with catalog.commit_lock(lake):
            connection = catalog.connect(lake, access, read_only=False)
            views = {p.stem: p.read_text() for p in (self.settings.sql_folder / "views").glob("*.sql")}
            if not is_current(connection, views):
                create_missing(connection)
                create_views(connection, views)
        return connection

    @property
    def _reader(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's connection for queries, kept: to open one takes half as long as a small query."""
        if not hasattr(self._local, "reader"):
            self._local.reader = self.cursor()
        return self._local.reader  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let go of the catalog; whoever asks next opens it anew. No cursor may be in use."""
        for held in (self._local.__dict__.pop("reader", None), self.__dict__.pop("_connection", None)):
            if held is not None:
                held.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for the caller, with the lake in use."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {catalog.NAME}")
        return cursor

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Rows of a query that changes nothing."""
        return patiently()(lambda: self._reader.execute(sql, parameters).pl())

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
        extra = {"run_id": run_id, "assets": sorted({m.asset for m in made})}
        return patiently()(self._replaced, published, made, run_id, (author, message), extra)

    def _replaced(
        self,
        published: Sequence[tuple[Replacement, str | None]],
        made: Sequence[Made],
        run_id: str,
        told: tuple[str, str],
        extra: Mapping[str, object],
    ) -> int:
        """One snapshot in which the published files stand where others stood; done twice it is the same."""
        with self.cursor() as cursor, catalog.commit_lock(self.settings.lake):
            with _snapshot(cursor, *told, extra):
                for replacement, uri in published:
                    _replace(cursor, replacement, uri)
                note(cursor, made, run_id)
            row = cursor.execute(f"SELECT max(snapshot_id) FROM ducklake_snapshots('{catalog.NAME}')").fetchone()
        return int(row[0]) if row else 0

    def amend(self, changes: Sequence[tuple[str, Mapping[str, object]]], *, message: str, author: str) -> None:
        """Change rows where they are, by UPDATE statements with their parameters, all in one snapshot.

        The ledger stays as it is: what it says of the batches must hold of the changed rows too.
        """

        def change() -> None:
            with (
                self.cursor() as cursor,
                catalog.commit_lock(self.settings.lake),
                _snapshot(cursor, author, message, {}),
            ):
                for statement, parameters in changes:
                    cursor.execute(statement, parameters)

        patiently()(change)

    def _publish(self, replacement: Replacement) -> str | None:
        """Put the rows where readers will find them; nothing refers to the file yet."""
        rows, table = replacement.rows, replacement.table
        partition = f"{replacement.by}={replacement.batches[0]}" if len(replacement.batches) == 1 else "batches"
        if isinstance(rows, Path):
            uri = self.files.new_uri(table.name, partition)
            patiently()(self.files.publish, rows, uri)
            return uri
        if rows.is_empty() or table.in_catalog:
            return None
        uri = self.files.new_uri(table.name, partition)
        with self.files.temporary() as folder:
            write_parquet(rows, folder / "rows.parquet")
            patiently()(self.files.publish, folder / "rows.parquet", uri)
        return uri


@contextmanager
def _snapshot(
    cursor: duckdb.DuckDBPyConnection, author: str, message: str, extra: Mapping[str, object]
) -> Iterator[None]:
    """Make what the block does one snapshot, or undo all of it."""
    cursor.execute("BEGIN")
    try:
        yield
        told = ", ".join(map(quoted, (author, message)))
        cursor.execute(f"CALL {catalog.NAME}.set_commit_message({told}, extra_info => {quoted(json.dumps(extra))})")
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a COMMIT that failed has left none
            cursor.execute("ROLLBACK")
        raise


def _replace(cursor: duckdb.DuckDBPyConnection, replacement: Replacement, uri: str | None) -> None:
    conditions = [f'"{replacement.by}" IN (SELECT unnest(?))', *(f'"{column}" = ?' for column in replacement.where)]
    name = replacement.table.name
    cursor.execute(
        f"DELETE FROM {name} WHERE {' AND '.join(conditions)}", [list(replacement.batches), *replacement.where.values()]
    )
    if uri:
        cursor.execute(
            f"CALL ducklake_add_data_files('{catalog.NAME}', '{name}', {quoted(uri)}, hive_partitioning => false)"
        )
    elif isinstance(replacement.rows, pl.DataFrame) and not replacement.rows.is_empty():
        cursor.register("few", replacement.rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM few")
        cursor.unregister("few")
