"""The watch over worker processes: it sees what each job costs, and ends those that go beyond their limits.

It looks from outside, at what the kernel says of the processes, so that code that never comes back to Python is watched
like any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import sysconf
from pathlib import Path
from typing import Protocol

from video_assets.media.limits import Limits
from video_assets.reasons import Reason

LOOK_EVERY_S = 0.25
# A worker that uses a smaller share of a CPU than this does nothing: something in it may yet look at a clock.
_LEAST_SHARE = 0.001
_TICKS_PER_SECOND = sysconf("SC_CLK_TCK")


class Desks(Protocol):
    """Memory that this process and its workers share: of each job the id of the process that is at it, or 0."""

    def __getitem__(self, job: int, /) -> int: ...

    def __setitem__(self, job: int, pid: int, /) -> None: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Usage:
    """What the kernel says of a process.

    Attributes:
        cpu_seconds: user and system time of all its threads.
        state: of its main thread: R runs or waits for a core, D waits for a disk, T is stopped, S sleeps.
    """

    cpu_seconds: float
    state: str


def usage(pid: int) -> Usage | None:
    """What a process has used so far; None when there is none."""
    try:
        # The name stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND, fields[0])


@dataclass(frozen=True)
class Stopped:
    """Why a job was ended."""

    reason: Reason
    message: str
    limited_by: str | None


@dataclass
class Course:
    """One job's course so far.

    Attributes:
        pid: the process that is at it.
        limits: how far it may go.
        began: the process's CPU seconds when it was first seen at it.
        alive: the same when it last did something.
        idle: seconds since then that the watch has seen.
    """

    pid: int
    limits: Limits
    began: float
    alive: float
    idle: float = 0.0

    def seen(self, now: Usage, seconds: float) -> Stopped | None:
        """Take note of what the process has used since the last look, so many seconds ago; say whether that is too much."""
        most = self.limits.cpu_seconds
        if now.cpu_seconds - self.began > most.most:
            return Stopped(Reason.DECODE_TIMEOUT, f"Stopped at its limit of {most.most:.0f} s of CPU time.", most.by)
        idle = self.limits.idle_seconds
        # What waits for a core does not hang.
        if now.state == "R" or now.cpu_seconds - self.alive > _LEAST_SHARE * idle.most:
            self.alive, self.idle = now.cpu_seconds, 0.0
            return None
        self.idle += seconds
        return _hung(now.state, idle.most, self.limits.hang_by) if self.idle > idle.most else None


def _hung(state: str, seconds: float, by: str) -> Stopped:
    """Why a process does nothing: what waits for a disk, or was stopped from outside, may go on another time."""
    if state == "D":
        return Stopped(Reason.READ_ERROR, f"The disk did not answer for {seconds:.0f} s.", None)
    if state in "Tt":
        return Stopped(Reason.WORKER_LOST, f"The worker was stopped from outside for {seconds:.0f} s.", None)
    return Stopped(Reason.DECODE_TIMEOUT, f"It hung: for {seconds:.0f} s it did nothing.", by)


@contextmanager
def watching(desks: Desks, limits: Sequence[Limits], stop: Callable[[int, Stopped], None]) -> Iterator[None]:
    """Watch the jobs for as long as the block runs.

    Args:
        desks: which process is at which job.
        limits: of each job.
        stop: called in another thread, with the number of a job that went too far and with why.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(desks, limits, stop, over), name="watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(desks: Desks, limits: Sequence[Limits], stop: Callable[[int, Stopped], None], over: threading.Event) -> None:
    courses: dict[int, Course] = {}
    last = time.monotonic()
    while not over.wait(LOOK_EVERY_S):
        now = time.monotonic()
        # When this process was stopped or slept itself, nobody knows what the workers did meanwhile.
        seconds, last = min(now - last, 4 * LOOK_EVERY_S), now
        for job in range(len(desks)):
            pid = desks[job]
            used = usage(pid) if pid else None
            if used is None:
                courses.pop(job, None)
                continue
            if job not in courses or courses[job].pid != pid:
                courses[job] = Course(pid, limits[job], used.cpu_seconds, used.cpu_seconds)
            if stopped := courses[job].seen(used, seconds):
                stop(job, stopped)
