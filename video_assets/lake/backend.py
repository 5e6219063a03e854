"""Where DuckLake keeps its own tables: a SQLite file on one machine, PostgreSQL for several.

Everything else is the same on both. Each is a small module with the four things that differ: how DuckDB attaches it, whether
a lake is there, how its tables are asked without DuckDB, and what its locks are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from video_assets.settings import LakeSettings

COMMIT = "commit"
"""The name of the lock under which all commits happen."""

# DuckLake makes none of these. It asks so at every commit and query of a catalog in PostgreSQL: with 100,000 files of another
# table a commit took 3.4 s without them and 1.2 s with them, 0.7 s in an empty lake. We ask so too before a commit.
INDEXES = {
    "video_assets_stats_of_column": "ducklake_file_column_stats (table_id, column_id)",
    "video_assets_stats_of_file": "ducklake_file_column_stats (data_file_id)",
    "video_assets_files_of_table": "ducklake_data_file (table_id)",
    "video_assets_deletes_of_table": "ducklake_delete_file (table_id)",
}


class Tables(Protocol):
    """DuckLake's own tables, in one transaction, which is committed at the end of the block that gave them."""

    bytewise: str
    """The collation by which texts are compared as DuckDB compares them."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement with ``?`` where parameters stand; none of one that gives no rows."""

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns, in order."""

    def as_text(self, column: str) -> str:
        """A text column of rows that DuckLake keeps inside the catalog, as a text."""


class Backend(Protocol):
    """The database that a catalog is in."""

    bytewise: str
    """The collation by which texts are compared as DuckDB compares them."""

    extension: str
    """DuckDB's extension for it, as :func:`video_assets.lake.catalog.extension` names it."""

    @property
    def place(self) -> str:
        """What a sentence calls it. It holds no secret."""

    @property
    def address(self) -> str:
        """What follows ``ducklake:`` in ATTACH. It holds no secret."""

    @property
    def options(self) -> Sequence[str]:
        """What ATTACH is told besides."""

    def as_text(self, column: str) -> str:
        """See :meth:`Tables.as_text`."""

    def prepare(self) -> None:
        """Make the place in which a new catalog can be made, if that is needed."""

    def is_there(self) -> bool:
        """Whether there is a catalog, or one in the making.

        Raises:
            OSError: it cannot be seen; the sentence says why, and what to do.
        """

    def tables(self) -> AbstractContextManager[Tables | None]:
        """DuckLake's tables, where they are there; what is changed is committed when the block ends well.

        Raises:
            OSError: see :meth:`is_there`.
        """

    def rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Every row of every table, with the table's name; nothing is held for long in memory."""

    def size_bytes(self) -> int:
        """Of the catalog, with what the database keeps for itself."""

    def add_indexes(self) -> None:
        """Let what DuckLake asks at every commit be found without reading all that there is, where that helps."""

    def tidy(self) -> None:
        """Give back what deleted rows have left, as far as nobody who has it open is in the way."""

    def write_anew(self) -> None:
        """Leave no byte of rows that were deleted in the database itself. Nobody in this process may have it open.

        Raises:
            TimeoutError: another process does not let go of it.
        """

    def lock(self, name: str, timeout_s: float) -> AbstractContextManager[object]:
        """A lock that all processes of all machines which use this catalog share, and that goes with its holder.

        Raises:
            filelock.Timeout: another held it for longer than ``timeout_s`` seconds.
            OSError: see :meth:`is_there`.
        """


def backend(settings: LakeSettings) -> Backend:
    """That of the settings."""
    if settings.in_postgres:
        from video_assets.lake.in_postgres import InPostgres

        return InPostgres(str(settings.catalog))
    from video_assets.lake.in_sqlite import InSqlite

    return InSqlite(settings.catalog_path)


def beside(settings: LakeSettings) -> Path:
    """The local folder for what is kept beside the catalog, and never on S3, where a bucket may keep what is removed."""
    if not settings.in_postgres:
        return settings.catalog_path.parent
    return settings.scratch_path.parent if settings.on_s3 else Path(settings.root).absolute()
