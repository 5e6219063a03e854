"""How far worker processes are, while they are at it: each appends a byte to its job's file for every subject that is done.

Nothing but a file is shared, so a worker that dies leaves a true count behind, and one that hangs holds up nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.5


class Marks:
    """What a worker writes into its job's file; without a file nobody asks.

    Args:
        path: the job's file (:meth:`Tally.file`).
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._written = 0

    def up_to(self, subjects: int) -> None:
        """So many subjects of the job are done."""
        if self._path is None or subjects <= self._written:
            return
        # A count that cannot be written costs nothing that is measured.
        with suppress(OSError), self._path.open("ab") as file:
            file.write(bytes(subjects - self._written))
            self._written = subjects


class Tally:
    """Counts the subjects of some jobs while workers are at them; a context manager around the work.

    Args:
        folder: where the jobs' files are; it must exist.
        subjects: by job, how many it has.
        report: called with how many are done and how many there are, whenever there are more; from another thread too,
            but never twice at the same time.
    """

    def __init__(self, folder: Path, subjects: Mapping[str, int], report: Callable[[int, int], None]) -> None:
        self._folder = folder
        self._subjects = dict(subjects)
        self._files = {key: f"{place}.done" for place, key in enumerate(self._subjects)}
        self._of_file = {name: self._subjects[key] for key, name in self._files.items()}
        self._report = report
        self._total = sum(self._subjects.values())
        self._finished = 0
        self._told = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._looking = threading.Thread(target=self._look_now_and_then, daemon=True)

    def file(self, key: str) -> Path:
        """The file into which the job's worker writes its marks."""
        return self._folder / self._files[key]

    def done(self, key: str, _outcome: object = None) -> None:
        """The job has ended, whatever became of it: all its subjects are done. Fits ``on_done`` of ``run_guarded``."""
        with self._lock:
            self._finished += self._subjects[key]
            self._of_file.pop(self._files[key])
            self.file(key).unlink(missing_ok=True)
            self._tell()

    def __enter__(self) -> Tally:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._looking.join()

    def _look_now_and_then(self) -> None:
        while not self._end.wait(_SECONDS_BETWEEN_LOOKS):
            with self._lock:
                self._tell()

    def _tell(self) -> None:
        """Report, if there is more than was told. A job that is tried again has marks of both times: at most its own count."""
        now = self._finished
        with suppress(OSError), os.scandir(self._folder) as files:
            for file in files:
                if file.name in self._of_file:
                    now += min(file.stat().st_size, self._of_file[file.name])
        if now > self._told:
            self._told = now
            self._report(now, self._total)
