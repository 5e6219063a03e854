"""A model behind an endpoint that speaks OpenAI's chat completions and takes images: vLLM, SGLang, a hosted one.

So many requests at a time as the settings say, and no more; what fails for a passing reason (429, 5xx, a time-out, a cut
connection) is tried again after a growing wait, or after the one that the server asks for. The key is sent as a header
and stands nowhere else: whatever is said of an error is cleared of it first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import urlsplit, urlunsplit

from video_assets.describe import chat
from video_assets.describe.answer import Answer, Shown, T
from video_assets.describe.caption import Caption
from video_assets.describe.chat import CaptionError, Usage, Wanted
from video_assets.reasons import Reason
from video_assets.settings import CaptionerSettings, EndpointSettings

if TYPE_CHECKING:
    import httpx2
    import tenacity

_DENIED = {401, 403, 404}
_PASSING = {408, 429}
_FIRST_WAIT_S = 1.0
# So many clips in a row without any reply: the endpoint is down, and the rest need not wait for it one by one.
_DOWN_AFTER = 5
_SHORTEST_SECRET = 6


def address(base_url: str) -> str:
    """An endpoint's address without what may be secret in it: user, password and query."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{place}:{parts.port}" if parts.port else place, parts.path.rstrip("/"), "", ""))


def key_of(settings: EndpointSettings, who: str) -> str | None:
    """The key from the environment; None where none is asked for.

    Args:
        settings: they name the variable.
        who: whose key it is, for people: "the captioner small".

    Raises:
        ValueError: the variable that should hold it is not set.
    """
    if settings.api_key_env is None:
        return None
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key:
        raise ValueError(
            f"{who[:1].upper()}{who[1:]} takes its key from the environment variable {settings.api_key_env}, which is "
            "not set; set it, or leave out api_key_env if the endpoint asks for none."
        )
    return key


class _PassingError(Exception):
    """An attempt that failed in a way that the next one may not; ``wait_s`` is what the server asks for."""

    def __init__(self, message: str, wait_s: float | None = None, *, heard: bool) -> None:
        super().__init__(message)
        self.wait_s, self.heard = wait_s, heard


class _DeniedError(Exception):
    """The endpoint does not let us in; it will not for the other clips either."""


@dataclass
class _Shared:
    """What the requests of one run have in common."""

    next_start: float = 0.0
    unheard: int = 0
    given_up: tuple[Reason, str] | None = None
    """Once there is no use in asking further: why, for every clip that is left."""


@dataclass
class _Used:
    """Tokens so far, of a clip's requests; also of those whose reply could not be used."""

    tokens: Usage = field(default_factory=Usage)


_Request = tuple[Shown, bytes]


def caption(
    settings: CaptionerSettings, clips: Iterator[Shown], on_answer: Callable[[Answer[Caption]], None]
) -> None:  # fmt: skip
    """Ask a captioner of kind 'endpoint' for a caption of each clip, as :func:`ask` does."""
    ask(settings, chat.a_caption(settings.prompt), captioner(settings), clips, on_answer)


def captioner(settings: CaptionerSettings) -> str:
    """A captioner, as sentences name it."""
    return f"the captioner {settings.name}"


def ask(
    settings: EndpointSettings, wanted: Wanted[T], who: str, clips: Iterator[Shown], on_answer: Callable[[Answer[T]], None]
) -> None:  # fmt: skip
    """Ask about each clip; give each answer to ``on_answer`` as it comes, in whatever order.

    Args:
        settings: the endpoint.
        wanted: what is asked for.
        who: is asked, for people: "the captioner small".
        clips: taken one by one as there is room for a request, in another thread.
        on_answer: called in this thread for every clip.

    Raises:
        ValueError: the key is not in the environment.
    """
    # It writes the whole address of every request, with what is secret in it.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        asyncio.run(_Endpoint(settings, wanted, key_of(settings, who)).ask(clips, on_answer))
    except BaseExceptionGroup as group:  # whatever the clips or on_answer raised, as it was
        raise group.exceptions[0] from None


class _Endpoint(Generic[T]):
    """The requests of one run."""

    def __init__(self, settings: EndpointSettings, wanted: Wanted[T], key: str | None) -> None:
        self._settings, self._wanted, self._key, self._shared = settings, wanted, key, _Shared()
        self._parts = urlsplit(str(settings.base_url))
        self._url = f"{address(str(settings.base_url))}/chat/completions"

    async def ask(self, clips: Iterator[Shown], on_answer: Callable[[Answer[T]], None]) -> None:
        import httpx2

        most = self._settings.concurrency
        # As many clips are at hand as there are requests, so that none waits for its pictures to be read.
        waiting: asyncio.Queue[_Request | None] = asyncio.Queue(most)
        requests = ((clip, _encoded(self._body(clip))) for clip in clips)
        limits = httpx2.Limits(max_connections=most, max_keepalive_connections=most)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        user = (self._parts.username, self._parts.password or "") if self._parts.username and not self._key else None
        async with (
            httpx2.AsyncClient(
                headers=headers, auth=user, params=self._parts.query or None, limits=limits, timeout=None
            ) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(_read_ahead(requests, waiting, most))
            for _ in range(most):
                tasks.create_task(self._serve(client, waiting, on_answer))

    async def _serve(
        self,
        client: httpx2.AsyncClient,
        waiting: asyncio.Queue[_Request | None],
        on_answer: Callable[[Answer[T]], None],
    ) -> None:
        while (asked := await waiting.get()) is not None:
            on_answer(await self._answer(client, *asked))

    async def _answer(self, client: httpx2.AsyncClient, clip: Shown, body: bytes) -> Answer[T]:
        if given_up := self._shared.given_up:
            return Answer(clip.clip_id, None, *given_up)
        began, used = time.perf_counter(), _Used()
        said: T | None = None
        reason: Reason | None = None
        message: str | None = None
        try:
            said = await self._said(client, clip, body, used)
        except CaptionError as error:
            reason, message = error.reason, error.message
        except _PassingError as error:
            reason, message = Reason.ENDPOINT_FAILED, str(error)
            self._shared.unheard = 0 if error.heard else self._shared.unheard + 1
            if self._shared.unheard >= _DOWN_AFTER:
                self._shared.given_up = reason, f"Not asked, as the endpoint is silent. {error}"
        except _DeniedError as error:
            reason, message = Reason.ENDPOINT_DENIED, str(error)
            self._shared.given_up = reason, f"Not asked, as the endpoint lets nobody in. {error}"
        return Answer(
            clip.clip_id, said, reason, message, used.tokens.input_tokens, used.tokens.output_tokens,
            waited_seconds=time.perf_counter() - began,
        )  # fmt: skip

    async def _said(self, client: httpx2.AsyncClient, clip: Shown, body: bytes, used: _Used) -> T:
        """What was asked for, once more when the first reply is not that."""
        reply = await self._ask(client, body, used)
        try:
            return chat.read(chat.text_of(reply), self._wanted)
        except CaptionError as error:
            if not error.again:
                raise
            mended = chat.asked_again(self._body(clip), chat.said(reply), error.message)
        return chat.read(chat.text_of(await self._ask(client, _encoded(mended), used)), self._wanted)

    def _body(self, clip: Shown) -> dict[str, Any]:
        chosen = self._settings
        return chat.request(
            self._wanted, chosen.model, clip.jpegs,
            seed=chosen.seed, temperature=chosen.temperature, max_tokens=chosen.max_tokens,
        )  # fmt: skip

    async def _ask(self, client: httpx2.AsyncClient, body: bytes, used: _Used) -> object:
        """A reply, after as many attempts as it takes and the settings allow."""
        import tenacity

        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(1 + self._settings.retries),
            wait=self._wait, retry=tenacity.retry_if_exception(self._worth_a_retry), reraise=True,
        )  # fmt: skip
        reply: object = await attempts(self._attempt, client, body)
        self._shared.unheard = 0
        used.tokens += chat.usage(reply)
        return reply

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next attempt: what the server asks for, or 1, 2, 4... with a share of chance."""
        import tenacity

        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _PassingError) and error.wait_s is not None:
            return error.wait_s
        waits = tenacity.wait_random_exponential(multiplier=_FIRST_WAIT_S, max=self._settings.longest_wait_s)
        return float(waits(state))

    def _worth_a_retry(self, error: BaseException) -> bool:
        if not isinstance(error, _PassingError) or self._shared.given_up:
            return False
        return error.wait_s is None or error.wait_s <= self._settings.longest_wait_s

    async def _attempt(self, client: httpx2.AsyncClient, body: bytes) -> object:
        import httpx2

        await self._pace()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await client.post(self._url, content=body)
        except TimeoutError as error:
            message = f"No reply within {self._settings.timeout_s:g} s."
            raise _PassingError(message, heard=False) from error
        except httpx2.TransportError as error:
            raise _PassingError(self._clear(f"{type(error).__name__}: {error}"), heard=False) from error
        return self._content(response)

    async def _pace(self) -> None:
        """Wait for this request's turn, where only so many may begin in a minute."""
        if self._settings.requests_per_minute is None:
            return
        now = time.monotonic()
        start = max(now, self._shared.next_start)
        self._shared.next_start = start + 60 / self._settings.requests_per_minute
        await asyncio.sleep(start - now)

    def _content(self, response: httpx2.Response) -> object:
        """A response's JSON."""
        status, text = response.status_code, self._clear(response.text)
        said = f"HTTP {status}: {' '.join(text.split())[:300]}"
        if status in _DENIED:
            raise _DeniedError(said)
        if status in _PASSING or status >= 500:
            raise _PassingError(said, retry_after(response.headers.get("Retry-After")), heard=True)
        if status != 200:
            raise CaptionError(Reason.REQUEST_REJECTED, said)
        try:
            return json.loads(text)
        except ValueError as error:
            raise _PassingError(f"The reply is not JSON: {said}", heard=True) from error

    def _clear(self, text: str) -> str:
        """A text without the key and the address's secrets, should the server or a library repeat them."""
        for secret in (self._key, self._parts.password, self._parts.query):
            # What is shorter is a stand-in for a key, such as x, and no secret.
            if secret and len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


async def _read_ahead(requests: Iterator[_Request], waiting: asyncio.Queue[_Request | None], readers: int) -> None:
    """Read the clips' pictures beside the requests, and say to every reader when there are no more."""
    while (asked := await asyncio.to_thread(next, requests, None)) is not None:
        await waiting.put(asked)
    for _ in range(readers):
        await waiting.put(None)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3: seconds or a date); None without a sound one."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds())
