"""What the rules of a tier leave, one after the other, by the verdicts that the lake holds; nothing is decided again."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from video_assets.curate.tiers import Tier

ALL_CLIPS = "all clips"


def funnel(connection: duckdb.DuckDBPyConnection, tier: Tier, batches: Sequence[str] | None = None) -> pl.DataFrame:
    """Clips and hours left after each rule, over all batches or the given ones.

    Counted are the verdicts of this version of the tier on clips that the lake still holds. A clip leaves at the rule
    that decided it: the first that is false, else the first that is undecided.

    Returns:
        One row per rule in order, after a row "all clips": rule, clips_left, hours_left (h), dropped_here,
        undecided_here. The last row's clips_left are the kept ones.
    """
    left = connection.execute(
        """
        SELECT
            coalesce(v.decided_by, '') AS rule,
            count(*) AS clips,
            sum(c.duration_s) / 3600 AS hours,
            count(*) FILTER (v.kept IS FALSE) AS dropped_here,
            count(*) FILTER (v.kept IS NULL) AS undecided_here
        FROM tier_verdicts AS v
        JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
        WHERE v.tier = $tier AND v.version = $version AND ($batches IS NULL OR list_contains($batches, v.batch))
        GROUP BY ALL
        """,
        {"tier": tier.name, "version": tier.version, "batches": None if batches is None else list(batches)},
    ).pl()
    # The kept clips outlast every rule, so they stand last; what is left after a rule is the sum of all that leaves later.
    steps = pl.DataFrame({"rule": [ALL_CLIPS, *(r.name for r in tier.asked), ""]})
    here = steps.join(left, on="rule", how="left", maintain_order="left").with_columns(pl.exclude("rule").fill_null(0))
    later = here.with_columns(
        clips_left=pl.col("clips").cum_sum(reverse=True) - pl.col("clips"),
        hours_left=pl.col("hours").cum_sum(reverse=True).shift(-1),
    )
    return later.head(-1).select("rule", "clips_left", "hours_left", "dropped_here", "undecided_here")


def beside_published(rows: pl.DataFrame, tier: Tier) -> pl.DataFrame:
    """A funnel with the share of all clips that is left (share_left), beside the paper's (published), 0-1.

    NULL where the paper prints none, or where there are no clips. It is the same funnel when the paper prints none at all.
    """
    if not tier.published:
        return rows
    published = pl.Series("published", [tier.published.get(rule) for rule in rows["rule"]], pl.Float64)
    share = pl.when(pl.col("clips_left").first() > 0).then(pl.col("clips_left") / pl.col("clips_left").first())
    return rows.with_columns(share.alias("share_left"), published)
