"""The application: addresses and what answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import anyio
import anyio.to_thread
import duckdb
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from video_assets.review import pages
from video_assets.review.asked import CLIP_ID, RATER, SentBack, SentNext, SentRater, SentUndo, SentVerdict, finite
from video_assets.review.asking import TooLongError
from video_assets.review.clips import PICTURES, Clip, caption_of, captions_of, picture, sheet_of
from video_assets.review.encoded import CannotPlayError
from video_assets.review.guard import Guard, is_https, is_loopback
from video_assets.review.journal import Verdict, now
from video_assets.review.media import KEPT, GoneError, local, source
from video_assets.review.moved import moved
from video_assets.review.numbers import counted, histogram, split
from video_assets.review.playing import why_not
from video_assets.review.selection import Selection
from video_assets.review.server import Review
from video_assets.review.where import RefusedError

RATER_COOKIE = "video_assets_rater"
_A_YEAR_S = 365 * 86_400
_LOOKING = 16
"""Threads for pictures and media: verdicts and pages have theirs, however much is looked at."""
Sent = TypeVar("Sent", bound=BaseModel)
Handler = Callable[[Request, Review], Response]


class _ToEncode(Response):
    """That a clip is to be encoded first; sent to who has gone away meanwhile."""


def make_app(review: Review, hosts: Collection[str], token: str | None) -> Starlette:
    """The application.

    Args:
        review: what it shows.
        hosts: names under which browsers may ask for it, beside loopback's.
        token: by which people enter; None: who reaches the server may ask.
    """

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        review.start()
        yield
        # On a thread of its own: what is still answered may hold all others.
        await anyio.to_thread.run_sync(review.stop, limiter=anyio.CapacityLimiter(1))

    def answered(handler: Handler) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            try:
                return handler(request, review)
            except (RefusedError, TooLongError, CannotPlayError, GoneError, HTTPException, duckdb.Error) as error:
                return _wrong(request, review, error)

        return answer

    looking, encoding = anyio.CapacityLimiter(_LOOKING), anyio.CapacityLimiter(review.settings.encoders)

    async def seen(request: Request) -> Response:
        return await anyio.to_thread.run_sync(answered(_picture), request, limiter=looking)

    async def media(request: Request) -> Response:
        there = await anyio.to_thread.run_sync(answered(_media), request, limiter=looking)
        if not isinstance(there, _ToEncode):
            return there
        # Who waits to be encoded holds no thread, and who has gone meanwhile is not encoded for.
        async with encoding:
            if await request.is_disconnected():
                return there
            return await anyio.to_thread.run_sync(answered(_encoded), request, limiter=anyio.CapacityLimiter(1))

    def changes(model: type[Sent], handler: Callable[[Request, Review, Sent], Response]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                sent = model.model_validate_json(await request.body())
            except ValidationError as error:
                first = error.errors()[0]
                return _refuse(request, review, f"{'.'.join(map(str, first['loc']))[:100]}: {first['msg']}")
            try:
                return await anyio.to_thread.run_sync(handler, request, review, sent)
            except ValueError as error:
                return _refuse(request, review, str(error))
            except (TooLongError, HTTPException, duckdb.Error) as error:
                return await anyio.to_thread.run_sync(_wrong, request, review, error)

        return answer

    gets: dict[str, Handler] = {
        "/": _home, "/clips": _grid, "/clip/{clip_id}": _clip, "/judge": _judge, "/raters": _raters,
        "/compare": _compare, "/map": _map, "/thresholds": _thresholds, "/trail": _trail, "/enter": _enter,
        "/api/count": _count, "/api/histogram": _histogram, "/api/split": _split, "/api/moved": _moved,
        "/api/places/{clip_id}": _places,
    }  # fmt: skip
    routes = [Route(path, answered(handler), methods=["GET"]) for path, handler in gets.items()]
    routes += [
        Route("/picture/{clip_id}/{number:int}", seen, methods=["GET"]),
        Route("/media/{clip_id}", media, methods=["GET"]),
        Route("/api/next", changes(SentNext, _next), methods=["POST"]),
        Route("/api/verdict", changes(SentVerdict, _verdict), methods=["POST"]),
        Route("/api/undo", changes(SentUndo, _undo), methods=["POST"]),
        Route("/api/back", changes(SentBack, _back), methods=["POST"]),
        Route("/api/rater", changes(SentRater, _rater), methods=["POST"]),
    ]
    static = Mount("/static", StaticFiles(packages=[("video_assets.review", "static")]))
    guard = Middleware(Guard, hosts=hosts, secret=review.secret, token=token, refused=review.refused)
    app = Starlette(routes=[*routes, static], middleware=[guard], lifespan=life)
    app.state.alone = token is None
    return app


def rater_of(request: Request, review: Review) -> str:
    """Who judges: as the browser's cookie says, else who has started the server; empty where that may be somebody else."""
    name = unquote(request.cookies.get(RATER_COOKIE, ""))
    if RATER.fullmatch(name):
        return name
    return review.rater if request.app.state.alone and is_loopback(request.url.hostname or "") else ""


def _judging(request: Request, review: Review) -> str:
    """The same, for what is kept under the name.

    Raises:
        HTTPException: 409, nobody is named. What was said stays in the browser until somebody is.
    """
    if name := rater_of(request, review):
        return name
    raise HTTPException(409, "Say who you are first: write your name into the field Rater.")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _refuse(request: Request, review: Review, why: str, status: int = 400) -> Response:
    review.refused(_address(request), f"{request.method} {request.url.path[:200]}", why[:300])
    return JSONResponse({"error": why}, status)


def _wrong(request: Request, review: Review, error: Exception) -> Response:
    """What cannot be answered: for a person a page, for a script its sentence."""
    status, said = 500, str(error).partition("\n")[0]
    match error:
        case RefusedError():
            status = 400
            review.refused(_address(request), f"GET {request.url.path[:200]}", said[:300])
        case HTTPException():
            status, said = error.status_code, str(error.detail)
        case GoneError():
            status = 404
        case CannotPlayError():
            status = 422
        case TooLongError():
            status = 503
    if "text/html" in request.headers.get("accept", ""):
        return pages.wrong(request, review, rater_of(request, review), said, status)
    return JSONResponse({"error": said}, status)


def _known(request: Request, review: Review) -> Clip:
    """The clip of an address.

    Raises:
        HTTPException: 404, there is none.
    """
    clip_id = str(request.path_params["clip_id"])
    clip = review.clip(clip_id) if CLIP_ID.fullmatch(clip_id) else None
    if clip is None:
        raise HTTPException(404, "The lake has no clip of that id.")
    return clip


def _home(request: Request, review: Review) -> Response:
    return pages.home(request, review, rater_of(request, review))


def _grid(request: Request, review: Review) -> Response:
    return pages.grid(request, review, rater_of(request, review), Selection.read(request.query_params))


def _clip(request: Request, review: Review) -> Response:
    return pages.clip(request, review, rater_of(request, review), _known(request, review))


def _judge(request: Request, review: Review) -> Response:
    selection = Selection.read(request.query_params, ("clip",))
    if selection.tier and selection.tier not in review.tiers:
        raise HTTPException(404, f"There is no tier {selection.tier}.")
    return pages.judge(request, review, rater_of(request, review), selection)


def _raters(request: Request, review: Review) -> Response:
    return pages.raters(request, review, rater_of(request, review))


def _thresholds(request: Request, review: Review) -> Response:
    column = request.query_params.get("column", "")
    if column and not review.asking.is_number(column):
        raise RefusedError(f"There is no column of numbers {column[:100]} in clip_sheet.")
    return pages.thresholds(request, review, rater_of(request, review), column)


def _compare(request: Request, review: Review) -> Response:
    sets = [request.query_params.get(side, "") for side in ("left", "right")]
    return pages.compare(request, review, rater_of(request, review), sets[0], sets[1])


def _map(request: Request, review: Review) -> Response:
    tier = request.query_params.get("tier", "")
    if tier and tier not in review.tiers:
        raise HTTPException(404, "There is no such tier.")
    return pages.embedding_map(request, review, rater_of(request, review), tier)


def _trail(request: Request, review: Review) -> Response:
    return pages.trail(request, review, rater_of(request, review))


def _enter(request: Request, _review: Review) -> Response:
    return pages.enter(request)


def _picture(request: Request, review: Review) -> Response:
    clip, number = _known(request, review), int(request.path_params["number"])
    if not 0 <= number < PICTURES:
        raise HTTPException(404, "There is no such picture.")

    def make() -> bytes | None:
        with review.asking.look() as asked:
            return picture(asked, clip, number)

    jpeg = review.pictures.get((clip.clip_id, number), make)
    if jpeg is None:
        raise HTTPException(404, "No keyframe lies inside the clip.")
    return Response(jpeg, media_type="image/jpeg", headers=KEPT)


def _media(request: Request, review: Review) -> Response:
    clip = _known(request, review)
    if why_not(clip) is None:
        return source(review.source_of(clip), request.headers.get("range"), review.lake.settings.s3)
    file = review.encoded.made(clip.clip_id)
    return _ToEncode(status_code=503) if file is None else local(file)


def _encoded(request: Request, review: Review) -> Response:
    return local(review.encoded.file(_known(request, review).clip_id))


def _selected(request: Request, *others: str) -> Selection:
    return Selection.read(request.query_params, others)


def _column(request: Request, review: Review) -> str:
    column = request.query_params.get("column", "")
    if not review.asking.is_number(column):
        raise RefusedError(f"There is no column of numbers {column[:100]} in clip_sheet.")
    return column


def _cut(request: Request) -> float:
    cut = finite(request.query_params.get("cut", ""))
    if cut is None:
        raise RefusedError("cut must be a number.")
    return cut


def _count(request: Request, review: Review) -> Response:
    selection = _selected(request)
    with review.asking.look() as asked:
        return JSONResponse(counted(asked, review.asking, selection))


def _histogram(request: Request, review: Review) -> Response:
    selection, column = _selected(request, "column"), _column(request, review)
    with review.asking.look() as asked:
        return JSONResponse(histogram(asked, review.asking, selection, column))


def _split(request: Request, review: Review) -> Response:
    selection, column, cut = _selected(request, "column", "cut"), _column(request, review), _cut(request)
    with review.asking.look() as asked:
        return JSONResponse(split(asked, review.asking, selection, column, cut))


def _moved(request: Request, review: Review) -> Response:
    tier = review.tiers.get(request.query_params.get("tier", ""))
    if tier is None:
        raise HTTPException(404, "There is no such tier.")
    rule, cut = request.query_params.get("rule", ""), _cut(request)
    with review.asking.look() as asked:
        return JSONResponse(moved(asked, tier, rule, cut, review.tiers))


def _places(request: Request, review: Review) -> Response:
    clip = _known(request, review)
    with review.asking.look() as asked:
        sheet = sheet_of(asked, clip.clip_id)
    return JSONResponse(review.places.of(sheet))


def _next(request: Request, review: Review, sent: SentNext) -> Response:
    try:
        selection = Selection.read(QueryParams(sent.query), ("clip",))
    except RefusedError as error:
        raise ValueError(str(error)) from error
    if selection.tier and selection.tier not in review.tiers:
        raise ValueError(f"There is no tier {selection.tier}.")
    rater = _judging(request, review)
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


def _verdict(request: Request, review: Review, sent: SentVerdict) -> Response:
    rater = _judging(request, review)
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
    new = review.journal.add(verdict, _address(request))
    return JSONResponse({"new": new, "rater": rater})


def _undo(request: Request, review: Review, sent: SentUndo) -> Response:
    rater = _judging(request, review)
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
    new = review.journal.add(row, _address(request), review.settings.lease_minutes)
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


def _back(request: Request, review: Review, sent: SentBack) -> Response:
    review.journal.give_back(_judging(request, review), sent.clips)
    return JSONResponse({})


def _rater(request: Request, review: Review, sent: SentRater) -> Response:
    before = rater_of(request, review)
    if RATER_COOKIE in request.cookies:  # Who has started the server may be at work in another browser.
        review.journal.give_back(before)
    review.journal.note("rater", sent.name, _address(request), None, f"was {before or 'nobody'}")
    answer = JSONResponse({"rater": sent.name})
    answer.set_cookie(
        RATER_COOKIE, quote(sent.name), max_age=_A_YEAR_S, httponly=True, samesite="lax", secure=is_https(request.scope)
    )
    return answer
