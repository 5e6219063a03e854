"""Group tiers: one asset per SQL file, made anew by that file."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import due_batches, tell
from video_assets.assets.common import BATCHES, MOST_PAGES, catalogue, facts, picture, referred, spec, working
from video_assets.assets.files import code_reference, group_of
from video_assets.assets.lineage import tier_metadata
from video_assets.assets.tier_checks import check_results, check_specs
from video_assets.batches.tiers import decide
from video_assets.curate.coverage import coverage
from video_assets.curate.funnel import beside_published, funnel
from video_assets.curate.sql_files import note
from video_assets.curate.tiers import Tier
from video_assets.curate.totals import kept_hours
from video_assets.curate.verdicts import only_batches
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import TIER_VERDICTS
from video_assets.lake.versions import combined
from video_assets.measurements import tier_asset
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _tier(tier: Tier) -> dg.AssetsDefinition:
    asset = tier_asset(tier.name)

    @dg.multi_asset(
        specs=[
            spec(
                asset,
                group_of(asset),
                {"duckdb", "sql", "tier"},
                description=_described(tier),
                table=TIER_VERDICTS,
                metadata=tier_metadata(tier) | code_reference(tier.path, tier.line),
            )
        ],
        check_specs=check_specs(asset),
        name=asset.replace("/", "__"),
        partitions_def=BATCHES,
        can_subset=True,  # Where nothing is due, there is no check to evaluate either.
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def verdicts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        opened = lake.open()
        note(opened)
        with opened.at_one_look():
            yield from _decided(context, opened, tier, asset)

    return verdicts


def _decided(
    context: dg.AssetExecutionContext, opened: Lake, tier: Tier, asset: str
) -> Iterator[dg.MaterializeResult[None]]:
    if not (batches := due_batches(context, opened)):
        return
    began = time.monotonic()
    before = kept_hours(opened, asset, batches)
    with working(context, opened) as step:
        made = decide(step, tier, batches)
    figures = _figures(opened, made)
    # Each batch has the numbers and the page of its own clips, whatever else the run decides.
    pages = {b: _page(opened, tier, b) if b in batches[-MOST_PAGES:] else _NO_PAGE for b in batches}
    shown = referred(opened, asset, pages, context.run.run_id)
    for batch in batches:
        told = facts(made[batch], opened) | figures[batch] | shown[batch]
        context.add_asset_metadata(told, asset_key=asset.split("/"), partition_key=batch)
    # A run has one data version for all its batches; the ledger has each batch's own.
    version = combined(*(m.data_version for m in made.values()))
    yield dg.MaterializeResult(
        asset_key=asset.split("/"),
        data_version=dg.DataVersion(version),
        check_results=list(check_results(context.instance, opened, catalogue(settings()).files, tier, before, made)),
    )
    tell(context, opened, batches, time.monotonic() - began)


def _described(tier: Tier) -> str:
    rules = "\n".join(f"{n}. `{r.name}`: {r.source}" for n, r in enumerate(tier.asked, 1))
    return f"**{tier.title}**\n\n{tier.description}\n\n{rules}\n\n```sql\n{tier.sql}\n```"


def _figures(lake: Lake, made: Mapping[str, Made]) -> dict[str, dict[str, Any]]:
    """Of each batch its clips by verdict, what is kept of them, and what a kept hour has cost: all as numbers, to plot.

    Counted are CPU and GPU seconds of everything that was measured in these batches, whatever the tier then did with it.
    What comes after a tier, the captions of its clips for one, is no cost of its verdicts.
    """
    spent = dict(lake.query(_SPENT, [list(made)]).iter_rows())
    found: dict[str, dict[str, Any]] = {}
    for batch, m in made.items():
        kept, undecided, hours = m.kept or 0, m.undecided or 0, (m.kept_seconds or 0.0) / 3600
        numbers = {
            "kept": kept,
            "dropped": m.rows - kept - undecided,
            "undecided": undecided,
            "hours_kept": round(hours, 4),
            "kept_share": round(kept / m.rows, 4) if m.rows else None,
            "seconds_per_kept_hour": float(round(spent[batch] / hours))
            if hours and spent.get(batch) is not None
            else None,
        }
        found[batch] = {name: dg.MetadataValue.null() if n is None else n for name, n in numbers.items()}
    return found


_NO_PAGE = {
    "page": f"A run over many batches makes the pictures of {MOST_PAGES}; materialize this one alone, and it has its own."
}


def _page(lake: Lake, tier: Tier, batch: str) -> dict[str, Any]:
    """The batch's funnel, what the tier keeps of it, and pictures."""
    with lake.snapshot() as cursor:
        clips = cursor.execute(_CLIPS, [tier.name, batch]).pl()
        steps = beside_published(funnel(cursor, tier, [batch]), tier)
        with only_batches(cursor, [batch]):
            covered = coverage(cursor, tier)
    breakdowns = pl.concat(rows.select(pl.lit(of).alias("of"), pl.all()) for of, rows in covered.breakdowns.items())
    return {
        "funnel": picture(reports.table(steps)),
        "funnel_plot": picture(reports.funnel(steps)),
        # Holders and licences are what people have written.
        "coverage": picture(reports.drawn_table(breakdowns)),
        "contact_sheet_kept": picture(reports.contact_sheet(lake, clips.filter(verdict="kept"))),
        "contact_sheet_dropped": picture(reports.contact_sheet(lake, clips.filter(verdict="dropped"))),
    }


_SPENT = """
SELECT batch, sum(compute_seconds + coalesce(gpu_seconds, 0))
FROM materializations
WHERE batch IN (SELECT unnest(?)) AND NOT regexp_matches(asset, '^(tiers/|caption)')
GROUP BY batch
"""
_CLIPS = """
SELECT c.batch, c.video_id, c.start_pts, c.end_pts, v.verdict,
    coalesce(v.decided_by, round(c.duration_s, 1) || ' s, ' || c.crop_width || 'x' || c.crop_height) AS label
FROM tier_verdicts_history AS v JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
WHERE v.tier = ? AND v.batch = ? ORDER BY c.video_id, c.start_pts
"""

tiers = [_tier(tier) for tier in catalogue(settings())[0].values()]
