"""Rows to a Parquet file as they come, in bounded memory; the file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias
from uuid import uuid4

import polars as pl
import pyarrow.parquet as pq

from video_assets.lake.schemas import Table

Row: TypeAlias = dict[str, Any]


class StreamedTable:
    """Writes rows of a lake table, less ``batch``, to ``path`` (temporary name in the same folder, then renamed).

    Use it as a context manager: leaving it by an exception leaves no file.
    """

    def __init__(self, path: Path, table: Table, rows_per_group: int) -> None:
        self._path = path
        # A name of its own: where a node is lost, its worker may still be at the file that another's has begun anew.
        self._temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
        empty = table.empty().drop("batch")
        self._schema = empty.schema
        self._rows_per_group = rows_per_group
        self._rows: list[Row] = []
        self._writer = pq.ParquetWriter(self._temporary, empty.to_arrow().schema, compression="zstd")

    def append(self, row: Row) -> None:
        """Add a row; columns that are absent become NULL."""
        self._rows.append(row)
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            # Arrow's own way from rows loads pandas, which takes as long as a hundred frames do.
            self._writer.write_table(pl.DataFrame(self._rows, self._schema, orient="row").to_arrow())
            self._rows = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
            self._writer.close()
            if kind is None:
                self._temporary.replace(self._path)
        finally:
            self._temporary.unlink(missing_ok=True)
