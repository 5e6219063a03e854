"""The page of one clip: everything that is known of it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from video_assets.review.clips import PICTURES, Clip, known
from video_assets.review.rendering import clock, page
from video_assets.review.server import Review


def clip(request: Request, review: Review, rater: str, shown: Clip) -> Response:
    """Everything that is known of a clip."""
    review.judged.look()
    with review.asking.look() as asked:
        found = known(asked, shown, review.judged.of(shown.clip_id))
        committed = asked.rows("SELECT * FROM reviews WHERE clip_id = $c ORDER BY judged_at", {"c": shown.clip_id})
    reviews = _history(review, shown, committed)
    measured = [
        {
            "name": name,
            "value": value,
            "says": review.asking.descriptions.get(name, ""),
            "number": review.asking.is_number(name),
        }
        for name, value in found.sheet.items()
        if name not in ("clip_id", "batch", "video_id")
    ]
    tiers = [
        {
            "tier": tier,
            "rules": rules,
            "verdict": rules[0]["verdict"],
            "decided_by": next((r["rule"] for r in rules if r["decided"]), None),
        }
        for tier, rules in found.tiers.items()
    ]
    tiers.sort(key=lambda t: (["kept", "undecided", "dropped"].index(str(t["verdict"])), t["tier"]))
    return page(
        "clip.html", request, review, rater, clip=shown, known=found, measured=measured, tiers=tiers, reviews=reviews,
        player=review.player(shown), line=_timeline(shown, found), pictures=PICTURES,
        by_tier={t["tier"]: t["verdict"] for t in tiers},
    )  # fmt: skip


def _history(review: Review, shown: Clip, committed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every verdict on a clip, of the lake and of the journal, oldest first; each says whether it holds."""
    rows: dict[str, dict[str, Any]] = {}
    for row in committed:
        answers = {a["question"]: a["value"] for a in row["answers"] or ()}
        rows[row["review_id"]] = row | {"answers": answers, "judged_at": row["judged_at"].isoformat(timespec="seconds")}
    for verdict in review.journal.of_clip(shown.clip_id):
        rows.setdefault(verdict.review_id, vars(verdict) | {"judged_at": verdict.judged_at[:19]})
    gone = {row["takes_back"] for row in rows.values() if row["takes_back"]}
    listed = sorted(rows.values(), key=lambda row: str(row["judged_at"]))
    return [row | {"holds": row["review_id"] not in gone} for row in listed if not row["takes_back"]]


def _timeline(shown: Clip, found: Any) -> dict[str, Any]:
    """The source's shots and clips as shares of its length, in thousandths."""
    ends = [s["end_pts"] for s in (*found.shots, *found.siblings)] or [shown.end_pts]
    starts = [s["start_pts"] for s in (*found.shots, *found.siblings)] or [shown.start_pts]
    first, length = min(starts), max(1, max(ends) - min(starts))

    def place(row: dict[str, Any]) -> dict[str, Any]:
        return row | {
            "x": 1000 * (row["start_pts"] - first) / length,
            "w": max(1.0, 1000 * (row["end_pts"] - row["start_pts"]) / length),
            "from": clock(shown.second(row["start_pts"]) + shown.player_start_s),
        }

    return {"shots": [place(s) for s in found.shots], "clips": [place(s) for s in found.siblings]}
