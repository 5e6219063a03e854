"""A tier's verdicts, over one batch or many in one query."""

from __future__ import annotations

from collections.abc import Sequence

from video_assets.batches.step import Step, Stopwatch
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import evaluate
from video_assets.lake.lake import Made, Replacement
from video_assets.lake.schemas import TIER_VERDICTS
from video_assets.measurements import tier_asset


def decide(step: Step, tier: Tier, batches: Sequence[str]) -> dict[str, Made]:
    """Decide every clip of some batches; commit ``tier_verdicts`` as one file.

    Returns:
        The ledger entry of each batch.
    """
    asset = tier_asset(tier.name)
    inputs = step.inputs_of(asset, batches)
    watch = Stopwatch()
    with step.lake.cursor() as cursor:
        rows = evaluate(cursor, tier, batches)
    seconds = watch.seconds / max(len(batches), 1)
    parts = {str(key[0]): part for key, part in rows.partition_by("batch", as_dict=True).items()}
    made = {
        batch: step.made(asset, batch, parts.get(batch, TIER_VERDICTS.empty()), inputs[batch], compute_seconds=seconds)
        for batch in batches
    }
    replacement = Replacement(TIER_VERDICTS, list(batches), rows, {"tier": tier.name})
    step.lake.commit([replacement], list(made.values()), message=f"{asset}: {len(batches)} batches", run_id=step.run_id)
    return made
