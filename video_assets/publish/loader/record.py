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

:mod:`video_assets.publish.loader.run_read` reads the files of all ranks.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = 1
_SYNC_SECONDS = 1.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


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
