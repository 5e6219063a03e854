"""Which streams of a transport stream belong together: its programmes, which PyAV does not tell (ISO/IEC 13818-1, 2.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_SYNC = 0x47
_PACKET = 188
_SIZES = (
    (188, 0),
    (192, 4),
    (204, 0),
)  # of a packet in its file, and where in it the sync byte stands: plain, Blu-ray, DVB
_READ = 4 * 2**20  # bytes; the tables come several times a second
_PAT, _PMT = 0x00, 0x02  # table ids
_ASSOCIATION = 0  # the packet id of the table that lists the programmes


def programmes_of(path: Path) -> list[frozenset[int]]:
    """The packet ids of each programme's streams, which FFmpeg gives as the streams' ids; none where there are no tables.

    A programme's tables may change on the way, where sound begins later or files were joined: all its streams are its own.

    Raises:
        OSError: the file could not be read.
    """
    with path.open("rb") as file:
        data = file.read(_READ)
    maps: set[int] = set()
    found: dict[int, frozenset[int]] = {}
    for pid, section in _sections(data):
        if pid == _ASSOCIATION and section[0] == _PAT:
            entries = section[8:]
            maps |= {_pid(entries, n + 2) for n in range(0, len(entries) - 3, 4) if entries[n : n + 2] != b"\0\0"}
        elif pid in maps and section[0] == _PMT and len(section) >= 12:
            number = int.from_bytes(section[3:5])
            found[number] = found.get(number, frozenset()) | frozenset(_streams(section))
    return list(found.values())


def _streams(section: bytes) -> Iterator[int]:
    """The packet ids in one programme's map."""
    at = 12 + _length(section, 10)
    while at + 5 <= len(section):
        yield _pid(section, at + 1)
        at += 5 + _length(section, at + 3)


def _sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Packet id and bytes of every section that begins in a packet and fits into it, as such tables do, less its checksum."""
    size, first = _framing(data)
    for start in range(first, len(data) - _PACKET + 1, size):
        packet = data[start : start + _PACKET]
        begins, has_payload = packet[1] & 0x40, packet[3] & 0x10
        if packet[0] != _SYNC or not begins or not has_payload:
            continue
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        section = payload[1 + payload[0] :] if payload else b""
        if len(section) >= 8 and section[1] & 0x80 and (end := 3 + _length(section, 1)) <= len(section):
            yield _pid(packet, 1), section[: end - 4]


def _framing(data: bytes) -> tuple[int, int]:
    """Size of a packet in this file, and where the first one begins."""
    for size, first in _SIZES:
        if len(data) > first + 2 * size and data[first] == data[first + size] == data[first + 2 * size] == _SYNC:
            return size, first
    return _PACKET, len(data)


def _pid(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2]) & 0x1FFF


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2]) & 0x0FFF
