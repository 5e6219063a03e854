"""A way to a server on which now and then a connection is refused, hangs or is cut in the middle of a body."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PIECE = 65536
_CUT_AFTER = 400  # bytes: behind the headers of an answer and before the end of all but the smallest bodies
_HANGS_S = 1.0


@dataclass
class Way:
    """Where it begins, and how often what went wrong on it."""

    url: str
    faults: Counter[str] = field(default_factory=Counter)


def _fault(connection: int) -> str | None:
    """What becomes of a connection, by its number: one of eight goes wrong."""
    return {2: "reset", 6: "cut", 11: "hangs"}.get(connection % 24)


@contextmanager
def unreliable(url: str) -> Iterator[Way]:
    """A way to the server at ``url`` for as long as the block runs."""
    target = urlsplit(url)
    assert target.hostname is not None
    assert target.port is not None
    address = (target.hostname, target.port)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        way = Way(f"http://127.0.0.1:{listening.getsockname()[1]}")
        threading.Thread(target=_serve, args=(listening, address, way), daemon=True).start()
        yield way
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, address: tuple[str, int], way: Way) -> None:
    number = 0
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_pass_on, args=(client, address, _fault(number), way), daemon=True).start()
            number += 1


def _pass_on(client: socket.socket, address: tuple[str, int], fault: str | None, way: Way) -> None:
    if fault:
        way.faults[fault] += 1
    if fault == "hangs":
        threading.Event().wait(_HANGS_S)
    if fault in ("reset", "hangs"):
        _reset(client)
        return
    with suppress(OSError), socket.create_connection(address) as server:
        threading.Thread(target=_copy, args=(client, server, None), daemon=True).start()
        _copy(server, client, _CUT_AFTER if fault == "cut" else None)
    _reset(client) if fault == "cut" else client.close()


def _copy(source: socket.socket, target: socket.socket, most: int | None) -> None:
    left = most
    with suppress(OSError):
        while (left is None or left > 0) and (data := source.recv(_PIECE)):
            target.sendall(data if left is None else data[:left])
            left = None if left is None else left - len(data)
        if most is None:
            target.shutdown(socket.SHUT_WR)


def _reset(client: socket.socket) -> None:
    """End a connection as a crash of the other side does, without a farewell."""
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)  # wakes whoever reads from it: until then nothing is closed
    client.close()
