"""Who may ask the page for what: hosts, the token, the origin of changes, the size of what is sent; and the headers of every answer.

What a browser does for a page of another site is refused twice: a change must come from a page of this server (``Origin``,
``Sec-Fetch-Site``) and carry the word that only these pages have. Nor is it shown or told anything: of another site's requests only
those are answered by which a person goes to a page. A page of another site that has made its name lead here (DNS
rebinding) asks under its own name, which is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Callable, Collection
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from video_assets.lake.files import atomic_path

MOST_BYTES = 64 * 1024
"""Of a request's body."""
SESSION = "video_assets_review"
"""The cookie of who has entered by the token."""
_LONGEST_PATH = 8_000
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPEN = ("/enter", "/static/review.css")
"""What is answered to who has not entered."""
_SAFE = ("GET", "HEAD")

Refused = Callable[[str, str, str], None]
"""Called with the address, what was asked for, and why it was refused."""


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def secret_of(path: Path) -> bytes:
    """The server's secret, made where there is none. It stays, so that open pages go on when the server is started again."""
    if not path.is_file():
        with atomic_path(path) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(secrets.token_hex(32))
    return path.read_bytes()


def word(secret: bytes, what: str) -> str:
    """A word that only who has the secret can make."""
    return hmac.new(secret, what.encode(), hashlib.sha256).hexdigest()


def is_https(scope: Scope) -> bool:
    """Whether a browser asks by TLS: of this server, or of the proxy in front of it."""
    said = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return bool(scope.get("scheme") == "https" or said == "https")


def local_path(given: str) -> str:
    """Where to go on after entering: an address of this server without its host; anything else is the first page."""
    if not given.startswith("/") or len(given) > _LONGEST_PATH or not given.isprintable() or "\\" in given:
        return "/"
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    return "/" if given.startswith("//") or parts.scheme or parts.netloc or parts.path == "/enter" else given


class Guard:
    """Middleware before everything else.

    Args:
        app: what is guarded.
        hosts: names under which browsers may ask, without their ports.
        secret: of the server.
        token: by which people enter; None: who reaches the server may ask.
        refused: is told of what is refused.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], secret: bytes, token: str | None, refused: Refused
    ) -> None:
        self._app = app
        self._hosts = frozenset(h.lower() for h in (*hosts, *_LOOPBACK_NAMES))
        self._token = token
        self._session = word(secret, f"session {token}")
        self._page = word(secret, "page").encode()
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                mutable = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    mutable[name] = value
                mutable.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._refusal(scope, headers) or self._entering(scope, headers)
        if answer is not None:
            await answer(scope, receive, with_headers)
            return
        if scope["method"] in _SAFE:
            await self._app(scope, receive, with_headers)
            return
        body = await _whole(receive)
        if body is None:
            self._say(scope, f"more than {MOST_BYTES:,} bytes")
            too_large = _told(413, f"More than {MOST_BYTES:,} bytes were sent.")
            await too_large(scope, receive, with_headers)
            return
        if scope["path"] == "/enter":
            await self._enter(body, scope)(scope, receive, with_headers)
            return

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why a request goes no further, whoever it is from."""
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.lower() not in self._hosts:
            self._say(scope, f"host {host[:100]}")
            return _told(421, "This server does not answer to that name; see review.hosts.")
        if scope["method"] in _SAFE:
            # A picture's address in a page of another site could be one that asks the lake for much.
            if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not (
                headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
            ):
                self._say(scope, f"asked by a page of another site ({headers['sec-fetch-site']})")
                return _told(403, "A page of another site may lead here, and may ask for nothing itself.")
            return None
        if scope["method"] != "POST":
            return _told(405, "Only GET and POST are answered.")
        origin = headers.get("origin")
        if (
            origin not in (f"http://{host}", f"https://{host}")
            or headers.get("sec-fetch-site", "same-origin") != "same-origin"
        ):
            self._say(scope, f"origin {str(origin)[:100]}")
            return _told(403, "Changes are taken from this server's own pages alone.")
        stated = headers.get("content-length", "0")
        if not stated.isdigit() or int(stated) > MOST_BYTES:
            self._say(scope, f"{stated[:20]} bytes")
            return _told(413, f"More than {MOST_BYTES:,} bytes were sent.")
        if scope["path"] == "/enter":
            return None
        given = headers.get("x-review-word", "").encode()
        if not hmac.compare_digest(given, self._page):
            self._say(scope, "a wrong word of the page")
            return _told(403, "The page is of another server; load it anew.")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _told(415, "Send JSON.")
        return None

    def _entering(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered to who has not entered yet."""
        if self._token is None:
            return None
        if hmac.compare_digest(_cookie(headers, SESSION).encode(), self._session.encode()) or scope["path"] in _OPEN:
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            asked = f"?{query}" if (query := scope["query_string"].decode("latin-1")) else ""
            return RedirectResponse(f"/enter?{urlencode({'next': local_path(scope['path'] + asked)})}", 303)
        self._say(scope, "no token")
        return _told(401, "Enter by the token first.")

    def _enter(self, body: bytes, scope: Scope) -> Response:
        """What is answered to the form; the token is taken from there alone: addresses stand in histories and logs."""
        form = parse_qs(body.decode("utf-8", "replace"))
        onward = local_path(form.get("next", ["/"])[0])
        if not hmac.compare_digest(form.get("token", [""])[0].encode(), str(self._token).encode()):
            self._say(scope, "a wrong token")
            return RedirectResponse(f"/enter?{urlencode({'wrong': '1', 'next': onward})}", 303)
        answer = RedirectResponse(onward, 303)
        # Lax: an address that was sent on leads who has entered to its page. Changes ask for the origin and the page's word.
        answer.set_cookie(
            SESSION, self._session, httponly=True, samesite="lax", secure=is_https(scope), max_age=30 * 86_400
        )
        return answer

    def _say(self, scope: Scope, why: str) -> None:
        client = scope.get("client")
        self._refused(client[0] if client else "", f"{scope['method']} {scope['path'][:200]}", why)


def _told(status: int, said: str) -> Response:
    return JSONResponse({"error": said}, status) if status != 421 else PlainTextResponse(said, status)


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _whole(receive: Receive) -> bytes | None:
    """A request's body; None where it is larger than it may be, whatever its header says."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return body
