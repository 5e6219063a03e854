"""Reading the settings: where they come from, and one sentence for each thing that is wrong with them.

pydantic says what is wrong with a value; here it is said where the value stands, as ``file:line`` or the name of the
environment's variable, and what was probably meant.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings
from pydantic_settings.exceptions import SettingsError as UnreadableValue

PREFIX = "VIDEO_ASSETS_"
CONFIG = f"{PREFIX}CONFIG"
_FILE = "video_assets.toml"
_S = TypeVar("_S", bound=BaseSettings)
Loc = tuple[int | str, ...]


class SettingsError(ValueError):
    """Settings that cannot be used: one sentence for each thing that is wrong, with where it stands."""


def config_path() -> Path:
    """The file of settings: what ``VIDEO_ASSETS_CONFIG`` names, or ``video_assets.toml`` in the working directory."""
    return Path(os.environ.get(CONFIG) or _FILE)


@dataclass(frozen=True)
class Given:
    """What a person has set, by file and environment.

    Attributes:
        path: the file of settings, whether it is there or not.
        text: what is in it.
        values: the same, read.
        environment: the variables whose names begin with ``VIDEO_ASSETS_``, but the one that names the file.
    """

    path: Path
    text: str
    values: Mapping[str, Any]
    environment: Mapping[str, str]

    @classmethod
    def now(cls) -> Given:
        """Read the file and the environment.

        Raises:
            SettingsError: the file is not there although it was named, cannot be read, or is not TOML.
        """
        path = config_path()
        named = {n: v for n, v in os.environ.items() if n.upper().startswith(PREFIX) and n.upper() != CONFIG}
        if not path.is_file() and os.environ.get(CONFIG):
            raise SettingsError(f"{CONFIG} names {path}, which is no file; name a file of settings, or unset it.")
        if not path.is_file():
            return cls(path, "", {}, named)
        try:
            text = path.read_text(encoding="utf-8")
            return cls(path, text, tomllib.loads(text), named)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line = found[1] if found else str(text.count("\n") + 1)
            raise SettingsError(f"{path}:{line}: This is not TOML: {error}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read ({error}); save it as UTF-8 text.") from None

    def place(self, loc: Loc) -> str | None:
        """Where a setting was given: the variable's name, or the file and line; None where it was not."""
        return self._variable(loc) or self._line(loc)

    def _variable(self, loc: Loc) -> str | None:
        """The variable that gives a setting, or a section of it as JSON."""
        names = {n.upper(): n for n in self.environment}
        parts = [str(part) for part in loc]
        for count in range(len(parts), 0, -1):
            name = names.get(f"{PREFIX}{'__'.join(parts[:count])}".upper())
            if name and (count == len(parts) or _holds(_as_json(self.environment[name]), loc[count:])):
                return name
        return None

    def _line(self, loc: Loc) -> str | None:
        """The line of the file whose key is nearest to the setting: its own, or that of the table which it is in."""
        given = next((n for n in range(len(loc), 0, -1) if _holds(self.values, loc[:n])), 0)
        near = [(_common(path, loc), -line, line) for path, line in key_lines(self.text)]
        common, _, line = max(near, default=(0, 0, 0))
        return f"{self.path}:{line}" if given and common else None


def key_lines(text: str) -> Iterator[tuple[Loc, int]]:
    """Every key and table of a TOML text with its line, from 1; a table of an array has its number in the path."""
    table: Loc = ()
    counted: dict[Loc, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line):
            path = _keys(found[2])
            # The tables inside a table of an array are those of its last one.
            for end in range(1, len(path)):
                if (outer := path[:end]) in counted:
                    path = (*outer, counted[outer] - 1, *path[end:])
                    break
            if found[1] == "[[":
                counted[path] = counted.get(path, 0) + 1
                path = (*path, counted[path] - 1)
            table = path
            yield table, number
        elif found := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            yield (*table, *_keys(found[1])), number


def _keys(dotted: str) -> Loc:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _common(path: Loc, loc: Loc) -> int:
    """How many parts of ``loc`` a key's path gives; 0 where it gives another setting."""
    shared = next((i for i, (a, b) in enumerate(zip(path, loc, strict=False)) if a != b), min(len(path), len(loc)))
    return shared if shared in (len(path), len(loc)) else 0


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _holds(values: Any, loc: Sequence[int | str]) -> bool:
    """Whether something is given at ``loc``."""
    for part in loc:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def names_of(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting and section by its path."""
    for name, field in model.model_fields.items():
        yield (*before, name)
        if (section := section_of(field.annotation)) is not None:
            yield from names_of(section, (*before, name))


def section_of(annotation: object) -> type[BaseModel] | None:
    """The section that a setting is, if it is one."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def read(settings: type[_S]) -> _S:
    """The settings, as the file and the environment give them.

    Raises:
        SettingsError: a sentence for each thing that is wrong.
    """
    given = Given.now()
    variables = {f"{PREFIX}{'__'.join(path)}".upper(): path for path in names_of(settings)}
    # What a scorer of one's own takes only its module knows, which says what is wrong with it.
    own = f"{PREFIX}SCORERS__"
    if unknown := [n for n in given.environment if n.upper() not in variables and not n.upper().startswith(own)]:
        raise SettingsError("\n".join(_unknown_variable(name, list(variables)) for name in unknown))
    try:
        return settings()
    except ValidationError as error:
        sentences = [_sentence(settings, given, dict(e)) for e in error.errors(include_url=False)]
        raise SettingsError("\n".join(dict.fromkeys(sentences))) from None
    except UnreadableValue:
        paths = {n: variables[n.upper()] for n in given.environment}
        raise SettingsError(
            "\n".join(
                f'{name}: {".".join(paths[name])} is {value!r} and should be JSON, such as \'["one", "two"]\'.'
                for name, value in given.environment.items()
                if value[:1] not in '"0123456789-' and _as_json(value) is None and _many(settings, paths[name])
            )
        ) from None


def _many(model: type[BaseModel], path: Sequence[str]) -> bool:
    """Whether a setting is a section or a list, which the environment gives as JSON."""
    field = model.model_fields[path[0]]
    section = section_of(field.annotation)
    if len(path) > 1 and section:
        return _many(section, path[1:])
    return section is not None or "tuple" in str(field.annotation)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`` Did you mean ...?`` with the nearest of what is known, or nothing."""
    near = get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _unknown_variable(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name.upper(), [*known, CONFIG]) or " 'video-assets settings' lists them."
    return f"There is no setting {name}.{hint}"


def _sentence(settings: type[BaseModel], given: Given, error: Mapping[str, Any]) -> str:
    """What is wrong with one setting."""
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    place = given.place(loc)
    name = _written(loc)
    if kind == "value_error":
        said = str(context["error"])
        # A section's rule names the setting that it is about first.
        place = given.place(tuple(said.partition(" ")[0].split("."))) or place
    elif kind == "extra_forbidden":
        said = f"There is no setting {name}.{_siblings(settings, loc)}"
    elif kind == "missing":
        said = f"{name} is missing."
    elif kind == "model_type":
        variable = place is not None and place.upper().startswith(PREFIX)
        mend = f"name a setting of it, as {place}__NAME" if variable else f"write [{name}] and its settings below"
        said = f"{name} is a section, and was given as {_value(error['input'])}; {mend}."
    else:
        wanted = error["msg"].replace("Input should", "should").partition(", unable")[0]
        hint = did_you_mean(str(error["input"]), re.findall(r"'([^']+)'", context.get("expected", "")))
        said = f"{name} is {_value(error['input'])} and {wanted[:1].lower()}{wanted[1:]}.{hint}"
    return f"{place}: {said}" if place else said


def _written(loc: Loc) -> str:
    """A path as people write it; the elements of lists are counted from 1."""
    return "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in loc).removeprefix(".")


def _value(value: object) -> str:
    return "empty" if value == "" else json.dumps(value, default=str, ensure_ascii=False)


def _siblings(settings: type[BaseModel], loc: Loc) -> str:
    """What an unknown setting may have been meant for, or what its section has."""
    model: type[BaseModel] | None = settings
    for part in loc[:-1]:
        if isinstance(part, str) and model is not None:
            annotation = model.model_fields[part].annotation
            model = section_of(annotation) or next(iter(_inside(annotation)), None)
    if model is None:
        return ""
    near = did_you_mean(str(loc[-1]), list(model.model_fields))
    where = ".".join(str(p) for p in loc[:-1] if isinstance(p, str))
    return near or f" {f'[{where}]' if where else 'The file'} has {', '.join(model.model_fields)}."


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections in a list's annotation."""
    for inner in getattr(annotation, "__args__", ()):
        if section := section_of(inner):
            yield section
