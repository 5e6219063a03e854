"""Group tiers: one asset per SQL file, made anew by that file."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import dagster as dg
import duckdb
import polars as pl

from video_assets import reports
from video_assets.assets.batched import PLANNED, batches_of, due_batches, tell
from video_assets.assets.common import BATCHES, MOST_PAGES, catalogue, facts, picture, referred, spec, working
from video_assets.assets.files import code_reference, group_of
from video_assets.assets.lineage import tier_metadata
from video_assets.assets.tier_checks import check_results, check_specs
from video_assets.batches.tiers import decide, decide_together
from video_assets.curate.at_hand import at_hand
from video_assets.curate.coverage import coverage
from video_assets.curate.funnel import beside_published, funnel
from video_assets.curate.sql_files import note
from video_assets.curate.tiers import Tier
from video_assets.curate.totals import Totals, kept_hours, totals
from video_assets.curate.verdicts import only_batches
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED
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
                metadata=tier_metadata(tier)
                | code_reference(tier.path, tier.line)
                | {"review": review_page(tier.name)},
            )
        ],
        check_specs=check_specs(asset),
        name=asset.replace("/", "__"),
        partitions_def=BATCHES,
        can_subset=True,  # Where nothing is due, there is no check to evaluate either.
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def verdicts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        opened, turn = lake.open(), _of_run(context.run.run_id)
        turn.begun.add(asset)
        if asset in turn.ahead:
            yield from _told(context, opened, tier, turn.ahead.pop(asset))
            return
        note(opened)
        with opened.at_one_look():
            yield from _decided(context, opened, tier, turn)

    return verdicts


def review_page(tier: str) -> dg.MetadataValue[str | None]:
    """Where people look at a tier's clips: the page's address where the settings have one, else the command that serves it."""
    if (address := settings().review.address) is None:
        return dg.MetadataValue.text(f"video-assets review {tier}")
    return dg.MetadataValue.url(f"{address}/clips?{urlencode({'tier': tier})}")


@dataclass(frozen=True)
class _Decision:
    """What a tier says of some batches, with what its events show of it.

    Attributes:
        made: the ledger's entries by batch.
        before: hours that were kept of each batch, of those that were decided before.
        now: the tier as a whole.
        spent: CPU and GPU seconds of everything that was measured in each batch.
        pages: of each batch what its page shows, where that was made already.
        seconds: it took.
    """

    made: Mapping[str, Made]
    before: Mapping[str, float]
    now: Totals
    spent: Mapping[str, float | None]
    pages: Mapping[str, Mapping[str, Any]]
    seconds: float


@dataclass
class _OfRun:
    """The tiers of a run whose turn has come, and by asset what was decided along with one of them."""

    begun: set[str] = field(default_factory=set)
    ahead: dict[str, _Decision] = field(default_factory=dict)


@lru_cache(maxsize=8)
def _of_run(_run_id: str) -> _OfRun:
    return _OfRun()


def _decided(
    context: dg.AssetExecutionContext, opened: Lake, tier: Tier, turn: _OfRun
) -> Iterator[dg.MaterializeResult[None]]:
    began, asset = time.monotonic(), tier_asset(tier.name)
    if not (batches := due_batches(context, opened)):
        if by_run := _made_by_run(context, opened, asset):
            [found] = _decisions(opened, {asset: by_run}, {asset: {}}, {}, began).values()
            yield from _told(context, opened, tier, found)
        return
    ledger = opened.entries([*batches, SHARED])
    if len(batches) > 1:
        with working(context, opened) as step:
            made = decide(step, tier, batches)
        [found] = _decisions(opened, {asset: made}, {asset: kept_hours(ledger, asset, batches)}, {}, began).values()
        yield from _told(context, opened, tier, found)
        return
    [batch], others = batches, _others(context, turn)
    with ExitStack() as stack:
        with working(context, opened) as step:
            copy = stack.enter_context(at_hand(opened, batch))
            planned = PLANNED in context.run.tags
            together = decide_together(step, copy, tier, others, batch, ledger, planned=planned)
        tiers, frames = catalogue(settings()).tiers, reports.Frames(opened)
        pages = {tier_asset(name): _page(copy.connection, frames, tiers[name], batch) for name in together}
    decisions = _decisions(
        opened,
        {tier_asset(name): {batch: made} for name, made in together.items()},
        {asset: kept_hours(ledger, asset, batches) for asset in pages},
        {asset: {batch: page} for asset, page in pages.items()},
        began,
    )
    found = decisions.pop(asset)
    turn.ahead.update(decisions)
    yield from _told(context, opened, tier, found)


def _others(context: dg.AssetExecutionContext, turn: _OfRun) -> list[Tier]:
    """The tiers of a run whose turn is yet to come, parents before children: they read the sheet and one another."""
    selected = {key.to_user_string() for key in context.job_def.asset_layer.selected_asset_keys} - turn.begun
    return [tier for tier in catalogue(settings()).tiers.values() if tier_asset(tier.name) in selected]


def _made_by_run(context: dg.AssetExecutionContext, opened: Lake, asset: str) -> dict[str, Made]:
    """What this run decided along with another tier in a process that is gone, by batch."""
    ledger, names = opened.entries([*batches_of(context), SHARED]), [f.name for f in fields(Made)]
    return {
        batch: Made(**{name: entry[name] for name in names})
        for batch in batches_of(context)
        if (entry := ledger.get((asset, batch))) and entry["run_id"] == context.run.run_id
    }


def _decisions(
    opened: Lake,
    made: Mapping[str, Mapping[str, Made]],
    before: Mapping[str, Mapping[str, float]],
    pages: Mapping[str, Mapping[str, Mapping[str, Any]]],
    began: float,
) -> dict[str, _Decision]:
    """What some tiers have decided in the same batches, by asset, with what the ledger says of it now."""
    now, batches = totals(opened, list(made)), list(next(iter(made.values())))
    spent = dict(opened.query(_SPENT, [batches]).iter_rows())
    seconds = (time.monotonic() - began) / len(made)
    return {
        asset: _Decision(m, before[asset], now[asset], spent, pages.get(asset, {}), seconds)
        for asset, m in made.items()
    }


def _told(
    context: dg.AssetExecutionContext, opened: Lake, tier: Tier, decision: _Decision
) -> Iterator[dg.MaterializeResult[None]]:
    """Report a tier's verdicts on some batches."""
    asset, made = tier_asset(tier.name), decision.made
    batches = list(made)
    figures = _figures(made, decision.spent)
    # Each batch has the numbers and the page of its own clips, whatever else the run decides.
    pages = dict(decision.pages) or _pages(opened, tier, batches)
    shown = referred(opened, asset, pages, context.run.run_id)
    for batch in batches:
        told = facts(made[batch], opened) | figures[batch] | shown[batch]
        context.add_asset_metadata(told, asset_key=asset.split("/"), partition_key=batch)
    # A run has one data version for all its batches; the ledger has each batch's own.
    version = combined(*(m.data_version for m in made.values()))
    files, limits = catalogue(settings()).files, settings().tiers
    checked = check_results(context.instance, limits, files, tier, decision.before, made, decision.now)
    yield dg.MaterializeResult(
        asset_key=asset.split("/"), data_version=dg.DataVersion(version), check_results=list(checked)
    )
    tell(context, opened, batches, decision.seconds, {(asset, batch): vars(m) for batch, m in made.items()})


def _described(tier: Tier) -> str:
    rules = "\n".join(f"{n}. `{r.name}`: {r.source}" for n, r in enumerate(tier.asked, 1))
    return f"**{tier.title}**\n\n{tier.description}\n\n{rules}\n\n```sql\n{tier.sql}\n```"


def _figures(made: Mapping[str, Made], spent: Mapping[str, float | None]) -> dict[str, dict[str, Any]]:
    """Of each batch its clips by verdict, what is kept of them, and what a kept hour has cost: all as numbers, to plot.

    Counted are CPU and GPU seconds of everything that was measured in these batches, whatever the tier then did with it.
    What comes after a tier, the captions of its clips for one, is no cost of its verdicts.
    """
    found: dict[str, dict[str, Any]] = {}
    for batch, m in made.items():
        cost = spent.get(batch)
        kept, undecided, hours = m.kept or 0, m.undecided or 0, (m.kept_seconds or 0.0) / 3600
        numbers = {
            "kept": kept,
            "dropped": m.rows - kept - undecided,
            "undecided": undecided,
            "hours_kept": round(hours, 4),
            "kept_share": round(kept / m.rows, 4) if m.rows else None,
            "seconds_per_kept_hour": float(round(cost / hours)) if hours and cost is not None else None,
        }
        found[batch] = {name: dg.MetadataValue.null() if n is None else n for name, n in numbers.items()}
    return found


_NO_PAGE = {
    "page": f"A run over many batches makes the pictures of {MOST_PAGES}; materialize this one alone, and it has its own."
}


def _pages(lake: Lake, tier: Tier, batches: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The pages of the last of these batches; the others' say that there is none."""
    pages: dict[str, Mapping[str, Any]] = dict.fromkeys(batches, _NO_PAGE)
    for batch in batches[-MOST_PAGES:]:
        with lake.snapshot() as cursor, only_batches(cursor, [batch]):
            pages[batch] = _page(cursor, reports.Frames(lake), tier, batch)
    return pages


def _page(connection: duckdb.DuckDBPyConnection, frames: reports.Frames, tier: Tier, batch: str) -> dict[str, Any]:
    """The batch's funnel, what the tier keeps of it, and pictures, by a sheet and verdicts of this batch alone."""
    clips = connection.execute(_CLIPS, [tier.name, batch]).pl()
    steps = beside_published(funnel(connection, tier, [batch]), tier)
    covered = coverage(connection, tier)
    breakdowns = pl.concat(rows.select(pl.lit(of).alias("of"), pl.all()) for of, rows in covered.breakdowns.items())
    return {
        "funnel": picture(reports.table(steps)),
        "funnel_plot": picture(reports.funnel(steps)),
        # Holders and licences are what people have written.
        "coverage": picture(reports.drawn_table(breakdowns)),
        "contact_sheet_kept": picture(reports.contact_sheet(frames, clips.filter(verdict="kept"))),
        "contact_sheet_dropped": picture(reports.contact_sheet(frames, clips.filter(verdict="dropped"))),
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
