from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.oriented import NAMES
from video_assets.media.orientation import ORIENTATIONS, UPRIGHT, Orientation, orientation_of

ONE = 1 << 16


def matrix(orientation: Orientation, across: float = 1.0, along: float = 1.0, degrees: float = 0.0) -> bytes:
    """The display matrix that orients a picture, turns it by more degrees clockwise and scales what comes out."""
    (a, b), (c, d) = orientation.shown(1, 0), orientation.shown(0, 1)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b, c, d = a * cos - b * sin, a * sin + b * cos, c * cos - d * sin, c * sin + d * cos
    numbers = (a * across, b * along, 0, c * across, d * along, 0, 12.0, -7.0)
    return struct.pack("=9i", *(round(n * ONE) for n in numbers), 1 << 30)


def test_there_are_eight_orientations_and_no_two_show_a_picture_alike() -> None:
    assert len({(o.shown(1, 0), o.shown(0, 1)) for o in ORIENTATIONS}) == 8


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=NAMES.values())
def test_a_matrix_names_its_orientation(orientation: Orientation) -> None:
    assert orientation_of(matrix(orientation)) == orientation


@given(
    st.sampled_from(ORIENTATIONS), st.floats(0.02, 50.0), st.floats(0.02, 50.0), st.floats(-44.0, 44.0)
)  # fmt: skip
def test_another_angle_or_size_is_the_nearest_orientation(
    orientation: Orientation, across: float, along: float, degrees: float
) -> None:
    assert orientation_of(matrix(orientation, across, along, degrees)) == orientation


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=9, max_size=9))
def test_any_nine_numbers_are_some_orientation(numbers: list[int]) -> None:
    assert orientation_of(struct.pack("=9i", *numbers)) in ORIENTATIONS


def test_a_matrix_of_zeros_turns_nothing() -> None:
    assert orientation_of(bytes(36)) == UPRIGHT


def test_what_is_no_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="36 bytes; this one has 35"):
        orientation_of(bytes(35))


def test_a_selfie_is_mirrored_left_to_right_and_not_upside_down() -> None:
    selfie = Orientation(0, mirrored=True)
    assert (selfie.shown(3, 2), selfie.turned) == ((-3, 2), False)


def test_the_mirror_comes_after_the_turn() -> None:
    # To the right is down after a quarter turn clockwise, which a mirror leaves; down is left, which it makes right.
    assert Orientation(90, mirrored=True).shown(3, 2) == (2, 3)
