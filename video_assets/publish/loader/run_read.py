"""What a training run read, from the records of its ranks (:mod:`video_assets.publish.loader.record`).

An attempt that was killed has read more than its last checkpoint had: that is rolled back with the weights, and read again. What
was kept of an attempt is told by where later ones went on from, and of the last one by its last checkpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from video_assets.publish.loader.record import FORMAT, Reading

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
