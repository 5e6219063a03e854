"""A tier's verdicts, over one batch or many in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from video_assets.batches.step import Step, Stopwatch
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import Decided, rules_of, write_outcomes
from video_assets.lake.files import atomic_path
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED
from video_assets.lake.schemas import TIER_OUTCOMES, TIER_RULES_HISTORY
from video_assets.measurements import tier_asset


def decide(step: Step, tier: Tier, batches: Sequence[str]) -> dict[str, Made]:
    """Decide every clip of some batches; commit ``tier_outcomes`` as one file.

    Returns:
        The ledger entry of each batch.
    """
    asset = tier_asset(tier.name)
    inputs = step.inputs_of(asset, batches)
    watch = Stopwatch()
    with step.lake.files.temporary() as folder:
        path = folder / "outcomes.parquet"
        with step.lake.cursor() as cursor, atomic_path(path) as unfinished:
            written = write_outcomes(cursor, tier, batches, unfinished)
        seconds = watch.seconds / max(len(batches), 1)
        made = {b: _made(step, asset, b, written.get(b, _NONE), inputs[b], seconds) for b in batches}
        of_tier = {"tier": tier.name}
        replacements = [
            Replacement(TIER_OUTCOMES, list(batches), path if written else TIER_OUTCOMES.empty(), of_tier),
            # Other batches may have been decided by another version of the file, whose rules stay.
            Replacement(TIER_RULES_HISTORY, [SHARED], rules_of(tier), of_tier | {"version": tier.version}),
        ]
        message = f"{asset}: {len(batches)} batches"
        step.lake.commit(replacements, list(made.values()), message=message, run_id=step.run_id)
    return made


_NONE = Decided(0, "no clips", 0, 0, 0.0)


def _made(step: Step, asset: str, batch: str, said: Decided, inputs: Mapping[str, str], seconds: float) -> Made:
    step.progress(asset, 1, 1)
    return Made(
        asset, batch, step.version(asset), said.content, inputs, said.clips, compute_seconds=seconds, kept=said.kept,
        undecided=said.undecided, kept_seconds=said.kept_seconds,
    )  # fmt: skip
