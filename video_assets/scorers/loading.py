"""A team's own scorers: found, imported and looked at before anything is measured with them.

What is wrong with one is said with file, line and mend, and the others work on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
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

import polars as pl
from pydantic import BaseModel, ValidationError

from video_assets.file_error import FileError
from video_assets.lake.schemas import TABLES
from video_assets.lake.schemas.table import OF_EVERY_TABLE
from video_assets.scorer import Asked, Derived, Frames, Keyframes, Origin, Pairs, Scorer, Tables
from video_assets.settings import Settings

GROUP = "video_assets.measurements"
"""The group of entry points by which installed packages have scorers: each names a module or a :class:`Scorer` in one."""
FOLDER = "scorers"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES = (pl.Float64(), pl.Int32(), pl.String(), pl.Boolean())
_SUBJECTS = ("candidate", "compared", "clip")
_READABLE = ("frame_signals", "raw_videos", "decoded_videos", "shots")


class ScorerError(FileError):
    """A module of a scorer that cannot be used."""


class _WrongError(Exception):
    """What is wrong with a scorer, and how it is mended."""

    def __init__(self, what: str, mend: str, word: str = "") -> None:
        super().__init__(what, mend)
        self.what, self.mend, self.word = what, mend, word


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
                _look_at(scorer, settings, names, columns)
            except _WrongError as wrong:
                errors.append(_error(scorer.origin, wrong))
                continue
            names[scorer.name] = scorer
            columns |= dict.fromkeys(sheet_columns(scorer), scorer.name)
            used.append(scorer)
    return used, errors


def sheet_columns(scorer: Scorer) -> list[str]:
    """The columns of the sheet that a scorer has."""
    listed = scorer.in_sheet if scorer.in_sheet is not None else [c.name for c in scorer.columns]
    return [c.name if isinstance(c, Derived) else c for c in listed] + [scorer.reason_column]


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


def _error(origin: Origin, wrong: _WrongError) -> ScorerError:
    path = origin.path or Path(origin.place)
    line = _line(path, wrong.word) if wrong.word else origin.line
    return ScorerError(path, line if line > 1 else origin.line, wrong.what, wrong.mend, origin.place)


def _look_at(scorer: Scorer, settings: Settings, names: Mapping[str, Scorer], columns: Mapping[str, str]) -> None:
    """Refuse a declaration that nothing can be made of.

    Raises:
        _WrongError: what, and how it is mended.
    """
    if not isinstance(scorer.name, str) or not _NAME.fullmatch(scorer.name):
        raise _WrongError(
            f"{scorer.name!r} is no name of a table.", "Use lower-case letters, digits and _, a letter first."
        )
    if twin := names.get(scorer.name):
        where = twin.origin.path or "the project's own"
        raise _WrongError(
            f"There is a {scorer.name} already: {where}.", "Give one of the two another name.", scorer.name
        )
    if scorer.name in TABLES:
        raise _WrongError(f"{scorer.name} is a table of the lake.", "Give the scorer another name.", scorer.name)
    _look_at_columns(scorer, columns)
    if (scorer.measure is None) == (scorer.open is None):
        raise _WrongError(
            f"{scorer.name} has to have one of measure and open.", "Give the function that measures.", scorer.name
        )
    if not callable(scorer.measure or scorer.open):
        raise _WrongError(
            f"What measures {scorer.name} is no function.", "Give the function itself, not what it gives.", scorer.name
        )
    _look_at_reads(scorer, settings, names)
    if not isinstance(scorer.code, str) or not scorer.code:
        raise _WrongError(
            f"The code of {scorer.name} is {scorer.code!r}.", 'Write a text, such as code="1".', scorer.name
        )
    if scorer.subject not in _SUBJECTS:
        raise _WrongError(
            f"{scorer.subject!r} is no subject.", f"Write one of {', '.join(_SUBJECTS)}.", str(scorer.subject)
        )
    if scorer.pictures_per_worker < 1:
        raise _WrongError("pictures_per_worker is under 1.", "Write 1 or more, or leave it out.", scorer.name)


def _look_at_columns(scorer: Scorer, columns: Mapping[str, str]) -> None:
    if not scorer.columns:
        raise _WrongError(
            f"{scorer.name} has no columns.", "Declare what it measures: Column(name, type, description).", scorer.name
        )
    seen: set[str] = set()
    for c in scorer.columns:
        if not _NAME.fullmatch(c.name):
            raise _WrongError(
                f"{c.name!r} is no name of a column.", "Use lower-case letters, digits and _, a letter first.", c.name
            )
        if c.name in OF_EVERY_TABLE or c.name in seen:
            raise _WrongError(
                f"The table of {scorer.name} has a column {c.name} already.", "Give it another name.", c.name
            )
        if c.dtype not in _TYPES:
            raise _WrongError(
                f"{c.name} is of type {c.dtype}.", "Use FLOAT, WHOLE, TEXT or YES_NO of video_assets.scorer.", c.name
            )
        if not c.description.strip():
            raise _WrongError(f"Nothing says what {c.name} is.", "Describe meaning, unit and range.", c.name)
        if c.least is not None and c.most is not None and c.least > c.most:
            raise _WrongError(
                f"{c.name} reaches from {c.least:g} to {c.most:g}.", "Give least and most the other way round.", c.name
            )
        seen.add(c.name)
    for name in sheet_columns(scorer):
        if of := columns.get(name):
            raise _WrongError(f"clip_sheet has a column {name} already, of {of}.", "Give yours another name.", name)
    named = [*(scorer.histograms or ()), *scorer.good, *([scorer.sheet_by] if scorer.sheet_by else [])]
    named += [c for c in scorer.in_sheet or () if isinstance(c, str)]
    if unknown := [name for name in named if name not in seen]:
        raise _WrongError(
            f"{scorer.name} has no column {unknown[0]}.", f"It has {', '.join(sorted(seen))}.", unknown[0]
        )


def _look_at_reads(scorer: Scorer, settings: Settings, names: Mapping[str, Scorer]) -> None:
    if not isinstance(scorer.reads, Keyframes | Pairs | Frames | Tables):
        raise _WrongError(
            f"{scorer.name} reads {scorer.reads!r}.",
            "Write Keyframes(4), Pairs(4), Frames(16) or Tables((...,)).",
            scorer.name,
        )
    if scorer.settings is not None and not (
        isinstance(scorer.settings, type) and issubclass(scorer.settings, BaseModel)
    ):
        raise _WrongError(
            f"The settings of {scorer.name} are no pydantic model.",
            "Give the class, with a default for each.",
            scorer.name,
        )
    try:
        scorer.chosen(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = f"[scorers.{scorer.name}] cannot be used: {where}: {first['msg']}."
        raise _WrongError(
            what, "Mend it in the file of settings, or give the setting a default.", scorer.name
        ) from None
    if isinstance(scorer.reads, Tables):
        # What the judge is asked hangs on what all others have measured.
        there = (*_READABLE, *(name for name, other in names.items() if not isinstance(other.reads, Asked)))
        if unknown := [name for name in scorer.reads.names if name not in there]:
            raise _WrongError(f"There is no table {unknown[0]} to read.", f"There are {', '.join(there)}.", unknown[0])
        return
    try:
        most = scorer.most(settings)
    except (AttributeError, TypeError, ValueError):
        what = f"{scorer.name} has no setting {scorer.reads.most}."
        raise _WrongError(
            what, "Give the number of pictures, or the name of a setting of its own.", scorer.name
        ) from None
    if most < 1:
        raise _WrongError(f"{scorer.name} reads {most} pictures of a clip.", "Write 1 or more.", scorer.name)


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
