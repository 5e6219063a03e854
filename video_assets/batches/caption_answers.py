"""Answers of models behind endpoints, and of other captioners, that are finished and not yet committed: kept line by line, so that a kill loses none of them.

What an endpoint says costs time and money. Each answer is on disk before the next is waited for; the run after a kill
takes them up and asks for the rest alone. What failed for a passing reason, or at a limit, is not kept, so that it is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from filelock import FileLock
from pydantic import TypeAdapter

from video_assets.describe.answer import Answer, T


class Answers(Generic[T]):
    """The answers of one captioner, or of the judge, in one version on one batch. One process at a time has them.

    Args:
        form: what the answers are of.
        path: a file of their own; it need not exist.
        lock_timeout_s: how long another process is waited for, in s.
    """

    def __init__(self, form: type[T], path: Path, lock_timeout_s: float) -> None:
        self._path, self._timeout = path, lock_timeout_s
        self._adapter: TypeAdapter[Answer[T]] = TypeAdapter(Answer[form])  # type: ignore[valid-type]

    @contextmanager
    def opened(self) -> Iterator[dict[str, Answer[T]]]:
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

    def keep(self, writing: str, answer: Answer[T]) -> None:
        """Put an answer on disk, unless it failed for a passing reason or at a limit."""
        if answer.reason is not None and (answer.reason.transient or answer.reason.at_a_limit):
            return
        with self._path.open("ab") as file:
            file.write(self._line(writing, answer))

    def forget(self) -> None:
        """Remove them: they are committed."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[tuple[str, Answer[T]]]:
        if not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                writing, _, answer = line.partition(b" ")
                yield writing.decode(), self._adapter.validate_json(answer)

    def _line(self, writing: str, answer: Answer[T]) -> bytes:
        return writing.encode() + b" " + self._adapter.dump_json(answer) + b"\n"

    def _write(self, answers: dict[str, Answer[T]]) -> None:
        if not answers:
            self._path.unlink(missing_ok=True)
            return
        made = self._path.with_suffix(".making")
        made.write_bytes(b"".join(self._line(writing, answer) for writing, answer in answers.items()))
        made.replace(self._path)


def named(clip_id: str, version: str) -> str:
    """A writing: a clip and the version, with its number, in which it is captioned."""
    return f"{clip_id}@{version}"
