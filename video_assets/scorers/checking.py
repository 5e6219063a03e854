"""What a declaration of a scorer must be before anything is measured with it, and how it is mended where it is not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl
from pydantic import BaseModel, ValidationError

from video_assets.lake.schemas import TABLES
from video_assets.lake.schemas.table import OF_EVERY_TABLE
from video_assets.scorer import Asked, Derived, Frames, Keyframes, Pairs, Scorer, Tables
from video_assets.settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES = (pl.Float64(), pl.Int32(), pl.String(), pl.Boolean())
_SUBJECTS = ("candidate", "compared", "clip")
_READABLE = ("frame_signals", "raw_videos", "decoded_videos", "shots")


class WrongError(Exception):
    """What is wrong with a scorer, and how it is mended."""

    def __init__(self, what: str, mend: str, word: str = "") -> None:
        super().__init__(what, mend)
        self.what, self.mend, self.word = what, mend, word


def sheet_columns(scorer: Scorer) -> list[str]:
    """The columns of the sheet that a scorer has."""
    listed = scorer.in_sheet if scorer.in_sheet is not None else [c.name for c in scorer.columns]
    return [c.name if isinstance(c, Derived) else c for c in listed] + [scorer.reason_column]


def look_at(scorer: Scorer, settings: Settings, names: Mapping[str, Scorer], columns: Mapping[str, str]) -> None:
    """Refuse a declaration that nothing can be made of.

    Raises:
        WrongError: what, and how it is mended.
    """
    if not isinstance(scorer.name, str) or not _NAME.fullmatch(scorer.name):
        raise WrongError(
            f"{scorer.name!r} is no name of a table.", "Use lower-case letters, digits and _, a letter first."
        )
    if twin := names.get(scorer.name):
        where = twin.origin.path or "the project's own"
        raise WrongError(
            f"There is a {scorer.name} already: {where}.", "Give one of the two another name.", scorer.name
        )
    if scorer.name in TABLES:
        raise WrongError(f"{scorer.name} is a table of the lake.", "Give the scorer another name.", scorer.name)
    _look_at_columns(scorer, columns)
    if (scorer.measure is None) == (scorer.open is None):
        raise WrongError(
            f"{scorer.name} has to have one of measure and open.", "Give the function that measures.", scorer.name
        )
    if not callable(scorer.measure or scorer.open):
        raise WrongError(
            f"What measures {scorer.name} is no function.", "Give the function itself, not what it gives.", scorer.name
        )
    _look_at_reads(scorer, settings, names)
    if not isinstance(scorer.code, str) or not scorer.code:
        raise WrongError(
            f"The code of {scorer.name} is {scorer.code!r}.", 'Write a text, such as code="1".', scorer.name
        )
    if scorer.subject not in _SUBJECTS:
        raise WrongError(
            f"{scorer.subject!r} is no subject.", f"Write one of {', '.join(_SUBJECTS)}.", str(scorer.subject)
        )
    if scorer.pictures_per_worker < 1:
        raise WrongError("pictures_per_worker is under 1.", "Write 1 or more, or leave it out.", scorer.name)


def _look_at_columns(scorer: Scorer, columns: Mapping[str, str]) -> None:
    if not scorer.columns:
        raise WrongError(
            f"{scorer.name} has no columns.", "Declare what it measures: Column(name, type, description).", scorer.name
        )
    seen: set[str] = set()
    for c in scorer.columns:
        if not _NAME.fullmatch(c.name):
            raise WrongError(
                f"{c.name!r} is no name of a column.", "Use lower-case letters, digits and _, a letter first.", c.name
            )
        if c.name in OF_EVERY_TABLE or c.name in seen:
            raise WrongError(
                f"The table of {scorer.name} has a column {c.name} already.", "Give it another name.", c.name
            )
        if c.dtype not in _TYPES:
            raise WrongError(
                f"{c.name} is of type {c.dtype}.", "Use FLOAT, WHOLE, TEXT or YES_NO of video_assets.scorer.", c.name
            )
        if not c.description.strip():
            raise WrongError(f"Nothing says what {c.name} is.", "Describe meaning, unit and range.", c.name)
        if c.least is not None and c.most is not None and c.least > c.most:
            raise WrongError(
                f"{c.name} reaches from {c.least:g} to {c.most:g}.", "Give least and most the other way round.", c.name
            )
        seen.add(c.name)
    for name in sheet_columns(scorer):
        if of := columns.get(name):
            raise WrongError(f"clip_sheet has a column {name} already, of {of}.", "Give yours another name.", name)
    named = [*(scorer.histograms or ()), *scorer.good, *([scorer.sheet_by] if scorer.sheet_by else [])]
    named += [c for c in scorer.in_sheet or () if isinstance(c, str)]
    if unknown := [name for name in named if name not in seen]:
        raise WrongError(f"{scorer.name} has no column {unknown[0]}.", f"It has {', '.join(sorted(seen))}.", unknown[0])


def _look_at_reads(scorer: Scorer, settings: Settings, names: Mapping[str, Scorer]) -> None:
    if not isinstance(scorer.reads, Keyframes | Pairs | Frames | Tables):
        raise WrongError(
            f"{scorer.name} reads {scorer.reads!r}.",
            "Write Keyframes(4), Pairs(4), Frames(16) or Tables((...,)).",
            scorer.name,
        )
    if scorer.settings is not None and not (
        isinstance(scorer.settings, type) and issubclass(scorer.settings, BaseModel)
    ):
        raise WrongError(
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
        raise WrongError(what, "Mend it in the file of settings, or give the setting a default.", scorer.name) from None
    if isinstance(scorer.reads, Tables):
        # What the judge is asked hangs on what all others have measured.
        there = (*_READABLE, *(name for name, other in names.items() if not isinstance(other.reads, Asked)))
        if unknown := [name for name in scorer.reads.names if name not in there]:
            raise WrongError(f"There is no table {unknown[0]} to read.", f"There are {', '.join(there)}.", unknown[0])
        return
    try:
        most = scorer.most(settings)
    except (AttributeError, TypeError, ValueError):
        what = f"{scorer.name} has no setting {scorer.reads.most}."
        raise WrongError(
            what, "Give the number of pictures, or the name of a setting of its own.", scorer.name
        ) from None
    if most < 1:
        raise WrongError(f"{scorer.name} reads {most} pictures of a clip.", "Write 1 or more.", scorer.name)
