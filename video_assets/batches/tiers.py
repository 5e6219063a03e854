"""A tier's verdicts, over one batch or many in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from video_assets.batches.step import Step, Stopwatch
from video_assets.curate.at_hand import AtHand
from video_assets.curate.tiers import Tier, TierError
from video_assets.curate.verdicts import Decided, rules_of, write_outcomes
from video_assets.lake.files import atomic_path
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, due_partitions
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


def decide_together(
    step: Step, copy: AtHand, tier: Tier, others: Sequence[Tier], batch: str,
    ledger: Mapping[tuple[str, str], Mapping[str, Any]], *, planned: bool,
) -> dict[str, Made]:  # fmt: skip
    """Decide a tier in a batch, and others along with it, in one commit.

    Args:
        step: the tier's.
        copy: of the batch.
        tier: the tier.
        others: those whose turn would come in the same run, parents before children.
        batch: the batch.
        ledger: the batch's entries and those of what is made for all, as they were before the copy was made.
        planned: whether those of them are left as they are that are not due.

    Returns:
        The ledger entries by tier. Of the others one may be missing that is not due, or that cannot be decided; it says
        why at its own turn.

    Raises:
        TierError: the tier cannot be decided.
    """
    ledger = dict(ledger)
    made: dict[str, Made] = {}
    failed: set[str | None] = set()
    replacements: list[Replacement] = []
    with step.lake.files.temporary() as folder:
        for number, one in enumerate((tier, *others)):
            asset = tier_asset(one.name)
            if one is not tier and (one.parent in failed or (planned and not _is_due(step, asset, batch, ledger))):
                failed |= {one.name} if one.parent in failed else set()
                continue
            inputs = step.inputs(asset, batch) if one is tier else step.inputs_by(ledger, asset, batch)
            watch, path = Stopwatch(), folder / f"{number}.parquet"
            try:
                said = copy.decide(one, path)
            except TierError:
                if one is tier:
                    raise
                failed.add(one.name)
                continue
            made[one.name] = entry = _made(step, asset, batch, said or _NONE, inputs, watch.seconds)
            ledger[asset, batch] = vars(entry)
            rows = path if said else TIER_OUTCOMES.empty()
            replacements.append(Replacement(TIER_OUTCOMES, [batch], rows, {"tier": one.name}))
            if (one.name, one.version) not in copy.known:
                of_version = {"tier": one.name, "version": one.version}
                replacements.append(Replacement(TIER_RULES_HISTORY, [SHARED], rules_of(one), of_version))
        told = tier_asset(tier.name) if len(made) == 1 else f"{len(made)} tiers"
        step.lake.commit(replacements, list(made.values()), message=f"{told}: 1 batches", run_id=step.run_id)
    return made


def _is_due(step: Step, asset: str, batch: str, ledger: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    """Whether a tier is due for certain, by a ledger in which what it reads is as it is going to be."""
    return bool(due_partitions({asset: step.order[asset]}, [batch], ledger, {}))


_NONE = Decided(0, "no clips", 0, 0, 0.0)


def _made(step: Step, asset: str, batch: str, said: Decided, inputs: Mapping[str, str], seconds: float) -> Made:
    step.progress(asset, 1, 1)
    return Made(
        asset, batch, step.version(asset), said.content, inputs, said.clips, compute_seconds=seconds, kept=said.kept,
        undecided=said.undecided, kept_seconds=said.kept_seconds,
    )  # fmt: skip
