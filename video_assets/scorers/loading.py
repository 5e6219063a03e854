"""A team's own scorers: found, imported and looked at before anything is measured with them.

What is wrong with one is said with file, line and mend, and the others work on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from inspect import getsourcelines
from pathlib import Path
from types import ModuleType

from video_assets.file_error import FileError
from video_assets.scorer import Origin, Scorer
from video_assets.scorers.checking import WrongError, look_at, sheet_columns
from video_assets.settings import Settings

GROUP = "video_assets.measurements"
"""The group of entry points by which installed packages have scorers: each names a module or a :class:`Scorer` in one."""
FOLDER = "scorers"


class ScorerError(FileError):
    """A module of a scorer that cannot be used."""


def own_folder(settings: Settings) -> Path:
    """The folder of one's own modules, which may not be there."""
    return settings.scorers_dir if settings.scorers_dir is not None else Path(FOLDER).absolute()


def fingerprint(settings: Settings) -> str:
    """Changes whenever a module of one's own does, or an entry point comes or goes, or is of another version."""
    known = hashlib.sha256()
    for path in _files(settings):
        known.update(f"\0{path}\0".encode())
        with suppress(OSError):
            known.update(path.read_bytes())
    for point in _points():
        known.update(f"\0{point.name}={point.value} {point.dist.version if point.dist else ''}".encode())
    return known.hexdigest()


def are_any(settings: Settings) -> bool:
    """Whether there is any scorer of one's own, usable or not."""
    return bool(_files(settings) or _points())


def _files(settings: Settings) -> list[Path]:
    folder = own_folder(settings)
    return sorted(p for p in folder.glob("*.py") if not p.name.startswith("_")) if folder.is_dir() else []


def _points() -> tuple[EntryPoint, ...]:
    places = []
    for place in sys.path:
        with suppress(OSError):
            places.append((place, Path(place or ".").stat().st_mtime_ns))
    return _points_in(tuple(places))


@lru_cache(maxsize=4)
def _points_in(_places: tuple[tuple[str, int], ...]) -> tuple[EntryPoint, ...]:
    """The entry points of what is installed. To read those of all packages takes long enough to do it only when one came or went."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)))


def found(
    settings: Settings, ours: Sequence[Scorer], taken: Mapping[str, str]
) -> tuple[list[Scorer], list[ScorerError]]:
    """The scorers of installed packages and of the folder that can be used, and what is wrong with the others.

    Args:
        settings: where the folder is.
        ours: those that are there without them.
        taken: the columns of the sheet that are there without them, and what has each.
    """
    names = {scorer.name: scorer for scorer in ours}
    columns = dict(taken)
    used: list[Scorer] = []
    errors: list[ScorerError] = []
    modules = [(_of_package, point) for point in _points()]
    for load, source in (*modules, *((_of_file, path) for path in _files(settings))):
        try:
            loaded = load(source)  # type: ignore[operator]
        except ScorerError as error:
            errors.append(error)
            continue
        for scorer in loaded:
            try:
                look_at(scorer, settings, names, columns)
            except WrongError as wrong:
                errors.append(_error(scorer.origin, wrong))
                continue
            names[scorer.name] = scorer
            columns |= dict.fromkeys(sheet_columns(scorer), scorer.name)
            used.append(scorer)
    return used, errors


def _of_file(path: Path) -> list[Scorer]:
    name = f"{FOLDER}_of_one_s_own.{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # where dataclasses and pydantic look for what annotations name
    try:
        # Compiled from the text: an import would leave __pycache__ in a person's folder, and not see a change within a second.
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - a person's own code is what is asked for
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _not_imported(error, path) from error
    scorers = _in_module(module, Origin("file", path.stem, path))
    if not scorers:
        what = "The module has no Scorer."
        raise ScorerError(
            path, 1, what, "Write 'scorer = Scorer(...)', or name a file that is none with a leading _.", path.stem
        )
    return scorers


def _of_package(point: EntryPoint) -> list[Scorer]:
    place = _place(point)
    try:
        loaded = point.load()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _not_imported(error, place, point.name) from error
    origin = Origin("package", point.name, place)
    scorers = (
        [replace(loaded, origin=origin)]
        if isinstance(loaded, Scorer)
        else _in_module(loaded, origin)
        if isinstance(loaded, ModuleType)
        else []
    )
    if not scorers:
        what = f"The entry point {point.name} = {point.value} is no Scorer, nor a module with one."
        raise ScorerError(place, 1, what, "Let it name a Scorer, or uninstall the package.", point.name)
    return scorers


def _place(point: EntryPoint) -> Path:
    """The module's file, as far as it can be told without running it."""
    with suppress(ImportError, ValueError, AttributeError):
        spec = importlib.util.find_spec(point.module)
        if spec and spec.origin:
            return Path(spec.origin)
    return Path(point.module.replace(".", "/") + ".py")


def _in_module(module: ModuleType, origin: Origin) -> list[Scorer]:
    """The scorers that a module declares, each once."""
    seen: dict[int, Scorer] = {}
    for value in vars(module).values():
        if isinstance(value, Scorer) and value.origin.kind == "video_assets" and id(value) not in seen:
            seen[id(value)] = replace(value, origin=replace(origin, line=_line(origin.path, value.name)))
    return list(seen.values())


def _line(path: Path | None, word: str) -> int:
    """The line on which something is named in quotes, or else 1."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError):
        lines = []
    return next((n for n, line in enumerate(lines, 1) if f'"{word}"' in line or f"'{word}'" in line), 1)


def _not_imported(error: BaseException, path: Path, name: str = "") -> ScorerError:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return ScorerError(
            path, error.lineno or 1, f"This is no Python: {error.msg}.", "Mend the line.", name or path.stem
        )
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    said = f"{type(error).__name__}: {error}".rstrip(".")
    what = f"Importing it raised {said}."
    return ScorerError(
        path,
        (lines[-1] if lines else 1) or 1,
        what,
        "Mend what the line does, or install what it needs.",
        name or path.stem,
    )


def _error(origin: Origin, wrong: WrongError) -> ScorerError:
    path = origin.path or Path(origin.place)
    line = _line(path, wrong.word) if wrong.word else origin.line
    return ScorerError(path, line if line > 1 else origin.line, wrong.what, wrong.mend, origin.place)


def line_of(scorer: Scorer) -> int:
    """The line on which a scorer's function begins, or the scorer itself."""
    function = scorer.measure or scorer.open
    with suppress(OSError, TypeError):
        return getsourcelines(function)[1]  # type: ignore[arg-type]
    return scorer.origin.line


def again(origin: Origin, name: str) -> Scorer:
    """A scorer of one's own, loaded in a worker process.

    Raises:
        ScorerError: it cannot be loaded there.
    """
    loaded = _again(origin)
    return next(scorer for scorer in loaded if scorer.name == name)


@lru_cache(maxsize=8)
def _again(origin: Origin) -> tuple[Scorer, ...]:
    if origin.kind == "file" and origin.path is not None:
        return tuple(_of_file(origin.path))
    (point,) = [p for p in _points() if p.name == origin.place][:1]
    return tuple(_of_package(point))
