"""The ledger's entries: what each asset's batch was made from, by which version and run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from video_assets.lake.schemas import MATERIALIZATIONS
from video_assets.lake.sql_text import quoted

_FEW = 20


@dataclass(frozen=True)
class Made:
    """A ledger entry: one asset's batch, and what it was made from. The last three are of a tier."""

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
    kept: int | None = None
    undecided: int | None = None
    kept_seconds: float | None = None


def note(cursor: duckdb.DuckDBPyConnection, made: Sequence[Made], run_id: str) -> None:
    """Write ledger entries in one statement each way: thousands of batches are one commit when a tier changes."""
    if not made:
        return
    inputs = [json.dumps(dict(sorted(m.inputs.items()))) for m in made]
    entries = [
        vars(m) | {"inputs": i, "run_id": run_id, "made_at": datetime.now(UTC)}
        for m, i in zip(made, inputs, strict=True)
    ]
    cursor.register("entries", MATERIALIZATIONS.frame(entries).to_arrow(compat_level=pl.CompatLevel.oldest()))
    # A few are written out: the ledger is then not joined with them.
    among = "(asset, batch) IN (SELECT (asset, batch) FROM entries)"
    if len(made) <= _FEW:
        among = " OR ".join(f"(asset = {quoted(m.asset)} AND batch = {quoted(m.batch)})" for m in made)
    cursor.execute(f"DELETE FROM materializations WHERE {among}")
    cursor.execute("INSERT INTO materializations BY NAME SELECT * FROM entries")
    cursor.unregister("entries")
