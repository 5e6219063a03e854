"""The files of tiers and draws, of the project and of one's own, read and tried on empty tables; and one's questions.

What DuckDB would refuse later it refuses here, so that nothing starts that cannot end. Reading takes a fraction of a second
and opens no lake.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

import duckdb

from video_assets.curate.draws import Draw, check_draw, load_draws
from video_assets.curate.sql_file import SqlFile, TierError, listed
from video_assets.curate.tiers import Tier, load_tiers
from video_assets.curate.verdicts import check_on_nothing, check_rules, first_line
from video_assets.lake.empty import empty_sheet
from video_assets.lake.lake import Lake
from video_assets.lake.sheet import sheet_of, sheet_sql
from video_assets.lake.tier_files import FileState, note_files
from video_assets.settings import Settings

TIER, DRAW = "tier", "draw"


@dataclass(frozen=True)
class SqlFiles:
    """What the files of tiers and draws are good for.

    Attributes:
        tiers: Those that can be used, by name, parents before children.
        draws: Those that can be used, by their tier's name.
        refused_tiers: What is wrong with the other files of tiers.
        refused_draws: What is wrong with the other files of draws.
    """

    tiers: Mapping[str, Tier]
    draws: Mapping[str, Draw]
    refused_tiers: tuple[TierError, ...]
    refused_draws: tuple[TierError, ...]

    @property
    def refused(self) -> tuple[TierError, ...]:
        """What is wrong with any file."""
        return (*self.refused_tiers, *self.refused_draws)

    def refusal(self, kind: str, name: str) -> TierError | None:
        """What is wrong with the file of that name, if anything is."""
        errors = self.refused_tiers if kind == TIER else self.refused_draws
        return next((error for error in errors if error.name == name), None)


def read_files(settings: Settings) -> SqlFiles:
    """The tiers and draws of the settings' folders as they are now, read and tried anew when a file has changed."""
    return _read(settings, fingerprint(settings))


def fingerprint(settings: Settings) -> str:
    """Changes whenever a file of a tier, of a draw or of what they are tried on does, or comes or goes."""
    folders = [folder for kind in ("tiers", "policies", "draws") for folder in settings.sql_folders(kind)]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.sql"))]
    known = hashlib.sha256(sheet_sql(settings).encode())
    for path in (*paths, _macros(settings)):
        known.update(f"\0{path}\0".encode())
        with suppress(OSError):  # What cannot be read is refused when it is loaded.
            known.update(path.read_bytes())
    return known.hexdigest()


@lru_cache(maxsize=4)
def _read(settings: Settings, _fingerprint: str) -> SqlFiles:
    macros = _macros(settings)
    with empty_sheet(sheet_of(settings)) as empty:
        tiers, refused = load_tiers(
            *settings.sql_folders("tiers"),
            policies=settings.sql_folders("policies"),
            check=partial(_check_tier, empty),
        )
        faults = {error.name: error for error in refused}
        check = partial(_check_draw, empty, _load_macros(empty, macros))
        draws, others = load_draws(settings.sql_folders("draws"), tiers, macros, settings.draws, faults, check)
    return SqlFiles(tiers, draws, tuple(refused), tuple(others))


def _macros(settings: Settings) -> Path:
    return settings.sql_file("macros.sql")


def _load_macros(empty: duckdb.DuckDBPyConnection, macros: Path) -> TierError | None:
    """Make the draws' macros on the connection; what is wrong with their file."""
    try:
        if macros.exists():
            empty.execute(macros.read_text(encoding="utf-8"))
    except duckdb.Error as error:
        found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
        what = f"DuckDB refuses the draws' macros: {first_line(error)}."
        return TierError(macros, int(found[1]) if found else 1, what, "No draw can be made until the file is mended.")
    return None


def _check_tier(empty: duckdb.DuckDBPyConnection, tier: Tier) -> None:
    check_rules(empty, tier)
    check_on_nothing(empty, tier)


def _check_draw(empty: duckdb.DuckDBPyConnection, macros: TierError | None, wanted: Draw) -> None:
    if macros:
        raise TierError(macros.path, macros.line, macros.what, macros.mend)
    check_draw(empty, wanted)
    check_on_nothing(empty, wanted.file)


def questions(settings: Settings) -> tuple[dict[str, SqlFile], list[TierError]]:
    """The files of questions by name, and those whose name another has already."""
    files, errors = listed(settings.sql_folders("explore"))
    return {file.name: file for file in files}, errors


def states_of(files: SqlFiles) -> list[FileState]:
    """The files as the lake notes them; of two with one name the good one counts."""
    used = [FileState(TIER, tier.name, str(tier.path), tier.version) for tier in files.tiers.values()]
    used += [FileState(DRAW, name, str(draw.file.path), draw.version) for name, draw in files.draws.items()]
    known = {(file.kind, file.tier) for file in used}
    refused = [
        FileState(kind, e.name, str(e.path), line=e.line, message=f"{e.what} {e.mend}")
        for kind, errors in ((TIER, files.refused_tiers), (DRAW, files.refused_draws))
        for e in errors
        if (kind, e.name) not in known
    ]
    return [*used, *refused]


def note(lake: Lake) -> bool:
    """Note in the lake which files there are now; whether anything was different from what was noted."""
    return note_files(lake, states_of(read_files(lake.settings)), datetime.now(UTC))
