"""The pages, rendered by the server from templates that escape whatever they are given."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from video_assets.lake.sql_text import identifier
from video_assets.review.agreement import Ratings, cohen, fleiss, pairs_of
from video_assets.review.asking import Asked
from video_assets.review.clips import PICTURES, Clip, known, of_row
from video_assets.review.cuts import cut_of
from video_assets.review.embedding_map import points
from video_assets.review.guard import local_path
from video_assets.review.margins import thresholds as thresholds_of
from video_assets.review.numbers import counted
from video_assets.review.playing import why_not
from video_assets.review.selection import PAGE, Selection, of_set, place_of, sorted_page
from video_assets.review.server import Review
from video_assets.written import text

_TRAIL = 500
_MOST_CURVE = 300
"""Points of a curve that are drawn."""


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("video_assets.review"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": clock,
        "written": written,
        "json": lambda v: json.dumps(v, default=str),
        "count": lambda n: f"{n:,}",
    }
    return made


def _page(
    template: str, request: Request, review: Review, rater: str, answer: int = 200, /, **values: object
) -> Response:
    shared = {"rater": rater, "word": review.word, "at": request.url.path, "questions": review.questions}
    return HTMLResponse(_environment().get_template(template).render(**shared, **values), answer)


def clock(seconds: float) -> str:
    """A time as players show it."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}" if hours else f"{minutes}:{rest:05.2f}"


def written(value: object) -> str:
    """A value of the lake for a person."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list():
            return ", ".join(written(v) for v in value)
        case {"subject": subject, "probability": probability}:
            return f"{subject} ({written(probability)})"
        case _:
            return text(value)


def wrong(request: Request, review: Review, rater: str, said: str, status: int) -> Response:
    """That something cannot be shown."""
    return _page("wrong.html", request, review, rater, status, said=said, status=status)


def enter(request: Request) -> Response:
    """Where people enter by the token; it says nothing of the lake."""
    query = request.query_params
    said = "That is not the token." if "wrong" in query else ""
    onward = local_path(query.get("next", "/"))
    return HTMLResponse(_environment().get_template("enter.html").render(said=said, onward=onward))


def home(request: Request, review: Review, rater: str) -> Response:
    """The tiers with what each keeps, from the ledger, and what was judged last."""
    with review.asking.look() as asked:
        rows = asked.rows(_TIERS)
    counts = {row["tier"]: row for row in rows}
    none = {"clips": 0, "kept": 0, "undecided": 0, "hours": 0.0}
    tiers = [none | counts.get(name, {}) | {"tier": t} for name, t in review.tiers.items()]
    return _page(
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


def grid(request: Request, review: Review, rater: str, selection: Selection) -> Response:
    """Clips as pictures."""
    query = sorted_page(selection, review.asking)
    with review.asking.look() as asked:
        rows = asked.rows(query.sql, query.parameters)
        releases, draws = review.sets(asked)
    review.judged.look()
    shown = [(clip, row) for row in rows[:PAGE] if (clip := of_row(row)) is not None]
    review.keep(clip for clip, _ in shown)  # Their pictures are asked for next.
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
    return _page(
        "grid.html", request, review, rater, selection=selection, cards=cards, onward=onward, numbers=numbers,
        filters=filters, tiers=list(review.tiers), batches=review.batches, releases=releases, draws=draws, pictures=PICTURES, rules=rules,
        players={clip.clip_id: review.player(clip) for clip, _ in shown},
        judge=selection.model_copy(update={"sort": "clip_id", "order": "asc"}).address("/judge"),
        query=selection.address("").removeprefix("?"), sorts=["clip_id", *(c for c in columns if c != "clip_id")],
    )  # fmt: skip


def compare(request: Request, review: Review, rater: str, left: str, right: str) -> Response:
    """Two sets of clips side by side: what each has alone."""
    with review.asking.look() as asked:
        releases, draws = review.sets(asked)
        sides: list[dict[str, Any]] = []
        both = None
        if left and right and left != right:
            both = counted(asked, review.asking, of_set(left))
            for one, other in ((left, right), (right, left)):
                chosen = of_set(one, other)
                sides.append(_side(review, asked, one, other, chosen))
            both = {name: both[name] - sides[0]["counts"][name] for name in both}
    sets = [
        *(f"tier:{t}" for t in review.tiers), *(f"draw:{t}" for t in draws), *(f"release:{r}" for r in releases),
    ]  # fmt: skip
    return _page("compare.html", request, review, rater, left=left, right=right, sets=sets, sides=sides, both=both)


_BESIDE = 24
"""Clips of a side that are shown."""


def _side(review: Review, asked: Asked, name: str, other: str, chosen: Selection) -> dict[str, Any]:
    query = sorted_page(
        chosen, review.asking, _BESIDE, other=other.removeprefix("tier:") if other.startswith("tier:") else ""
    )
    rows = asked.rows(query.sql, query.parameters)[:_BESIDE]
    shown = [{"clip": clip, "by": row["other"]} for row in rows if (clip := of_row(row)) is not None]
    counts = counted(asked, review.asking, chosen)
    return {"name": name, "counts": counts, "clips": shown, "address": chosen.address()}


def embedding_map(request: Request, review: Review, rater: str, tier: str) -> Response:
    """Clips and concepts in two dimensions."""
    with review.asking.look() as asked:
        plane = review.plane(asked)
        found = points(asked, plane, tier) if plane else None
    if plane:
        most = max(1, *(c["clips"] for c in plane.concepts))
        plane = replace(plane, concepts=[c | {"r": 8 + 22 * (c["clips"] / most) ** 0.5} for c in plane.concepts])
    return _page("map.html", request, review, rater, plane=plane, found=found, tier=tier, tiers=list(review.tiers))


def clip(request: Request, review: Review, rater: str, shown: Clip) -> Response:
    """Everything that is known of a clip."""
    with review.asking.look() as asked:
        found = known(asked, shown)
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
    return _page(
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


def judge(request: Request, review: Review, rater: str, selection: Selection) -> Response:
    """Where clips are judged by the keyboard; the clips come by script, so that the next ones are at hand."""
    return _page(
        "judge.html", request, review, rater, selection=selection, query=selection.address("").removeprefix("?"),
        tier=review.tiers.get(selection.tier), asked=review.questions.model_dump() | {"version": review.questions.version},
        back=selection.model_copy(update={"first": "near"}).address(),
        other=selection.model_copy(update={"first": "near" if selection.first == "rare" else "rare"}).address("/judge"),
    )  # fmt: skip


def ratings(review: Review) -> Ratings:
    """What each rater says of each clip now, of the lake and of the journal."""
    review.judged.look()
    return review.judged.all()


def raters(request: Request, review: Review, rater: str) -> Response:
    """Who has judged how much, how quickly, and how far they agree."""
    said = ratings(review)
    with review.asking.look() as asked:
        speeds = asked.rows(_SPEEDS)
        against = asked.rows(_AGAINST)
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
    return _page(
        "raters.html", request, review, rater, speeds={s["rater"]: s for s in speeds}, counts=dict(sorted(counts.items())),
        pairs=pairs, fleiss=fleiss(twice), twice=len(twice), clips=len(said), against=against,
    )  # fmt: skip


_SPEEDS = """
SELECT rater, count(*) AS judged, median(seconds) AS seconds, 3600 / nullif(avg(least(seconds, 300)), 0) AS an_hour,
    left(max(judged_at)::VARCHAR, 16) AS last
FROM current_reviews GROUP BY rater
"""
_AGAINST = """
SELECT v.tier, count(*) FILTER (v.kept AND NOT r.people_keep) AS kept_by_rules, count(*) FILTER (NOT v.kept AND r.people_keep) AS kept_by_people,
    count(*) FILTER (v.kept IS NOT DISTINCT FROM r.people_keep) AS same
FROM reviewed_clips AS r JOIN tier_verdicts AS v ON v.clip_id = r.clip_id
WHERE r.people_keep IS NOT NULL GROUP BY v.tier ORDER BY v.tier
"""


def thresholds(request: Request, review: Review, rater: str, column: str) -> Response:
    """How well a score tells what people keep, and where it would be cut."""
    found, said, curve = None, "", ""
    if column:
        with review.asking.look() as asked:
            scores, keeps = labelled(asked, column)
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
    return _page(
        "thresholds.html", request, review, rater, column=column, columns=[c for c in sorted(review.asking.columns) if review.asking.is_number(c)],
        found=found, said=said, rules=rules, curve=curve, address=address, says=review.asking.descriptions.get(column, ""),
    )  # fmt: skip


def labelled(asked: Asked, column: str) -> tuple[list[float | None], list[bool]]:
    """The score of each clip on which people are sure, and whether they keep it."""
    rows = asked.rows(
        f"SELECT s.{identifier(column)}::DOUBLE AS score, r.people_keep FROM reviewed_clips AS r "
        "JOIN clip_sheet AS s ON s.clip_id = r.clip_id WHERE r.people_keep IS NOT NULL ORDER BY r.clip_id"
    )
    return [row["score"] for row in rows], [row["people_keep"] for row in rows]


def trail(request: Request, review: Review, rater: str) -> Response:
    """The audit trail."""
    return _page("trail.html", request, review, rater, lines=review.journal.trail(_TRAIL), most=_TRAIL)
