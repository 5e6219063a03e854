"""What a tier's kept clips are: how long, how large, which way up, who and what they show, whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from video_assets.curate.tiers import Tier

# Heading of a breakdown: SQL over clip_sheet for the value, as it is shown and ordered.
BREAKDOWNS: Mapping[str, str] = {
    "Duration": "concat(floor(duration_s / 2)::INTEGER * 2, ' to ', floor(duration_s / 2)::INTEGER * 2 + 2, ' s')",
    "Shorter side": "concat(min_side // 180 * 180, ' px and more')",
    "Orientation": "orientation",
    "People": "CASE WHEN shows_people THEN 'seen' WHEN NOT shows_people THEN 'none' ELSE 'not known' END",
    "Camera": "coalesce(camera_motion, 'not known')",
    "Concept": "coalesce(concept::VARCHAR, 'not known')",
    "Holder": "coalesce(holder, 'unknown')",
    "Licence": "coalesce(licence, 'unknown')",
}


@dataclass(frozen=True)
class Coverage:
    """What a tier keeps.

    Attributes:
        totals: One row: clips, hours, videos, concepts, holders, median_duration_s, median_min_side (px).
        breakdowns: By heading, rows by hours: value, clips, hours, share (of hours, 0-1); beyond ``most`` values the rest is
            one row.
        clips: duration_s (s) and min_side (px) of every kept clip, for histograms.
    """

    totals: pl.DataFrame
    breakdowns: Mapping[str, pl.DataFrame]
    clips: pl.DataFrame


def coverage(connection: duckdb.DuckDBPyConnection, tier: Tier, most: int = 12) -> Coverage:
    """Look at every clip of ``clip_sheet`` that the tier keeps by its present version.

    Args:
        connection: with the lake in use.
        tier: the tier.
        most: most values of a breakdown that are told apart.
    """
    # DuckDB's names have no case: a heading would be taken for the column of that name.
    values = ", ".join(f'{sql} AS "{heading}:"' for heading, sql in BREAKDOWNS.items())
    kept = connection.execute(
        f"SELECT s.video_id, s.duration_s, s.min_side, s.concept, s.holder, {values} FROM clip_sheet AS s "
        "JOIN tier_verdicts AS v ON v.batch = s.batch AND v.clip_id = s.clip_id "
        "WHERE v.tier = ? AND v.version = ? AND v.kept",
        [tier.name, tier.version],
    ).pl()
    totals = kept.select(
        pl.len().alias("clips"),
        (pl.col("duration_s").sum() / 3600).alias("hours"),
        pl.col("video_id").n_unique().alias("videos"),
        pl.col("concept").drop_nulls().n_unique().alias("concepts"),
        pl.col("holder").drop_nulls().n_unique().alias("holders"),
        pl.col("duration_s").median().alias("median_duration_s"),
        pl.col("min_side").median().alias("median_min_side"),
    )
    breakdowns = {heading: _breakdown(kept, heading, most) for heading in BREAKDOWNS}
    return Coverage(totals, breakdowns, kept.select("duration_s", "min_side"))


def _breakdown(kept: pl.DataFrame, heading: str, most: int) -> pl.DataFrame:
    """Clips and hours by value."""
    counted = (
        kept.group_by(pl.col(f"{heading}:").alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("clips"), (pl.col("duration_s").sum() / 3600).alias("hours"))
        .sort("hours", "value", descending=[True, False])
    )
    if counted.height > most:
        rest = counted.slice(most - 1)
        others = rest.select(pl.lit(f"{rest.height} others").alias("value"), pl.col("clips", "hours").sum())
        counted = pl.concat([counted.head(most - 1), others])
    return counted.with_columns(share=pl.col("hours") / pl.col("hours").sum())
