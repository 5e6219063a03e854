"""Sizes are rounded once, and a clip that no file can be is refused before a file is opened."""

from __future__ import annotations

from fractions import Fraction

import pytest

from video_assets.media.cropping import Region
from video_assets.media.cut_times import at_rate
from video_assets.media.cut_values import Cut
from video_assets.media.seek import Span

SPAN = Span(0, 0, 512, Fraction(1, 12800))


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
