"""What looking at a file can do to its worker: importable, so that workers can run it. Files named *bad* misbehave."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from video_assets.measure.tasks import hash_alone, identify

Job = tuple[Path, int, Path | None]
Named = tuple[str, float]


def misbehave(path: Path) -> None:
    """Do what the file's name says, when it says that it is bad."""
    match path.stem.split():
        case ["bad", "surprise"]:
            raise TypeError("open() got an unexpected keyword argument 'metadata_errors'")
        case ["bad", "crash"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        case ["bad", "killed"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["bad", "hang"]:
            signal.pause()
        case ["bad", "swelling"]:
            raise MemoryError
        case ["bad", "disk"]:
            raise OSError(5, "Input/output error")


def look(job: Job) -> Named:
    """Misbehave at the look at the header."""
    misbehave(job[0])
    return identify(job)


def read(job: Job) -> Named:
    """Misbehave at the bytes alone, too."""
    misbehave(job[0])
    return hash_alone(job)


def deletes(job: Job) -> Named:
    """Somebody removes the file."""
    if job[0].stem.startswith("bad"):
        job[0].unlink()
    return identify(job)
