"""Rows out of every table: each partition concerned is written anew without them, all in one commit.

The ledger is mended in the same commit. Whatever was up to date stays so: its inputs name the content as it is now. Draws are
not mended, as one that loses a clip may have another in its place; they are due.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from video_assets.batches.step import Step
from video_assets.footage.ingest import sources_version
from video_assets.lake.files import write_parquet
from video_assets.lake.lake import Replacement
from video_assets.lake.plan import SOURCE_FILES, Measurement
from video_assets.lake.schemas import MATERIALIZATIONS, Table
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import in_batches, quoted
from video_assets.lake.versions import data_version
from video_assets.takedown.marks import Marks
from video_assets.takedown.reach import concerned, looking, partition, rows_in, searched
from video_assets.takedown.search import Search

# Rows of other clips in these name clips that go: the steps that make them write them anew.
MADE_ANEW = ("duplicate_groups", "contamination", SHEET)
_ROWS_AT_ONCE, _PICTURES_AT_ONCE = 122_880, 1_024
Ledger = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class _Part:
    """A partition of a table without the rows: its file, or None where no row is left."""

    table: Table
    key: str
    file: Path | None
    rows: pl.DataFrame | None
    """Instead of a file, of a table inside the catalog."""


def remove_rows(
    step: Step, marks: Marks, takedown: str, found: Mapping[str, Sequence[str]] | None, *, everywhere: bool
) -> None:
    """Write every partition concerned anew without the videos' rows, and mend the ledger, in one commit.

    Args:
        step: the step.
        marks: what is looked for.
        takedown: the takedown's number.
        found: the partitions by table, where they are known; else they are looked for.
        everywhere: that of :func:`video_assets.takedown.reach.rows_in`.
    """
    with looking(step.lake, marks) as search:
        if found is None:
            _, found = rows_in(search, marks, searched(search.tables, step.order[SHEET].table), everywhere=everywhere)
        _rewrite(step, marks, search, found, {}, (), f"takedown {takedown}")


def remove_measured(
    step: Step, marks: Marks, instead: Mapping[Table, pl.DataFrame], also: Sequence[Replacement]
) -> None:
    """The same of what was measured of some videos of one batch; where they are and what is frozen in releases stays.

    Args:
        step: the step.
        marks: the ids of the videos; they are in one batch.
        instead: what tables have of the batch from now on.
        also: what else is part of the commit.
    """
    [batch] = marks.batches
    kept = {SOURCES.name, *(table.name for table in instead)}
    with looking(step.lake, marks) as search:
        tables = {
            n: t
            for n, t in searched(search.tables, step.order[SHEET].table).items()
            if "batch" in t.schema and n not in kept
        }
        _, batches = rows_in(search, marks, tables)
        changed = {(table, batch): rows for table, rows in instead.items()}
        _rewrite(step, marks, search, batches, changed, also, "copies refused")


def _rewrite(
    step: Step, marks: Marks, search: Search, found: Mapping[str, Sequence[str]],
    instead: Mapping[tuple[Table, str], pl.DataFrame], also: Sequence[Replacement], message: str,
) -> None:  # fmt: skip
    lake, cursor = step.lake, search.cursor
    ledger = lake.made(sorted({key for keys in found.values() for key in keys} | {key for _, key in instead}))
    tables = searched(search.tables, step.order[SHEET].table)
    with ExitStack() as stack:
        folder = stack.enter_context(lake.files.temporary())
        parts = [
            _part(step, marks, cursor, tables[name], key, folder / f"{name}-{number}.parquet", ledger)
            for name, keys in found.items()
            for number, key in enumerate(keys)
        ]
        for (table, key), rows in instead.items():
            write_parquet(rows, folder / f"{table.name}.parquet")
            parts.append(_Part(table, key, folder / f"{table.name}.parquet", None))
        replacements = [
            Replacement(
                p.table, [p.key], p.rows if p.rows is not None else p.file or p.table.empty(), by=partition(p.table)
            )
            for p in parts
        ]
        mended = _mended(step, cursor, ledger, parts)
        if mended:
            batches = sorted({batch for _, batch in mended})
            entries = [row for (_, batch), row in (ledger | mended).items() if batch in batches]
            rows = MATERIALIZATIONS.frame([row | {"inputs": _inputs(row["inputs"])} for row in entries])
            replacements.append(Replacement(MATERIALIZATIONS, batches, rows))
        lake.commit([*replacements, *also], [], message=message, author="takedown")


def _inputs(inputs: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(inputs.items())))


def remade(step: Step, asset: str, batch: str, ledger: Ledger) -> bool:
    """Whether the step that makes a table can write a batch of it as it was: by the code and settings that wrote it."""
    entry = ledger.get((asset, batch))
    return asset in MADE_ANEW and entry is not None and entry["version"] == step.version(asset)


def _part(
    step: Step, marks: Marks, cursor: duckdb.DuckDBPyConnection, table: Table, key: str, path: Path, ledger: Ledger
) -> _Part:
    # What is of older code cannot be made anew: there rows of others that name these clips go, and are due.
    own = remade(step, table.name, key, ledger)
    chosen = ", ".join(f'"{c}"' for c in table.schema)
    query = f'SELECT {chosen} FROM {table.name} WHERE "{partition(table)}" = {quoted(key)} AND NOT {concerned(table, marks, own=own)}'
    if table.in_catalog:
        return _Part(table, key, None, cursor.execute(query).pl().cast(table.schema))
    return _Part(table, key, path if _written(cursor, table, query, path) else None, None)


def _written(cursor: duckdb.DuckDBPyConnection, table: Table, query: str, path: Path) -> int:
    """Stream a query's rows to a file; a batch of keyframes need not fit in memory.

    Returns:
        How many there are.
    """
    import pyarrow.parquet as pq

    schema = table.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    at_once = _PICTURES_AT_ONCE if pl.Binary() in table.schema.values() else _ROWS_AT_ONCE
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        import pyarrow as pa

        for part in cursor.execute(query).to_arrow_reader(at_once):
            if part.num_rows:
                writer.write_table(pa.Table.from_batches([part]).select(schema.names).cast(schema))
                rows += part.num_rows
    return rows


def _mended(
    step: Step, cursor: duckdb.DuckDBPyConnection, ledger: Ledger, parts: Sequence[_Part]
) -> dict[tuple[str, str], dict[str, Any]]:
    """The ledger's entries that say something else now."""
    changed: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        for key, measurement in _assets_of(step, part):
            if key in ledger:
                changed[key] = dict(ledger[key]) | _said(cursor, part, measurement)
    after = dict(ledger) | changed
    for key, entry in ledger.items():
        asset, batch = key
        if asset in step.order and step.order[asset].shared:
            continue
        inputs = {
            name: after[name, batch]["data_version"]
            if (name, batch) in changed and version == ledger[name, batch]["data_version"]
            else version
            for name, version in entry["inputs"].items()
        }
        if inputs != entry["inputs"]:
            changed[key] = dict(after[key]) | {"inputs": inputs}
    return changed


def _assets_of(step: Step, part: _Part) -> Iterator[tuple[tuple[str, str], Measurement | None]]:
    """The assets whose content in this batch the part is, as the ledger names them; the sources are no measurement."""
    if part.table is SOURCES:
        yield (SOURCE_FILES, part.key), None
    for asset, measurement in step.order.items():
        if measurement.table.name == part.table.name and not measurement.shared:
            yield (asset, part.key), measurement


def _said(cursor: duckdb.DuckDBPyConnection, part: _Part, measurement: Measurement | None) -> dict[str, Any]:
    """What the ledger says of a part's content, as the step that made it would."""
    if measurement is None:
        rows = pl.read_parquet(part.file) if part.file else part.table.empty()
        return {"rows": rows.height, "data_version": sources_version(rows)}
    if measurement.where:
        return _decided(cursor, part, measurement.where["tier"])
    source: pl.DataFrame | Path = part.file if part.file else part.table.empty()
    frame = pl.scan_parquet(source) if isinstance(source, Path) else source.lazy()
    said = {"data_version": data_version(source, part.table), "rows": frame.select(pl.len()).collect().item()}
    if "reason" in part.table.schema:
        said["failures"] = frame.select(pl.col("reason").is_not_null().sum()).collect().item()
    return said


def _decided(cursor: duckdb.DuckDBPyConnection, part: _Part, tier: str) -> dict[str, Any]:
    """The same of a tier, whose content is a hash of its outcomes (:mod:`video_assets.batches.tiers`)."""
    if part.file is None:
        return {"data_version": "no clips", "rows": 0, "kept": 0, "undecided": 0, "kept_seconds": 0.0}
    names = ("rows", "data_version", "kept", "undecided", "kept_seconds")
    # Of the sheet by the batch's name: what a join lets through, DuckDB learns when it has opened every file.
    query = _DECIDED.format(in_batch=in_batches([part.key], "c.batch"))
    found = cursor.execute(query, {"path": str(part.file), "tier": tier}).fetchall()
    said = dict(zip(names, found[0], strict=True))
    return said if said["rows"] else said | {"data_version": "no clips"}


_DECIDED = """
SELECT
    count(*),
    printf('%016x', coalesce(bit_xor(hash(o.clip_id, o.failed, o.unknown)), 0)),
    count(*) FILTER (o.failed = 0 AND o.unknown = 0),
    count(*) FILTER (o.failed = 0 AND o.unknown <> 0),
    coalesce(round(sum(c.duration_s) FILTER (o.failed = 0 AND o.unknown = 0), 6), 0)
FROM read_parquet($path) AS o
LEFT JOIN clip_sheet AS c ON {in_batch} AND c.batch = o.batch AND c.clip_id = o.clip_id
WHERE o.tier = $tier
"""
