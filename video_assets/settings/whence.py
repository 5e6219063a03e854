"""What each setting is now, and whence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from video_assets.settings.reading import Given, section_of

DEFAULT = "default"


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: with its section, such as clips.min_seconds.
        value: as JSON has it, without passwords in addresses.
        whence: ``default``, ``file:line``, or the name of the environment's variable.
        description: what it is.
    """

    name: str
    value: Any
    whence: str
    description: str


def listed(chosen: BaseSettings, given: Given) -> list[Setting]:
    """Every setting, in the order of their declaration."""
    return list(_listed(chosen, given, ()))


def _listed(section: BaseModel, given: Given, before: tuple[str, ...]) -> Iterator[Setting]:
    values = _without_passwords(section.model_dump(mode="json"))
    for name, field in type(section).model_fields.items():
        loc = (*before, name)
        if section_of(field.annotation):
            inner = getattr(section, name)
            yield from _listed(inner, given, loc)
            # One's own scorers say themselves what their settings are.
            for own, found in (inner.model_extra or {}).items():
                for key, value in found.items() if isinstance(found, dict) else ():
                    place = given.place((*loc, own, key)) or DEFAULT
                    yield Setting(".".join((*loc, own, key)), value, place, "Of one's own scorer.")
        else:
            whence = given.place(loc) or DEFAULT
            yield Setting(".".join(loc), values[name], whence, field.description or "")


def _without_passwords(value: Any) -> Any:
    """A value in which no address has a name and a password in front of its host."""
    if isinstance(value, dict):
        return {name: _without_passwords(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_passwords(inner) for inner in value]
    return re.sub(r"//[^/@\s]+@", "//...@", value) if isinstance(value, str) else value
