"""Copies of real clips go on alike in time, from whichever moment; other clips of the same scene do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.decoding import decode
from tests.media.video_files import BUNNY, CARPHONE, made_from
from video_assets.measure.course import RATE, SIGNALS, Curves, best_shift, course
from video_assets.settings import DuplicateSettings

LEAST = DuplicateSettings().min_correlation
# A cartoon in motion; a man on a car's back seat before a fixed camera.
SOURCES = {"bunny": BUNNY, "passenger": CARPHONE}
SMALL = "scale=-2:'min(180,ih)'"
# How each copy is made of a small original, how many seconds its start is late, and how many times as fast it is.
COPIES: dict[str, tuple[str, tuple[str, ...], float]] = {
    "encoded again": ("null", ("-crf", "35"), 0.0),
    "half the size": ("scale=trunc(iw/4)*2:trunc(ih/4)*2", (), 0.0),
    "mirrored and brightened": ("hflip,eq=brightness=0.06:contrast=1.1", (), 0.0),
    "2 % cut from each side": ("crop=trunc(iw*0.48)*2:trunc(ih*0.48)*2", (), 0.0),
    "25 frames a second": ("fps=25", (), 0.0),
    "without its first 0.5 s": ("trim=start=0.5,setpts=PTS-STARTPTS", (), 0.5),
    "4 % faster": ("setpts=PTS*24/25", (), 0.0),
}


def course_of(source: Path, folder: Path, name: str, graph: str, *arguments: str) -> Curves:
    """The course of a whole file that FFmpeg makes."""
    file = made_from(source, folder / f"{name}.mp4", "-an", "-vf", graph, "-preset", "veryfast", *arguments)
    (folder / name).mkdir()
    signals = decode(file, folder / name).signals
    values = signals.select(SIGNALS).fill_null(strategy="backward").to_numpy().T
    times = signals["time_s"].to_numpy()
    return course(times, times[-1] + float(np.diff(times).mean()), values)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Curves]:
    folder = tmp_path_factory.mktemp("originals")
    return {name: course_of(file, folder, name, SMALL) for name, file in SOURCES.items()}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_goes_on_like_its_original(originals: dict[str, Curves], source: str, copy: str, tmp_path: Path) -> None:
    graph, arguments, late = COPIES[copy]
    found = best_shift(originals[source], course_of(SOURCES[source], tmp_path, "copy", f"{SMALL},{graph}", *arguments))
    assert found is not None
    assert found.correlation >= LEAST
    assert found.offset_s == pytest.approx(late, abs=0.1)


def test_a_copy_without_its_first_second_and_a_third_is_found(originals: dict[str, Curves], tmp_path: Path) -> None:
    late = course_of(BUNNY, tmp_path, "late", f"{SMALL},trim=start=1.3,setpts=PTS-STARTPTS", "-crf", "33")
    found = best_shift(late, originals["bunny"])
    assert found is not None
    assert found.correlation >= LEAST
    assert found.offset_s == pytest.approx(-1.3, abs=0.1)


@pytest.mark.parametrize("source", SOURCES)
def test_windows_of_one_slow_shot_do_not_go_on_alike(source: str, tmp_path: Path) -> None:
    slow = course_of(SOURCES[source], tmp_path, "slow", f"{SMALL},setpts=2*PTS")
    middle = slow.shape[1] // 2
    found = best_shift(slow[:, :middle], slow[:, middle:])
    assert found is not None
    assert found.correlation < LEAST - 0.05


@pytest.mark.parametrize("source", SOURCES)
def test_a_clip_played_backwards_is_no_copy(originals: dict[str, Curves], source: str) -> None:
    found = best_shift(originals[source], originals[source][:, ::-1].copy())
    assert found is not None
    assert found.correlation < LEAST - 0.05


def test_other_clips_do_not_go_on_alike(originals: dict[str, Curves]) -> None:
    found = best_shift(originals["bunny"], originals["passenger"])
    assert found is not None
    assert found.correlation < LEAST - 0.05


def slides(change: int, light: float) -> Curves:
    """Ten seconds of two slides."""
    curves = np.zeros((3, 125), np.float32)
    curves[:2, change:] = light
    curves[2, change : change + 3] = light
    return curves


def test_one_changing_slide_is_no_course_to_compare() -> None:
    assert best_shift(slides(50, 8.0), slides(70, 5.0)) is None


def test_a_still_picture_has_no_course_to_compare(originals: dict[str, Curves]) -> None:
    assert best_shift(np.zeros((3, 125), np.float32), originals["bunny"]) is None


def test_clips_that_cannot_overlap_for_long_enough_are_not_compared(originals: dict[str, Curves]) -> None:
    assert best_shift(originals["bunny"], originals["bunny"][:, :30]) is None
    assert best_shift(originals["bunny"], originals["bunny"][:, :0]) is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_the_offset_is_how_much_later_the_same_moment_is(first: int, second: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = np.concatenate([random.normal(size=(2, 160)).cumsum(axis=1), np.abs(random.normal(size=(1, 160)))]).astype(
        np.float32
    )
    # Brighter and of more contrast: neither matters.
    found = best_shift(whole[:, first:], 1.3 * whole[:, second:] + np.array([[9.0], [2.0], [0.0]], np.float32))
    assert found is not None
    assert found.correlation == pytest.approx(1.0, abs=1e-3)
    assert found.offset_s == pytest.approx((second - first) / RATE)


def test_values_are_means_over_what_is_shown() -> None:
    # Frames of 0.4 s and 0.1 s by turns, as with a variable frame rate: 0.24 s from 0.32 s on show 0.08 s of 10, 0.1 s of
    # 20 and 0.06 s of 30.
    starts = np.array([0.0, 0.4, 0.5, 0.9])
    (curve,) = course(starts, 1.0, np.array([[10.0, 20.0, 30.0, 40.0]]))
    assert len(curve) == 10
    assert curve[:3] == pytest.approx(10.0)
    assert curve[4] == pytest.approx((0.08 * 10 + 0.1 * 20 + 0.06 * 30) / 0.24)
