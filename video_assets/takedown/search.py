"""Looking into the tables for what a takedown means and reaches.

A query opens every file of a table that may have an answer, and in a large lake that is what it costs. Tables that are asked
again and again are copied first, their texts alone: where something of a video stands, it stands in a text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.left import every_table
from video_assets.lake.schemas import Table
from video_assets.lake.sql_text import in_batches

ACROSS = frozenset(
    {
        "source_files", "raw_videos", "near_duplicates", "duplicate_groups", "contamination", "caption_findings",
        "failed_attempts", "pages",
    }
)  # fmt: skip
"""Tables in which a row of one batch may name footage of another. Any other's rows are of its batch's own videos."""
WITHOUT = frozenset({"materializations", "takedowns", "tombstones", "tombstone_clips"})
"""Tables that are not asked: the ledger has keys and hashes of content alone; the others are the takedowns' own."""
NAMES: Mapping[str, Sequence[str]] = {
    "source_files": ("batch", "uri", "content", "holder", "source_url", "evidence"),
    "raw_videos": (
        "batch", "uri", "content", "holder", "source_url", "evidence", "video_id", "sha256", "file_name", "message",
    ),
}  # fmt: skip
"""What says of every footage which one it is, or may say it of another. The tables' other texts are kinds and states."""
_FEW_BATCHES = 20


@dataclass(frozen=True)
class Search:
    """One version of the lake, as it is asked.

    Attributes:
        cursor: a connection of the search's own, in a transaction.
        snapshot: the version's number.
        filled: the tables that may have rows: those that have a file, or are in the catalog.
        tables: every table, also what a scorer has left behind.
    """

    cursor: duckdb.DuckDBPyConnection
    snapshot: int
    filled: frozenset[str]
    tables: Mapping[str, Table]

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Rows of a query."""
        return self.cursor.execute(sql, parameters).pl()

    def has(self, table: Table) -> bool:
        """Whether a table may have rows. An empty one takes longer to ask than one with files."""
        return table.in_catalog or table.name in self.filled

    def copy(self, table: Table, where: str = "TRUE") -> None:
        """Read the texts of a table once, or its names alone where it has such: from now on the table's name means them.

        Args:
            table: the table.
            where: of which rows. Others are not found any more.
        """
        known = NAMES.get(table.name, table.schema)
        texts = ", ".join(f'"{name}"' for name in known if table.schema[name] == pl.String())
        self.cursor.execute(
            f"CREATE TEMP TABLE {table.name} AS SELECT {texts} FROM {catalog.NAME}.main.{table.name} WHERE {where}"
        )

    def uncopy(self, table: Table) -> None:
        """Let a table's name mean the table again."""
        self.cursor.execute(f"DROP TABLE temp.{table.name}")

    def copy_names(self) -> None:
        """Copy what says of every footage which one it is, and the small tables inside the catalog."""
        for table in self.tables.values():
            if table.name in NAMES or (table.in_catalog and table.name not in WITHOUT):
                self.copy(table)

    def copy_batches(self, batches: Collection[str]) -> None:
        """Copy of the tables whose rows are of their batch's own videos these batches, if they are few."""
        if len(batches) > _FEW_BATCHES:
            return
        for table in self.tables.values():
            if (
                "batch" in table.schema
                and self.has(table)
                and not table.in_catalog
                and table.name not in WITHOUT | ACROSS
            ):
                self.copy(table, in_batches(batches))


@contextmanager
def searching(lake: Lake) -> Iterator[Search]:
    """Ask the newest version of the lake inside the block; what was copied is gone after it."""
    with lake.snapshot() as cursor:
        # Several threads take twice the CPU for such small queries; the next commit chooses anew.
        cursor.execute("SET threads = 1")
        [(snapshot,)] = cursor.execute(f"FROM ducklake_current_snapshot('{catalog.NAME}')").fetchall()
        found = dict(
            cursor.execute(f"SELECT table_name, file_count FROM ducklake_table_info('{catalog.NAME}')").fetchall()
        )
        filled = frozenset(name for name, files in found.items() if files)
        yield Search(cursor, int(snapshot), filled, every_table(lake, found))
