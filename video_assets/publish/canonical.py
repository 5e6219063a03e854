"""What a release is hashed by: lines that are equal on every machine and in every run.

A line is JSON with sorted keys and without floats, spaces or escapes: the same text as RFC 8785 gives for such values, at a
third of its cost. Parquet is never hashed: its writers differ from one another, and from their own older versions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

FORMAT = 1
"""Version of what stands in a manifest's lines."""

LARGEST = 2**53
"""From here on whole numbers are not the same in every reader of JSON."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def line(values: Mapping[str, object]) -> bytes:
    """A canonical line, without its end.

    Raises:
        ValueError: a value is a float, or a number that JSON's readers do not agree on.
    """
    _check(values)
    return encoded(values)


def encoded(values: Mapping[str, object]) -> bytes:
    """The same of values that are known to have no float and no number beyond ``LARGEST``: to look at each takes as long again."""
    return _ENCODER.encode(values).encode()


def _check(value: object) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a float; write it as a whole number with a unit.")
    if isinstance(value, int) and not -LARGEST < value < LARGEST:
        raise ValueError(f"{value} is beyond what every reader of JSON reads alike.")
    if isinstance(value, Mapping):
        for inner in value.values():
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)


class Hash:
    """SHA-256 over lines, each with its end."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, *lines: bytes) -> None:
        for one in lines:
            self._sha256.update(one)
            self._sha256.update(b"\n")

    @property
    def hex(self) -> str:
        return self._sha256.hexdigest()


def hash_of(lines: Iterable[bytes]) -> str:
    """SHA-256 of lines, hex."""
    known = Hash()
    known.add(*lines)
    return known.hex
