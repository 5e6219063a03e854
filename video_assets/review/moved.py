"""What a tier would keep with another threshold: the what-if of a histogram's handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot

from video_assets.curate.tiers import Tier
from video_assets.curate.what_if import descendants, edited, what_if
from video_assets.lake.sql_text import quoted
from video_assets.review.asking import RULES, SHOWN, Asked, Asking
from video_assets.review.margins import thresholds
from video_assets.review.selection import not_gone, verdict_of
from video_assets.review.where import RefusedError

_SHOWN = ("tier", "kept_before", "kept_after", "clips_gained", "hours_gained", "clips_lost", "hours_lost")


def moved(asked: Asked, asking: Asking, tier: Tier, rule: str, cut: float, tiers: Mapping[str, Tier]) -> dict[str, Any]:
    """The tier and those below it, before and after one rule's number is another. Nothing is measured or changed.

    Args:
        asked: the lake.
        asking: what the copy of the sheet has.
        tier: whose rule it is.
        rule: the rule's name.
        cut: its other number.
        tiers: all of them.

    Raises:
        RefusedError: the rule is no comparison of one column with a number.
    """
    found = next((t for t in thresholds(tier) if t.rule == rule and t.alone), None)
    if found is None:
        raise RefusedError(f"{rule[:100]} is no rule of {tier.name} that compares one column with a number.")
    expression = found.moved(cut)
    below = descendants(tier.name, tiers)
    parents = [_of_parent(child) for child in below]
    if _is_decided(asked, [tier, *below]) and all(parents):
        chain = [(tier.name, rule, f"({expression})")]
        chain += [
            (child.name, str(name), f'"after {child.parent}"') for child, name in zip(below, parents, strict=True)
        ]
        rows = _counted(asked, asking, chain)
    else:
        # The files are others than those by which the copy's verdicts were given: everything is decided anew.
        answer = what_if(asked.cursor, tier, edited(tier, {rule: expression}), tiers, most=1)
        rows = [{name: row[name] for name in _SHOWN} for row in answer.tiers.iter_rows(named=True)]
    return {"rule": rule, "expression": expression, "tiers": rows}


def _of_parent(tier: Tier) -> str | None:
    """The rule of a tier that is its parent's verdict; None where another rule reads it, or this one reads it otherwise."""
    reading = [r for r in tier.rules if "tier_verdicts" in {table for table, _ in r.reads}]
    same = f"(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = {quoted(str(tier.parent))} AND v.clip_id = clip_sheet.clip_id)"
    alike = [
        r.name
        for r in reading
        if sqlglot.parse_one(r.expression, read="duckdb") == sqlglot.parse_one(same, read="duckdb")
    ]
    return alike[0] if len(reading) == len(alike) == 1 else None


def _is_decided(asked: Asked, tiers: Sequence[Tier]) -> bool:
    """Whether the copy's verdicts of some tiers are by their rules as they are now."""
    rows = asked.rows(f"SELECT tier, rule, expression FROM {RULES} ORDER BY tier, number")
    return all(
        [(row["rule"], row["expression"]) for row in rows if row["tier"] == tier.name]
        == [(rule.name, rule.expression) for rule in tier.asked]
        for tier in tiers
    )


def _counted(asked: Asked, asking: Asking, chain: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """What tiers keep before and after, by the copy's verdicts.

    Args:
        asked: the lake.
        asking: what the copy has.
        chain: of each tier its name, the rule that is another, and what that says then, in SQL; parents before children.
    """
    columns, counts = list[str](), list[str]()
    for name, rule, then in chain:
        verdict, by, not_passed = (verdict_of(name, asking, what) for what in ("verdict", "decided_by", "not_passed"))
        # All other rules are passed.
        others = f"({not_passed} = 0 OR ({not_passed} = 1 AND {by} = {quoted(rule)}))"
        columns += [
            f"{verdict} = 'kept' AS \"before {name}\"",
            f'coalesce({others} AND {then}, FALSE) AS "after {name}"',
        ]
        gained, lost = f'"after {name}" AND NOT "before {name}"', f'"before {name}" AND NOT "after {name}"'
        hours = "coalesce(sum(duration_s) FILTER ({}), 0) / 3600"
        counts += [
            f'count(*) FILTER ("before {name}")', f'count(*) FILTER ("after {name}")',
            f"count(*) FILTER ({gained})", hours.format(gained), f"count(*) FILTER ({lost})", hours.format(lost),
        ]  # fmt: skip
    there, gone = not_gone(asking)
    [row] = asked.cursor.execute(
        f"SELECT {', '.join(counts)} FROM (SELECT s.duration_s, {', '.join(columns)} FROM {SHOWN} AS s WHERE {there})",
        gone,
    ).fetchall()
    size = len(_SHOWN) - 1
    return [
        dict(zip(_SHOWN, (name, *row[size * n : size * (n + 1)]), strict=True)) for n, (name, _, _) in enumerate(chain)
    ]
