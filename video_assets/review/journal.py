"""The journal: verdicts on this machine's disk before a browser is answered, and who has been given which clip.

A commit to the lake costs a tenth of a second or more, waits for whoever else commits, and leaves a snapshot for good; an
insert into SQLite that is synced costs milliseconds. So a verdict goes here first, and many at a time are committed to the lake
(:mod:`video_assets.review.fold`). The journal is cut into parts, and the lake's table is replaced part by part: to commit one
twice, because the server died between the lake's commit and the note of it here, changes nothing.

It is in the lake's scratch space, so that one server gives out a lake's clips. Rows are added; a trigger refuses changes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

FILE = "review/journal.sqlite"
"""In scratch space."""
PART = 2_000
"""Verdicts of a part, which is one file in the lake."""
REFUSALS = 10_000
"""Refusals that the audit trail keeps."""
_PATIENCE_S = 30.0
_CHECKPOINTS, _PAUSE_S = 5, 0.2
"""How often the log is tried to be emptied, and s between."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    review_id TEXT NOT NULL UNIQUE,
    clip_id TEXT NOT NULL,
    rater TEXT NOT NULL,
    takes_back TEXT,
    row TEXT NOT NULL,
    folded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS verdicts_of_clip ON verdicts (clip_id);
CREATE INDEX IF NOT EXISTS verdicts_of_rater ON verdicts (rater, number);
CREATE INDEX IF NOT EXISTS verdicts_taken_back ON verdicts (takes_back);
CREATE INDEX IF NOT EXISTS verdicts_to_fold ON verdicts (number) WHERE folded = 0;
CREATE TRIGGER IF NOT EXISTS verdicts_stay BEFORE UPDATE OF review_id, clip_id, rater, takes_back, row ON verdicts
BEGIN SELECT RAISE(ABORT, 'a verdict is never changed'); END;
CREATE TABLE IF NOT EXISTS leases (clip_id TEXT PRIMARY KEY, rater TEXT NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    rater TEXT,
    address TEXT,
    action TEXT NOT NULL,
    clip_id TEXT,
    said TEXT
);
CREATE INDEX IF NOT EXISTS audit_refused ON audit (number) WHERE action = 'refused';
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE OF at, rater, address, action ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
"""


@dataclass(frozen=True)
class Verdict:
    """A verdict, or that one is taken back: a row of the table ``reviews`` without its part.

    Attributes: as the columns; ``judged_at`` in ISO 8601, ``answers`` by the question's name.
    """

    review_id: str
    clip_id: str
    video_id: str
    start_pts: int
    end_pts: int
    rater: str
    judged_at: str
    questions: str
    decision: str | None = None
    answers: Mapping[str, float] | None = None
    flags: tuple[str, ...] = ()
    trim_start_pts: int | None = None
    trim_end_pts: int | None = None
    caption: str | None = None
    note: str | None = None
    takes_back: str | None = None
    tier: str | None = None
    seconds: float | None = None

    @classmethod
    def read(cls, row: str) -> Verdict:
        """A verdict as the journal has it."""
        given = json.loads(row)
        return cls(**{f.name: given[f.name] for f in fields(cls)} | {"flags": tuple(given["flags"])})


class Journal:
    """Verdicts, leases and the audit trail in a SQLite file. Safe for several threads and processes at once.

    Args:
        path: the file; it is made, with its folder, where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        with self._changing() as database:
            database.execute(
                "INSERT INTO journal SELECT ? WHERE NOT EXISTS (SELECT 1 FROM journal)", [uuid4().hex[:12]]
            )
        [(self.id,)] = self._database.execute("SELECT id FROM journal").fetchall()

    @property
    def _database(self) -> sqlite3.Connection:
        """The calling thread's connection."""
        if not hasattr(self._local, "database"):
            database = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
            database.execute("PRAGMA journal_mode = WAL")
            # What was answered must be on the disk, also where the machine loses its power.
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(_SCHEMA)
            self._local.database = database
        return self._local.database  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let go of the calling thread's connection."""
        if database := self._local.__dict__.pop("database", None):
            database.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which is on the disk when the block has ended."""
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise

    def add(self, verdict: Verdict, address: str = "", minutes: float = 0.0) -> bool:
        """Write a verdict down, give its clip free, and note it in the audit trail.

        Args:
            verdict: the row.
            address: from where it came.
            minutes: for how long a clip whose verdict is taken back is handed to nobody else.

        Returns:
            Whether it is new: one that was sent before is not written twice.

        Raises:
            ValueError: another verdict has its id, or it takes back what is not that rater's to take back.
        """
        row = json.dumps(asdict(verdict), sort_keys=True, ensure_ascii=False)
        with self._changing() as database:
            known = database.execute("SELECT row FROM verdicts WHERE review_id = ?", [verdict.review_id]).fetchall()
            if known:
                before = Verdict.read(known[0][0])
                if (before.rater, before.clip_id, before.takes_back) != (
                    verdict.rater,
                    verdict.clip_id,
                    verdict.takes_back,
                ):
                    raise ValueError("Another verdict has this id.")
                return False
            if verdict.takes_back is not None and not _holds(database, verdict.takes_back, verdict.rater):
                raise ValueError("There is no such verdict of yours that still holds.")
            database.execute(
                "INSERT INTO verdicts (review_id, clip_id, rater, takes_back, row) VALUES (?, ?, ?, ?, ?)",
                [verdict.review_id, verdict.clip_id, verdict.rater, verdict.takes_back, row],
            )
            database.execute("DELETE FROM leases WHERE clip_id = ? AND rater = ?", [verdict.clip_id, verdict.rater])
            if verdict.takes_back is not None and minutes:
                until = time.time() + 60 * minutes
                database.execute(
                    "INSERT OR IGNORE INTO leases VALUES (?, ?, ?)", [verdict.clip_id, verdict.rater, until]
                )
            action = "verdict" if verdict.takes_back is None else "undo"
            _note(database, action, verdict.rater, address, verdict.clip_id, verdict.decision)
        return True

    def note(
        self, action: str, rater: str | None, address: str, clip_id: str | None = None, said: str | None = None
    ) -> None:
        """Add a line to the audit trail."""
        with self._changing() as database:
            _note(database, action, rater, address, clip_id, said)

    def note_refusal(self, address: str, said: str) -> None:
        """Add to the audit trail that something was refused. The newest of these are kept alone, as anybody can bring them about."""
        with self._changing() as database:
            _note(database, "refused", None, address, None, said)
            database.execute(
                "DELETE FROM audit WHERE action = 'refused' AND number <= "
                "(SELECT number FROM audit WHERE action = 'refused' ORDER BY number DESC LIMIT 1 OFFSET ?)",
                [REFUSALS],
            )

    def trail(self, most: int) -> list[dict[str, Any]]:
        """The last lines of the audit trail, the newest first."""
        names = ("at", "rater", "address", "action", "clip_id", "said")
        found = self._database.execute(f"SELECT {', '.join(names)} FROM audit ORDER BY number DESC LIMIT ?", [most])
        return [dict(zip(names, row, strict=True)) for row in found]

    def last(self, rater: str, most: int = 1) -> list[Verdict]:
        """A rater's last verdicts that hold, the newest first."""
        found = self._database.execute(
            "SELECT row FROM verdicts AS v WHERE rater = ? AND takes_back IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM verdicts AS t WHERE t.takes_back = v.review_id) ORDER BY number DESC LIMIT ?",
            [rater, most],
        )
        return [Verdict.read(row) for (row,) in found]

    def taken_back_by(self, review_id: str) -> Verdict | None:
        """The verdict that a row takes back; None where there is no such row."""
        found = self._database.execute(
            "SELECT v.row FROM verdicts AS v JOIN verdicts AS t ON t.takes_back = v.review_id WHERE t.review_id = ?",
            [review_id],
        ).fetchone()
        return Verdict.read(found[0]) if found else None

    def of_clip(self, clip_id: str) -> list[Verdict]:
        """Every verdict on a clip that is here, also those that were taken back, and what takes them back; oldest first."""
        found = self._database.execute("SELECT row FROM verdicts WHERE clip_id = ? ORDER BY number", [clip_id])
        return [Verdict.read(row) for (row,) in found]

    def unfolded(self) -> list[Verdict]:
        """What no commit of the lake has yet, oldest first."""
        found = self._database.execute("SELECT row FROM verdicts WHERE folded = 0 ORDER BY number")
        return [Verdict.read(row) for (row,) in found]

    def changes(self, after: int) -> tuple[int, list[Verdict]]:
        """What was written after a number, and the last number."""
        found = self._database.execute(
            "SELECT number, row FROM verdicts WHERE number > ? ORDER BY number", [after]
        ).fetchall()
        return (found[-1][0] if found else after), [Verdict.read(row) for _, row in found]

    def parts(self) -> dict[str, list[Verdict]]:
        """The parts of which something is in no commit yet, each with all of its verdicts."""
        numbers = self._database.execute(
            "SELECT DISTINCT (number - 1) / ? FROM verdicts WHERE folded = 0 ORDER BY 1", [PART]
        ).fetchall()
        found = {}
        for (number,) in numbers:
            rows = self._database.execute(
                "SELECT row FROM verdicts WHERE number > ? AND number <= ? ORDER BY number",
                [number * PART, (number + 1) * PART],
            )
            found[f"{self.id}-{number:06}"] = [Verdict.read(row) for (row,) in rows]
        return found

    def folded(self, review_ids: Sequence[str]) -> None:
        """Note that a commit of the lake has these."""
        with self._changing() as database:
            database.executemany("UPDATE verdicts SET folded = 1 WHERE review_id = ?", [[i] for i in review_ids])

    def lease(
        self, wanted: Iterator[str], rater: str, minutes: float, most: int, now: float | None = None
    ) -> list[str]:
        """Hand out the first clips that nobody else has.

        Args:
            wanted: clips in the order in which they are to be judged.
            rater: to whom.
            minutes: for how long.
            most: so many at most; those that the rater has already count.
            now: seconds since 1970, for tests.

        Returns:
            The clips, in the order of ``wanted``.
        """
        moment = time.time() if now is None else now
        until, got = moment + 60 * minutes, list[str]()
        with self._changing() as database:
            database.execute("DELETE FROM leases WHERE until <= ?", [moment])
            held = dict(database.execute("SELECT clip_id, rater FROM leases").fetchall())
            for clip in wanted:
                if len(got) >= most:
                    break
                if held.get(clip, rater) != rater:
                    continue
                database.execute(
                    "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (clip_id) DO UPDATE SET until = excluded.until",
                    [clip, rater, until],
                )
                got.append(clip)
        return got

    def renew(
        self,
        clips: Sequence[str],
        rater: str,
        minutes: float,
        wanted: Callable[[str], bool],
        now: float | None = None,
    ) -> list[str]:
        """Let a rater have clips for longer.

        Args:
            clips: those that the rater's page has.
            rater: whose.
            minutes: for how long from now on.
            wanted: whether a clip that nobody has any more is still to be judged by the rater; asked inside the transaction.
            now: seconds since 1970, for tests.

        Returns:
            Those that are the rater's no more: somebody else has them, or they are not wanted.
        """
        moment = time.time() if now is None else now
        lost = list[str]()
        with self._changing() as database:
            held = {c: (who, until) for c, who, until in database.execute("SELECT clip_id, rater, until FROM leases")}
            for clip in clips:
                who, until = held.get(clip, (None, 0.0))
                # Whose time is over still has the clip while nobody else was given it.
                if not (who == rater or ((who is None or until <= moment) and wanted(clip))):
                    lost.append(clip)
                    continue
                database.execute(
                    "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (clip_id) DO UPDATE "
                    "SET rater = excluded.rater, until = excluded.until",
                    [clip, rater, moment + 60 * minutes],
                )
        return lost

    def give_back(self, rater: str, clips: Sequence[str] | None = None) -> None:
        """End a rater's leases: of some clips, or all."""
        with self._changing() as database:
            if clips is None:
                database.execute("DELETE FROM leases WHERE rater = ?", [rater])
            else:
                database.executemany("DELETE FROM leases WHERE rater = ? AND clip_id = ?", [[rater, c] for c in clips])

    def forget(self, concerned: Any) -> int:
        """Remove every verdict in which something stands that must go, and the clips' names from the audit trail.

        Args:
            concerned: gives how often it stands in a value (:meth:`video_assets.takedown.traces.Traces.in_value`).

        Returns:
            How many verdicts.
        """
        with self._changing() as database:
            gone = [
                n
                for n, *values in database.execute("SELECT number, clip_id, row, rater FROM verdicts")
                if any(map(concerned, values))
            ]
            lines = [
                n
                for n, *values in database.execute("SELECT number, clip_id, said FROM audit")
                if any(map(concerned, values))
            ]
            held = [c for (c,) in database.execute("SELECT clip_id FROM leases") if concerned(c)]
            database.executemany("DELETE FROM verdicts WHERE number = ?", [[n] for n in gone])
            database.executemany(
                "UPDATE audit SET clip_id = NULL, said = 'taken down' WHERE number = ?", [[n] for n in lines]
            )
            database.executemany("DELETE FROM leases WHERE clip_id = ?", [[c] for c in held])
        # Also where nothing was found: who was killed here before has left it in free pages and in the log.
        database.execute("VACUUM")
        for _ in range(_CHECKPOINTS):
            # A reader of an older version keeps the log from being emptied, and SQLite says so in a row alone.
            [(busy, _, _)] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if not busy:
                break
            time.sleep(_PAUSE_S)
        return len(gone)


def journal_of(scratch: Path) -> Journal | None:
    """The journal in some scratch space, if there is one; who asks must close it."""
    return Journal(scratch / FILE) if (scratch / FILE).is_file() else None


def is_journal(path: Path) -> bool:
    """Whether a file is the journal or SQLite's beside it, which nobody but SQLite may remove while a server has it open."""
    return path.parent.name == Path(FILE).parent.name and path.name.startswith(Path(FILE).name)


def forget(scratch: Path, concerned: Any) -> int:
    """The same as :meth:`Journal.forget` of the journal in some scratch space; 0 where there is none."""
    if (journal := journal_of(scratch)) is None:
        return 0
    with closing(journal):
        return journal.forget(concerned)


def now() -> str:
    """The present moment as the journal has it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _holds(database: sqlite3.Connection, review_id: str, rater: str) -> bool:
    found = database.execute(
        "SELECT 1 FROM verdicts AS v WHERE review_id = ? AND rater = ? AND takes_back IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM verdicts AS t WHERE t.takes_back = v.review_id)",
        [review_id, rater],
    )
    return found.fetchone() is not None


def _note(
    database: sqlite3.Connection, action: str, rater: str | None, address: str, clip_id: str | None, said: str | None
) -> None:
    database.execute(
        "INSERT INTO audit (at, rater, address, action, clip_id, said) VALUES (?, ?, ?, ?, ?, ?)",
        [now(), rater, address, action, clip_id, said],
    )
