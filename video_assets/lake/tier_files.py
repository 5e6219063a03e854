"""Which files of tiers and draws there are: the lake notes it, so that its views show what has a file and nothing else.

It is noted by whoever is about to make or to ask something: the command line, the daemon's sensor and every run of a tier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import TIER_FILES

USED, REFUSED, GONE = "used", "refused", "gone"


@dataclass(frozen=True)
class FileState:
    """A file of a tier or of a draw, as it was read.

    Attributes:
        kind: tier or draw.
        tier: The tier's name.
        path: The file.
        version: Of the file that is used; None when it is refused.
        line: The line that is wrong; None unless it is refused.
        message: What is wrong and how to mend it; None unless it is refused.
    """

    kind: str
    tier: str
    path: str
    version: str | None = None
    line: int | None = None
    message: str | None = None

    @property
    def state(self) -> str:
        return USED if self.message is None else REFUSED


def note_files(lake: Lake, found: Iterable[FileState], now: datetime) -> bool:
    """Note which files there are, if it is not what is noted already; what is there no more is gone from now on.

    Args:
        lake: the lake.
        found: every file of a tier or of a draw.
        now: the clock, with a time zone.

    Returns:
        Whether anything was different.
    """
    states = {(file.kind, file.tier): file for file in found}
    noted = lake.query(_NOTED)
    if noted.height and not _changes(noted, states):
        return False
    with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):
        noted = cursor.execute(_NOTED).pl()
        changes = _changes(noted if noted.height else TIER_FILES.frame(_made_before(cursor)), states)
        if changes:
            _write(cursor, [row | {"since": now} for row in changes])
    return bool(changes)


_NOTED = f"SELECT * FROM {TIER_FILES.name}"
_COMPARED = ("state", "version", "path", "line", "message")


def _changes(noted: pl.DataFrame, states: Mapping[tuple[str, str], FileState]) -> list[dict[str, object]]:
    """The rows that are to be written: of files that are new or read otherwise, and of those that are gone."""
    known = {(row["kind"], row["tier"]): row for row in noted.iter_rows(named=True)}
    found = {key: vars(file) | {"state": file.state} for key, file in states.items()}
    rows = [row for key, row in found.items() if any(known.get(key, {}).get(c) != row[c] for c in _COMPARED)]
    gone = [row for key, row in known.items() if key not in found and row["state"] != GONE]
    return rows + [row | dict.fromkeys(("version", "line", "message")) | {"state": GONE} for row in gone]


def _made_before(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    """The tiers and draws that were made before anybody noted files, as if they had had some."""
    made = cursor.execute(
        "SELECT DISTINCT regexp_extract(asset, '^(tier|draw)s/(.*)$', ['kind', 'tier']) AS found FROM materializations "
        "WHERE regexp_matches(asset, '^(tier|draw)s/')"
    ).fetchall()
    return [found | {"state": USED, "path": ""} for (found,) in made]


def _write(cursor: duckdb.DuckDBPyConnection, rows: list[dict[str, object]]) -> None:
    cursor.register("noted", TIER_FILES.frame(rows).to_arrow(compat_level=pl.CompatLevel.oldest()))
    cursor.execute("BEGIN")
    try:
        cursor.execute(f"DELETE FROM {TIER_FILES.name} WHERE (kind, tier) IN (SELECT (kind, tier) FROM noted)")
        cursor.execute(f"INSERT INTO {TIER_FILES.name} BY NAME SELECT * FROM noted")
        cursor.execute("COMMIT")
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    finally:
        cursor.unregister("noted")
