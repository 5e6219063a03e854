"""Values as people read them: numbers without exponents, and texts that cannot disturb a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

_SIGNIFICANT = 4
# Beyond these a plain number is longer than what it says.
_LARGEST, _SMALLEST = 1e21, 1e-12


def number(value: float) -> str:
    """A number with four significant digits and two decimals at least, as 0.000012, 3725.48 or 41.06."""
    size = abs(value)
    if not math.isfinite(value) or (size and not _SMALLEST <= size < _LARGEST):
        return f"{value:.{_SIGNIFICANT}g}"
    decimals = max(2, _SIGNIFICANT - 1 - math.floor(math.log10(size))) if size else 0
    plain = f"{value:.{decimals}f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def text(value: object) -> str:
    """Any value of a row on one line; what cannot be printed is escaped, and bytes are counted."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return number(value)
        case Decimal():
            return f"{value:f}"
        case bytes():
            return f"<{len(value)} bytes>"
        case datetime():
            return value.isoformat(" ")
        case str():
            return value if value.isprintable() else "".join(map(_printable, value))
        case Mapping():
            return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(text, value)) + "]"
    return str(value)


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def counted(count: int, noun: str) -> str:
    """``1 row``, ``22 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"
