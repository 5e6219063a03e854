"""What runs on a node of the cluster: one video's job, in the same guarded process as on one machine.

A node's own process holds no media and no model: these are in the process that it guards, so that whatever a job does
costs that process, and the node's process lives on to say why.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import video_assets
from video_assets.media.job_files import moved
from video_assets.media.limits import Limits
from video_assets.media.workers import Outcome, WarmWorker
from video_assets.reasons import Reason

_LOOK_S = 0.5


class OtherCodeError(RuntimeError):
    """A node has another version of the code than the run: what it measures would be called by the wrong version."""


@dataclass(frozen=True)
class Origin:
    """Where a job comes from.

    Attributes:
        code: :func:`code_version` of the run.
        folder: the run's working directory, which relative settings refer to.
    """

    code: str
    folder: str

    @classmethod
    def here(cls) -> Origin:
        return cls(code_version(), str(Path.cwd()))

    def enter(self) -> None:
        """Make this process one that works for it.

        Raises:
            OtherCodeError: this node has other code.
        """
        if self.code != code_version():
            raise OtherCodeError(
                f"The node {os.uname().nodename} has another version of video_assets in {_PACKAGE}; install the run's there."
            )
        with suppress(OSError):  # a node need not have the folder where nothing relative is read
            os.chdir(self.folder)
        # Forked processes would load what Ray has started here, which takes a second each, and need nothing of it.
        sys.modules["__main__"].__dict__.pop("__file__", None)


@dataclass(frozen=True)
class Parcel:
    """A job on its way. What is in it is unpacked in the guarded process.

    Attributes:
        function: the module and the name of the function.
        job: pickled.
        files: the paths that the job has of the files that it reads; their contents are sent beside it.
        limits: how far it may go.
        attempts: how often a transient failure is tried.
    """

    function: tuple[str, str]
    job: bytes
    files: tuple[Path, ...]
    limits: Limits
    attempts: int


@dataclass(frozen=True)
class Unpacked:
    """The same beside its files on this node, for the guarded process."""

    function: tuple[str, str]
    job: bytes
    places: Mapping[Path, Path]


def do(unpacked: Unpacked) -> Any:
    """Runs in the guarded process."""
    module, name = unpacked.function
    function = getattr(importlib.import_module(module), name)
    return function(moved(pickle.loads(unpacked.job), unpacked.places))  # noqa: S301 - the run pickled it


_worker: WarmWorker | None = None
"""The guarded process of this node's process, for jobs without a model."""


def do_task(origin: Origin, parcel: Parcel, *contents: bytes) -> Outcome[Any]:
    """Do one job in a Ray task. The guarded process stays for the next task that Ray gives to the same process.

    Raises:
        OtherCodeError: this node has other code.
    """
    global _worker
    origin.enter()
    if _worker is None:
        _worker = WarmWorker(do, parcel.function[0])
    return _done(_worker, parcel, contents)


def _done(worker: WarmWorker, parcel: Parcel, contents: Sequence[bytes]) -> Outcome[Any]:
    try:
        with _files(parcel.files, contents) as places:
            return worker.run(Unpacked(parcel.function, parcel.job, places), parcel.limits, parcel.attempts)
    except OSError as error:  # the node's disk is full, for one
        return Outcome(None, Reason.READ_ERROR, f"On {os.uname().nodename}: {error}")


@contextmanager
def _files(paths: Sequence[Path], contents: Sequence[bytes]) -> Iterator[Mapping[Path, Path]]:
    """The files of a job on this node's disk."""
    if not paths:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="video-assets-") as folder:
        places = {path: Path(folder, str(number)) for number, path in enumerate(paths)}
        for path, content in zip(paths, contents, strict=True):
            places[path].write_bytes(content)
        yield places


class Holder:
    """A Ray actor with one guarded process, in which a model stays loaded from job to job and from run to run.

    It leaves when there was no work for it for a while, and sooner where others wait for what it takes.

    Args:
        origin: of the run that makes it.
        module: of the function that it will run.
        idle_seconds: how long it stays without work.
    """

    def __init__(self, origin: Origin, module: str, idle_seconds: float) -> None:
        self._origin = origin
        self._worker = WarmWorker(do, module)
        self._at_work = threading.Lock()
        self._last = time.monotonic()
        threading.Thread(target=self._leave_in_time, args=(idle_seconds,), daemon=True).start()

    def hello(self) -> str:
        """Answers once it is there: the node's id.

        Raises:
            OtherCodeError: the node has other code.
        """
        import ray

        self._origin.enter()
        return str(ray.get_runtime_context().get_node_id())

    def do(self, parcel: Parcel, *contents: bytes) -> Outcome[Any]:
        """Do one job."""
        with self._at_work:
            try:
                return _done(self._worker, parcel, contents)
            finally:
                self._last = time.monotonic()

    def leave(self, idle_seconds: float) -> None:
        """Go, if there was no work for so long."""
        import ray

        if not self._at_work.acquire(blocking=False):
            return
        if time.monotonic() - self._last < idle_seconds:
            self._at_work.release()
            return
        self._worker.close()  # and no more work is begun: the lock stays
        ray.kill(ray.get_runtime_context().current_actor)

    def _leave_in_time(self, idle_seconds: float) -> None:
        while True:
            time.sleep(min(_LOOK_S, idle_seconds / 4))
            self.leave(idle_seconds)


_PACKAGE = Path(video_assets.__file__).parent


@lru_cache(maxsize=1)
def code_version() -> str:
    """Hash of the package's code, the same on every machine that has the same."""
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        found.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
