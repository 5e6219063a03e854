"""What jobs do on the cluster: importable, so that nodes can run them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from video_assets.media.job_files import MARKS, READS


@dataclass(frozen=True)
class Reading:
    """A job with files of the run's machine."""

    one: Path = field(metadata=READS)
    several: tuple[Path, ...] = field(metadata=READS)
    marks: Path | None = field(default=None, metadata=MARKS)


def read(job: Reading) -> tuple[list[str], bool, bool]:
    """What the files hold, whether they are where the run has them, and whether anybody counts."""
    texts = [path.read_text() for path in (job.one, *job.several)]
    return texts, job.one.name == "one.txt", job.marks is not None


@dataclass(frozen=True)
class Diary:
    """A job that notes each attempt as a line of ``path``."""

    name: str
    path: Path
    seconds: float = 0.0

    def note(self) -> int:
        """How often it was begun, with this time."""
        with self.path.open("a") as diary:
            diary.write(f"{self.name}\n")
        return self.path.read_text().splitlines().count(self.name)


def end_the_node(job: Diary) -> str:
    """End the node's process that guards this one, always or the first time."""
    times = job.note()
    node = multiprocessing.parent_process()
    assert node is not None
    assert node.pid is not None
    if job.name == "always" or (job.name == "once" and times == 1):
        os.kill(node.pid, signal.SIGKILL)
        signal.pause()
    return f"{job.name} measured"


def take_time(job: Diary) -> str:
    job.note()
    time.sleep(job.seconds)
    return f"{job.name} measured"


def wait_for_word(job: Diary) -> str:
    """The first one is done at once, the others when there is a file beside the diary that says so."""
    job.note()
    if job.name != "video 0":
        job.path.with_name(f"{os.getpid()}.waits").touch()
        while not job.path.with_suffix(".go").exists():
            time.sleep(0.05)
    return f"{job.name} measured"


_loaded: list[str] = []


def with_model(job: str) -> tuple[int, int]:
    """The process, and how many jobs it has done with what it has loaded; one that crashes gives nothing."""
    _loaded.append(job)
    if job == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return os.getpid(), len(_loaded)
