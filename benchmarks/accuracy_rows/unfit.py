"""Unfit and fit clips, and what the strictest shipped tiers keep of them.

Counted are two of their rules, ``one_picture`` and ``recorded``, by the pictures alone, and three whole tiers by a curation of all clips.

Fit: moves over photographs, with a sensor's noise. Unfit: the same in halves, in two unlike parts, in quarters and one in the other;
windows of an image editor in which such a move is shown, under a mouse pointer; slides that push each other out; moves over drawn
wallpapers; and moves whose lower part freezes and is smeared, as after a loss of data. Of each kind three and eight fit ones, 1280x720, 8 s at 24
frames/s. For the rules alone four pictures are looked at as keyframes give them. (``movie_gen/fine_tuning_candidates`` asks for longer clips.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
from packaged_pictures import NATURE, SCREENS, WALLPAPERS, as_kept, filled, photograph

from accuracy_rows import Row
from video_assets.demo.drawings import slides
from video_assets.measure.graphics import find_drawn
from video_assets.measure.layout import Layout, find_layout, in_colour
from video_assets.measure.overlays import reduced

Frame = npt.NDArray[np.uint8]
WIDTH, HEIGHT, FRAMES, FPS, EACH = 1280, 720, 192, 24, 3
TIERS = ("hunyuan_video/540p", "hunyuan_video/fine_tuning_candidates", "allegro/fine_tuning")
_DRAWN = 0.1
LARGE = (
    "garden.jpg", "greenmeadow.jpg", "ladybird.jpg", "yellowflower.jpg", "fallenleaf.jpg", "path.jpg", "eveningglow.jpg",
    "onestandsout.jpg",
)  # fmt: skip
"""Photographs of 1600 pixels and more in which there is much to see."""
MOVING_DRAWINGS = ("adwaita-l.webp", "stripes.png", "truchet-l.webp", "flow.png")


def rows() -> Iterator[Row]:
    assert set(LARGE) <= {*NATURE, *WALLPAPERS}
    kinds: dict[str, Callable[[int], Iterator[Frame]]] = {
        "fit": lambda n: _noisy(_move(LARGE[n], n)),
        "halves": lambda n: _pieced(n, 0.5),
        "unlike": lambda n: _pieced(n, 0.27 + 0.05 * n),
        "quarters": _quarters,
        "inside": _inside,
        "window": _window,
        "slides": _slides,
        "drawing": lambda n: _move(MOVING_DRAWINGS[n], n),
        "smear": _smeared,
    }
    with tempfile.TemporaryDirectory() as temporary:
        footage = Path(temporary) / "footage"
        footage.mkdir()
        clips = [f"{kind}-{n}" for kind in kinds for n in range(len(LARGE) if kind == "fit" else EACH)]
        passed = []
        for clip in clips:
            kind, number = clip.split("-")
            if _is_one_recorded(_filmed(footage / f"{clip}.mp4", kinds[kind](int(number)))):
                passed.append(clip)
        yield from _counted(clips, passed, "that are pieced or drawn by their pictures", "that are neither")
        for tier, kept in _curated(footage).items():
            yield from _counted(clips, kept, f"that {tier} drops", f"that {tier} keeps")


def _counted(clips: list[str], kept: list[str], dropping: str, keeping: str) -> Iterator[Row]:
    """How many of the unfit clips are dropped, and how many of the fit ones kept."""
    unfit, fit = ([c for c in clips if c.startswith("fit-") == good] for good in (False, True))
    wrong = [clip for clip in unfit if clip in kept]
    said = f"kept: {', '.join(wrong) or 'none'}"
    yield Row(f"unfit clips {dropping}", len(unfit) - len(wrong), len(unfit), said, "", "95 of 100")
    yield Row(f"fit clips {keeping}", sum(clip in kept for clip in fit), len(fit))


def _filmed(path: Path, frames: Iterator[Frame]) -> list[Frame]:
    """Write a clip's file; four of its pictures, as keyframes give them."""
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *raw, *x264, str(path)]
    some = []
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for n, frame in enumerate(frames):
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
            if n % (FRAMES // 4) == FRAMES // 8:
                some.append(_bytes(cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)))
        process.stdin.close()
        if process.wait():
            raise SystemExit(f"FFmpeg could not make {path}; see its message above.")
    return [_bytes(picture) for picture in as_kept(some)]


def _is_one_recorded(pictures: list[Frame]) -> bool:
    """What the rules ``one_picture`` and ``recorded`` of these tiers say."""
    single = find_layout([in_colour(p) for p in pictures]).layout == Layout.SINGLE
    return single and find_drawn([reduced(p) for p in pictures]).drawn < _DRAWN


def _curated(footage: Path) -> dict[str, list[str]]:
    """The names of the files of which each tier keeps a clip, by a curation of them all in a lake of its own."""
    place = footage.with_name("lake")
    (place / "dagster_home").mkdir(parents=True)
    left = {k: v for k, v in os.environ.items() if not k.startswith("VIDEO_ASSETS_")}
    environment = left | {
        "DAGSTER_HOME": str(place / "dagster_home"),
        "VIDEO_ASSETS_FOOTAGE__SETTLE_SECONDS": "0",
        "VIDEO_ASSETS_SQL_DIR": str(Path(__file__).parents[2] / "sql"),
    }
    command = [sys.executable, "-c", "from video_assets.cli import main; main()"]

    def ask(*arguments: str) -> str:
        ran = subprocess.run([*command, *arguments], cwd=place, env=environment, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"{arguments[0]} failed:\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    ask("curate", str(footage))
    kept: dict[str, list[str]] = {tier: [] for tier in TIERS}
    names = ", ".join(f"'{tier}'" for tier in TIERS)
    query = (
        "SELECT DISTINCT v.tier, r.file_name FROM tier_verdicts AS v JOIN clips USING (clip_id) JOIN raw_videos AS r "
        f"USING (video_id) WHERE v.kept AND v.tier IN ({names})"
    )
    for row in json.loads(ask("sql", query, "--json")):
        kept[row["tier"]].append(Path(row["file_name"]).stem)
    return kept


def _move(name: str, seed: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Iterator[Frame]:
    """A camera that crosses a photograph in a slow curve and comes closer."""
    random = np.random.default_rng(seed)
    # Of so many pixels that the move takes half of them away.
    picture = filled(photograph(name), 2 * size[0], 2 * size[1])
    begin, turn, near = random.uniform(0, 2 * np.pi), random.choice([-2.2, 2.2]), random.uniform(0.55, 0.7)
    for n in range(FRAMES):
        share = n / (FRAMES - 1)
        width, height = (round(side * (2 * near - 0.15 * share)) for side in size)
        around = begin + turn * share
        x, y = size[0] + 0.28 * size[0] * np.cos(around), size[1] + 0.28 * size[1] * np.sin(around)
        view = cv2.getRectSubPix(picture, (width, height), (float(x), float(y)))
        yield _bytes(cv2.resize(view, size, interpolation=cv2.INTER_AREA))


def _noisy(frames: Iterator[Frame]) -> Iterator[Frame]:
    random = np.random.default_rng(1)
    noise = random.normal(0, 2, (HEIGHT + 64, WIDTH + 64, 1)).repeat(3, axis=2)
    brighter, darker = _bytes(np.maximum(noise, 0)), _bytes(np.maximum(-noise, 0))
    for frame in frames:
        y, x = random.integers(0, 64, 2)
        place = np.s_[y : y + HEIGHT, x : x + WIDTH]
        yield _bytes(cv2.subtract(cv2.add(frame, brighter[place]), darker[place]))


def _pieced(number: int, at: float) -> Iterator[Frame]:
    left = 2 * round(at * WIDTH / 2)
    one, other = (
        _move(LARGE[number], number, (left, HEIGHT)),
        _move(LARGE[-1 - number], number + 7, (WIDTH - left, HEIGHT)),
    )
    return _noisy(np.hstack(pair) for pair in zip(one, other, strict=True))


def _quarters(number: int) -> Iterator[Frame]:
    size = WIDTH // 2, HEIGHT // 2
    moves = [_move(LARGE[(number + 3 * i) % len(LARGE)], number + i, size) for i in range(4)]
    return _noisy(np.vstack([np.hstack(four[:2]), np.hstack(four[2:])]) for four in zip(*moves, strict=True))


def _inside(number: int) -> Iterator[Frame]:
    size = 320 + 40 * number, 180 + 22 * number

    def made() -> Iterator[Frame]:
        moves = _move(LARGE[number], number), _move(LARGE[-1 - number], number + 9, size)
        for around, inner in zip(*moves, strict=True):
            x, y = (40 if number % 2 else WIDTH - size[0] - 40), (36 if number < 2 else HEIGHT - size[1] - 36)
            around[y : y + size[1], x : x + size[0]] = inner
            yield around

    return _noisy(made())


def _window(number: int) -> Iterator[Frame]:
    """A window at work: a dialogue beside a film, and a pointer that wanders."""
    size = 800, 560
    dialogue = photograph(SCREENS[5 * number + 2])
    scale = min((WIDTH - size[0] - 20) / dialogue.shape[1], (HEIGHT - 60) / dialogue.shape[0])
    shown = cv2.resize(dialogue, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ground = np.full((HEIGHT, WIDTH, 3), (60, 63, 65), np.uint8)
    ground[:32] = (190, 190, 190)
    ground[40 : 40 + shown.shape[0], 10 : 10 + shown.shape[1]] = shown
    for n, inner in enumerate(_move(LARGE[number], number, size)):
        frame = ground.copy()
        frame[60 : 60 + size[1], WIDTH - size[0] - 10 : WIDTH - 10] = inner
        x, y = round(640 + 500 * np.sin(n / 40)), round(360 + 250 * np.cos(n / 31))
        cv2.fillPoly(frame, [np.array([(x, y), (x, y + 22), (x + 14, y + 16)], np.int32)], (255, 255, 255))
        yield frame


def _slides(number: int) -> Iterator[Frame]:
    deck = cv2.imdecode(np.frombuffer(slides(), np.uint8), cv2.IMREAD_COLOR)
    assert deck is not None
    pages = [
        cv2.resize(deck[1080 * n : 1080 * (n + 1)], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        for n in range(number, number + 3)
    ]
    long = np.hstack(pages)
    for n in range(FRAMES):
        at = 2 * n / FRAMES
        x = round(WIDTH * (int(at) + min(1.0, 2 * (at % 1))))
        yield _bytes(long[:, x : x + WIDTH])


def _smeared(number: int) -> Iterator[Frame]:
    """From a quarter of it on the lower 45 % stand still but for what is dragged along from the edge of the damage."""
    top, held = round(0.55 * HEIGHT), None
    for n, frame in enumerate(_noisy(_move(LARGE[number], number))):
        if n >= FRAMES // 4:
            held = frame[top:].copy() if held is None else np.roll(held, (1, 2), (0, 1))
            frame[top:] = held
        yield frame


def _bytes(picture: object) -> Frame:
    return np.asarray(picture, np.uint8)
