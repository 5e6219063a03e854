"""Videos with known transitions: stretches of real shots, joined by cuts, dissolves and fades, with traps inside them.

A trap is what is taken for a transition and is none: a flash of one to three frames, and a whip pan.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import dropwhile, pairwise, takewhile
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

Frames: TypeAlias = npt.NDArray[Any]
SIZE = WIDTH, HEIGHT = 320, 180
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
        encode(target, video.frames)
        notes.write_text(json.dumps([asdict(t) for t in video.truth]))
    return target, [Truth(**t) for t in json.loads(notes.read_text())]


def chained(
    target: Path,
    shots: list[Shot],
    joins: Sequence[tuple[str, int]],
    seed: int,
    *,
    fps: int = FPS,
    seconds: float = 2.5,
    closer: bool = False,
) -> tuple[Path, list[Truth]]:
    """Make a video of these joins (kind and frames) in this order, each shot alone for so long between them.

    ``kind`` is cut, dissolve, wipe, push or fade (out to black and in again); a wipe or a push goes to the left. Where
    ``closer``, every second shot is a closer view of the one before it, as in a scene that is cut.
    """
    notes = target.with_suffix(".json")
    if not notes.exists():
        random = np.random.default_rng(seed)
        order = [shots[n] for n in _order(len(shots), len(joins) + 1, random)]
        views: list[tuple[Shot, float | None]] = [(shot, None) for shot in order]
        if closer:
            views = [(order[n // 2], 0.45 if n % 2 else 1.0) for n in range(len(order))]
        lengths = [0, *(frames for _, frames in joins), 0]
        alone = round(seconds * fps)
        parts = [
            part(shot, alone + a + b, random, share)
            for (shot, share), (a, b) in zip(views, pairwise(lengths), strict=True)
        ]
        shown, truth = list(parts[0]), []
        for (kind, length), following in zip(joins, parts[1:], strict=True):
            end = len(shown)
            mixed = [
                _between(kind, a, b, n / (length + 1))
                for n, (a, b) in enumerate(zip(shown[end - length :], following, strict=False), 1)
            ]
            shown[end - length :] = mixed if length else []
            shown += list(following[length:])
            truth.append(Truth(kind, end - length, end))
        encode(target, shown, fps)
        notes.write_text(json.dumps([asdict(t) for t in truth]))
    return target, [Truth(**t) for t in json.loads(notes.read_text())]


def _order(of: int, count: int, random: np.random.Generator) -> list[int]:
    """So many numbers under ``of``, each as often as can be and none twice in a row."""
    order: list[int] = []
    while len(order) < count:
        turn = [int(n) for n in random.permutation(of)]
        order += turn[1:] + turn[:1] if order and turn[0] == order[-1] else turn
    return order[:count]


def _between(kind: str, a: Frames, b: Frames, share: float) -> Frames:
    """A picture in a transition, of which ``share`` is over."""
    at = round(WIDTH * (1 - share))
    if kind == "dissolve":
        return _mix(a, b, share)
    if kind == "fade":
        black = np.zeros_like(a)
        return _mix(a, black, min(2 * share, 1)) if share < 0.5 else _mix(b, black, min(2 - 2 * share, 1))
    left = a[:, :at] if kind == "wipe" else a[:, WIDTH - at :]
    right = b[:, at:] if kind == "wipe" else b[:, : WIDTH - at]
    return np.concatenate([left, right], axis=1)


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
    """A part of a shot of 40 to 110 frames, as of :func:`part`."""
    shot = shots[int(random.integers(len(shots)))]
    return part(shot, int(random.integers(40, 111)), random)


def part(shot: Shot, length: int, random: np.random.Generator, view: float | None = None) -> Frames:
    """So many frames of a shot, mirrored or cropped or as they are; played to and fro when it is shorter.

    ``view`` is the share of the sides that is seen; None: as chance wants it, mirrored too.
    """
    start = shot.start + int(random.integers(max(shot.end - shot.start - length, 0) + 1))
    frames = _read(shot.path, start, min(start + length, shot.end))
    while len(frames) < length:
        frames = np.concatenate([frames, frames[-2::-1][: length - len(frames)]])
    if view is None and random.random() < 0.5:
        frames = frames[:, :, ::-1]
    share = random.choice([1.0, 0.6]) if view is None else view
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


def apart(shots: Sequence[Shot], folder: Path, most: int = 240) -> list[Shot]:
    """Each shot, of at most so many frames, as a file of its own, so that parts of it are read without what is before it."""
    found = []
    for path in dict.fromkeys(shot.path for shot in shots):
        wanted = [shot for shot in shots if shot.path == path]
        targets = [folder / f"{Path(path).stem}-{shot.start}-{shot.end}.mp4" for shot in wanted]
        spans = [(shot.start, min(shot.end, shot.start + most)) for shot in wanted]
        if not all(target.exists() for target in targets):
            for target, frames in zip(targets, _read_all(path, spans), strict=True):
                encode(target, frames, crf=14)
        found += [Shot(str(target), 0, end - start) for target, (start, end) in zip(targets, spans, strict=True)]
    return found


def _read_all(path: str, spans: Sequence[tuple[int, int]]) -> Iterator[list[Frames]]:
    """The frames of spans that rise and do not overlap, in one decode."""
    with av.open(path) as container:
        numbered = enumerate(container.decode(video=0))
        for start, end in spans:
            chosen = takewhile(lambda pair: pair[0] < end, dropwhile(lambda pair: pair[0] < start, numbered))  # noqa: B023
            yield [frame.to_ndarray(format="bgr24", width=WIDTH, height=HEIGHT) for _, frame in chosen]


def encode(target: Path, frames: Iterable[Frames], fps: int = FPS, crf: int = 26) -> None:
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps), "-i", "-"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p", "-threads", "1"]
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
