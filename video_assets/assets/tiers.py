"""Group tiers: one asset per SQL file, made anew by that file."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.common import BATCHES, catalogue, facts, picture, spec, working
from video_assets.batches.tiers import counts, decide
from video_assets.curate.funnel import funnel
from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import TIER_VERDICTS
from video_assets.lake.versions import combined
from video_assets.measurements import tier_asset
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _tier(tier: Tier) -> dg.AssetsDefinition:
    asset = tier_asset(tier.name)

    @dg.multi_asset(
        specs=[spec(asset, "tiers", {"duckdb", "sql"}, description=_described(tier))],
        name=asset.replace("/", "__"),
        partitions_def=BATCHES,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def verdicts(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
        opened, batches = lake.open(), list(context.partition_keys)
        with working(context, opened) as step:
            made = decide(step, tier, batches)
        for batch in batches:
            shown = facts(made[batch], opened) | _shown(opened, tier, [batch])
            context.add_asset_metadata(shown, asset_key=asset.split("/"), partition_key=batch)
        # A run has one data version for all its batches; a child tier that is re-made for nothing costs a second.
        version = combined(*(m.data_version for m in made.values()))
        return dg.MaterializeResult(asset_key=asset.split("/"), data_version=dg.DataVersion(version))

    return verdicts


def _described(tier: Tier) -> str:
    rules = "\n".join(f"{n}. `{r.name}`: {r.source}" for n, r in enumerate(tier.rules, 1))
    return f"**{tier.title}**\n\n{tier.description}\n\n{rules}\n\n```sql\n{tier.sql}\n```"


def _shown(lake: Lake, tier: Tier, batches: Sequence[str]) -> dict[str, object]:
    """What a batch's materialization shows: verdicts, funnel and pictures of both sides."""
    rows = lake.query(_CLIPS, [tier.name, list(batches)])
    with lake.cursor() as cursor:
        steps = funnel(cursor, tier, batches)
    kept, dropped = (rows.filter(pl.col("verdict") == v) for v in ("kept", "dropped"))
    return {
        **counts(rows),
        "hours_kept": round(float(kept["duration_s"].sum()) / 3600, 4),
        "funnel": picture(reports.table(steps)),
        "contact_sheet_kept": picture(reports.contact_sheet(lake, kept)),
        "contact_sheet_dropped": picture(reports.contact_sheet(lake, dropped)),
    }


_CLIPS = f"""
SELECT c.batch, c.video_id, c.start_pts, c.end_pts, c.duration_s, v.verdict,
    coalesce(v.decided_by, round(c.duration_s, 1) || ' s, ' || c.crop_width || 'x' || c.crop_height) AS label
FROM {TIER_VERDICTS.name} AS v JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
WHERE v.tier = ? AND v.batch IN (SELECT unnest(?)) ORDER BY c.batch, c.video_id, c.start_pts
"""

tiers = [_tier(tier) for tier in catalogue(settings())[0].values()]
