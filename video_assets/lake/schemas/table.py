"""What a table and its columns are, and the columns that many tables share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

TEXT, BOOL, INT, LONG = pl.String(), pl.Boolean(), pl.Int32(), pl.Int64()
REAL, DOUBLE, BYTES = pl.Float32(), pl.Float64(), pl.Binary()
TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """One column.

    ``volatile`` ones (costs, clock times, file names) may differ between equal runs: no data version has them. A measured one
    may have a ``unit``, and values from ``least`` to ``most``: what lies outside is a failure of what has measured it.
    """

    name: str
    dtype: pl.DataType
    description: str
    volatile: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Table:
    """One table of the lake; ``key`` identifies a row and is the order in which it is read.

    The few rows of one that is ``in_catalog`` are kept inside the catalog; those of others are Parquet files.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    in_catalog: bool = False

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({c.name: c.dtype for c in self.columns})

    @property
    def stable_columns(self) -> list[str]:
        """The columns that equal runs agree on."""
        return [c.name for c in self.columns if not c.volatile]

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    def frame(
        self, rows: list[dict[str, object]] | pl.DataFrame | Mapping[str, object], **constant: object
    ) -> pl.DataFrame:
        """Rows in this table's columns, types and order; columns that are absent become NULL.

        Raises:
            ValueError: a row has a column that the table does not.
        """
        data = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
        data = data.with_columns(pl.lit(v).alias(k) for k, v in constant.items())
        unknown = set(data.columns) - set(self.schema)
        if unknown:
            raise ValueError(f"{self.name} has no column {', '.join(sorted(unknown))}.")
        missing = [c for c in self.schema if c not in data.columns]
        data = data.with_columns(pl.lit(None).alias(c) for c in missing)
        return data.select(pl.col(c).cast(t) for c, t in self.schema.items()).sort(self.key)


BATCH = Column("batch", TEXT, "Ingest batch: the partition.")
VIDEO = Column("video_id", TEXT, "Source video: the first 32 hex digits of the SHA-256 of its bytes.")
CLIP = Column("clip_id", TEXT, "Clip: hash of video, stream, start pts, end pts and crop.")
VERSION = Column(
    "version",
    TEXT,
    "Version of the measurement that wrote the row: its code, parameters and weights; 'retry' while a failed row waits to be tried again.",
)
REASON = Column("reason", TEXT, "Why nothing was measured (see reasons.Reason); NULL when the row is good.")
MESSAGE = Column("message", TEXT, "What was seen when it failed, for a person; NULL when the row is good.")
LIMITED_BY = Column(
    "limited_by",
    TEXT,
    "The settings of the limit at which it failed, or may have, with their values; with others it is tried again. NULL when no limit had to do with it.",
    volatile=True,
)
SECONDS = Column("compute_seconds", DOUBLE, "CPU seconds spent on the row, in s.", volatile=True)
GPU_SECONDS = Column(
    "gpu_seconds", DOUBLE, "Seconds for which the row held a GPU, in s; NULL where none was used.", volatile=True
)

OF_EVERY_TABLE = frozenset(
    c.name for c in (BATCH, CLIP, VIDEO, VERSION, REASON, MESSAGE, LIMITED_BY, SECONDS, GPU_SECONDS)
)
"""Names of the columns of every scorer's table."""
