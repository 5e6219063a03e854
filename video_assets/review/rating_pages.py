"""Pages of what people say: how far they agree, and which scores tell what they keep."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from video_assets.lake.sql_text import identifier
from video_assets.review.agreement import Ratings, cohen, fleiss, pairs_of
from video_assets.review.asking import SHOWN, Asked
from video_assets.review.cuts import cut_of
from video_assets.review.margins import thresholds as thresholds_of
from video_assets.review.rendering import page
from video_assets.review.selection import verdict_of
from video_assets.review.server import Review

_MOST_CURVE = 300
"""Points of a curve that are drawn."""


def ratings(review: Review) -> Ratings:
    """What each rater says of each clip now, of the lake and of the journal."""
    review.judged.look()
    return review.judged.all()


def raters(request: Request, review: Review, rater: str) -> Response:
    """Who has judged how much, how quickly, and how far they agree."""
    said = ratings(review)
    with review.asking.look() as asked:
        speeds = asked.rows(_SPEEDS)
        against = _against(asked, review)
    pairs = [
        {"a": a, "b": b, "clips": len(both), "same": sum(x == y for x, y in both) / len(both), "kappa": cohen(both)}
        for (a, b), both in pairs_of(said).items()
    ]
    # Further raters are asked where two disagree, and nowhere else: all verdicts together would say less than there is by chance.
    twice = [list(s.values())[:2] for s in said.values() if len(s) >= 2]
    counts: dict[str, dict[str, int]] = {}
    for by in said.values():
        for name, decision in by.items():
            counts.setdefault(name, {"keep": 0, "drop": 0, "unsure": 0})[decision] += 1
    return page(
        "raters.html", request, review, rater, speeds={s["rater"]: s for s in speeds}, counts=dict(sorted(counts.items())),
        pairs=pairs, fleiss=fleiss(twice), twice=len(twice), clips=len(said), against=against,
    )  # fmt: skip


_SPEEDS = """
SELECT rater, count(*) AS judged, median(seconds) AS seconds, 3600 / nullif(avg(least(seconds, 300)), 0) AS an_hour,
    left(max(judged_at)::VARCHAR, 16) AS last
FROM current_reviews GROUP BY rater
"""


def _against(asked: Asked, review: Review) -> list[dict[str, Any]]:
    """Of each tier that has judged a clip on which people are sure, how many of these it and they say the same of, and how many not."""
    counts = ", ".join(
        f"count(*) FILTER ({verdict} = 'kept' AND NOT r.people_keep), count(*) FILTER ({verdict} = 'dropped' AND r.people_keep), "
        f"count(*) FILTER ({verdict} = if(r.people_keep, 'kept', 'dropped')), count({verdict})"
        for verdict in (verdict_of(tier, review.asking) for tier in review.asking.judging)
    )
    if not counts:
        return []
    joined = f"reviewed_clips AS r JOIN {SHOWN} AS s ON s.clip_id = r.clip_id WHERE r.people_keep IS NOT NULL"
    [row] = asked.cursor.execute(f"SELECT {counts} FROM {joined}").fetchall()
    names = ("kept_by_rules", "kept_by_people", "same", "judged")
    found = [
        {"tier": tier} | dict(zip(names, row[4 * n : 4 * n + 4], strict=True))
        for n, tier in enumerate(review.asking.judging)
    ]
    return [tier for tier in found if tier["judged"]]


def thresholds(request: Request, review: Review, rater: str, column: str) -> Response:
    """How well a score tells what people keep, and where it would be cut."""
    found, said, curve = None, "", ""
    if column:
        with review.asking.look() as asked:
            scores, keeps = labelled(asked, column, SHOWN)
        try:
            found = cut_of(scores, keeps)
            curve = json.dumps(
                [
                    [p.cut, p.precision, p.recall, p.kept]
                    for p in found.curve[:: max(1, len(found.curve) // _MOST_CURVE)]
                ]
            )
        except ValueError as error:
            said = str(error)
    rules = [
        {"tier": t.name, "rule": h.rule, "sign": h.sign, "value": h.value}
        for t in review.tiers.values()
        for h in thresholds_of(t)
        if h.column == column
    ]
    address = (
        "/clips?" + urlencode({f"{'least' if found.sign == '>=' else 'most'}.{column}": f"{found.best.cut:.10g}"})
        if found
        else ""
    )
    return page(
        "thresholds.html", request, review, rater, column=column, columns=[c for c in sorted(review.asking.columns) if review.asking.is_number(c)],
        found=found, said=said, rules=rules, curve=curve, address=address, says=review.asking.descriptions.get(column, ""),
    )  # fmt: skip


def labelled(asked: Asked, column: str, sheet: str = "clip_sheet") -> tuple[list[float | None], list[bool]]:
    """The score of each clip on which people are sure, and whether they keep it, by the sheet or a copy of it."""
    rows = asked.rows(
        f"SELECT s.{identifier(column)}::DOUBLE AS score, r.people_keep FROM reviewed_clips AS r "
        f"JOIN {sheet} AS s ON s.clip_id = r.clip_id WHERE r.people_keep IS NOT NULL ORDER BY r.clip_id"
    )
    return [row["score"] for row in rows], [row["people_keep"] for row in rows]
