"""Sizes are rounded once, and a clip that no file can be is refused before a file is opened."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.media.cropping import Region
from video_assets.media.cut_times import at_rate
from video_assets.media.cut_values import Cut, even_size
from video_assets.media.seek import Span

SPAN = Span(0, 0, 512, Fraction(1, 12800))


@pytest.mark.parametrize(
    ("crop", "short_side", "size"),
    [
        ((1920, 1080), None, (1920, 1080)),
        ((1921, 1079), None, (1920, 1078)),
        ((1920, 1080), 720, (1280, 720)),
        ((1080, 1920), 720, (720, 1280)),
        ((1920, 800), 480, (1152, 480)),
        ((1920, 802), 480, (1150, 480)),  # 1149.1
        ((640, 360), 720, (640, 360)),
        ((641, 361), 361, (640, 360)),
        ((1280, 721), 719, (1276, 720)),  # 1276.4 x 719: halves go up
        ((123, 122), 121, (122, 122)),
    ],
)
def test_a_size_is_even_and_never_above_what_is_there(
    crop: tuple[int, int], short_side: int | None, size: tuple[int, int]
) -> None:
    assert even_size(crop, short_side) == size


@given(st.integers(2, 9000), st.integers(2, 9000), st.none() | st.integers(2, 9000))
def test_any_size_is_even_within_the_crop_and_a_pixel_off_at_most(
    width: int, height: int, short_side: int | None
) -> None:
    scale = min(Fraction(1), Fraction(short_side or width + height, min(width, height)))
    for made, side in zip(even_size((width, height), short_side), (width, height), strict=True):
        assert made % 2 == 0
        assert 2 <= made <= side
        assert abs(made - side * scale) <= 1 or made == side // 2 * 2


@pytest.mark.parametrize(("crop", "short_side"), [((1, 100), None), ((100, 100), 1)])
def test_no_size_under_two_pixels_is_even(crop: tuple[int, int], short_side: int | None) -> None:
    with pytest.raises(ValueError, match="No even size"):
        even_size(crop, short_side)


@pytest.mark.parametrize(
    ("crop", "size", "said"),
    [
        ((0, 0, 162, 120), (160, 120), "not inside 160x120"),
        ((-1, 0, 100, 100), (100, 100), "not inside"),
        ((100, 0, 61, 100), (60, 100), "not inside"),
        ((0, 0, 101, 100), (101, 100), "101x100 is odd"),
        ((0, 0, 100, 100), (102, 100), "larger than the crop"),
        ((0, 0, 100, 100), (0, 100), "0x100 is odd, or larger"),
    ],
)
def test_a_crop_that_is_none_is_refused(crop: tuple[int, int, int, int], size: tuple[int, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Cut(SPAN, (160, 120), Region(*crop), *size)


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(ValueError, match="512 to 512 is empty"):
        Cut(Span(0, 512, 512, Fraction(1, 12800)), (160, 120), Region(0, 0, 160, 120), 160, 120)


def resampled(begins: list[Fraction], fps: Fraction, duration: Fraction) -> list[int]:
    found = list(at_rate(enumerate(begins), fps, duration))
    assert [k for _, k in found] == list(range(len(found)))
    return [frame for frame, _ in found]


NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(60000, 1001)])
@pytest.mark.parametrize("rounded", [round, int, lambda x: -int(-x // 1)])
def test_a_clip_that_has_the_rate_in_rounded_milliseconds_comes_out_with_each_frame_once(
    fps: Fraction, rounded: type[int]
) -> None:
    ms = Fraction(1, 1000)
    begins = [rounded(n / fps / ms) * ms for n in range(300)]
    assert resampled(begins, fps, rounded(300 / fps / ms) * ms) == list(range(300))


def test_half_the_rate_takes_every_other_frame_of_rounded_times() -> None:
    ms = Fraction(1, 1000)
    begins = [round(n / (2 * NTSC) / ms) * ms for n in range(240)]
    assert resampled(begins, NTSC, round(240 / (2 * NTSC) / ms) * ms) == list(range(0, 240, 2))


def test_film_becomes_video_by_repeating_what_is_shown() -> None:
    begins = [Fraction(n, 24) for n in range(8)]
    expected = [k * 24 // 30 for k in range(10)]
    assert resampled(begins, Fraction(30), Fraction(8, 24)) == expected == [0, 0, 1, 2, 3, 4, 4, 5, 6, 7]


def test_a_picture_that_stands_is_repeated_until_the_clip_ends() -> None:
    begins = [Fraction(0), Fraction(1, 10)]
    assert resampled(begins, Fraction(10), Fraction(1, 2)) == [0, 1, 1, 1, 1]


def test_a_clip_shorter_than_a_frame_has_one() -> None:
    assert resampled([Fraction(0)], Fraction(1), Fraction(1, 25)) == [0]
    assert resampled([Fraction(n, 25) for n in range(3)], Fraction(1), Fraction(3, 25)) == [0]
