"""The camera's motion between two frames: the fit, and when nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.camera_moves import FPS, HEIGHT, STILLS, WIDTH, path_of, shot, still_of
from tests.measure.decoding import decode
from tests.media.video_files import BUNNY, made_from, synthetic
from video_assets.measure.global_motion import GlobalMotion, fit_similarity
from video_assets.measure.types import Picture, Signals

SMALL = st.floats(-0.05, 0.05)
SHIFT = st.floats(-12, 12)
PLACES = (np.mgrid[-60:61:6, -36:37:6][0] + 1j * np.mgrid[-60:61:6, -36:37:6][1]).astype(np.complex64).ravel()


@given(SHIFT, SHIFT, SMALL, SMALL, st.integers(0, 2**32 - 1))
def test_the_fit_finds_the_camera_behind_objects_on_a_quarter_of_the_picture(
    right: float, down: float, growth: float, angle: float, seed: int
) -> None:
    camera, turn = complex(right, down), complex(growth, angle)
    flow = (camera + turn * PLACES).astype(np.complex64)
    objects = PLACES.real > 30  # a quarter, all on one side, going their own way together
    flow[objects] += 9 - 4j
    random = np.random.default_rng(seed)
    flow += (random.normal(0, 0.02, flow.shape) + 1j * random.normal(0, 0.02, flow.shape)).astype(np.complex64)
    found, turned = fit_similarity(flow, PLACES, np.ones(len(flow), np.float32))
    assert abs(found - camera) < 0.05
    assert abs(turned - turn) < 0.002


def test_places_without_texture_have_no_say() -> None:
    flow = np.where(PLACES.real > -40, 7 + 0j, 1 + 2j).astype(np.complex64)
    texture = np.where(PLACES.real > -40, 1e-4, 1.0).astype(np.float32)
    assert fit_similarity(flow, PLACES, texture)[0] == pytest.approx(1 + 2j, abs=0.02)


def test_a_pattern_that_turns_before_a_still_wall_is_no_camera_that_does() -> None:
    random = np.random.default_rng(3)
    wall = random.integers(0, 256, (18, 32)).astype(np.uint8)
    disc = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(disc, (WIDTH // 2, HEIGHT // 2), 80, 255, -1)
    pattern = cv2.resize(random.integers(0, 256, (36, 64)).astype(np.uint8), (WIDTH, HEIGHT))
    behind = cv2.resize(wall, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    turns = [cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 6 * i, 1) for i in range(12)]
    frames = [np.where(disc, cv2.warpAffine(pattern, turn, (WIDTH, HEIGHT)), behind) for turn in turns]
    steps = measured(frames)
    assert np.median([abs(s["camera_roll"] or 0.0) for s in steps]) < 1
    assert np.median([s["camera_support"] or 0.0 for s in steps]) > 0.4


def filmed(move: str, speed: float = 0.08) -> list[Picture]:
    random = np.random.default_rng(1)
    return list(shot(still_of(*STILLS[0]), path_of(move, speed, random), None, random))


def measured(frames: Sequence[Picture], hz: float = 6.0) -> list[Signals]:
    motion = GlobalMotion(hz)
    return [s for i, f in enumerate(frames) if (s := motion.measure(f, i / FPS))]


@pytest.mark.parametrize(
    ("move", "column", "expected"),
    [
        ("pan_right", "camera_pan", 0.08),
        ("pan_left", "camera_pan", -0.08),
        ("tilt_up", "camera_tilt", 0.04),
        ("tilt_down", "camera_tilt", -0.04),
        ("zoom_in", "camera_zoom", 0.16),
        ("zoom_out", "camera_zoom", -0.16),
        ("roll_right", "camera_roll", np.degrees(0.16)),
        ("roll_left", "camera_roll", -np.degrees(0.16)),
    ],
)
def test_each_motion_is_measured_in_its_unit_and_direction(move: str, column: str, expected: float) -> None:
    steps = measured(filmed(move))
    assert np.median([s[column] or 0.0 for s in steps]) == pytest.approx(expected, rel=0.12)
    assert np.median([s["camera_support"] or 0.0 for s in steps]) > 0.9


def test_steps_are_sampled_and_the_first_picture_is_compared_with_nothing() -> None:
    motion = GlobalMotion(6.0)
    told = [i for i, f in enumerate(filmed("static")) if motion.measure(f, i / FPS)]
    assert told == list(range(2, 48, 2))


def nothing_told(steps: list[Signals]) -> bool:
    return bool(steps) and all(s == {"camera_support": 0.0} for s in steps)


def test_nothing_is_told_of_a_black_a_flat_or_a_fading_picture() -> None:
    frames = filmed("pan_right")
    assert nothing_told(measured([np.zeros_like(f) for f in frames]))
    assert nothing_told(measured([(f // 8).astype(np.uint8) for f in frames]))
    ramp = np.tile(np.linspace(20, 220, WIDTH).astype(np.uint8), (HEIGHT, 1))
    assert nothing_told(measured([ramp] * 12))


def test_nothing_is_told_across_a_gap_of_more_than_half_a_second() -> None:
    motion = GlobalMotion(6.0)
    frames = filmed("pan_right")
    assert motion.measure(frames[0], 0.0) == {}
    assert motion.measure(frames[6], 0.5)["camera_support"] != 0.0
    assert motion.measure(frames[15], 1.25) == {"camera_support": 0.0}


def test_a_clip_has_the_same_camera_motion_in_every_codec_and_turned_upright(tmp_path: Path) -> None:
    pan = tmp_path / "pan.mp4"
    window = "crop=640:360:x='200+4*n':y=200"
    made_from(BUNNY, tmp_path / "still.png", "-frames:v", "1")
    made_from(
        tmp_path / "still.png", pan, "-vf", f"loop=50:1:0,setpts=N/25/TB,{window}", "-r", "25", "-pix_fmt", "yuv420p"
    )
    files = [
        pan,
        made_from(pan, tmp_path / "pan.webm", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "4M"),
        made_from(pan, tmp_path / "upright.mp4", "-vf", "transpose=clock"),
    ]
    expected = 4 * 25 / 640  # long sides a second
    across, vp8, down = (decode(f, tmp_path).signals for f in files)
    assert across["camera_pan"].median() == pytest.approx(expected, rel=0.03)
    assert vp8["camera_pan"].median() == pytest.approx(expected, rel=0.03)
    # Right becomes down after a quarter turn clockwise.
    assert down["camera_tilt"].median() == pytest.approx(-expected, rel=0.03)


def test_a_tiny_picture_and_an_odd_shape_are_measured_without_error(tmp_path: Path) -> None:
    for size in ("16x16", "640x32", "34x400"):
        path = synthetic(tmp_path / f"{size}.mp4", f"testsrc2=size={size}:rate=25:duration=1", "-pix_fmt", "yuv420p")
        steps = decode(path, tmp_path).signals["camera_support"].drop_nulls()
        assert len(steps) == 5
        assert steps.is_between(0, 1).all()
