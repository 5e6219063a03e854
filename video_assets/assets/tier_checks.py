"""A tier's checks: nothing kept, much undecided, hours fallen. They warn, and stop nothing.

They are made with the verdicts and cost a sum over the ledger. They stand for all batches together, as a tier is one set;
the hours are compared for the batches that a run decides anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from video_assets.assets.files import check_of, used
from video_assets.curate.sql_files import TIER, SqlFiles
from video_assets.curate.tiers import Tier
from video_assets.curate.totals import Found, Totals, few_undecided, kept_hours_held, something_kept
from video_assets.lake.ledger import Made
from video_assets.measurements import tier_asset
from video_assets.settings import TierSettings

_KEPT, _UNDECIDED, _HELD = "something_kept", "few_undecided", "kept_hours_held"
_DESCRIBED = {
    _KEPT: "The tier keeps some clip of all batches.",
    _UNDECIDED: "The tier is undecided on no more than tiers.tolerated_undecided of its clips, for want of a measurement.",
    _HELD: "Of batches that are decided anew the tier keeps nearly as many hours as before: tiers.tolerated_fall less at most.",
}


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of a tier's asset."""
    described = [dg.AssetCheckSpec(name, asset=asset.split("/"), description=d) for name, d in _DESCRIBED.items()]
    return [check_of(asset), *described]


def check_results(
    instance: dg.DagsterInstance,
    settings: TierSettings,
    files: SqlFiles,
    tier: Tier,
    before: Mapping[str, float],
    made: Mapping[str, Made],
    now: Totals,
) -> Iterator[dg.AssetCheckResult]:
    """What the checks find after a run.

    Args:
        instance: where earlier findings are.
        settings: what is tolerated.
        files: what is wrong with other files of the tier's name.
        tier: the tier.
        before: hours kept by batch, before the run.
        made: what the run decided, by batch.
        now: the tier as a whole, with that.
    """
    asset, after = tier_asset(tier.name), {b: (m.kept_seconds or 0) / 3600 for b, m in made.items()}
    yield used(asset, files.refusal(TIER, tier.name))
    yield _result(asset, _KEPT, something_kept(now))
    yield _result(asset, _UNDECIDED, few_undecided(now, settings))
    held = kept_hours_held(before, after, settings)
    yield _result(asset, _HELD, held) if held else _as_before(instance, asset)


def _result(asset: str, name: str, found: Found) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset.split("/"), check_name=name, passed=found.warning is None, description=found.warning,
        severity=dg.AssetCheckSeverity.WARN, metadata={name: round(n, 4) for name, n in found.numbers.items()},
    )  # fmt: skip


def _as_before(instance: dg.DagsterInstance, asset: str) -> dg.AssetCheckResult:
    """What was found when something was compared last: new footage makes no fall undone."""
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), _HELD)
    said = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
    known = instance.event_log_storage.get_asset_check_execution_history(key, limit=1, status=said)
    event = known[0].event.dagster_event if known and known[0].event else None
    if event is None:
        return _result(asset, _HELD, Found(None, {"batches": 0}))
    last = event.asset_check_evaluation_data
    return dg.AssetCheckResult(
        asset_key=key.asset_key, check_name=_HELD, passed=last.passed, description=last.description,
        severity=dg.AssetCheckSeverity.WARN, metadata=last.metadata,
    )  # fmt: skip
