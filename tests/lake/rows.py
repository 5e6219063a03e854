"""Rows to fill a lake with, and short ways to commit and count them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, SHOTS, TIER_OUTCOMES


def shots(batch: str, count: int, version: str = "1") -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {"shot_id": f"{batch}-{i}", "video_id": batch, "shot": i, "start_frame": 10 * i} for i in range(count)
    ]
    return SHOTS.frame(rows, batch=batch, version=version)


def clips(batch: str, count: int, version: str = "1") -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {"clip_id": f"{batch}-{i}", "video_id": batch, "start_pts": 1000 * i} for i in range(count)
    ]
    return CLIPS.frame(rows, batch=batch, version=version)


def outcomes(tier: str, batches: Sequence[str], version: str) -> pl.DataFrame:
    """Three clips a batch."""
    rows: list[dict[str, object]] = [
        {"batch": b, "tier": tier, "clip_id": f"{b}-{i}", "failed": 0, "unknown": 0} for b in batches for i in range(3)
    ]
    return TIER_OUTCOMES.frame(rows, version=version)


def commit_shots(lake: Lake, batch: str, count: int, version: str = "1", run_id: str = "") -> int:
    made = Made("shots", batch, version, version, {}, count)
    rows = shots(batch, count, version)
    return lake.commit([Replacement(SHOTS, [batch], rows)], [made], message=f"shots/{batch}", run_id=run_id)


def counts(lake: Lake, table: str, *batches: str, at: int | None = None) -> dict[str, tuple[str, int]]:
    """Batch: its version and its number of rows, now or as an older snapshot had it."""
    version = "" if at is None else f" AT (VERSION => {at})"
    rows = lake.query(
        f"SELECT batch, string_agg(DISTINCT version, '+'), count(*) FROM {table}{version} "
        "WHERE batch IN (SELECT unnest(?)) GROUP BY batch ORDER BY batch",
        [list(batches)],
    )
    return {batch: (found, count) for batch, found, count in rows.iter_rows()}


def snapshots(lake: Lake) -> int:
    return int(lake.query("SELECT count(*) FROM ducklake_snapshots('lake')").item())


def replace_batch(lake: Lake, batch: str, version: str, count: int) -> int:
    """Replace a batch of two tables, so many rows each, in one commit; the snapshot's id."""
    replacements = [
        Replacement(SHOTS, [batch], shots(batch, count, version)),
        Replacement(CLIPS, [batch], clips(batch, count, version)),
    ]
    return lake.commit(replacements, [Made("shots", batch, version, version, {}, count)], message=f"{batch} {version}")
