"""A real HTTP server on loopback that speaks chat completions, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

WORDS = {
    "short_description": "A boat crosses the harbour.",
    "dense_description": "A small boat crosses the harbour from left to right while gulls rise behind it.",
    "background": "Cranes and sheds.",
    "style": "documentary",
    "shot_type": "wide shot",
    "lighting": "soft light from the left",
    "atmosphere": "calm",
}


def picture_id(jpeg: bytes) -> str:
    """By which the server knows a clip: its first picture."""
    return hashlib.sha256(jpeg).hexdigest()[:12]


@dataclass
class ChatServer:
    """What was asked of it, and how it answers.

    ``plan`` gives, by picture, what it does to the first request about it, the second and so on; then it answers.
    What it says is ``words``, or those of ``words_of`` for a picture that is there.
    Behaviours: answer, 429, 500, 401, 400, html, broken, refusal, declines, cut off, hang, cut.
    """

    plan: dict[str, Sequence[str]] = field(default_factory=dict)
    always: str = "answer"
    words: dict[str, str] = field(default_factory=lambda: WORDS)
    words_of: dict[str, dict[str, str]] = field(default_factory=dict)
    seconds: float = 0.0
    retry_after: str | None = None
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    busy_seconds: float = 0.0
    url: str = ""

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        body = json.loads(await request.body())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        began = asyncio.get_running_loop().time()
        try:
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            clip = picture_id(_first_picture(body))
            number = self.asked[clip]
            self.asked[clip] += 1
            await asyncio.sleep(self.seconds)
            steps = self.plan.get(clip, ())
            return await self._behave(steps[number] if number < len(steps) else self.always, clip, request)
        finally:
            self.busy_seconds += asyncio.get_running_loop().time() - began
            self.at_once -= 1

    async def _behave(self, behaviour: str, clip: str, request: Request) -> Response:
        if behaviour.isdigit():
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            said = f"wrong: {request.headers.get('authorization')} {request.url}"
            return PlainTextResponse(said, int(behaviour), headers)
        if behaviour == "hang":
            await asyncio.sleep(60)
        if behaviour == "cut":
            return StreamingResponse(_cut(), media_type="application/json", headers={"Content-Length": "1000"})
        if behaviour == "html":
            return PlainTextResponse("<html>Welcome</html>")
        self.answered[clip] += behaviour == "answer"
        return JSONResponse(_completion(behaviour, self.words_of.get(clip, self.words)))


def _first_picture(body: dict[str, Any]) -> bytes:
    url = next(part["image_url"]["url"] for part in body["messages"][0]["content"] if part["type"] == "image_url")
    return base64.b64decode(url.partition("base64,")[2])


def _completion(behaviour: str, words: dict[str, str]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": json.dumps(words)}
    reason = "stop"
    if behaviour == "broken":
        message["content"] = '{"short_description": "A boat'
    elif behaviour == "refusal":
        message |= {"content": None, "refusal": "I can't describe people."}
    elif behaviour == "declines":
        message["content"] = "I'm sorry, but I can't help with that."
    elif behaviour == "cut off":
        message["content"], reason = '{"short_description": "A boat that', "length"
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"choices": '
    raise ConnectionError("cut")


@contextmanager
def serving(server: ChatServer) -> Iterator[ChatServer]:
    """Serve on a free port of loopback, in a thread."""
    app = Starlette(routes=[Route("/v1/chat/completions", server.complete, methods=["POST"])])
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        thread.join(0.01)
    server.url = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        running.should_exit = True
        thread.join(10)
