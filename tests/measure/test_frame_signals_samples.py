from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.measure.bars import find_bars
from video_assets.measure.pictures import size_by_long_side, size_by_short_side
from video_assets.measure.samples import SampleClock, measure_sample, nearest_to

HEIGHT, WIDTH = 180, 320


def textured(seed: int, low: int = 40) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(low, 256, (HEIGHT, WIDTH)).astype(np.uint8)


sizes = st.integers(0, 60)


@given(left=sizes, right=sizes, top=sizes, bottom=sizes, level=st.integers(0, 9), seed=st.integers(0, 1000))
def test_dark_bars_of_any_size_are_found_exactly(
    left: int, right: int, top: int, bottom: int, level: int, seed: int
) -> None:
    luma = (level + np.random.default_rng(seed).integers(0, 4, (HEIGHT, WIDTH))).astype(np.uint8)
    inner = slice(top, HEIGHT - bottom), slice(left, WIDTH - right)
    luma[inner] = textured(seed)[inner]
    bars = find_bars(luma)
    assert bars is not None
    assert (bars.left * WIDTH, bars.right * WIDTH) == pytest.approx((left, right))
    assert (bars.top * HEIGHT, bars.bottom * HEIGHT) == pytest.approx((top, bottom))


@given(seed=st.integers(0, 1000), brightest=st.integers(1, 31))
def test_a_frame_that_is_dark_as_a_whole_says_nothing(seed: int, brightest: int) -> None:
    luma = np.random.default_rng(seed).integers(0, brightest + 1, (HEIGHT, WIDTH)).astype(np.uint8)
    assert find_bars(luma) is None


@given(
    dark=st.floats(0, 1),
    rows=st.integers(0, HEIGHT),
    columns=st.integers(0, WIDTH),
    seed=st.integers(0, 1000),
)
def test_bars_leave_a_picture_whatever_the_frame(dark: float, rows: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    luma = textured(seed, low=0)
    luma[random.random((HEIGHT, WIDTH)) < dark] = 0
    luma[rows:], luma[:, columns:] = 0, 0
    bars = find_bars(luma)
    if bars is not None:
        assert bars.left + bars.right < 1
        assert bars.top + bars.bottom < 1
        assert min(bars.left, bars.right, bars.top, bars.bottom) >= 0


def test_specks_a_logo_and_subtitles_do_not_hide_a_bar() -> None:
    luma = textured(1)
    luma[:40] = 2
    luma[10, 5:9] = 15  # 4 of 320 pixels
    found = find_bars(luma)
    assert found is not None
    assert found.top * HEIGHT == pytest.approx(40)
    luma[20:30, 280:310] = 240  # a logo
    found = find_bars(luma)
    assert found is not None
    assert found.top * HEIGHT == pytest.approx(40)
    luma[-40:] = 2
    luma[-30:-20, 40:280] = 240  # subtitles over three quarters of the width: the bar has its like above
    found = find_bars(luma)
    assert found is not None
    assert (found.top * HEIGHT, found.bottom * HEIGHT) == pytest.approx((40, 40))


def test_a_dark_stage_has_no_bars() -> None:
    luma = np.full((HEIGHT, WIDTH), 3, np.uint8)
    cv2.ellipse(luma, (160, 110), (90, 65), 0, 0, 360, 180, -1)  # who stands in the light
    found = find_bars(luma)
    assert found is not None
    assert (found.left, found.right, found.top, found.bottom) == (0, 0, 0, 0)


def test_a_sky_that_fades_into_the_night_is_no_bar() -> None:
    luma = np.repeat(np.linspace(0, 200, HEIGHT)[:, None], WIDTH, axis=1).astype(np.uint8)
    found = find_bars(luma)
    assert found is not None
    assert found.top == 0


def test_sharpness_is_the_variance_of_opencv_s_laplacian() -> None:
    luma = textured(3)
    assert measure_sample(luma)["sharpness"] == pytest.approx(cv2.Laplacian(luma, cv2.CV_64F).var())
    soft = cv2.GaussianBlur(luma, (9, 9), 3).astype(np.uint8)
    assert cv2.Laplacian(soft, cv2.CV_64F).var() == pytest.approx(measure_sample(soft)["sharpness"])


def test_exposure_counts_under_5_and_over_250() -> None:
    luma = np.full((HEIGHT, WIDTH), 128, np.uint8)
    luma[:45], luma[45:90], luma[90:108], luma[108:117] = 4, 5, 251, 250
    found = measure_sample(luma)
    assert (found["dark_share"], found["bright_share"]) == pytest.approx((0.25, 0.1))


@given(fps=st.sampled_from([8.0, 23.976, 25.0, 29.97, 50.0, 60.0]), hz=st.sampled_from([0.5, 1.0, 4.0, 10.0]))
def test_the_clock_picks_the_first_frame_of_each_period(fps: float, hz: float) -> None:
    clock = SampleClock(hz)
    picked = [n for n in range(200) if clock.due(n / fps)]
    periods = [int(n / fps * hz + 1e-6) for n in range(200)]
    assert picked == [periods.index(p) for p in sorted(set(periods))]


def test_a_frame_after_a_gap_is_sampled_once() -> None:
    clock = SampleClock(4.0)
    assert [clock.due(t) for t in (0.0, 3.1, 3.2, 3.25)] == [True, True, False, True]


@given(width=st.integers(1, 8000), height=st.integers(1, 8000), side=st.integers(64, 1280))
def test_analysis_sizes_are_even_and_keep_the_aspect(width: int, height: int, side: int) -> None:
    found = size_by_long_side((width, height), side)
    assert max(found) == pytest.approx(side, abs=1)
    assert all(n % 2 == 0 and n >= 16 for n in found)
    if min(found) > 16:
        assert found[0] / found[1] == pytest.approx(width / height, rel=2 / min(found))


def test_a_very_wide_picture_is_not_sampled_at_a_huge_size() -> None:
    assert size_by_short_side((1920, 1080), 360) == (640, 360)
    assert size_by_short_side((1080, 1920), 360) == (360, 640)
    assert size_by_short_side((8000, 100), 360) == (1440, 18)


@given(
    times=st.lists(st.integers(0, 40), min_size=1, max_size=40, unique=True).map(sorted), elapsed=st.integers(-5, 45)
)
def test_the_nearest_in_time_is_found_and_of_two_the_earlier(times: list[int], elapsed: int) -> None:
    away = [abs(time - elapsed) for time in times]
    assert nearest_to(elapsed, [(float(time), None, None) for time in times]) == away.index(min(away))


@pytest.mark.parametrize("bars", [(0, 0, 30, 30), (40, 40, 0, 0), (20, 20, 20, 20)])
def test_sharpness_is_that_of_the_picture_between_bars(bars: tuple[int, int, int, int]) -> None:
    """A border to black is the sharpest edge of a soft picture."""
    left, right, top, bottom = bars
    soft = cv2.GaussianBlur(textured(3, low=120), (0, 0), 4)
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)
    inside = slice(top, HEIGHT - bottom), slice(left, WIDTH - right)
    luma[inside] = soft[inside]
    alone = measure_sample(soft)["sharpness"]
    assert alone is not None
    assert measure_sample(luma)["sharpness"] == pytest.approx(alone, rel=0.15)
    assert cv2.Laplacian(luma, cv2.CV_16S, ksize=1).var() > 20 * alone
