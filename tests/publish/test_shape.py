"""The size of a clip's training picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.publish.shape import Crop, bucket, shape

SIDES = st.integers(64, 5000)


def test_without_a_short_side_a_clip_keeps_its_pixels_less_an_odd_row_and_column() -> None:
    assert shape(Crop(10, 20, 1919, 1081), None, 16) == (Crop(10, 20, 1918, 1080), 1918, 1080)


def test_a_picture_of_16_by_9_is_scaled_to_the_nearest_multiples_and_cropped_for_the_rest() -> None:
    found = shape(Crop(0, 0, 1920, 1080), 480, 16)
    assert (found.width, found.height) == (848, 480)
    assert found.crop == Crop(6, 0, 1908, 1080)


def test_an_upright_picture_is_the_same_turned() -> None:
    found = shape(Crop(0, 0, 1080, 1920), 480, 16)
    assert (found.width, found.height) == (480, 848)
    assert found.crop == Crop(0, 6, 1080, 1908)


def test_a_smaller_clip_is_not_enlarged() -> None:
    assert shape(Crop(0, 0, 320, 240), 480, 16) == (Crop(0, 0, 320, 240), 320, 240)


def test_a_multiple_that_is_longer_than_the_side_is_not_taken_though_it_is_the_nearest() -> None:
    assert shape(Crop(0, 0, 97, 146), 96, 32) == (Crop(0, 8, 97, 129), 96, 128)


def test_a_clip_of_less_than_one_multiple_is_refused() -> None:
    with pytest.raises(ValueError, match="A clip of 12x90 pixels is smaller than 16 pixels"):
        shape(Crop(0, 0, 12, 90), 480, 16)


@given(SIDES, SIDES, st.integers(0, 99), st.one_of(st.none(), st.integers(32, 1080)), st.sampled_from([2, 8, 16, 32]))
def test_a_shape_is_inside_its_crop_never_enlarged_hardly_distorted_and_made_of_multiples(
    width: int, height: int, at: int, short_side: int | None, multiple: int
) -> None:
    found = shape(Crop(at, at, width, height), short_side, multiple)
    unit = multiple if short_side else 2
    assert found.width % unit == 0
    assert found.height % unit == 0
    crop = found.crop
    assert at <= crop.x
    assert at <= crop.y
    assert crop.x + crop.width <= at + width
    assert crop.y + crop.height <= at + height
    assert found.width <= crop.width
    assert found.height <= crop.height
    # A pixel of the crop at most is the difference between the two scales.
    assert abs(crop.width / crop.height - found.width / found.height) <= max(crop.width, crop.height) / crop.height**2


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(1.5, "64x48_0-2s"), (2.0, "64x48_2-4s"), (3.999, "64x48_2-4s"), (4.0, "64x48_4s-up"), (90.0, "64x48_4s-up")],
)
def test_a_bucket_is_named_by_size_and_length(seconds: float, name: str) -> None:
    assert bucket(64, 48, seconds, (2.0, 4.0)) == name
