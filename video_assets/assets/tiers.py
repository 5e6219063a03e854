"""Group tiers: one asset per SQL file, made anew by that file."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from video_assets import reports
from video_assets.assets.batched import due_batches, tell
from video_assets.assets.common import BATCHES, catalogue, facts, picture, spec, working
from video_assets.batches.tiers import decide
from video_assets.curate.coverage import coverage
from video_assets.curate.funnel import beside_published, funnel
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import only_batches
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import TIER_VERDICTS
from video_assets.lake.versions import combined
from video_assets.measurements import tier_asset
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _tier(tier: Tier) -> dg.AssetsDefinition:
    asset = tier_asset(tier.name)

    @dg.multi_asset(
        specs=[spec(asset, "tiers", {"duckdb", "sql"}, description=_described(tier), table=TIER_VERDICTS)],
        name=asset.replace("/", "__"),
        partitions_def=BATCHES,
        can_subset=True,  # Where nothing is due, there is no check to evaluate either.
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def verdicts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        opened = lake.open()
        if not (batches := due_batches(context, opened)):
            return
        began = time.monotonic()
        with working(context, opened) as step:
            made = decide(step, tier, batches)
        figures = _figures(opened, tier, batches)
        for batch in batches:
            told = facts(made[batch], opened) | figures.get(batch, dict.fromkeys(_VERDICTS, 0))
            context.add_asset_metadata(told, asset_key=asset.split("/"), partition_key=batch)
        # A run has one data version for all its batches; the ledger has each batch's own.
        version = combined(*(m.data_version for m in made.values()))
        yield dg.MaterializeResult(
            asset_key=asset.split("/"), data_version=dg.DataVersion(version), metadata=_pictures(opened, tier, batches)
        )
        tell(context, opened, batches, time.monotonic() - began)

    return verdicts


def _described(tier: Tier) -> str:
    rules = "\n".join(f"{n}. `{r.name}`: {r.source}" for n, r in enumerate(tier.asked, 1))
    return f"**{tier.title}**\n\n{tier.description}\n\n{rules}\n\n```sql\n{tier.sql}\n```"


_VERDICTS = ("kept", "dropped", "undecided")


def _figures(lake: Lake, tier: Tier, batches: Sequence[str]) -> dict[str, dict[str, float]]:
    """Clips by verdict and hours kept, of each batch."""
    counted = ", ".join(f"count(*) FILTER (verdict = '{verdict}') AS {verdict}" for verdict in _VERDICTS)
    rows = lake.query(
        f"SELECT batch, {counted}, "
        "round(coalesce(sum(duration_s) FILTER (verdict = 'kept'), 0) / 3600, 4) AS hours_kept "
        f"FROM ({_CLIPS}) GROUP BY batch",
        [tier.name, list(batches)],
    )
    return {row.pop("batch"): row for row in rows.iter_rows(named=True)}


def _pictures(lake: Lake, tier: Tier, batches: Sequence[str]) -> dict[str, dg.MetadataValue[Any]]:
    """What a kept hour has cost, the funnel over the run's batches, what it keeps of them, and pictures."""
    clips = lake.query(f"{_CLIPS} ORDER BY c.batch, c.video_id, c.start_pts", [tier.name, list(batches)])
    with lake.cursor() as cursor:
        steps = beside_published(funnel(cursor, tier, batches), tier)
        with only_batches(cursor, batches):
            covered = coverage(cursor, tier)
    spent = lake.query(_SPENT, [list(batches)]).item()
    hours = clips.filter(verdict="kept")["duration_s"].sum() / 3600
    return {
        "seconds_per_kept_hour": dg.MetadataValue.float(float(round(spent / hours)))
        if hours
        else dg.MetadataValue.null(),
        "funnel": picture(reports.table(steps)),
        "funnel_plot": picture(reports.funnel(steps)),
        "coverage": picture(reports.coverage(covered)),
        "contact_sheet_kept": picture(reports.contact_sheet(lake, clips.filter(verdict="kept"))),
        "contact_sheet_dropped": picture(reports.contact_sheet(lake, clips.filter(verdict="dropped"))),
    }


# CPU and GPU seconds of everything that was measured in these batches, whatever the tier then did with it. What comes
# after a tier, the captions of its clips for one, is no cost of its verdicts.
_SPENT = """
SELECT coalesce(sum(compute_seconds + coalesce(gpu_seconds, 0)), 0) FROM materializations
WHERE batch IN (SELECT unnest(?)) AND NOT regexp_matches(asset, '^(tiers/|caption)')
"""
_CLIPS = """
SELECT c.batch, c.video_id, c.start_pts, c.end_pts, c.duration_s, v.verdict,
    coalesce(v.decided_by, round(c.duration_s, 1) || ' s, ' || c.crop_width || 'x' || c.crop_height) AS label
FROM tier_verdicts AS v JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
WHERE v.tier = ? AND v.batch IN (SELECT unnest(?))
"""

tiers = [_tier(tier) for tier in catalogue(settings())[0].values()]
