"""Rows to a Parquet file as they come, in bounded memory; the file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from video_assets.lake.schemas import Table

Row: TypeAlias = dict[str, Any]


class StreamedTable:
    """Writes rows of a lake table, less ``batch``, to ``path`` (temporary name in the same folder, then renamed).

    Use it as a context manager: leaving it by an exception leaves no file.
    """

    def __init__(self, path: Path, table: Table, rows_per_group: int) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._schema: pa.Schema = table.empty().drop("batch").to_arrow().schema
        self._rows_per_group = rows_per_group
        self._rows: list[Row] = []
        self._writer = pq.ParquetWriter(self._temporary, self._schema, compression="zstd")

    def append(self, row: Row) -> None:
        """Add a row; columns that are absent become NULL."""
        self._rows.append(row)
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
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
