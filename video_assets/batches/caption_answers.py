"""Answers of captioners that are finished and not yet committed: kept line by line, so that a kill loses none of them.

An endpoint's captions cost time and money. Each answer is on disk before the next is waited for; the run after a kill
takes them up and asks for the rest alone. What failed for a passing reason, or at a limit, is not kept, so that it is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter

from video_assets.describe.answer import Answer

_ANSWER = TypeAdapter(Answer)


class Answers:
    """The answers of one captioner in one version on one batch. One process at a time has them.

    Args:
        path: a file of their own; it need not exist.
        lock_timeout_s: how long another process is waited for, in s.
    """

    def __init__(self, path: Path, lock_timeout_s: float) -> None:
        self._path, self._timeout = path, lock_timeout_s

    @contextmanager
    def opened(self) -> Iterator[dict[str, Answer]]:
        """What a killed run had finished, by writing (see :func:`named`); inside the block, more is kept.

        Raises:
            filelock.Timeout: another process has them.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._path}.lock", timeout=self._timeout):
            found = dict(self._read())
            # A line that the kill broke off must not run into the next.
            self._write(found)
            yield found

    def keep(self, writing: str, answer: Answer) -> None:
        """Put an answer on disk, unless it failed for a passing reason or at a limit."""
        if answer.reason is not None and (answer.reason.transient or answer.reason.at_a_limit):
            return
        with self._path.open("ab") as file:
            file.write(_line(writing, answer))

    def forget(self) -> None:
        """Remove them: they are committed."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[tuple[str, Answer]]:
        if not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                writing, _, answer = line.partition(b" ")
                yield writing.decode(), _ANSWER.validate_json(answer)

    def _write(self, answers: dict[str, Answer]) -> None:
        if not answers:
            self._path.unlink(missing_ok=True)
            return
        made = self._path.with_suffix(".making")
        made.write_bytes(b"".join(_line(writing, answer) for writing, answer in answers.items()))
        made.replace(self._path)


def _line(writing: str, answer: Answer) -> bytes:
    return writing.encode() + b" " + _ANSWER.dump_json(answer) + b"\n"


def named(clip_id: str, version: str) -> str:
    """A writing: a clip and the version, with its number, in which it is captioned."""
    return f"{clip_id}@{version}"
