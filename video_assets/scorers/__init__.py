"""Every family of measurements of a clip: the project's own modules, and a team's beside them (see :mod:`video_assets.scorer`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from video_assets.lake.schemas import TABLES, Table
from video_assets.scorer import Scorer
from video_assets.scorers.built_in import BUILT_IN
from video_assets.scorers.loading import ScorerError, fingerprint, found
from video_assets.scorers.models import is_made
from video_assets.settings import Settings


@dataclass(frozen=True)
class Scorers:
    """What there is to measure clips with.

    Attributes:
        used: those that can be used, by name: the project's, then packages' and one's own.
        refused: what is wrong with the other modules.
    """

    used: Mapping[str, Scorer]
    refused: tuple[ScorerError, ...] = ()

    @property
    def own(self) -> tuple[Scorer, ...]:
        """Those that are not the project's."""
        return tuple(scorer for scorer in self.used.values() if not scorer.ours)


def scorers(settings: Settings) -> Scorers:
    """The scorers by the settings, read and tried anew when a module has changed."""
    return _scorers(settings, fingerprint(settings))


@lru_cache(maxsize=4)
def _scorers(settings: Settings, _fingerprint: str) -> Scorers:
    own, refused = found(settings, BUILT_IN)
    return Scorers({scorer.name: scorer for scorer in (*BUILT_IN, *own)}, tuple(refused))


def made(settings: Settings) -> tuple[Scorer, ...]:
    """The scorers that measure in the chosen profile."""
    return tuple(scorer for scorer in scorers(settings).used.values() if is_made(scorer, settings.models))


def tables(settings: Settings) -> dict[str, Table]:
    """Every table of a lake by name: the platform's, and one of each scorer."""
    return {**TABLES, **{name: scorer.table for name, scorer in scorers(settings).used.items()}}


__all__ = ["BUILT_IN", "ScorerError", "Scorers", "fingerprint", "made", "scorers", "tables"]
