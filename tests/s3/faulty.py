"""A way to an S3 server that speaks HTTP: it counts requests, waits before each if told to, and answers some wrongly."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from video_assets.settings import S3Settings

_PIECE = 4096


@dataclass(frozen=True)
class Asked:
    """A request: GET, PUT, HEAD, POST or DELETE; the key, without the bucket; and which of its kind it is, from 1."""

    method: str
    key: str
    number: int
    query: str

    @property
    def of_object(self) -> bool:
        """Whether it is about an object's bytes: neither a listing nor the beginning or end of an upload in parts."""
        asked = parse_qs(self.query, keep_blank_values=True)
        return bool(self.key) and not {"uploads", "list-type"} & {*asked} and (self.method != "POST")


Fault = Callable[[Asked], str | None]
"""What goes wrong with a request: a name of :data:`FAULTS`, or None."""

_SAID = {
    "503": (503, "ServiceUnavailable", "Please try again."),
    "slow down": (503, "SlowDown", "Please reduce your request rate."),
    "expired": (400, "ExpiredToken", "The provided token has expired: {keys}."),
}
FAULTS = (*_SAID, "slow body", "reset", "partial", "silent")


@dataclass
class FaultyWay:
    """Where it begins, and what went over it."""

    url: str
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By method and key, how many requests."""
    faults: Counter[str] = field(default_factory=Counter)

    def settings(self, **more: Any) -> S3Settings:
        return S3Settings(endpoint_url=self.url, path_style=True, **more)

    def gets(self, prefix: str) -> dict[str, int]:
        """By key, how often the bytes were asked for of the objects whose keys begin so."""
        return {key: n for (method, key), n in self.asked.items() if method == "GET" and key.startswith(prefix)}


@contextmanager
def faulty(url: str, fault: Fault = lambda _: None, *, wait_s: float = 0.0, keys: str = "") -> Iterator[FaultyWay]:
    """A way to the server at ``url`` for as long as the block runs.

    Args:
        url: of the server.
        fault: asked once for each request.
        wait_s: the server's time to the first byte of each answer is longer by this.
        keys: what a server repeats in its message that should not.
    """
    target = urlsplit(url)
    assert target.hostname is not None
    way = FaultyWay("")
    ended = threading.Event()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers go at once.
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            key = parts.path.lstrip("/").partition("/")[2]
            with lock:
                way.asked[self.command, key] += 1
                asked = Asked(self.command, key, way.asked[self.command, key], parts.query)
                wrong = fault(asked)
                if wrong:
                    way.faults[wrong] += 1
            ended.wait(wait_s)
            if wrong in _SAID:
                self._refuse(*_SAID[wrong])
            elif wrong == "silent":
                ended.wait(60)
                self.close_connection = True
            elif wrong == "reset" and self.command == "PUT":
                self._break_off(reset=True)
            else:
                self._pass_on(body, wrong)

        def _refuse(self, status: int, code: str, message: str) -> None:
            text = f"<Error><Code>{code}</Code><Message>{message.format(keys=keys)}</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def _pass_on(self, body: bytes, wrong: str | None) -> None:
            server = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    server.putheader(name, value)
            server.endheaders(body or None)
            answer = server.getresponse()
            data = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            if wrong in ("reset", "partial"):
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self._break_off(reset=wrong == "reset")
            elif wrong == "slow body":
                for start in range(0, len(data), _PIECE):
                    self.wfile.write(data[start : start + _PIECE])
                    ended.wait(0.01)
            else:
                self.wfile.write(data)
            server.close()

        def _break_off(self, *, reset: bool) -> None:
            self.close_connection = True
            with suppress(OSError):
                if reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    self.connection.shutdown(socket.SHUT_WR)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        way.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield way
        ended.set()
        server.shutdown()
