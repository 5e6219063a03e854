"""What a tier would keep with another threshold: the what-if of a histogram's handle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from video_assets.curate.tiers import Tier
from video_assets.curate.what_if import edited, what_if
from video_assets.review.asking import Asked
from video_assets.review.margins import thresholds
from video_assets.review.where import RefusedError

_SHOWN = ("tier", "kept_before", "kept_after", "clips_gained", "hours_gained", "clips_lost", "hours_lost")


def moved(asked: Asked, tier: Tier, rule: str, cut: float, tiers: Mapping[str, Tier]) -> dict[str, Any]:
    """The tier and those below it, before and after one rule's number is another. Nothing is measured or changed.

    Raises:
        RefusedError: the rule is no comparison of one column with a number.
    """
    found = next((t for t in thresholds(tier) if t.rule == rule and t.alone), None)
    if found is None:
        raise RefusedError(f"{rule[:100]} is no rule of {tier.name} that compares one column with a number.")
    other = edited(tier, {rule: found.moved(cut)})
    answer = what_if(asked.cursor, tier, other, tiers, most=1)
    rows = [{name: row[name] for name in _SHOWN} for row in answer.tiers.iter_rows(named=True)]
    return {"rule": rule, "expression": found.moved(cut), "tiers": rows}
