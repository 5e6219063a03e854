"""The two computed version words: *code* (what would be measured, and how) and *content* (what was written)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from video_assets.lake.schemas import Table


def short_hash(text: str | bytes) -> str:
    """The first 16 hex digits of a SHA-256."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:16]


def code_version(code: str, parameters: Mapping[str, object], weights: Mapping[str, str] | None = None) -> str:
    """Version of a measurement: ``<code>-<hash of its parameters and weights>``.

    Args:
        code: raised by hand whenever the code would write other numbers for the same input.
        parameters: everything that changes the numbers, JSON-serialisable.
        weights: name and hash of each model's weights.
    """
    described = json.dumps(
        {"parameters": dict(parameters), "weights": dict(weights or {})}, sort_keys=True, default=str
    )
    return f"{code}-{short_hash(described)[:8]}"


def data_version(rows: pl.DataFrame | Path, table: Table) -> str:
    """Hash of the stable values of some rows of a table, whatever their order or file layout.

    The ``version`` column is left out: measuring again with newer code and the same result must look the same. It counts
    where rows of several versions stand side by side, as it is in the key. Images enter by a hash of their bytes, so that a file of keyframes need not fit in memory.
    """
    source = rows.lazy() if isinstance(rows, pl.DataFrame) else pl.scan_parquet(rows)
    stable = [c for c in table.stable_columns if c != "batch" and (c != "version" or c in table.key)]
    chosen = (pl.col(c).hash(seed=0) if table.schema[c] == pl.Binary() else pl.col(c) for c in stable)
    frame = source.select(chosen).collect(engine="streaming").sort([c for c in table.key if c in stable])
    digest = hashlib.sha256()
    for column in frame:
        digest.update(f"{column.name} {column.dtype}\n".encode())
        _feed(digest.update, column)
    return digest.hexdigest()[:16]


def _feed(update: Callable[[bytes], None], values: pl.Series) -> None:
    """Feed a column's values and nothing but them.

    Arrow's own bytes would not do: it leaves undefined what stands behind a NULL, and strings in the order in which
    they were once made.
    """
    update(values.is_null().cast(pl.UInt8).to_numpy().tobytes())
    known = values.drop_nulls()
    if isinstance(known.dtype, pl.Struct):
        for field in known.struct.unnest():
            _feed(update, field)
    elif isinstance(known.dtype, pl.List):
        lengths = known.list.len()
        _feed(update, lengths)
        _feed(update, known.filter(lengths > 0).explode())
    elif known.dtype == pl.String():
        _feed(update, known.str.len_bytes())
        update("".join(known).encode())
    else:
        plain = known.cast(pl.UInt8) if known.dtype == pl.Boolean() else known.to_physical()
        update(plain.to_numpy().tobytes())


def combined(*versions: str) -> str:
    """One data version of several; a single one stays as it is."""
    return versions[0] if len(versions) == 1 else short_hash("\n".join(versions))
