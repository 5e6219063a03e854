"""Camera moves made from photographs: planes that stand in a room, filmed by a pinhole camera that turns, travels or zooms.

A turning camera (pan, tilt, roll) and a zoom move all of the picture by one law; one that travels (truck, push, orbit) moves
what is near more than what is far. What moves on its own are planes that cross the view or spin. Pictures are luma.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray

from video_assets.measure.camera import camera_scores
from video_assets.measure.global_motion import GlobalMotion

Picture = NDArray[np.uint8]
WIDTH, HEIGHT, HZ, SECONDS = 320, 180, 6.0, 4.0
FAR = 10.0
"""How far the wall at the back is, in the units in which the camera's travel is told."""
TUNED = ("coffee.png", "rocket.jpg", "chelsea.png", "camera.png", "gravel.png")
"""scikit-image's pictures on which the thresholds were chosen."""
HELD_OUT = ("astronaut.png", "motorcycle_left.png", "coins.png", "brick.png", "china.jpg", "flower.jpg")
"""Those, and scikit-learn's, on which nothing was chosen."""


@dataclass(frozen=True)
class Camera:
    """Where the camera is (x right, y down, z forward), how it is turned (rad) and how long its lens is (widths)."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 1.0


@dataclass(frozen=True)
class Plane:
    """A picture that stands upright in the room, ``width`` wide, and may drift (units/s) and spin (rad/s)."""

    picture: Picture
    place: tuple[float, float, float]
    width: float
    drift: tuple[float, float] = (0.0, 0.0)
    spin: float = 0.0
    endless: bool = False
    mask: Picture = field(default_factory=lambda: np.empty(0, np.uint8))


Path4 = Callable[[float], Camera]
"""The camera by time, which runs from -SECONDS / 2 to SECONDS / 2."""


def photographs(names: Sequence[str]) -> list[Picture]:
    """The packages' pictures of these names, luma, at least 640 pixels wide.

    Raises:
        SystemExit: scikit-image or scikit-learn is not installed.
    """
    return [_photograph(name) for name in names]


def _photograph(name: str) -> Picture:
    for package, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin and (file := Path(spec.origin).parent / folder / name).is_file():
            luma = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            assert luma is not None
            scale = 640 / luma.shape[1]
            return np.asarray(cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    raise SystemExit(f"There is no {name}: pip install scikit-image scikit-learn")


def wall(picture: Picture) -> Plane:
    """The back of the room, filled by a picture and its mirror images."""
    return Plane(picture, (0.0, 0.0, FAR), 2.0 * FAR, endless=True)


def thing(picture: Picture, place: tuple[float, float, float], width: float) -> Plane:
    """An oval cut out of a picture's middle."""
    height, across = picture.shape
    mask = np.zeros_like(picture)
    cv2.ellipse(mask, (across // 2, height // 2), (across // 2 - 2, height // 2 - 2), 0, 0, 360, 255, -1)
    return Plane(picture, place, width, mask=mask)


def filmed(planes: Sequence[Plane], camera: Path4, random: np.random.Generator) -> Iterator[Picture]:
    """The frames that the camera takes, the far planes first, with a sensor's noise and a coder's loss."""
    ordered = sorted(planes, key=lambda plane: -plane.place[2])
    for step in range(round(HZ * SECONDS) + 1):
        t = step / HZ - SECONDS / 2
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        for plane in ordered:
            _draw(seen, plane, camera(t), t)
        noisy = np.clip(seen + random.normal(0, 1.5, seen.shape), 0, 255).astype(np.uint8)
        yield np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_GRAYSCALE), np.uint8
        )


def _draw(seen: Picture, plane: Plane, camera: Camera, t: float) -> None:
    x, y, z = plane.place
    middle = np.array([x + plane.drift[0] * t - camera.x, y + plane.drift[1] * t - camera.y, z - camera.z])
    unit = plane.width / plane.picture.shape[1]
    cos, sin = math.cos(plane.spin * t), math.sin(plane.spin * t)
    axes = np.array([[cos, -sin], [sin, cos], [0.0, 0.0]]) * unit
    corner = middle - axes @ (np.array(plane.picture.shape[::-1]) / 2)
    lens = np.array([[camera.focal * WIDTH, 0, WIDTH / 2], [0, camera.focal * WIDTH, HEIGHT / 2], [0, 0, 1]])
    to_seen = lens @ _turned(camera) @ np.column_stack([axes, corner])
    if plane.endless:
        cv2.warpPerspective(
            plane.picture, to_seen, (WIDTH, HEIGHT), dst=seen, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return
    shown = cv2.warpPerspective(plane.picture, to_seen, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(plane.mask, to_seen, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    share = mask.astype(np.float32) / 255
    seen[:] = np.round(seen * (1 - share) + shown * share).astype(np.uint8)


def _turned(camera: Camera) -> NDArray[np.float64]:
    turns = ((0.0, -camera.yaw, 0.0), (camera.pitch, 0.0, 0.0), (0.0, 0.0, -camera.roll))
    yaw, pitch, roll = (cv2.Rodrigues(np.array(turn))[0] for turn in turns)
    return np.asarray(roll @ pitch @ yaw, np.float64)


@dataclass(frozen=True)
class Case:
    """A clip to be made: what it is called, the classes that are right for it, and how."""

    name: str
    right: frozenset[str]
    planes: tuple[Plane, ...]
    camera: Path4
    captioned: bool = False

    def frames(self, random: np.random.Generator) -> Iterator[Picture]:
        """The made clip's frames."""
        for frame in filmed(self.planes, self.camera, random):
            if self.captioned:
                _caption(frame)
            yield frame


def cases(pictures: Sequence[Picture], random: np.random.Generator) -> Iterator[Case]:
    """Every kind of move over every picture, with others' middles as the things in the room."""
    for number, picture in enumerate(pictures):
        others = [pictures[(number + 1) % len(pictures)], pictures[(number + 2) % len(pictures)]]
        passing = tuple(_passing(other, random) for other in others)
        near = tuple(_near(other, random) for other in others)
        for crowd, things in (("", ()), (" with objects", passing)):
            back = (wall(picture), *things)
            yield Case(f"static{crowd}", frozenset({"static"}), back, lambda _: Camera())
            for name, axis, sign in _TURNS:
                for speed in (0.02, 0.06, 0.15):
                    yield Case(f"{name.split('_')[0]}{crowd}", frozenset({name}), back, _turning(axis, sign * speed))
            for percent in (5, 10, 20, 35, 60, 100):
                size = "5 to 10 %" if percent <= 10 else "20 to 100 %"
                growth = math.log(1 + percent / 100) / SECONDS
                for name, sign in (("zoom_in", 1), ("zoom_out", -1)):
                    yield Case(f"zoom {size}{crowd}", frozenset({name}), back, _zooming(sign * growth))
            for name, sign in (("roll_right", 1), ("roll_left", -1)):
                for speed in (3.0, 10.0, 25.0):
                    turn = sign * math.radians(speed)
                    yield Case(f"roll{crowd}", frozenset({name}), back, _rolling(turn))
            for most in (0.06, 0.12):
                yield Case(f"handheld{crowd}", frozenset({"handheld"}), back, _shaken(most, random))
        room = (wall(picture), *near)
        for name, sign in (("zoom_in", 1), ("zoom_out", -1)):
            for share in (0.08, 0.2, 0.4):
                pushed = sign * share * FAR / SECONDS
                yield Case("push", frozenset({name}), room, _pushing(pushed))
        for name, sign in (("pan_right", 1), ("pan_left", -1)):
            for speed in (0.3, 0.8):
                travel = sign * speed
                yield Case("truck", frozenset({name, "mixed"}), room, _trucking(travel))
        for sign in (1, -1):
            for turned in (0.1, 0.25):
                yield Case("orbit", frozenset({"mixed", "orbit"}), _around(picture, others), _orbiting(sign * turned))
        for name, axis, sign in _TURNS[:2]:
            yield Case("pan under a caption", frozenset({name}), (wall(picture),), _turning(axis, sign * 0.06), True)
        for name, sign in (("zoom_in", 1), ("zoom_out", -1)):
            yield Case("zoom under a caption", frozenset({name}), (wall(picture),), _zooming(sign * 0.05), True)
        for turned in (1.5, -1.5):
            for across in (0.45, 0.6, 0.75):
                disc = replace(thing(others[0], (random.uniform(-1, 1), 0.0, 5.0), across * 5.0), spin=turned)
                yield Case("spinning pattern", frozenset({"static"}), (wall(picture), disc), lambda _: Camera())


_TURNS = (("pan_right", "yaw", 1), ("pan_left", "yaw", -1), ("tilt_up", "pitch", -1), ("tilt_down", "pitch", 1))


def _passing(picture: Picture, random: np.random.Generator) -> Plane:
    """Somebody who crosses the view, on a tenth to a sixth of it."""
    side = float(random.choice([-1, 1]))
    made = thing(picture, (side * random.uniform(0.2, 1.2), random.uniform(-0.5, 0.8), 6.0), random.uniform(1.4, 2.4))
    return replace(made, drift=(-side * random.uniform(0.2, 0.7), random.uniform(-0.1, 0.1)))


def _near(picture: Picture, random: np.random.Generator) -> Plane:
    place = (random.uniform(-1.8, 1.8), random.uniform(-0.6, 0.9), random.uniform(5.0, 7.5))
    return thing(picture, place, random.uniform(1.2, 2.2))


def _around(picture: Picture, others: Sequence[Picture]) -> tuple[Plane, ...]:
    """A subject in the middle of the room, with something before it and something behind."""
    return (
        wall(picture), thing(others[0], (0.0, 0.2, 5.0), 2.0), thing(others[1], (-1.4, 0.5, 3.4), 0.8),
        thing(others[1], (1.8, -0.4, 7.0), 1.6),
    )  # fmt: skip


def _turning(axis: str, speed: float) -> Path4:
    """``speed`` is in widths/s of the picture."""
    return lambda t: Camera(**{axis: speed * t})


def _zooming(growth: float) -> Path4:
    return lambda t: Camera(focal=math.exp(growth * t))


def _rolling(turn: float) -> Path4:
    return lambda t: Camera(roll=turn * t)


def _pushing(speed: float) -> Path4:
    return lambda t: Camera(z=speed * t - 1)


def _trucking(speed: float) -> Path4:
    return lambda t: Camera(x=speed * t)


def _orbiting(turn: float) -> Path4:
    """Around a point 5 in front of the camera, by ``turn`` rad/s."""
    return lambda t: Camera(x=-5 * math.sin(turn * t), z=5 - 5 * math.cos(turn * t), yaw=turn * t)


def _shaken(speed: float, random: np.random.Generator) -> Path4:
    turns, hertz = random.uniform(0, 2 * math.pi, (2, 4)), random.uniform(0.8, 2.8, (2, 4))

    def camera(t: float) -> Camera:
        yaw, pitch = (np.sin(2 * math.pi * hertz * t + turns) * speed / hertz / 10).sum(axis=1)
        return Camera(yaw=float(yaw), pitch=float(pitch))

    return camera


def _caption(seen: Picture) -> None:
    """A line of text over the lower edge, on a bar, and a mark in a corner."""
    seen[HEIGHT - 26 : HEIGHT - 6, 20:260] = 60
    cv2.putText(seen, "Somebody says something", (26, HEIGHT - 11), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 240, 1, cv2.LINE_AA)
    cv2.putText(seen, "TV1", (WIDTH - 40, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 250, 2, cv2.LINE_AA)


def measured(case: Case, random: np.random.Generator) -> dict[str, object]:
    """The camera's columns of ``motion_scores`` for a made clip."""
    return camera_scores(signals(case, random)).row(0, named=True)


def signals(case: Case, random: np.random.Generator) -> pl.DataFrame:
    """What the decode pass records of it."""
    motion = GlobalMotion(HZ)
    columns = (
        "camera_pan",
        "camera_tilt",
        "camera_zoom",
        "camera_roll",
        "camera_support",
        "camera_held",
        "object_motion",
    )
    frames = case.frames(random)
    rows = [{"clip_id": "c", "frame": i, **motion.measure(frame, i / HZ)} for i, frame in enumerate(frames)]
    schema = {"clip_id": pl.String(), "frame": pl.Int32(), **dict.fromkeys(columns, pl.Float32())}
    return pl.DataFrame(rows, schema=schema)
