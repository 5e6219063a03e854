"""Videos with known transitions: stretches of real shots, joined by cuts, dissolves and fades, with traps inside them.

A trap is what is taken for a transition and is none: a flash of one to three frames, and a whip pan.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

Frames: TypeAlias = npt.NDArray[Any]
SIZE = WIDTH, HEIGHT = 640, 360
FPS = 25
JOINS = {"cut": 0.55, "dissolve": 0.27, "fade": 0.18}
TRAPS = {"flash": 0.2, "pan": 0.2}


@dataclass(frozen=True)
class Shot:
    """A stretch of a file in which there is one shot."""

    path: str
    start: int
    end: int


@dataclass(frozen=True)
class Truth:
    """A transition or a trap: frames ``[start, end)``; a cut is where ``start == end``, the first frame after it."""

    kind: str
    start: int
    end: int


def make(target: Path, shots: list[Shot], joins: int, seed: int) -> tuple[Path, list[Truth]]:
    """Make a video of so many joins and its truth, the same for the same seed; one that is there is taken as it is."""
    notes = target.with_suffix(".json")
    if not notes.exists():
        random = np.random.default_rng(seed)
        video = _Video()
        video.begin(_stretch(shots, random))
        for kind in random.choice(list(JOINS), joins, p=list(JOINS.values())):
            video.join(str(kind), _stretch(shots, random), random)
            video.trap(random)
        _encode(target, video.frames)
        notes.write_text(json.dumps([asdict(t) for t in video.truth]))
    return target, [Truth(**t) for t in json.loads(notes.read_text())]


class _Video:
    def __init__(self) -> None:
        self.frames: list[Frames] = []
        self.truth: list[Truth] = []
        self._clean = 0  # No transition and no trap lies after this frame.

    def begin(self, shot: Frames) -> None:
        self.frames += list(shot)

    def join(self, kind: str, shot: Frames, random: np.random.Generator) -> None:
        end = len(self.frames)
        if kind == "cut":
            self.frames += list(shot)
            self.truth.append(Truth(kind, end, end))
        elif kind == "dissolve":
            length = int(random.integers(10, 31))
            length = min(length, end - self._clean - 5, len(shot) - 5)
            weights = np.arange(1, length + 1) / (length + 1)
            mixed = [_mix(a, b, w) for a, b, w in zip(self.frames[-length:], shot, weights, strict=False)]
            self.frames[-length:] = mixed
            self.frames += list(shot[length:])
            self.truth.append(Truth(kind, end - length, end))
        else:
            out, black, into = (int(random.integers(*span)) for span in ((8, 16), (2, 11), (8, 16)))
            out = min(out, end - self._clean - 5)
            dark = np.zeros_like(shot[0])
            for i in range(out):
                self.frames[end - out + i] = _mix(self.frames[end - out + i], dark, (i + 1) / (out + 1))
            self.frames += [dark] * black
            self.frames += [_mix(f, dark, 1 - (i + 1) / (into + 1)) for i, f in enumerate(shot[:into])]
            self.frames += list(shot[into:])
            self.truth.append(Truth(kind, end - out, end + black + into))
        self._clean = self.truth[-1].end

    def trap(self, random: np.random.Generator) -> None:
        """Put a trap into the last shot, or none."""
        draw, first = random.random(), self._clean + 12
        if len(self.frames) - first < 45:
            return
        if draw < TRAPS["flash"]:
            length, light = int(random.integers(1, 4)), int(random.choice([0, 255]))
            for i in range(first, first + length):
                self.frames[i] = _mix(self.frames[i], np.full_like(self.frames[i], light), 0.85)
            self.truth.append(Truth("flash", first, first + length))
            self._clean = first + length
        elif draw < TRAPS["flash"] + TRAPS["pan"]:
            length = int(random.integers(6, 12))
            self.frames[first : first + length] = [
                _swept(self.frames[first + i], i / length, (i + 1) / length) for i in range(length)
            ]
            self.truth.append(Truth("pan", first, first + length))
            self._clean = first + length


def _mix(a: Frames, b: Frames, weight: float) -> Frames:
    mixed: Frames = cv2.addWeighted(a, 1 - weight, b, weight, 0)
    return mixed


def _swept(frame: Frames, start: float, end: float) -> Frames:
    """Show what a camera sees that turns once around a scene that repeats, open from ``start`` to ``end`` of the turn."""
    scene = np.concatenate([frame, frame[:, ::-1]], axis=1)
    # A hand starts and stops.
    steps = (0.5 - 0.5 * np.cos(np.pi * np.linspace(start, end, 8))) * 2 * WIDTH
    views = [np.roll(scene, -round(s), axis=1)[:, :WIDTH].astype(np.float32) for s in steps]
    blurred: Frames = np.mean(views, axis=0).astype(np.uint8)
    return blurred


def _stretch(shots: list[Shot], random: np.random.Generator) -> Frames:
    """A part of a shot of 40 to 110 frames, mirrored or cropped or as it is; played to and fro when it is shorter."""
    shot = shots[int(random.integers(len(shots)))]
    length = int(random.integers(40, 111))
    start = shot.start + int(random.integers(max(shot.end - shot.start - length, 0) + 1))
    frames = _read(shot.path, start, min(start + length, shot.end))
    while len(frames) < length:
        frames = np.concatenate([frames, frames[-2::-1][: length - len(frames)]])
    if random.random() < 0.5:
        frames = frames[:, :, ::-1]
    share = random.choice([1.0, 0.6])
    width, height = int(WIDTH * share), int(HEIGHT * share)
    x, y = int(random.integers(WIDTH - width + 1)), int(random.integers(HEIGHT - height + 1))
    return np.stack([cv2.resize(f[y : y + height, x : x + width], SIZE) for f in frames])


def _read(path: str, start: int, end: int) -> Frames:
    frames = []
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= end:
                break
            if number >= start:
                frames.append(frame.to_ndarray(format="bgr24", width=WIDTH, height=HEIGHT))
    return np.stack(frames)


def _encode(target: Path, frames: Iterable[Frames]) -> None:
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *raw, *x264, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in frames:
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
        process.stdin.close()
        if process.wait():
            raise SystemExit(f"FFmpeg could not make {target}; see its message above.")


def labelled(folder: Path) -> Iterator[tuple[Path, list[Truth]]]:
    """The videos of a folder and their transitions, from its ``cuts.json``.

    That is an object: file name to ``hard``, the first frames after cuts, and ``gradual``, first and last frames.
    """
    labels: Mapping[str, Mapping[str, Any]] = json.loads((folder / "cuts.json").read_text())
    for name, found in sorted(labels.items()):
        truth = [Truth("cut", frame, frame) for frame in found["hard"]]
        truth += [Truth("gradual", first, last + 1) for first, last in found["gradual"]]
        yield folder / name, sorted(truth, key=lambda t: t.start)


def single_shots(path: Path, truth: list[Truth], frames: int) -> list[Shot]:
    """The stretches between transitions that are long enough to take parts of."""
    edges = [(0, 0), *((t.start, t.end) for t in truth), (frames, frames)]
    spans = [(end + 2, start - 2) for (_, end), (start, _) in pairwise(edges)]
    return [Shot(str(path), start, end) for start, end in spans if end - start >= 25]
