"""From a function that makes one batch to a step of a run: in which batches, and what is said of it at the end."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from video_assets.assets.common import ALWAYS_MADE, order
from video_assets.lake.lake import Lake
from video_assets.lake.plan import SHARED, due_now, failures
from video_assets.lake.versions import combined
from video_assets.reasons import Reason
from video_assets.resources import LakeResource

PLANNED = "video_assets/planned"
"""Tag of the runs that the plan asked for: their steps make what is due and nothing else. A run that a person starts makes
all that it was started for."""

Results = dg.MaterializeResult[None] | Iterator[dg.MaterializeResult[None]]
Step = Callable[[dg.AssetExecutionContext, LakeResource], Iterator[dg.MaterializeResult[None]]]


class _OfOneBatch(dg.AssetExecutionContext):
    """The context of a run of several batches, as the function that makes one of them sees it."""

    def __init__(self, context: dg.AssetExecutionContext, batch: str) -> None:
        super().__init__(context.op_execution_context)
        self._batch = batch

    @property
    def partition_key(self) -> str:
        return self._batch

    @property
    def partition_keys(self) -> Sequence[str]:
        return [self._batch]


def batched(make: Callable[[dg.AssetExecutionContext, LakeResource], Results]) -> Step:
    """The step that makes an asset in every batch of a run in which it is due, by a function that makes one batch.

    Where it is due in none the step yields nothing. Dagster shows it as skipped, and skips what reads it.
    """

    def step(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        with lake.open().at_one_look():
            yield from made_in_each(context, lake)

    def made_in_each(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        opened, asked = lake.open(), batches_of(context)
        versions: dict[dg.AssetKey, list[str]] = {}
        for batch in due_batches(context, opened):
            began = time.monotonic()
            for result in _each(make(_OfOneBatch(context, batch) if len(asked) > 1 else context, lake)):
                if len(asked) == 1:
                    yield result
                    continue
                key = dg.AssetKey.from_coercible(result.asset_key or context.asset_key)
                context.add_asset_metadata(result.metadata or {}, asset_key=key, partition_key=batch)
                versions.setdefault(key, []).append(result.data_version.value if result.data_version else "")
            tell(context, opened, [batch], time.monotonic() - began)
        # A run has one data version for all its batches; the ledger has each batch's own.
        for key, found in versions.items():
            yield dg.MaterializeResult(asset_key=key, data_version=dg.DataVersion(combined(*found)))

    step.__name__, step.__doc__ = make.__name__, make.__doc__
    return step


def batches_of(context: dg.AssetExecutionContext) -> list[str]:
    """The batches of a step's run; ``SHARED`` for what is made once for all."""
    return [SHARED] if context.assets_def.partitions_def is None else list(context.partition_keys)


def due_batches(context: dg.AssetExecutionContext, lake: Lake) -> list[str]:
    """Those of them that are to be made: in a run that was planned, the ones that are due now."""
    batches, assets = batches_of(context), [key.to_user_string() for key in context.assets_def.keys]
    if PLANNED not in context.run.tags or {*ALWAYS_MADE} & {*assets}:
        return batches
    due = due_now(lake, order(), assets, batches)
    if left := [batch for batch in batches if batch not in due]:
        named = "" if left == [SHARED] else f" in {_listed(left)}"
        context.log.info(
            f"{', '.join(assets)}: nothing to make{named}, as what it reads is unchanged or not there yet."
        )
    return [batch for batch in batches if batch in due]


def tell(
    context: dg.AssetExecutionContext,
    lake: Lake,
    batches: Sequence[str],
    seconds: float,
    ledger: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
) -> None:
    """Say what a step has made: rows, failures by reason with what to do about them, and time.

    Args:
        context: the step's.
        lake: the lake.
        batches: those in which it has made something.
        seconds: it took.
        ledger: its entries, where they are known.
    """
    ledger = lake.entries([*batches, SHARED]) if ledger is None else ledger
    for key in context.assets_def.keys:
        asset = key.to_user_string()
        entries = [ledger[asset, batch] for batch in batches if (asset, batch) in ledger]
        if not entries:
            continue
        where = "" if list(batches) == [SHARED] else f" of {_listed(batches)}"
        spent = sum(e["compute_seconds"] or 0.0 for e in entries)
        failed = sum(e["failures"] for e in entries)
        context.log.info(
            f"{asset}{where}: {sum(e['rows'] for e in entries)} rows, {failed} of them failed; "
            f"{seconds:.1f} s, {spent:.1f} CPU seconds for the rows."
        )
        if failed:
            for reason, count in failures(order()[asset].table, lake, batches).iter_rows():
                context.log.warning(f"{asset}{where}: {count} {reason}. {Reason(reason).advice}")


def _listed(batches: Sequence[str]) -> str:
    shown = ", ".join(batches[:3])
    return shown if len(batches) <= 3 else f"{shown} and {len(batches) - 3} more"


def _each(results: Results) -> Iterator[dg.MaterializeResult[None]]:
    if isinstance(results, dg.MaterializeResult):
        yield results
    else:
        yield from results
