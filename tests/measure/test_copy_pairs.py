"""Copies of real clips are found whatever was laid on them; clips that are alike by nature are not joined."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.measure.decoding import decode
from tests.media.video_files import BUNNY, made_from
from video_assets.lake.schemas import CLIPS
from video_assets.measure.clip_frames import clip_frames
from video_assets.measure.copies import copy_signature
from video_assets.measure.copy_pairs import Limits, Pair, copy_pairs
from video_assets.measure.course import RATE, SIGNALS, Curves, best_shift, course, courses, heard_share, moments
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
        clip = CLIPS.frame([{
            "clip_id": name, "video_id": signals["video_id"][0], "start_frame": 0, "end_frame": signals.height, "end_s": seconds,
            "crop_width": signals["width"][0], "crop_height": height,
        }])  # fmt: skip
        (curves,) = courses(clip, clip_frames(clip, signals, ["time_s", *SIGNALS]))["time_course"].to_list()
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
    assert found == []


def test_titles_of_like_layout_are_none_and_a_copy_of_one_is() -> None:
    """Nothing moves in them, so that their letters have to agree."""
    one, other = (made(title(text)) for text in ("RAQHBEZ", "RBOHEDZ"))
    again = made([cv2.GaussianBlur(frame, (5, 5), 1.2) for frame in title("RAQHBEZ")])
    found = pairs({"one": one, "other": other, "again": again})
    assert [(pair.clip_id, pair.other_id) for pair in found] == [("again", "one")]
    assert (
        min(p.cosine for p in copy_pairs(["a"], one[0][None, :175], ["b"], other[0][None, :175], lambda _: {}, LIMITS))
        >= 0.99
    )


def test_clips_that_show_unrelated_things_are_no_copies_however_they_go_on() -> None:
    one, other = made(pan(1, eased=True)), made(pan(2, eased=True))
    assert pairs({"a": one, "b": (other[0], one[1])}, {"a": np.array([1, 0.0]), "b": np.array([0.3, 0.954])}) == []


def test_a_course_that_is_shorter_than_a_stretch_has_none() -> None:
    assert stretches(np.ones((3, 20), np.float32)).shape == (0, 60)
    assert stretches(np.random.default_rng(1).random((3, int(RATE * 8)), np.float32)).shape[1] == 60


def smooth(seed: int, seconds: float = 5.0) -> Curves:
    """The course of a camera that eases from one place to another: light goes one way, and motion comes and goes."""
    random = np.random.default_rng(seed)
    at = np.linspace(0, 1, int(seconds * RATE))
    eased = at * at * (3 - 2 * at)
    light = [60 + seed + random.uniform(10, 30) * eased + random.normal(0, 0.05, len(at)) for _ in range(2)]
    return np.array([*light, 4 * at * (1 - at) + random.normal(0, 0.01, len(at)) + 0.1], np.float32)


def restless(seed: int, seconds: float = 5.0) -> Curves:
    """One whose light and motion go up and down a few times a second."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 1, (3, int(seconds * RATE) + 8))
    soft = np.stack([np.convolve(curve, np.ones(3) / 3, "same") for curve in steps])[:, 4:-4]
    return np.asarray(np.abs(soft * 5 + [[100], [40], [8]]), np.float32)


def test_a_smooth_course_holds_few_moments_and_a_restless_one_many() -> None:
    assert moments(smooth(1), smooth(2), 0.0) < 4
    assert moments(restless(1), restless(1), 0.0) > 10


def slow(encoded: int, seconds: float = 9.0) -> Curves:
    """One of which the mean light alone is heard over what each encoding makes."""
    at = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(encoded).normal(0, 1, (3, len(at)))
    light = 100 + 0.25 * (np.sin(2.1 * at) + np.sin(3.3 * at + 1))
    curves = np.stack([light, np.full(len(at), 40.0), np.full(len(at), 0.5)])
    return np.asarray(curves + 0.01 * noise, np.float32)


def test_a_slow_shot_is_known_by_the_curve_that_an_encoder_leaves_alone() -> None:
    found = best_shift(slow(1), slow(2))
    assert found is not None
    assert (found.offset_s, found.correlation > 0.9) == (0.0, True)
    assert heard_share(slow(1), slow(2), 0.0) < 0.4
    assert heard_share(restless(1), restless(1), 0.0) > 0.9


def like(seed: int, cosine: float, size: int) -> np.ndarray:
    """A vector of length 1 that has this cosine to that of seed 0."""
    first, other = (np.random.default_rng(s).normal(size=size) for s in (0, seed + 1))
    first /= np.linalg.norm(first)
    other -= (other @ first) * first
    return np.asarray(cosine * first + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other), np.float32)


@pytest.mark.parametrize(
    ("course_of", "structure", "seen", "joined"),
    [
        (smooth, 0.87, 0.9, False),  # two skies over which a camera eases
        (smooth, 0.97, 0.9, True),
        (smooth, 0.97, 0.3, False),  # structures that are alike by chance
        (restless, 0.6, 0.9, True),  # a logo and bars
        (restless, 0.9, 0.1, False),
        (restless, 0.9, None, True),  # nobody looked
        (slow, 0.9, 0.9, True),  # a globe that turns slowly
        (slow, 0.9, 0.6, False),  # what an encoder makes of two stills goes on alike
        (slow, 0.97, None, False),
    ],
)
def test_smooth_courses_join_only_what_looks_alike_too(
    course_of: Callable[[int], Curves], structure: float, seen: float | None, joined: bool
) -> None:
    length = 35 * 5
    one, other = (
        np.concatenate([like(seed, cosine, 35), like(seed + 7, 0.2, length - 35)]).astype(np.float32)
        for seed, cosine in ((0, 1.0), (3, structure))
    )
    curves = course_of(5)
    clips = {
        "one": (one / np.linalg.norm(one), curves),
        "other": (other / np.linalg.norm(other), curves + np.float32(3)),
    }
    vectors = None if seen is None else {"one": like(0, 1.0, 64), "other": like(5, seen, 64)}
    assert [(p.clip_id, p.other_id) for p in pairs(clips, vectors)] == ([("one", "other")] if joined else [])
