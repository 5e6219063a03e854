"""What a tier says as a whole, by the ledger's numbers: that nothing is kept, that much is undecided, that hours fell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from video_assets.lake.lake import Lake
from video_assets.lake.sql_text import quoted
from video_assets.settings import TierSettings

Ledger = Mapping[tuple[str, str], Mapping[str, Any]]
"""Entries by asset and batch."""


@dataclass(frozen=True)
class Totals:
    """A tier's clips over all batches that were decided.

    Attributes:
        batches: Batches that were decided.
        uncounted: Of these, those that were decided before the ledger had these numbers; they count nowhere below.
        clips: Clips.
        kept: Those that are kept.
        undecided: Those for which a measurement is missing.
        kept_hours: Hours of the kept ones.
    """

    batches: int
    uncounted: int
    clips: int
    kept: int
    undecided: int
    kept_hours: float


@dataclass(frozen=True)
class Found:
    """What a check found: a sentence where it warns, and the numbers."""

    warning: str | None
    numbers: Mapping[str, float]


def totals(lake: Lake, assets: Sequence[str]) -> dict[str, Totals]:
    """Add up the ledger's entries of some tiers' assets; opens no file of verdicts."""
    listed = ", ".join(map(quoted, assets))
    rows = lake.query(
        "SELECT asset, count(*) AS batches, count(*) FILTER (kept IS NULL) AS uncounted, "
        "coalesce(sum(rows) FILTER (kept IS NOT NULL), 0)::BIGINT AS clips, coalesce(sum(kept), 0)::BIGINT AS kept, "
        "coalesce(sum(undecided), 0)::BIGINT AS undecided, coalesce(sum(kept_seconds), 0) / 3600 AS kept_hours "
        f"FROM materializations WHERE asset IN ({listed}) GROUP BY asset"
    )
    found = {asset: Totals(*numbers) for asset, *numbers in rows.iter_rows()}
    return {asset: found.get(asset, Totals(0, 0, 0, 0, 0, 0.0)) for asset in assets}


def kept_hours(ledger: Ledger, asset: str, batches: Sequence[str]) -> dict[str, float]:
    """The hours that a tier keeps of each of these batches that was decided, by the ledger."""
    kept = {batch: ledger[asset, batch]["kept_seconds"] for batch in batches if (asset, batch) in ledger}
    return {batch: seconds / 3600 for batch, seconds in kept.items() if seconds is not None}


def something_kept(now: Totals) -> Found:
    """Warn of a tier that keeps no clip at all."""
    warning = None
    if now.clips and not now.kept and not now.uncounted:
        warning = f"It keeps none of {now.clips} clips; the funnel says which rules drop them."
    return Found(warning, vars(now))


def few_undecided(now: Totals, settings: TierSettings) -> Found:
    """Warn of a tier that cannot decide on many of its clips."""
    share, warning = now.undecided / now.clips if now.clips else 0.0, None
    if share > settings.tolerated_undecided:
        warning = (
            f"{now.undecided} of {now.clips} clips ({share:.0%}) are undecided for want of a measurement, more than "
            f"{settings.tolerated_undecided:.0%}."
        )
    numbers = {"clips": now.clips, "undecided": now.undecided, "share": share}
    return Found(warning, numbers | {"tolerated": settings.tolerated_undecided})


def kept_hours_held(before: Mapping[str, float], after: Mapping[str, float], settings: TierSettings) -> Found | None:
    """Warn of a tier that keeps much less of some batches than when they were last decided.

    Args:
        before: hours kept by batch, of those of the batches that were decided before.
        after: the same of all batches that were decided now.
        settings: what is tolerated.

    Returns:
        None when nothing of these batches was decided before.
    """
    again = [batch for batch in after if batch in before]
    if not again:
        return None
    was, now = sum(before[b] for b in again), sum(after[b] for b in again)
    fall, warning = 1 - now / was if was else 0.0, None
    if fall > settings.tolerated_fall:
        of = "a batch that is" if len(again) == 1 else f"{len(again)} batches that are"
        warning = f"It keeps {now:.4g} h of {of} decided anew, and kept {was:.4g} h before: {fall:.0%} less."
    numbers = {"batches": len(again), "kept_hours_before": was, "kept_hours": now, "fall": fall}
    return Found(warning, numbers | {"tolerated": settings.tolerated_fall})
