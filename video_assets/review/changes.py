"""What the page takes from people: handlers of changes, each given what was sent when it has been looked through."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from video_assets.review.asked import RATER, SentBack, SentNext, SentRater, SentUndo, SentVerdict
from video_assets.review.clips import caption_of, captions_of
from video_assets.review.guard import is_https, is_loopback
from video_assets.review.journal import Verdict, now
from video_assets.review.selection import Selection
from video_assets.review.server import Review
from video_assets.review.where import RefusedError

RATER_COOKIE = "video_assets_rater"
_A_YEAR_S = 365 * 86_400


def rater_of(request: Request, review: Review) -> str:
    """Who judges: as the browser's cookie says, else who has started the server; empty where that may be somebody else."""
    name = unquote(request.cookies.get(RATER_COOKIE, ""))
    if RATER.fullmatch(name):
        return name
    return review.rater if request.app.state.alone and is_loopback(request.url.hostname or "") else ""


def judging(request: Request, review: Review) -> str:
    """The same, for what is kept under the name.

    Raises:
        HTTPException: 409, nobody is named. What was said stays in the browser until somebody is.
    """
    if name := rater_of(request, review):
        return name
    raise HTTPException(409, "Say who you are first: write your name into the field Rater.")


def address_of(request: Request) -> str:
    """Whence it was asked."""
    return request.client.host if request.client else ""


def hand_out(request: Request, review: Review, sent: SentNext) -> Response:
    """The next clips of a queue for who asks, which are theirs for a while; of those that they have, which are not any more."""
    try:
        selection = Selection.read(QueryParams(sent.query), ("clip",))
    except RefusedError as error:
        raise ValueError(str(error)) from error
    if selection.tier and selection.tier not in review.tiers:
        raise ValueError(f"There is no tier {selection.tier}.")
    rater = judging(request, review)
    order = review.queued(selection)
    # Before others are handed out: a page that stays open keeps what it has.
    lost = review.queue.renew(sent.have, rater) if sent.have else []
    given = review.queue.next(order, rater, sent.most, frozenset(sent.have))
    shown = []
    with review.asking.look() as asked:
        known = review.clips(asked, given)
        captions = captions_of(asked, list(known.values()))
    for clip_id in given:
        if clip := known.get(clip_id):
            shown.append(review.player(clip) | {"caption": captions.get(clip_id, "")})
    return JSONResponse({"clips": shown, "left": review.queue.left(order, rater), "lost": lost, "rater": rater})


def keep_verdict(request: Request, review: Review, sent: SentVerdict) -> Response:
    """Keep a verdict."""
    rater = judging(request, review)
    if sent.rater not in (None, rater):
        raise ValueError(f"{sent.rater} said this, and you are {rater} now; be {sent.rater} again to send it.")
    clip = review.clip_now(sent.clip_id)
    if clip is None:
        raise ValueError("The lake has no clip of that id.")
    sent.fits(clip, review.questions)
    verdict = Verdict(
        review_id=sent.review_id, clip_id=clip.clip_id, video_id=clip.video_id, start_pts=clip.start_pts, end_pts=clip.end_pts,
        rater=rater, judged_at=now(), questions=sent.questions, decision=sent.decision, answers=dict(sent.answers),
        flags=tuple(sorted(set(sent.flags))), trim_start_pts=sent.trim_start_pts, trim_end_pts=sent.trim_end_pts, caption=sent.caption,
        note=sent.note, tier=sent.tier if sent.tier in review.tiers else None, seconds=sent.seconds,
    )  # fmt: skip
    new = review.journal.add(verdict, address_of(request))
    return JSONResponse({"new": new, "rater": rater})


def take_back(request: Request, review: Review, sent: SentUndo) -> Response:
    """Take a verdict back."""
    rater = judging(request, review)
    # What was sent before is answered as it was then.
    before = review.journal.taken_back_by(sent.review_id)
    if before is None:
        last = review.journal.last(rater, 200)
        before = next((v for v in last if sent.takes_back in (None, v.review_id)), None)
    if before is None or before.rater != rater:
        raise ValueError("There is no such verdict of yours that still holds, among your last 200.")
    row = Verdict(
        review_id=sent.review_id, clip_id=before.clip_id, video_id=before.video_id, start_pts=before.start_pts,
        end_pts=before.end_pts, rater=rater, judged_at=now(), questions=before.questions, takes_back=before.review_id,
    )  # fmt: skip
    # It is judged anew by who took it back, and by nobody else meanwhile.
    new = review.journal.add(row, address_of(request), review.settings.lease_minutes)
    clip = review.clip(before.clip_id)
    if clip is None:
        return JSONResponse({"new": new, "clip": None})
    with review.asking.look() as asked:
        caption = caption_of(asked, clip)
    said = {
        "decision": before.decision, "answers": before.answers, "flags": list(before.flags), "caption": before.caption,
        "note": before.note, "trim_start_pts": _text(before.trim_start_pts), "trim_end_pts": _text(before.trim_end_pts),
    }  # fmt: skip
    return JSONResponse({"new": new, "clip": review.player(clip) | {"caption": caption}, "said": said})


def _text(number: int | None) -> str | None:
    """A pts as JavaScript keeps it, whose numbers have 53 bits."""
    return None if number is None else str(number)


def give_back(request: Request, review: Review, sent: SentBack) -> Response:
    """Give clips back that were handed out."""
    review.journal.give_back(judging(request, review), sent.clips)
    return JSONResponse({})


def name_rater(request: Request, review: Review, sent: SentRater) -> Response:
    """Be called by another name."""
    before = rater_of(request, review)
    if RATER_COOKIE in request.cookies:  # Who has started the server may be at work in another browser.
        review.journal.give_back(before)
    review.journal.note("rater", sent.name, address_of(request), None, f"was {before or 'nobody'}")
    answer = JSONResponse({"rater": sent.name})
    answer.set_cookie(
        RATER_COOKIE, quote(sent.name), max_age=_A_YEAR_S, httponly=True, samesite="lax", secure=is_https(request.scope)
    )
    return answer
