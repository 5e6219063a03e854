"""Copies of a real clip are near it, neighbours in one film are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.measure.clip_pictures import pictures
from video_assets.measure.copies import coarse, coarse_length, copy_signature, ink_agrees, mirrored
from video_assets.measure.types import Picture

NEAR = 0.99
# A cartoon in motion; a man on a car's back seat before a fixed camera, in four parts; cars past a fixed camera.
PARTS = {
    "bunny": ("bunny_720p.mp4", 4, 32),
    **{f"passenger {i}": ("passenger_qcif.mp4", 4 + 25 * i, 6) for i in range(4)},
    "street": ("street_hard_cuts.mp4", 78, 14),
}


@pytest.fixture(scope="module")
def clips(demo_footage: Path) -> dict[str, list[Picture]]:
    return {name: pictures(demo_footage / file, first, step) for name, (file, first, step) in PARTS.items()}


def blocky(picture: Picture) -> Picture:
    ok, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 20])
    assert ok
    again = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert again is not None
    return again


def cut(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return picture[round(height * 0.02) : round(height * 0.98), round(width * 0.02) : round(width * 0.98)]


def signature(pictures: list[Picture]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.asarray(coarse(whole(pictures)[None])[0], np.float32)


def whole(pictures: list[Picture]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """With its ink."""
    found = copy_signature(pictures)
    assert found is not None
    return found


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "compressed until blocks show": blocky,
    "a third of the size": lambda p: cv2.resize(p, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA),
    "2 % cut from each side": cut,
    "brighter": lambda p: cv2.convertScaleAbs(p, alpha=1.1, beta=10),
}


@pytest.mark.parametrize("clip", PARTS)
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_clip_is_near_it(clips: dict[str, list[Picture]], clip: str, copy: str) -> None:
    assert signature(clips[clip]) @ signature([COPIES[copy](p) for p in clips[clip]]) >= NEAR


@pytest.mark.parametrize("clip", PARTS)
def test_a_mirrored_copy_is_near_in_the_mirror_and_not_before(clips: dict[str, list[Picture]], clip: str) -> None:
    flipped = signature([np.ascontiguousarray(p[:, ::-1]) for p in clips[clip]])
    assert float((signature(clips[clip])[None] @ mirrored(flipped[None]).T)[0, 0]) >= 0.999
    assert signature(clips[clip]) @ flipped < NEAR


def test_parts_of_one_film_before_a_fixed_camera_are_not_copies_of_each_other(clips: dict[str, list[Picture]]) -> None:
    signatures = np.stack([signature(found) for found in clips.values()])
    between = signatures @ signatures.T
    assert np.max(between[~np.eye(len(signatures), dtype=bool)]) < 0.98


def test_a_flat_picture_has_no_signature() -> None:
    black = [np.zeros((360, 640, 3), np.uint8)] * 4
    assert copy_signature(black) is None


def test_a_still_picture_is_known_by_its_structure_alone(clips: dict[str, list[Picture]]) -> None:
    still = [clips["bunny"][0]] * 4
    assert signature(still) @ signature([blocky(p) for p in still]) >= NEAR
    assert len(signature(still)) == 35 * 5


def title(text: str) -> list[Picture]:
    return [
        cv2.putText(
            np.full((180, 320, 3), 20, np.uint8), text, (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (230, 230, 230), 3
        )
    ] * 4


def test_the_ink_of_two_titles_of_one_layout_differs_and_that_of_a_copy_does_not() -> None:
    one, other = (whole(title(text)) for text in ("RAQHBEZ", "RBOHEDZ"))
    smaller = [blocky(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)) for p in title("RAQHBEZ")]
    flipped = [np.ascontiguousarray(p[:, ::-1]) for p in title("RAQHBEZ")]
    assert coarse(one[None])[0] @ coarse(other[None])[0] >= NEAR
    assert not ink_agrees(one, other, mirror=False, least=0.92)
    assert ink_agrees(one, whole(smaller), mirror=False, least=0.92)
    assert ink_agrees(one, whole(flipped), mirror=True, least=0.92)
    assert not ink_agrees(one, whole(flipped), mirror=False, least=0.92)


def test_pictures_without_ink_are_not_told_apart_by_it() -> None:
    """Across half a wave there are low frequencies alone."""
    wave = np.rint(110 + 90 * np.cos(np.pi * (np.arange(320) + 0.5) / 320)).astype(np.uint8)
    soft = whole([cv2.merge([np.tile(wave, (180, 1))] * 3)] * 4)
    assert ink_agrees(soft, whole(title("A")), mirror=False, least=0.92)


def test_a_signature_without_its_ink_is_compared_by_the_rest() -> None:
    one = whole(title("RAQHBEZ"))
    assert [coarse_length(n) for n in (len(one), 35 * 5, 35 * 11, 35 * 12 + 370)] == [35 * 5, 35 * 5, 35 * 11, 35 * 12]
    assert ink_agrees(one, coarse(one[None])[0], mirror=False, least=0.92)
