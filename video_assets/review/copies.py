"""A copy of the sheet on this machine's disk, from which pages are answered.

A question to the lake takes 12 ms before a row is read, one that joins several tables ten times that, and a page in the order of a
column reads the column in every file. So every clip stands in one table of a DuckDB file in scratch space, in the order of ids,
with each tier's verdict and with what it is played by. A file is of one state of the lake's tables, is never changed, and
goes when there is one of a newer state; what people say is in none of these tables, and is asked of the lake as it is now.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.sql_text import identifier, in_batches, quoted
from video_assets.lake.versions import short_hash
from video_assets.review.asking import COPY, RULES, SHOWN, TIMELINE, Asking
from video_assets.review.clips import FACTS, LINE, clips_of, places_of

FOLDER = "review_sheet"
"""In scratch space. Its files have something of every clip: a takedown removes them."""
_TABLES = (
    "clip_sheet", "clips", "decoded_videos", "raw_videos", "shots", "source_files", "tier_files", "tier_outcomes", "tier_rules_history", "tombstones",
)  # fmt: skip
"""What a copy is made of."""
_AT_ONCE = 100_000
"""Clips that are joined at once: more would take more memory."""
_CATALOG = f"__ducklake_metadata_{catalog.NAME}"
_NEWEST = f"SELECT max(snapshot_id) FROM {_CATALOG}.ducklake_snapshot"
_CHANGED = f"""
SELECT string_agg(DISTINCT t.table_id::VARCHAR, ' ' ORDER BY t.table_id::VARCHAR), max((c.snapshot_id, s.snapshot_time))::VARCHAR
FROM {_CATALOG}.ducklake_table AS t
LEFT JOIN {_CATALOG}.ducklake_snapshot_changes AS c ON contains(c.changes_made || ',', ':' || t.table_id || ',')
LEFT JOIN {_CATALOG}.ducklake_snapshot AS s ON s.snapshot_id = c.snapshot_id
WHERE t.end_snapshot IS NULL AND t.table_name IN ({", ".join(map(quoted, _TABLES))})
"""
_GONE = f"""
SELECT DISTINCT video_id FROM {SHOWN}
WHERE video_id IN (SELECT video_id FROM tombstones WHERE admitted_at IS NULL)
"""


class Copies:
    """The copies of a lake's sheet. Safe for several threads and processes at once.

    Args:
        lake: the lake.
        asking: what pages ask by.
    """

    def __init__(self, lake: Lake, asking: Asking) -> None:
        self._lake, self._asking = lake, asking
        self._folder = lake.settings.lake.scratch_path / FOLDER
        self._shown: Path | None = None
        self._seen: int | None = None
        self._renewing = threading.Lock()
        self._stopped = threading.Event()
        self._making: duckdb.DuckDBPyConnection | None = None

    def renew(self, *, make: bool = True) -> bool:
        """Have pages ask of a copy of the lake's state now, made where there is none; until it is there they ask of the one before.

        Args:
            make: whether one is made; else pages only leave out what was taken down since.

        Returns:
            Whether they ask of another one than before.

        Raises:
            OSError: there is no room for it, or a takedown has just removed it, or it was stopped.
        """
        with self._renewing:
            return self._renew(make)

    def _renew(self, make: bool) -> bool:
        with self._lake.cursor() as cursor:
            [(newest,)] = cursor.execute(_NEWEST).fetchall()
            if newest == self._seen:
                return False
            path = self._path(cursor)
        if other := path != self._shown:
            if self._shown is not None:
                self._hide()
            if not make:
                return False
            self._shown = self._made(path)
            self._asking.show(self._shown)
            self._sweep()
        self._seen = newest
        return other

    def stop(self) -> None:
        """Make none any more; what is being made is given up."""
        self._stopped.set()
        if (making := self._making) is not None:
            making.interrupt()

    def _hide(self) -> None:
        """Leave out what was taken down since the copy was made; a new one does not have it."""
        with self._asking.look() as asked:
            self._asking.hide(frozenset(row["video_id"] for row in asked.rows(_GONE)))

    def _path(self, cursor: duckdb.DuckDBPyConnection) -> Path:
        """The file of the state that a connection sees."""
        [(tables, snapshot)] = cursor.execute(_CHANGED).fetchall()
        return self._folder / f"{short_hash(f'{_FORM} {tables} {snapshot}')}.duckdb"

    def _made(self, path: Path) -> Path:
        """The file, made where it is not there; of a newer state, where there is one by now."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _alone(self._folder / ".lock"):
            for left in self._folder.glob(".making-*"):  # by who was killed
                shutil.rmtree(left, ignore_errors=True)
            if path.exists():
                return path
            try:
                with tempfile.TemporaryDirectory(prefix=".making-", dir=self._folder) as name:
                    return self._make(Path(name))
            except duckdb.Error as error:
                said = str(error).partition("\n")[0]
                raise OSError(
                    f"No copy of the sheet could be made in {self._folder}: {said} Make room there (lake.scratch), or raise review.memory_mib."
                ) from error

    def _make(self, folder: Path) -> Path:
        connection = catalog.open_beside(self._lake.settings, lambda: self._lake.access)
        self._making = connection
        try:
            connection.execute(f"SET memory_limit = '{self._lake.settings.review.memory_mib} MiB'")
            connection.execute(f"SET temp_directory = {quoted(str(folder / 'spilt'))}")
            connection.execute(f"ATTACH {quoted(str(folder / 'mixed'))} AS mixed")
            connection.execute("BEGIN")
            path = self._path(connection)
            for number, select in enumerate(_selects(connection)):
                if self._stopped.is_set():
                    raise duckdb.InterruptException("The server ends.")
                connection.execute(
                    f"{'INSERT INTO' if number else 'CREATE TABLE'} mixed.shown {'AS' * (not number)} {select}"
                )
            connection.execute(_RULES)
            connection.execute(_TIMELINE)
            connection.execute("COMMIT")
            connection.execute(f"ATTACH {quoted(str(folder / path.name))} AS {COPY}")
            connection.execute(f"CREATE TABLE {SHOWN} AS SELECT * FROM mixed.shown ORDER BY clip_id")
            connection.execute(f"CREATE TABLE {RULES} AS FROM mixed.rules")
            connection.execute(f"CREATE TABLE {TIMELINE} AS FROM mixed.timeline ORDER BY video_id")
            connection.execute(f"DETACH {COPY}")
        finally:
            self._making = None
            connection.close()
        (folder / path.name).replace(path)
        return path

    def _sweep(self) -> None:
        """Remove the files of older states. Who reads one goes on: it has it open."""
        for path in self._folder.glob("*.duckdb"):
            if path != self._shown:
                path.unlink(missing_ok=True)


_SQL = """
SELECT s.*, {facts}, coalesce(p.uri, c.uri) AS "clip uri", v.* EXCLUDE (batch, clip_id)
FROM clip_sheet AS s
LEFT JOIN ({clips}) AS c ON c.batch = s.batch AND c.clip_id = s.clip_id
LEFT JOIN ({places}) AS p ON p.batch = c.batch AND p.content = c.content
LEFT JOIN (
    SELECT batch, clip_id{tiers} FROM tier_verdicts WHERE {here} GROUP BY batch, clip_id
) AS v ON v.batch = s.batch AND v.clip_id = s.clip_id
WHERE {there} AND s.video_id NOT IN (SELECT video_id FROM tombstones WHERE admitted_at IS NULL)
"""
_OF_TIER = ("verdict", "decided_by", "not_passed", "passed")
_RULES = "CREATE TABLE mixed.rules AS FROM tier_rules"
_TIMELINE = f"""
CREATE TABLE mixed.timeline AS FROM ({LINE.format(here="TRUE")})
WHERE video_id NOT IN (SELECT video_id FROM tombstones WHERE admitted_at IS NULL)
"""
_FORM = " ".join((duckdb.__version__, _SQL, *_OF_TIER, *FACTS, clips_of([]), places_of([]), _RULES, _TIMELINE))
"""What is in a copy: another build's are not taken for this one's."""


def _selects(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The SELECTs that together give every clip of the sheet."""
    tiers = [tier for (tier,) in connection.execute("SELECT DISTINCT tier FROM current_tiers ORDER BY tier").fetchall()]
    columns = [
        f", any_value({name}) FILTER (tier = {quoted(tier)}) AS {identifier(f'{name} {tier}')}"
        for tier in tiers
        for name in _OF_TIER
    ]
    facts = ", ".join(f'c.{name} AS "clip {name}"' for name in FACTS if name != "uri")
    counts = connection.execute("SELECT batch, count(*) FROM clip_sheet GROUP BY batch ORDER BY batch").fetchall()
    for batches in _parted(counts):
        yield _SQL.format(
            facts=facts,
            clips=clips_of(batches),
            places=places_of(batches),
            tiers="".join(columns),
            here=in_batches(batches),
            there=in_batches(batches, "s.batch"),
        )


def _parted(counts: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Batches, so many together as have few enough clips."""
    part, clips = list[str](), 0
    for batch, count in counts:
        if part and clips + count > _AT_ONCE:
            yield part
            part, clips = [], 0
        part.append(batch)
        clips += count
    yield part


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making the same meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
