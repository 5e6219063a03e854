"""Every family of measurements of a clip: the project's own modules, and a team's beside them (see :mod:`video_assets.scorer`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from video_assets.file_error import FileError
from video_assets.lake.schemas import TABLES, Table
from video_assets.lake.versions import short_hash
from video_assets.scorer import Scorer
from video_assets.scorers import loading
from video_assets.scorers.built_in import BUILT_IN
from video_assets.scorers.checking import sheet_columns
from video_assets.scorers.judge import judge, questions_path
from video_assets.scorers.loading import ScorerError, found
from video_assets.scorers.models import is_made
from video_assets.settings import Settings


@dataclass(frozen=True)
class Scorers:
    """What there is to measure clips with.

    Attributes:
        used: those that can be used, by name: the project's, then packages' and one's own.
        refused: what is wrong with the other modules, and with the judge's file of questions.
    """

    used: Mapping[str, Scorer]
    refused: tuple[FileError, ...] = ()

    @property
    def own(self) -> tuple[Scorer, ...]:
        """Those that are not the project's."""
        return tuple(scorer for scorer in self.used.values() if not scorer.ours)


def scorers(settings: Settings) -> Scorers:
    """The scorers by the settings, read and tried anew when a module has changed."""
    return _scorers(settings, fingerprint(settings))


@lru_cache(maxsize=4)
def _scorers(settings: Settings, _fingerprint: str) -> Scorers:
    refused: list[FileError] = []
    ours = list(BUILT_IN)
    taken = _taken(settings) if questions_path(settings) or loading.are_any(settings) else {}
    try:
        if asked := judge(settings, taken):
            ours.append(asked)
            taken |= dict.fromkeys(sheet_columns(asked), asked.name)
    except FileError as error:
        refused.append(error)
    own, errors = found(settings, ours, taken)
    return Scorers({scorer.name: scorer for scorer in (*ours, *own)}, (*refused, *errors))


def _taken(settings: Settings) -> dict[str, str]:
    """The columns of the sheet that are there without a team's own scorers, and what has each."""
    from video_assets.lake.sheet import sheet_columns_without

    taken = dict.fromkeys(sheet_columns_without(settings), "the sheet itself")
    return taken | {c: s.name for s in BUILT_IN for c in sheet_columns(s)}


def fingerprint(settings: Settings) -> str:
    """Changes whenever a scorer of one's own does, or the judge's file of questions."""
    path = questions_path(settings)
    asked = f"{path} {short_hash(path.read_bytes()) if path.is_file() else ''}" if path else ""
    return loading.fingerprint(settings) + asked


def made(settings: Settings) -> tuple[Scorer, ...]:
    """The scorers that measure in the chosen profile."""
    return tuple(scorer for scorer in scorers(settings).used.values() if is_made(scorer, settings.models))


def tables(settings: Settings) -> dict[str, Table]:
    """Every table of a lake by name: the platform's, and one of each scorer."""
    return dict(_tables(settings, fingerprint(settings)))


@lru_cache(maxsize=4)
def _tables(settings: Settings, known: str) -> Mapping[str, Table]:
    return {**TABLES, **{name: scorer.table for name, scorer in _scorers(settings, known).used.items()}}


__all__ = ["BUILT_IN", "ScorerError", "Scorers", "fingerprint", "made", "scorers", "tables"]
