"""The application: addresses and what answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import duckdb
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from video_assets.review import changes, clip_page, grid_pages, pages, rating_pages
from video_assets.review.asked import CLIP_ID, SentBack, SentNext, SentRater, SentUndo, SentVerdict, finite
from video_assets.review.asking import TooLongError
from video_assets.review.changes import address_of, rater_of
from video_assets.review.clips import PICTURES, Clip, picture, sheet_of
from video_assets.review.encoded import CannotPlayError
from video_assets.review.guard import Guard
from video_assets.review.media import KEPT, GoneError, local, source
from video_assets.review.moved import moved
from video_assets.review.numbers import counted, histogram, split
from video_assets.review.playing import why_not
from video_assets.review.selection import Selection
from video_assets.review.server import Review
from video_assets.review.where import RefusedError

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

    def changing(model: type[Sent], handler: Callable[[Request, Review, Sent], Response]) -> Callable[[Request], Any]:
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
        Route("/api/next", changing(SentNext, changes.hand_out), methods=["POST"]),
        Route("/api/verdict", changing(SentVerdict, changes.keep_verdict), methods=["POST"]),
        Route("/api/undo", changing(SentUndo, changes.take_back), methods=["POST"]),
        Route("/api/back", changing(SentBack, changes.give_back), methods=["POST"]),
        Route("/api/rater", changing(SentRater, changes.name_rater), methods=["POST"]),
    ]
    static = Mount("/static", StaticFiles(packages=[("video_assets.review", "static")]))

    def nowhere(request: Request, _error: Exception) -> Response:
        return _wrong(request, review, HTTPException(404, "There is no such page."))

    guard = Middleware(Guard, hosts=hosts, secret=review.secret, token=token, refused=review.refused)
    app = Starlette(routes=[*routes, static], middleware=[guard], lifespan=life, exception_handlers={404: nowhere})
    app.state.alone = token is None
    return app


def _refuse(request: Request, review: Review, why: str, status: int = 400) -> Response:
    review.refused(address_of(request), f"{request.method} {request.url.path[:200]}", why[:300])
    return JSONResponse({"error": why}, status)


def _wrong(request: Request, review: Review, error: Exception) -> Response:
    """What cannot be answered: for a person a page, for a script its sentence."""
    status, said = 500, str(error).partition("\n")[0]
    match error:
        case RefusedError():
            status = 400
            review.refused(address_of(request), f"GET {request.url.path[:200]}", said[:300])
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
    return grid_pages.grid(request, review, rater_of(request, review), Selection.read(request.query_params))


def _clip(request: Request, review: Review) -> Response:
    return clip_page.clip(request, review, rater_of(request, review), _known(request, review))


def _judge(request: Request, review: Review) -> Response:
    selection = Selection.read(request.query_params, ("clip",))
    if selection.tier and selection.tier not in review.tiers:
        raise HTTPException(404, f"There is no tier {selection.tier}.")
    return pages.judge(request, review, rater_of(request, review), selection)


def _raters(request: Request, review: Review) -> Response:
    return rating_pages.raters(request, review, rater_of(request, review))


def _thresholds(request: Request, review: Review) -> Response:
    column = request.query_params.get("column", "")
    if column and not review.asking.is_number(column):
        raise RefusedError(f"There is no column of numbers {column[:100]} in clip_sheet.")
    return rating_pages.thresholds(request, review, rater_of(request, review), column)


def _compare(request: Request, review: Review) -> Response:
    sets = [request.query_params.get(side, "") for side in ("left", "right")]
    return grid_pages.compare(request, review, rater_of(request, review), sets[0], sets[1])


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
        return JSONResponse(moved(asked, review.asking, tier, rule, cut, review.tiers))


def _places(request: Request, review: Review) -> Response:
    clip = _known(request, review)
    with review.asking.look() as asked:
        sheet = sheet_of(asked, clip.clip_id)
    return JSONResponse(review.places.of(sheet))
