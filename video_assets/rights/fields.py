"""The rights columns, and how a statement's own words become their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from video_assets.rights.licences import spdx

UNKNOWN = "unknown"

# The names under which a sidecar or a manifest may give each field, the first that has a value counts.
_OWN_NAMES = {
    "licence": (
        "licence", "license", "licence_name", "license_name", "spdx", "licence_url", "license_url", "licenseurl", "rights",
    ),
    "holder": ("holder", "rights_holder", "copyright_holder", "copyright", "author", "creator"),
    "source_url": ("source_url", "source", "url", "webpage_url"),
    "acquired_how": ("acquired_how", "acquisition", "acquired_by"),
    "acquired_at": ("acquired_at", "acquired", "acquired_on", "downloaded_at"),
}  # fmt: skip
_READ = {"rights_from"} | {synonym for synonyms in _OWN_NAMES.values() for synonym in synonyms}
_FIELDS = ", ".join(_OWN_NAMES)
# What a field is about that has one of these in its name, and is not read.
_LIKE_RIGHTS = re.compile(r"licen[cs]e|rights|copyright|attribution")


@dataclass(frozen=True)
class Rights:
    """The rights columns of a file, each ``unknown`` when nobody said."""

    licence: str = UNKNOWN
    holder: str = UNKNOWN
    source_url: str = UNKNOWN
    acquired_how: str = UNKNOWN
    acquired_at: str = UNKNOWN
    rights_from: str = UNKNOWN
    """``sidecar``, ``manifest``, ``folder`` or ``unknown``."""
    problem: str | None = None
    """A sentence about a statement, or a part of one, that could not be used."""
    understood: bool = True
    """Whether the statement could be parsed; else nobody knows what it says."""

    def columns(self) -> dict[str, str]:
        """Values of the lake's rights columns."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("problem", "understood")}


def stated(mapping: Mapping[str, object], kind: str) -> Rights:
    """Take the rights fields out of a mapping under any of their names."""
    mapping = lower_keys(mapping)
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, synonyms in _OWN_NAMES.items():
        for synonym in synonyms:
            value = mapping.get(synonym)
            if isinstance(value, Mapping | list | tuple):
                problems.append(f"{synonym} is not a text")
            elif value is not None and (text := _text(value)) and text.casefold() != UNKNOWN:
                values[name] = text
                break
    if "licence" in values:
        values["licence"] = spdx(values["licence"])
    if "acquired_at" in values and not _is_iso(values["acquired_at"]):
        problems.append(f"acquired_at {values.pop('acquired_at')!r} is not an ISO 8601 date or time")
    problem = "; ".join(problems) or None
    return Rights(**values, rights_from=kind if values else UNKNOWN, problem=problem, understood=True)


def not_read(mapping: Mapping[str, object]) -> str | None:
    """What in a statement of the project's own form may state rights and is not read."""
    lower = lower_keys(mapping)
    if alike := sorted(k for k, v in lower.items() if v and k not in _READ and _LIKE_RIGHTS.search(k)):
        return f"{', '.join(alike[:5])} {'is' if len(alike) == 1 else 'are'} not read; the fields are {_FIELDS}"
    return None if lower.keys() & _READ else f"it has none of the fields {_FIELDS}"


def lower_keys(mapping: Mapping[str, object]) -> dict[str, object]:
    """Give the mapping with its keys in lower case, without spaces around them."""
    return {str(k).strip().casefold(): v for k, v in mapping.items()}


def _text(value: object) -> str:
    """Return the value as text that any table can hold: JSON may carry halves of surrogate pairs."""
    return str(value).strip().encode("utf-8", "replace").decode()


def _is_iso(text: str) -> bool:
    if re.fullmatch(r"\d{4}(-\d{2})?", text):  # a year or a month, which Python does not read
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
