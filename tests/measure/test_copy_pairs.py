"""Copies of real clips are found whatever was laid on them; clips that are alike by nature are not joined."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import polars as pl
import pytest

from tests.measure.decoding import decode
from tests.media.video_files import BUNNY, made_from
from video_assets.measure.copies import copy_signature
from video_assets.measure.copy_pairs import Limits, Pair, copy_pairs
from video_assets.measure.course import RATE, Curves, course, courses
from video_assets.measure.landmarks import stretches
from video_assets.settings import DuplicateSettings

SETTINGS = DuplicateSettings()
LIMITS = Limits(SETTINGS.min_cosine, SETTINGS.min_correlation, SETTINGS.min_course)
SMALL = "scale=320:180"
# How each copy of a clip is made, and how many times as fast the original goes.
KINDS = {
    "original": ("null", 1.0),
    "bars to a square": ("pad=320:320:0:70", 1.0),
    "a logo and a caption": (
        "drawbox=x=243:y=9:w=64:h=29:color=white:t=fill,drawbox=x=32:y=151:w=256:h=18:color=black:t=fill", 1.0,
    ),
    "8 % cut from each side": ("crop=iw*0.84:ih*0.84", 1.0),
    "a quarter faster": ("setpts=PTS/1.25", 0.8),
    "a tenth slower": ("setpts=PTS*1.1", 1.1),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[np.ndarray, Curves]]:
    """Signature and course of the original and of each copy, bars cropped as the platform crops them."""
    folder = tmp_path_factory.mktemp("copies")
    found = {}
    for number, (name, (graph, _)) in enumerate(KINDS.items()):
        file = made_from(BUNNY, folder / f"{number}.mp4", "-an", "-vf", f"{SMALL},{graph}", "-preset", "veryfast")
        (folder / str(number)).mkdir()
        video = decode(file, folder / str(number))
        signals, seconds = video.signals, video.video.duration_s
        top = 70 if "square" in name else 0
        height = signals["height"][0] - 2 * top
        clip = pl.DataFrame(
            {"clip_id": [name], "end_s": [seconds], "crop_width": [signals["width"][0]], "crop_height": [height]}
        )
        frames = signals.with_columns(clip_id=pl.lit(name), step=pl.col("frame") > 0)
        (curves,) = courses(clip, frames)["time_course"].to_list()
        pictures = [_picture(jpeg, top) for jpeg in video.keyframes["jpeg"]]
        signature = copy_signature([pictures[(2 * i + 1) * len(pictures) // 8] for i in range(4)])
        assert signature is not None
        found[name] = signature, np.array(curves, np.float32).reshape(3, -1)
    return found


def _picture(jpeg: bytes, top: int) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    rows = round(top * len(picture) / 320)
    return np.ascontiguousarray(picture[rows : len(picture) - rows])


def pairs(clips: dict[str, tuple[np.ndarray, Curves]], vectors: dict[str, np.ndarray] | None = None) -> list[Pair]:
    names = list(clips)
    signatures = np.stack([signature for signature, _ in clips.values()])
    curves = {name: curve for name, (_, curve) in clips.items()}
    return list(copy_pairs(names, signatures, names, signatures, lambda _: curves, LIMITS, lambda _: vectors or {}))


@pytest.mark.parametrize("kind", list(KINDS)[1:])
def test_a_copy_is_found_with_its_speed_and_what_it_shares(
    measured: dict[str, tuple[np.ndarray, Curves]], kind: str
) -> None:
    both = {"a": measured["original"], "b": measured[kind]}
    seen = np.array([1.0, 0.0], np.float32)
    (pair,) = pairs(both, {"a": seen, "b": seen})
    assert pair.speed == pytest.approx(KINDS[kind][1], abs=0.03)
    assert pair.from_s == pytest.approx(0, abs=0.25)
    assert pair.other_from_s == pytest.approx(0, abs=0.25)
    assert pair.shared_s == pytest.approx(5.2, abs=0.3)


def test_without_bars_the_course_is_that_of_the_original(measured: dict[str, tuple[np.ndarray, Curves]]) -> None:
    original, barred = measured["original"][1], measured["bars to a square"][1]
    for curve, other in zip(original, barred, strict=True):
        assert np.corrcoef(curve, other)[0, 1] > 0.99


def made(frames: list[np.ndarray]) -> tuple[np.ndarray, Curves]:
    """Signature and course of 5 s of grey pictures."""
    soft = [cv2.GaussianBlur(frame, (5, 5), 1).astype(np.float32) for frame in frames]
    changes = [0.0, *(float(np.abs(b - a).mean()) for a, b in pairwise(soft))]
    light = [[float(f.mean()) for f in frames], [float(f.std()) for f in frames]]
    signature = copy_signature([cv2.cvtColor(frames[i], cv2.COLOR_GRAY2BGR) for i in (15, 46, 78, 109)])
    assert signature is not None
    return signature, course(np.arange(125) / 25, 5.0, np.array([*light, changes]))


def title(text: str) -> list[np.ndarray]:
    """A text that fades in and out."""
    ground = np.full((180, 320), 20, np.uint8)
    written = cv2.putText(ground.copy(), text, (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 230, 3)
    shares = [float(np.clip(i / 25, 0, 1) * np.clip((124 - i) / 25, 0, 1)) for i in range(125)]
    return [cv2.addWeighted(written, share, ground, 1 - share, 0) for share in shares]


def pan(seed: int, eased: bool) -> list[np.ndarray]:
    """A camera that goes over a picture once."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 32), np.uint8)
    picture = cv2.resize(coarse, (640, 180), interpolation=cv2.INTER_CUBIC)
    steps = np.linspace(0, 1, 125)
    steps = steps * steps * (3 - 2 * steps) if eased else steps
    return [np.ascontiguousarray(picture[:, round(320 * s) : round(320 * s) + 320]) for s in steps]


def test_titles_that_fade_alike_are_no_copies_of_each_other() -> None:
    texts = ("PART ONE", "THE END", "MADE BY NOBODY")
    same = np.array([1.0, 0.0], np.float32)
    found = pairs({text: made(title(text)) for text in texts}, dict.fromkeys(texts, same))
    assert [pair for pair in found if pair.correlation is not None] == []


def test_clips_that_show_unrelated_things_are_no_copies_however_they_go_on() -> None:
    one, other = made(pan(1, eased=True)), made(pan(2, eased=True))
    assert pairs({"a": one, "b": (other[0], one[1])}, {"a": np.array([1, 0.0]), "b": np.array([0.3, 0.954])}) == []


def test_a_course_that_is_shorter_than_a_stretch_has_none() -> None:
    assert stretches(np.ones((3, 20), np.float32)).shape == (0, 60)
    assert stretches(np.random.default_rng(1).random((3, int(RATE * 8)), np.float32)).shape[1] == 60
