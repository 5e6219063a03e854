"""Pages of many clips: a grid of those that are chosen, and two sets side by side."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from video_assets.review.asking import Asked
from video_assets.review.beside import beside
from video_assets.review.clips import PICTURES, of_row
from video_assets.review.margins import thresholds as thresholds_of
from video_assets.review.playing import why_not
from video_assets.review.rendering import page
from video_assets.review.selection import PAGE, Selection, of_set, place_of, sorted_page
from video_assets.review.server import Review


def grid(request: Request, review: Review, rater: str, selection: Selection) -> Response:
    """Clips as pictures."""
    copy = review.asking.copy
    query = sorted_page(selection, review.asking)
    with review.asking.look() as asked:
        rows = asked.rows(query.sql, query.parameters)
        if not rows:
            named = {kind: getattr(selection, kind) for kind in ("tier", "draw", "release")}
            _see_that_there_are(review, asked, [f"{kind}:{name}" for kind, name in named.items() if name])
        releases, draws = review.sets(asked)
    review.judged.look()
    shown = [(clip, row) for row in rows[:PAGE] if (clip := of_row(row)) is not None]
    review.keep((clip for clip, _ in shown), copy)  # Their pictures are asked for next.
    cards = [
        {"clip": clip, "row": row, "said": review.judged.of(clip.clip_id), "plays": why_not(clip)}
        for clip, row in shown
    ]
    onward = selection.address(after=place_of(rows[PAGE - 1])) if len(rows) > PAGE else None
    columns = sorted(review.asking.columns)
    numbers = [c for c in columns if review.asking.is_number(c)]
    filters = [
        {
            "column": c, "number": review.asking.is_number(c), "least": selection.least.get(c), "most": selection.most.get(c),
            "equal": selection.equal.get(c), "says": review.asking.descriptions.get(c, ""), "without": selection.without(c).address(),
        }
        for c in selection.filtered
    ]  # fmt: skip
    tier = review.tiers.get(selection.tier)
    rules = (
        [
            {"rule": t.rule, "column": t.column, "sign": t.sign, "value": t.value, "alone": t.alone}
            for t in thresholds_of(tier)
        ]
        if tier
        else []
    )
    return page(
        "grid.html", request, review, rater, selection=selection, cards=cards, onward=onward, numbers=numbers,
        filters=filters, tiers=list(review.tiers), batches=review.batches, releases=releases, draws=draws, pictures=PICTURES, rules=rules,
        searchable=review.asking.likeness.by_words,
        players={clip.clip_id: review.player(clip) for clip, _ in shown},
        judge=selection.model_copy(update={"sort": "clip_id", "order": "asc"}).address("/judge"),
        query=selection.address("").removeprefix("?"), sorts=["clip_id", *(c for c in columns if c != "clip_id")],
    )  # fmt: skip


def compare(request: Request, review: Review, rater: str, left: str, right: str) -> Response:
    """Two sets of clips side by side: what each has alone."""
    with review.asking.look() as asked:
        releases, draws = review.sets(asked)
        parts = beside(asked, review.asking, left, right, _BESIDE) if left and right and left != right else None
        if parts:
            empty = [not part.clips and not parts[0].clips for part in parts[1:]]
            _see_that_there_are(review, asked, [name for name, none in zip((left, right), empty, strict=True) if none])
    both, *alone = parts or (None,)
    sides = [
        {"name": one, "part": part, "address": of_set(one, other).address()}
        for (one, other), part in zip(((left, right), (right, left)), alone, strict=False)
    ]
    sets = [
        *(f"tier:{t}" for t in review.tiers), *(f"draw:{t}" for t in draws), *(f"release:{r}" for r in releases),
    ]  # fmt: skip
    return page("compare.html", request, review, rater, left=left, right=right, sets=sets, sides=sides, both=both)


def _see_that_there_are(review: Review, asked: Asked, sets: Sequence[str]) -> None:
    """See that sets without a clip are sets: an address that was sent on long ago may name one that is called otherwise now.

    Raises:
        HTTPException: 404, one is not.
    """
    for one in sets:
        kind, _, name = one.partition(":")
        if kind == "release":
            known = asked.one("SELECT 1 FROM releases WHERE release = $name", {"name": name}) is not None
        else:
            known = name in review.tiers or name in review.asking.judging
        if not known:
            raise HTTPException(404, f"There is no {'release' if kind == 'release' else 'tier'} {name}.")


_BESIDE = 24
"""Clips of a side that are shown."""
