"""The pages of the whole lake, those on which clips are judged, and those that say that something is not to be had."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from video_assets.review.embedding_map import points
from video_assets.review.guard import local_path
from video_assets.review.rendering import environment, page
from video_assets.review.selection import Selection
from video_assets.review.server import Review

_TRAIL = 500


def wrong(request: Request, review: Review, rater: str, said: str, status: int) -> Response:
    """That something cannot be shown."""
    return page("wrong.html", request, review, rater, status, said=said, status=status)


def enter(request: Request) -> Response:
    """Where people enter by the token; it says nothing of the lake."""
    query = request.query_params
    said = "That is not the token." if "wrong" in query else ""
    onward = local_path(query.get("next", "/"))
    return HTMLResponse(environment().get_template("enter.html").render(said=said, onward=onward))


def home(request: Request, review: Review, rater: str) -> Response:
    """The tiers with what each keeps, from the ledger, and what was judged last."""
    with review.asking.look() as asked:
        rows = asked.rows(_TIERS)
    counts = {row["tier"]: row for row in rows}
    none = {"clips": 0, "kept": 0, "undecided": 0, "hours": 0.0}
    tiers = [none | counts.get(name, {}) | {"tier": t} for name, t in review.tiers.items()]
    return page(
        "home.html",
        request,
        review,
        rater,
        tiers=tiers,
        batches=review.batches,
        last=review.journal.last(rater, 12),
        since=review.not_committed_since,
    )


_TIERS = """
SELECT asset[7:] AS tier, sum(rows)::BIGINT AS clips, coalesce(sum(kept), 0)::BIGINT AS kept,
    coalesce(sum(undecided), 0)::BIGINT AS undecided, coalesce(sum(kept_seconds), 0) / 3600 AS hours
FROM materializations WHERE starts_with(asset, 'tiers/') GROUP BY 1
"""


def embedding_map(request: Request, review: Review, rater: str, tier: str) -> Response:
    """Clips and concepts in two dimensions."""
    with review.asking.look() as asked:
        plane, shown = review.map(asked) or (None, None)
        found = points(asked, review.asking, shown, tier) if shown else []
    if plane:
        most = max(1, *(c["clips"] for c in plane.concepts))
        plane = replace(plane, concepts=[c | {"r": 8 + 22 * (c["clips"] / most) ** 0.5} for c in plane.concepts])
    return page(
        "map.html", request, review, rater, plane=plane, shown=shown, points=found, tier=tier, tiers=list(review.tiers)
    )


def judge(request: Request, review: Review, rater: str, selection: Selection) -> Response:
    """Where clips are judged by the keyboard; the clips come by script, so that the next ones are at hand."""
    return page(
        "judge.html", request, review, rater, selection=selection, query=selection.address("").removeprefix("?"),
        tier=review.tiers.get(selection.tier), asked=review.questions.model_dump() | {"version": review.questions.version},
        back=selection.model_copy(update={"first": "near"}).address(),
        other=selection.model_copy(update={"first": "near" if selection.first == "rare" else "rare"}).address("/judge"),
    )  # fmt: skip


def trail(request: Request, review: Review, rater: str) -> Response:
    """The audit trail."""
    return page("trail.html", request, review, rater, lines=review.journal.trail(_TRAIL), most=_TRAIL)
