"""The rights columns, and how a statement's own words become their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from video_assets.rights.aipref import UNREADABLE, train_ai
from video_assets.rights.licences import spdx

UNKNOWN = "unknown"

# The names under which a sidecar or a manifest may give each field, the first that has a value counts.
_OWN_NAMES = {
    "licence_as_given": (
        "licence", "license", "licence_name", "license_name", "spdx", "licence_url", "license_url", "licenseurl", "rights",
    ),
    "holder": ("holder", "rights_holder", "copyright_holder", "copyright", "author", "creator"),
    "source_url": ("source_url", "source", "url", "webpage_url"),
    "acquired_how": ("acquired_how", "acquisition", "acquired_by"),
    "acquired_at": ("acquired_at", "acquired", "acquired_on", "downloaded_at"),
    "consent": ("consent", "consents", "consent_given", "model_release"),
    "expires_on": (
        "expires_on", "expires", "expires_at", "expiry", "expiry_date", "expiration", "expiration_date", "valid_until",
        "licence_expires", "license_expires",
    ),
    "evidence": ("evidence", "evidence_url", "agreement", "agreement_id", "agreement_url", "contract", "proof"),
    "tdm_reservation": ("tdm_reservation", "tdm-reservation", "tdm:reservation"),
    "tdm_policy": ("tdm_policy", "tdm-policy", "tdm:policy"),
    "content_usage": ("content_usage", "content-usage", "aipref"),
    "robots": ("robots", "robots_txt", "robots.txt"),
    "signals_seen_at": ("signals_seen_at", "signals_seen", "seen_at", "fetched_at"),
}  # fmt: skip
# Of these a statement may have several, a line each.
_LINES = ("content_usage", "robots")
_READ = {"rights_from"} | {synonym for synonyms in _OWN_NAMES.values() for synonym in synonyms}
_FIELDS = ", ".join(["licence", *list(_OWN_NAMES)[1:]])
# What a field is about that has one of these in its name, and is not read.
_LIKE_RIGHTS = re.compile(r"licen[cs]e|rights|copyright|attribution|consent|expir|tdm|content.usage")
_YES_NO = {"true": "yes", "false": "no"}
_STRICTNESS = {"n": 0, UNREADABLE: 1}
_WEB = ("http", "https", "ftp", "ftps")


@dataclass(frozen=True)
class Rights:
    """The rights columns of a file, each ``unknown`` when nobody said."""

    licence_as_given: str = UNKNOWN
    holder: str = UNKNOWN
    consent: str = UNKNOWN
    expires_on: str = UNKNOWN
    evidence: str = UNKNOWN
    source_url: str = UNKNOWN
    acquired_how: str = UNKNOWN
    acquired_at: str = UNKNOWN
    tdm_reservation: str = UNKNOWN
    tdm_policy: str = UNKNOWN
    content_usage: str = UNKNOWN
    robots: str = UNKNOWN
    signals_seen_at: str = UNKNOWN
    rights_from: str = UNKNOWN
    """``sidecar``, ``manifest``, ``folder`` or ``unknown``."""
    problem: str | None = None
    """A sentence about a statement, or a part of one, that could not be used."""
    understood: bool = True
    """Whether the statement could be parsed; else nobody knows what it says."""

    @property
    def licence(self) -> str:
        """The licence under its one spelling."""
        return spdx(self.licence_as_given)

    @property
    def domain(self) -> str:
        """The host that the footage was obtained from."""
        return domain_of(self.source_url)

    @property
    def aipref_train_ai(self) -> str:
        """What the Content-Usage statements say of training, ``unreadable`` where nobody knows what the statement says."""
        return train_ai(self.content_usage, self.robots) if self.understood else UNREADABLE

    @property
    def grant(self) -> tuple[str, str, str, str, str]:
        """What one party grants: it is never put together from several statements."""
        return self.licence_as_given, self.holder, self.consent, self.expires_on, self.evidence

    def columns(self) -> dict[str, str]:
        """Values of the lake's rights columns."""
        stored = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("problem", "understood")}
        return stored | {name: getattr(self, name) for name in ("licence", "domain", "aipref_train_ai")}


def merged(statements: Sequence[Rights]) -> Rights:
    """Put together what is said of a file, the strongest statement first.

    What is granted comes from the strongest statement that gives any of it, and every other field from the strongest that
    gives it. An opt-out is not lost to a stronger statement without one. ``rights_from`` names the statement of the grant,
    or without one the strongest that says anything.
    """
    grant = next((s for s in statements if set(s.grant) != {UNKNOWN}), Rights())
    opted_out = sorted(statements, key=lambda s: s.tdm_reservation != "1")
    restrained = sorted(statements, key=lambda s: _STRICTNESS.get(s.aipref_train_ai, 2))
    return Rights(
        *grant.grant,
        source_url=_first("source_url", statements),
        acquired_how=_first("acquired_how", statements),
        acquired_at=_first("acquired_at", statements),
        tdm_reservation=_first("tdm_reservation", opted_out),
        tdm_policy=_first("tdm_policy", opted_out),
        content_usage=_first("content_usage", restrained),
        robots=_first("robots", restrained),
        signals_seen_at=_first("signals_seen_at", statements),
        rights_from=_first("rights_from", [grant, *statements]),
        problem=" ".join(s.problem for s in statements if s.problem) or None,
    )


def _first(name: str, statements: Iterable[Rights]) -> str:
    return next((v for s in statements if (v := getattr(s, name)) != UNKNOWN), UNKNOWN)


def stated(mapping: Mapping[str, object], kind: str) -> Rights:
    """Take the rights fields out of a mapping under any of their names."""
    mapping = lower_keys(mapping)
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, synonyms in _OWN_NAMES.items():
        for synonym in synonyms:
            value = mapping.get(synonym)
            if name in _LINES and isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
                value = "\n".join(value)
            if isinstance(value, Mapping | list | tuple):
                problems.append(f"{synonym} is not a text")
            elif value is not None and (text := _text(value)) and text.casefold() != UNKNOWN:
                values[name] = text
                break
    if "consent" in values:
        values["consent"] = _YES_NO.get(values["consent"].casefold(), values["consent"])
    for name, (read, form) in _FORMS.items():
        if (given := values.pop(name, None)) is None:
            continue
        if (value := read(given)) is None:
            problems.append(f"{name} {given!r} is not {form}")
        else:
            values[name] = value
    problem = "; ".join(problems) or None
    said: dict[str, Any] = {**values, "rights_from": kind if values else UNKNOWN, "problem": problem}
    return Rights(**said)


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


def domain_of(url: str) -> str:
    """Give the host of a web address, in lower case and without ``www.``; ``unknown`` of what is no such address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme.lower() in _WEB else None
    except ValueError:
        return UNKNOWN
    return (host or "").rstrip(".").removeprefix("www.") or UNKNOWN


def _moment(text: str) -> str | None:
    """The text as it stands if it is a date or time of ISO 8601, be it a year or a month, which Python does not read."""
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        return text
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _date(text: str) -> str | None:
    """The date of an ISO 8601 date or time, as it was written down."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text).isoformat()[:10]
        except ValueError:
            continue
    return None


def _reservation(text: str) -> str | None:
    """TDMRep's value, 1 or 0, also as tables with gaps and languages with truth values spell it."""
    return {"1": "1", "1.0": "1", "true": "1", "0": "0", "0.0": "0", "false": "0"}.get(text.casefold())


# What a field must be, beyond a text, and in words.
_FORMS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "acquired_at": (_moment, "an ISO 8601 date or time"),
    "expires_on": (_date, "an ISO 8601 date"),
    "tdm_reservation": (_reservation, "1 or 0"),
    "signals_seen_at": (_moment, "an ISO 8601 date or time"),
}
