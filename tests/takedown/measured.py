"""Videos measured as far as copies are known by it: no model is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from tests.cheaply import measure_cheaply
from tests.place import Place, look
from video_assets.batches.copy_checks import check_copies
from video_assets.batches.step import Step
from video_assets.measurements import measurements
from video_assets.settings import ShotSettings


def step_in(place: Place) -> Step:
    """A step in a lake that is there, or in a new one."""
    lake = place.quick_lake(shots=ShotSettings(network=False))
    return Step(lake, measurements(lake.settings, {}))


def measure(step: Step, folder: Path) -> str:
    """Take in what is new in a folder, measure it and compare it; its batch."""
    [batch] = look(step.lake, folder).batches
    measure_again(step, batch)
    return batch


def measure_again(step: Step, batch: str) -> None:
    measure_cheaply(step, batch)
    check_copies(step, batch)


def encode(source: Path, target: Path, *options: str, start: float = 0.0) -> Path:
    """Encode a file again, from a moment on."""
    target.parent.mkdir(exist_ok=True)
    read = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-ss", str(start), "-i", str(source)]
    write = ["-an", *options, "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", str(target)]
    subprocess.run([*read, *write], check=True)
    return target
