"""What a training run really read, written down as it reads: a file for each rank, which a kill at any moment leaves usable.

A line is written before its batch is handed out, so that nothing was read that the file does not name. Lines of JSON:

``{"format": 1, "run": …, "attempt": …, "from": n, …}``
    An attempt begins: what is read, by what order, by how many ranks, with which configuration and code.
``{"read": n}``
    Batch ``n`` is handed out.
``{"skipped": n, "clip_id": …, "epoch": …, "why": …, "message": …}``
    A clip of batch ``n`` is not in it.
``{"kept": n}``
    A checkpoint has the batches before ``n``.

An attempt that was killed has read more than its last checkpoint had: that is rolled back with the weights, and read again. What
was kept of an attempt is told by where later ones went on from, and of the last one by its last checkpoint.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 1
_SYNC_SECONDS = 1.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_RANK = re.compile(r"\.rank-(\d+)\.jsonl$")
_OF_ATTEMPT = (
    "format",
    "attempt",
    "started_at",
    "rank",
    "ranks",
    "workers",
    "from",
    "code_revision",
    "config",
    "made_by",
)


@dataclass(frozen=True)
class Reading:
    """What is read, and by what order: the same in every attempt of a run.

    Attributes:
        release: its name.
        release_id: its id.
        order_version: of :mod:`video_assets.publish.loader.order`.
        order_id: :attr:`Order.id`.
        seed: of the order.
        batch_size: clips in a batch.
        frames: of a sample.
        fps: frames/s, as a fraction's text.
        split: whose clips.
        buckets: these alone; None: all.
        over: shards or sources.
    """

    release: str
    release_id: str
    order_version: int
    order_id: str
    seed: int
    batch_size: int
    frames: int
    fps: str
    split: str
    buckets: Sequence[str] | None
    over: str


class RunRecord:
    """Writes the record of one rank.

    Args:
        folder: where the files are, ``<run>.rank-<rank>.jsonl``; made if need be.
        run: name of the run: the same in all attempts and on all ranks.
        model: id of the model that is trained.
        config: the trainer's configuration, as JSON has it.
        code_revision: of the trainer's code.

    Raises:
        ValueError: a run cannot be named so.
    """

    def __init__(
        self, folder: Path, *, run: str, model: str, config: Mapping[str, Any] | None = None, code_revision: str = ""
    ) -> None:
        if not _NAME.fullmatch(run):
            raise ValueError(
                f"{run!r} is no name for a run; take letters, digits, points, hyphens and underscores, at most 128."
            )
        self.folder, self.run, self.model = folder, run, model
        self.config, self.code_revision = dict(config or {}), code_revision
        self._file: int | None = None
        self._synced = 0.0

    def file(self, rank: int) -> Path:
        """Where a rank's record is."""
        return self.folder / f"{self.run}.rank-{rank}.jsonl"

    def begin(self, attempt: str, reading: Reading, start: int, rank: int, ranks: int, workers: int) -> None:
        """Note that an attempt begins.

        Args:
            attempt: another one each time, and the same on all ranks.
            reading: what is read.
            start: from which batch on.
            rank: whose record this is.
            ranks: how many there are.
            workers: processes that load for each.

        Raises:
            BlockingIOError: another process writes this record.
        """
        from importlib.metadata import version

        if self._file is None:
            self._file = _opened(self.file(rank))
        said = {
            "format": FORMAT, "run": self.run, "attempt": attempt, "model": self.model, **asdict(reading),
            "from": start, "rank": rank, "ranks": ranks, "workers": workers, "config": self.config,
            "code_revision": self.code_revision, "made_by": version("video_assets"), "started_at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        self._write(said, sync=True)

    def read(self, number: int, skipped: Sequence[Mapping[str, Any]] = ()) -> None:
        """Note that a batch is handed out, and which clips are not in it. To be called before it is."""
        for one in skipped:
            self._write({"skipped": number, **one}, sync=True)
        self._write({"read": number}, sync=time.monotonic() > self._synced + _SYNC_SECONDS)

    def kept(self, position: int) -> None:
        """Note that a checkpoint was saved that has the batches before ``position``."""
        self._write({"kept": position}, sync=True)

    def close(self) -> None:
        """Let another process go on with the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, said: Mapping[str, Any], *, sync: bool) -> None:
        if self._file is None:
            raise ValueError("The record has not begun.")
        rest = json.dumps(said, sort_keys=True, ensure_ascii=False).encode() + b"\n"
        while rest:
            rest = rest[os.write(self._file, rest) :]
        if sync:
            os.fsync(self._file)
            self._synced = time.monotonic()


def _opened(path: Path) -> int:
    """A descriptor at the end of a file, which no other process writes; a line that a kill has cut off is taken away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        # A lock of the process: its forked workers do not have it when it is gone.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another descriptor of the file would take the lock along when it is closed.
        before = os.pread(file, os.fstat(file).st_size, 0)
        os.ftruncate(file, before.rfind(b"\n") + 1)
    except BlockingIOError as error:
        os.close(file)
        raise BlockingIOError(f"Another process writes {path}.") from error
    return file


class Skipped(NamedTuple):
    """A clip that was not in its batch."""

    batch: int
    clip_id: str
    epoch: int
    why: str
    message: str


Range = tuple[int, int]
"""Batches from the first number on, the second not included."""


@dataclass(frozen=True)
class Attempt:
    """What one attempt read, on all ranks.

    Attributes:
        id: of the attempt.
        started_at: when, on the first rank that noted it.
        ranks: how many.
        workers: processes for each.
        start: batch from which it went on.
        code_revision: of the trainer's code.
        config: of the trainer.
        kept: batches whose training is in the run's weights.
        rolled_back: batches that were read and whose training was lost.
        skipped: clips that were not in their batches.
    """

    id: str
    started_at: datetime
    ranks: int
    workers: int
    start: int
    code_revision: str
    config: Mapping[str, Any]
    kept: Sequence[Range]
    rolled_back: Sequence[Range]
    skipped: Sequence[Skipped]


@dataclass(frozen=True)
class RunRead:
    """What a run read.

    Attributes:
        run: its name.
        model: what was trained.
        reading: what was read by which order.
        attempts: one after the other.
    """

    run: str
    model: str
    reading: Reading
    attempts: Sequence[Attempt]


@dataclass
class _Session:
    """An attempt in one rank's file."""

    said: Mapping[str, Any]
    read: list[int]
    skipped: list[Skipped]
    kept: int | None


def merged(files: Sequence[Path]) -> RunRead:
    """Bring the records of a run's ranks together.

    Args:
        files: of all ranks that any attempt had. An empty one says that its rank never read anything.

    Raises:
        ValueError: one is missing, is no record, or is of another run.
    """
    sessions = [session for file in files for session in _sessions(file)]
    if not sessions:
        raise ValueError("There is no attempt in the record.")
    first = sessions[0].said
    common = {key: value for key, value in first.items() if key not in _OF_ATTEMPT}
    for session in sessions:
        other = sorted(key for key in common if session.said.get(key) != common[key])
        if other:
            raise ValueError(
                f"The files are not of one run that reads one order: {', '.join(other)} are not the same in all."
            )
    _all_there(sessions, files)
    by_attempt: dict[str, list[_Session]] = {}
    for session in sorted(sessions, key=lambda s: str(s.said["started_at"])):
        by_attempt.setdefault(session.said["attempt"], []).append(session)
    groups = list(by_attempt.values())
    starts = [int(group[0].said["from"]) for group in groups]
    attempts = []
    for number, group in enumerate(groups):
        later = starts[number + 1 :]
        bound = min(later) if later else max((s.kept for s in group if s.kept is not None), default=starts[number])
        attempts.append(_attempt(group, bound))
    run, model = common.pop("run"), common.pop("model")
    return RunRead(run, model, Reading(**common), attempts)


def _all_there(sessions: Sequence[_Session], files: Sequence[Path]) -> None:
    """See that no rank's record is missing: it would be a part of what was read.

    Raises:
        ValueError: one is.
    """
    there = {int(s.said["rank"]) for s in sessions}
    there |= {int(found[1]) for file in files if (found := _RANK.search(file.name))}
    missing = sorted(set(range(max(int(s.said["ranks"]) for s in sessions))) - there)
    if missing:
        raise ValueError(
            f"The records of these ranks are missing: {', '.join(map(str, missing))}. Name all files of the run "
            f"({sessions[0].said['run']}.rank-N.jsonl); an empty one says that a rank never read anything."
        )


def _attempt(group: Sequence[_Session], bound: int) -> Attempt:
    said = group[0].said
    read = sorted({number for session in group for number in session.read})
    handed_out = set(read)
    skipped = sorted({skip for session in group for skip in session.skipped if skip.batch in handed_out})
    return Attempt(
        said["attempt"], datetime.fromisoformat(said["started_at"]), said["ranks"], said["workers"], said["from"],
        said["code_revision"], said["config"], ranges([n for n in read if n < bound]),
        ranges([n for n in read if n >= bound]), skipped,
    )  # fmt: skip


def ranges(numbers: Sequence[int]) -> list[Range]:
    """Rising numbers as ranges.

    >>> ranges([3, 4, 5, 9])
    [(3, 6), (9, 10)]
    """
    found: list[Range] = []
    for number in numbers:
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def _sessions(file: Path) -> Iterator[_Session]:
    """The attempts in a rank's file.

    Raises:
        ValueError: it is no record. A last line without an end is no fault: its batch was not handed out.
    """
    session: _Session | None = None
    text = file.read_bytes()
    for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
        try:
            said = json.loads(line)
            if "format" in said:
                if session:
                    yield session
                if said["format"] != FORMAT:
                    raise ValueError(f"{file} is a record of format {said['format']}; this version reads {FORMAT}.")
                session = _Session(said, [], [], None)
            elif session is None:
                raise KeyError("run")
            elif "read" in said:
                session.read.append(int(said["read"]))
            elif "skipped" in said:
                named = (said[key] for key in ("skipped", "clip_id", "epoch", "why", "message"))
                session.skipped.append(Skipped(*named))
            else:
                session.kept = int(said["kept"])
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{file} is no training record: line {number} is not one of its lines.") from error
    if session:
        yield session
