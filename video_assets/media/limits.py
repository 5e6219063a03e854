"""How far a worker may go with one job: CPU time, time without any, and memory; each with the settings that say so.

CPU time is what a job costs, whatever else the machine does; the clock on the wall only tells a hang. Which settings set
a limit is kept with what failed at it, so that it is tried again when they are others.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from pydantic import BaseModel

from video_assets.settings import CaptionerSettings, Settings, WorkerSettings

# Frames that a declared duration is taken to have, where the container says fewer or nothing; and the fewest pixels that
# a picture counts as, since a frame costs something however small it is.
_LEAST_FPS = 30.0
_LEAST_PIXELS = 1_000_000
# A file holds no more frames than these bytes for each allow, whatever it declares; and is taken to hold so many where it
# declares nothing.
_FEWEST_BYTES_PER_FRAME = 10
_BYTES_PER_FRAME = 1000

# How C, C++, OpenCV, PyTorch, ONNX Runtime, the loader, Python's threads and Rust's say that they got no memory.
_NO_MEMORY = (
    "bad_alloc", "bad allocation", "insufficient memory", "can't allocate memory", "failed to allocate memory",
    "cannot allocate memory", "can't start new thread", "spawn thread", "failed to map segment",
)  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """An amount, and the settings that set it, with their values."""

    most: float
    by: str


@dataclass(frozen=True)
class Limits:
    """How far a job may go: CPU seconds, seconds without any to speak of, and MiB of memory."""

    cpu_seconds: Limit
    idle_seconds: Limit
    memory_mib: Limit

    @property
    def by(self) -> tuple[str, ...]:
        """The settings of the limits, as rows name them that failed at one or another."""
        return self.cpu_seconds.by, self.hang_by, self.memory_mib.by

    @property
    def hang_by(self) -> str:
        """The settings to which a hang may be due: code that gets no memory may wait for ever for what will not come."""
        return f"{self.idle_seconds.by}, {self.memory_mib.by}"


@dataclass(frozen=True)
class Declared:
    """What the container says of a video; None where it says nothing."""

    pixels: int
    duration_s: float | None
    fps: float | None


def reading(workers: WorkerSettings, size_bytes: int) -> Limits:
    """Limits of hashing and probing a file."""
    by = _named("workers", workers, "cpu_seconds_base", "cpu_seconds_per_gib")
    return _limits(workers, workers.cpu_seconds_base + _by_bytes(workers, size_bytes), by)


def decoding(workers: WorkerSettings, size_bytes: int, declared: Declared) -> Limits:
    """Limits of the one decode of a video: more for more bytes, and for more pixels over its declared duration."""
    by = _named("workers", workers, "cpu_seconds_base", "cpu_seconds_per_gib", "cpu_seconds_per_gigapixel")
    gigapixels = max(declared.pixels, _LEAST_PIXELS) * _frames(size_bytes, declared) / 1e9
    seconds = workers.cpu_seconds_base + _by_bytes(workers, size_bytes)
    return _limits(workers, seconds + workers.cpu_seconds_per_gigapixel * gigapixels, by)


def cutting(workers: WorkerSettings, size_bytes: int, declared: Declared, clips: int, pixels: int) -> Limits:
    """Limits of cutting clips out of a video: of decoding it whole for each of them, where no seek finds one, and of encoding.

    Args:
        workers: the limits' settings.
        size_bytes: of the video.
        declared: what its container says.
        clips: how many are cut.
        pixels: of all their pictures together.
    """
    whole = decoding(workers, size_bytes, declared)
    by = _named("workers", workers, "cpu_seconds_per_gigapixel_encoded")
    encoding = workers.cpu_seconds_per_gigapixel_encoded * pixels / 1e9
    return _limits(workers, clips * whole.cpu_seconds.most + encoding, f"{whole.cpu_seconds.by}, {by}")


def looking(settings: Settings, pictures: int) -> Limits:
    """Limits of a model's job with so many pictures."""
    each = settings.models.cpu_seconds_per_picture
    by = f"{_base(settings.workers)}, {_named('models', settings.models, 'cpu_seconds_per_picture')}"
    return _limits(settings.workers, settings.workers.cpu_seconds_base + each * pictures, by)


def scoring(settings: Settings, frames: int) -> Limits:
    """Limits of the transition network's job with so many frames."""
    each = settings.transitions.cpu_seconds_per_frame
    by = f"{_base(settings.workers)}, {_named('transitions', settings.transitions, 'cpu_seconds_per_frame')}"
    return _limits(settings.workers, settings.workers.cpu_seconds_base + each * frames, by)


def captioning(captioner: CaptionerSettings, workers: WorkerSettings, clips: int) -> Limits:
    """Limits of a local captioner's job with so many clips."""
    section = f"captioners.{captioner.name}"
    by = f"{_base(workers)}, {_named(section, captioner, 'cpu_seconds_per_clip')}"
    seconds = workers.cpu_seconds_base + captioner.cpu_seconds_per_clip * clips
    memory = Limit(captioner.memory_mib, _named(section, captioner, "memory_mib"))
    return Limits(Limit(seconds, by), _idle(workers), memory)


def _limits(workers: WorkerSettings, cpu_seconds: float, by: str) -> Limits:
    memory = Limit(workers.memory_mib, _named("workers", workers, "memory_mib"))
    return Limits(Limit(cpu_seconds, by), _idle(workers), memory)


def _idle(workers: WorkerSettings) -> Limit:
    return Limit(workers.idle_seconds, _named("workers", workers, "idle_seconds"))


def _by_bytes(workers: WorkerSettings, size_bytes: int) -> float:
    return workers.cpu_seconds_per_gib * size_bytes / 2**30


def _frames(size_bytes: int, declared: Declared) -> float:
    if not declared.duration_s:
        return size_bytes / _BYTES_PER_FRAME
    return min(declared.duration_s * max(declared.fps or 0.0, _LEAST_FPS), size_bytes / _FEWEST_BYTES_PER_FRAME)


def _base(workers: WorkerSettings) -> str:
    return _named("workers", workers, "cpu_seconds_base")


def _named(section: str, settings: BaseModel, *names: str) -> str:
    return ", ".join(f"{section}.{name} = {getattr(settings, name):g}" for name in names)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was no memory, in the words of any of the libraries that a worker runs."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return any(words in str(error).lower() for words in _NO_MEMORY)
