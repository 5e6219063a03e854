"""What a ``Content-Usage`` statement says of training.

By the drafts of the IETF's AIPREF group (draft-ietf-aipref-vocab and -attach, 2026; no RFCs yet): a dictionary of structured
fields (RFC 9651) whose category ``train-ai`` is the token ``y`` or ``n``. The text as it was given stays beside what is read
of it, since earlier drafts had other labels and later ones may have others again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

UNKNOWN = "unknown"
UNREADABLE = "unreadable"

_CATEGORY = "train-ai"
# A line of robots.txt that carries the field: an optional path goes before it.
_ROBOTS_LINE = re.compile(r"content-usage\s*:\s*(?:/\S*\s+)?(?P<value>[^#]*)", re.IGNORECASE)


def train_ai(content_usage: str, robots: str) -> str:
    """Tell ``y``, ``n``, ``unreadable`` or ``unknown`` of all statements together: any ``n`` wins, then what cannot be read.

    Args:
        content_usage: values of the header, a line each; ``unknown`` for none.
        robots: lines of robots.txt that concern the file; ``unknown`` for none.
    """
    lines = [] if content_usage == UNKNOWN else content_usage.splitlines()
    if robots != UNKNOWN:
        lines += [match["value"] for line in robots.splitlines() if (match := _ROBOTS_LINE.match(line.strip()))]
    return _strictest(map(_one, lines))


def _strictest(said: Iterable[str]) -> str:
    found = set(said)
    return next((value for value in ("n", UNREADABLE, "y") if value in found), UNKNOWN)


def _one(text: str) -> str:
    from http_sf import StructuredFieldError, Token, parse

    repeated: list[str] = []
    try:
        members: Any = parse(
            text.strip().encode(), tltype="dictionary", on_duplicate_key=lambda key, _where: repeated.append(key)
        )
    except StructuredFieldError:
        return UNREADABLE
    if _CATEGORY not in members:
        return UNKNOWN
    value, _parameters = members[_CATEGORY]
    said = str(value) if isinstance(value, Token) and str(value) in ("y", "n") else UNREADABLE
    # Headers that came several times may have been joined, so that the last need not be the only statement.
    return UNREADABLE if _CATEGORY in repeated and said != "n" else said
