"""What a decode can do to its worker: importable, so that workers can run it. Small files misbehave, others do not."""

from __future__ import annotations

import os
import signal
import time

from video_assets.measure.tasks import DecodeJob, SourceJob, TakenIn, decode, take_in
from video_assets.media.containers import MediaError
from video_assets.reasons import Reason

SMALL = 10_000  # bytes
TOIL = 4.0  # CPU seconds
FILL = 2 * 2**30  # bytes


def refuse(job: SourceJob) -> TakenIn:
    """Not know what a file is, as a decoder of long ago."""
    taken = take_in(job)
    if job.size_bytes >= SMALL:
        return taken
    return TakenIn(taken.video_id, taken.sha256, {}, Reason.NOT_A_VIDEO, "FFmpeg could not open it.")


def crash(job: DecodeJob) -> dict[str, object]:
    """Die as a decoder does that writes where it must not."""
    if job.size_bytes < SMALL:
        os.kill(os.getpid(), signal.SIGSEGV)
    return decode(job)


def hang(job: DecodeJob) -> dict[str, object]:
    """Never come back."""
    while job.size_bytes < SMALL:
        signal.pause()
    return decode(job)


def toil(job: DecodeJob) -> dict[str, object]:
    """Need more processor time than its picture and duration let expect."""
    enough = time.process_time() + TOIL
    while job.size_bytes < SMALL and time.process_time() < enough:
        pass
    return decode(job)


def fill(job: DecodeJob) -> dict[str, object]:
    """Need much memory."""
    held = bytearray(FILL if job.size_bytes < SMALL else 0)
    done = decode(job)
    del held
    return done


def swell(job: DecodeJob) -> dict[str, object]:
    """Ask for more memory than there is."""
    if job.size_bytes < SMALL:
        bytearray(2**40)
    return decode(job)


def vanish(job: DecodeJob) -> dict[str, object]:
    """Be killed from outside, every time."""
    if job.size_bytes < SMALL:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(job)


def vanish_once(job: DecodeJob) -> dict[str, object]:
    """Be killed from outside, the first time."""
    first = job.scratch / "tried"
    if job.size_bytes < SMALL and not first.exists():
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(job)


def stumble(job: DecodeJob) -> dict[str, object]:
    """Find the file unreadable once, as on a network."""
    first = job.scratch / "tried"
    if job.size_bytes < SMALL and not first.exists():
        first.touch()
        raise MediaError(Reason.READ_ERROR, "The disk did not answer.")
    return decode(job)


def surprise(job: DecodeJob) -> dict[str, object]:
    """Raise what nobody expects."""
    if job.size_bytes < SMALL:
        raise ZeroDivisionError("division by zero")
    return decode(job)
