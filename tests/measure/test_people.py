"""Faces in real pictures, people decoded from a network's answer, and what a clip's columns say of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.edited import keyframes
from video_assets.measure import persons
from video_assets.measure.faces import FaceFinder, OpenFaceFinder, followed
from video_assets.measure.people import OpenPeopleModel, found_in
from video_assets.measure.persons import OpenPersonFinder, PersonFinder
from video_assets.measure.rectangles import Rectangle
from video_assets.measure.types import Crop, Picture
from video_assets.scorers.people import FACE_JUDGE, FACE_PROPOSER, FACE_REFINER
from video_assets.settings import ModelSettings, PeopleSettings

CROP = Crop(0, 0, 640, 360)


@pytest.fixture(scope="module")
def finder() -> OpenFaceFinder:
    proposer, refiner, judge = (m.weights(ModelSettings()) for m in (FACE_PROPOSER, FACE_REFINER, FACE_JUDGE))
    chosen = PeopleSettings()
    limits = chosen.least_face_score, chosen.least_face_score_again
    return FaceFinder(proposer, refiner, judge, chosen.smallest_face, *limits).open()


@pytest.fixture(scope="module")
def passenger(demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """Give the first picture of a man in a car, who looks at the camera."""
    return keyframes(demo_footage / "passenger_qcif.mp4", tmp_path_factory.mktemp("passenger"))[0]


def test_a_face_is_found_where_it_is(finder: OpenFaceFinder, passenger: Picture) -> None:
    (face,) = finder.find(passenger)
    # By eye: from the brow to the chin, left of the middle.
    assert face.left == pytest.approx(0.36, abs=0.04)
    assert face.right == pytest.approx(0.63, abs=0.04)
    assert face.top == pytest.approx(0.24, abs=0.06)
    assert face.bottom == pytest.approx(0.67, abs=0.06)


def test_a_face_is_found_in_mirrored_darkened_and_scaled_pictures(finder: OpenFaceFinder, passenger: Picture) -> None:
    (face,) = finder.find(passenger)
    (mirrored,) = finder.find(cv2.flip(passenger, 1))
    assert mirrored.left == pytest.approx(1 - face.right, abs=0.03)
    (darker,) = finder.find((passenger * 0.6).astype(np.uint8))
    (larger,) = finder.find(cv2.resize(passenger, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
    for other in (darker, larger):
        assert tuple(other) == pytest.approx(tuple(face), abs=0.04)


def test_a_sure_face_of_a_clip_is_seen_at_its_place_where_it_is_less_sure(
    finder: OpenFaceFinder, passenger: Picture, demo_footage: Path, tmp_path: Path
) -> None:
    # The same man, coded so coarsely that three pictures score 0.96, 0.91 and 0.86, and the last one nothing.
    coarse = keyframes(demo_footage / "passenger_qcif_coarse.mp4", tmp_path)
    assert [len(found) for found in finder.find_in(coarse)] == [0, 0, 0, 0]
    assert [len(found) for found in finder.find_in([passenger, *coarse])] == [1, 1, 1, 1, 0]


def test_less_is_enough_only_at_the_place_and_in_the_size_of_a_sure_face() -> None:
    face, nearby = Rectangle(0.3, 0.2, 0.6, 0.7), Rectangle(0.35, 0.2, 0.65, 0.7)
    elsewhere, smaller = Rectangle(0.7, 0.2, 1.0, 0.7), Rectangle(0.4, 0.3, 0.5, 0.45)
    unsure = [(box, 0.9) for box in (nearby, elsewhere, smaller)]
    assert followed([[(face, 0.98)], unsure], 0.97) == [[face], [nearby]]
    assert followed([[(face, 0.96)], unsure], 0.97) == [[], []]


def test_two_faces_are_two(finder: OpenFaceFinder, passenger: Picture) -> None:
    left, right = sorted(finder.find(np.hstack([passenger, cv2.flip(passenger, 1)])))
    assert left.right < 0.5 < right.left


def test_a_face_upside_down_or_far_too_small_is_not_found(finder: OpenFaceFinder, passenger: Picture) -> None:
    assert finder.find(cv2.rotate(passenger, cv2.ROTATE_180)) == []
    tiny = cv2.resize(passenger, None, fx=0.06, fy=0.06, interpolation=cv2.INTER_AREA)
    around = np.full_like(passenger, 128)
    around[: tiny.shape[0], : tiny.shape[1]] = tiny
    assert finder.find(around) == []


@pytest.mark.parametrize("name", ["bunny_720p.mp4", "slide_show.mp4"])
def test_a_rabbit_and_slides_have_no_face(
    finder: OpenFaceFinder, demo_footage: Path, tmp_path: Path, name: str
) -> None:
    assert [finder.find(picture) for picture in keyframes(demo_footage / name, tmp_path)[:6:2]] == [[], [], []]


@pytest.mark.parametrize("shape", [(360, 640, 3), (12, 13, 3), (5, 3, 3)])
def test_pictures_of_one_colour_have_no_face(finder: OpenFaceFinder, shape: tuple[int, ...]) -> None:
    assert finder.find(np.full(shape, 90, np.uint8)) == []


class _Answers:
    """A network that sees people in some cells of its 22x22, and a dog in one."""

    def __init__(self) -> None:
        self.answer = np.full((1, 85, 22, 22), -9.0, np.float32)
        self.answer[0, [0, *range(5, 85)]] = 0.0
        self._sees(0, (11, 11), score=0.9, size=(0.5, 0.5))
        self._sees(0, (11, 12), score=0.8, size=(0.5, 0.5))
        self._sees(0, (2, 20), score=0.65, size=(0.1, 0.2))
        self._sees(0, (20, 2), score=0.5, size=(0.1, 0.2))
        self._sees(16, (20, 20), score=0.95, size=(0.1, 0.1))

    def _sees(self, kind: int, cell: tuple[int, int], score: float, size: tuple[float, float]) -> None:
        y, x = cell
        self.answer[0, [0, 5 + kind], y, x] = score
        self.answer[0, 1:3, y, x] = 0
        self.answer[0, 3:5, y, x] = [np.log(s / (1 - s)) for s in size]

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="picture")]

    def run(self, _outputs: None, feed: dict[str, Any]) -> list[Any]:
        assert feed["picture"].shape == (1, 3, 352, 352)
        assert feed["picture"].max() <= 1
        return [self.answer]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> OpenPersonFinder:
    monkeypatch.setattr(persons, "session", lambda _weights, _device: _Answers())
    return PersonFinder(Path("fastestdet.onnx"), 0.6).open()


def test_persons_are_decoded_best_first_without_doubles_unsure_ones_and_dogs(answering: OpenPersonFinder) -> None:
    first, second = answering.find(np.full((360, 640, 3), 255, np.uint8))
    assert tuple(first) == pytest.approx((0.25, 0.25, 0.75, 0.75), abs=1e-5)
    assert tuple(second) == pytest.approx((20 / 22 - 0.05, 0.0, 20 / 22 + 0.05, 2 / 22 + 0.1), abs=1e-5)


class _Told:
    """A finder that has been told what it finds on each picture in turn."""

    def __init__(self, *pictures: Sequence[Rectangle]) -> None:
        self._pictures = iter(pictures)

    def find(self, _picture: Picture) -> list[Rectangle]:
        return list(next(self._pictures))

    def find_in(self, pictures: Sequence[Picture]) -> list[list[Rectangle]]:
        return [self.find(picture) for picture in pictures]


SMALL, LARGE = Rectangle(0, 0, 0.1, 0.1), Rectangle(0, 0, 0.5, 0.5)
PICTURES = [np.zeros((2, 2, 3), np.uint8)] * 4


def test_a_clips_people_are_counted_sized_and_shared_over_its_pictures() -> None:
    model = OpenPeopleModel(_Told([], [SMALL], [SMALL], []), _Told([LARGE, SMALL], [SMALL], [], [LARGE]))
    assert model.measure(PICTURES, CROP) == {
        "people_frames": 4,
        "faces_max": 1, "face_share_max": pytest.approx(0.01), "faces_frames_share": 0.5,
        "people_max": 2, "person_share_max": 0.25, "people_frames_share": 0.75,
    }  # fmt: skip


def test_without_a_finder_of_persons_nothing_is_said_of_them() -> None:
    row = OpenPeopleModel(_Told([], [], [], []), None).measure(PICTURES, CROP)
    assert row == {"people_frames": 4, "faces_max": 0, "face_share_max": 0.0, "faces_frames_share": 0.0}


@given(st.lists(st.lists(st.sampled_from([SMALL, LARGE]), max_size=4), min_size=1, max_size=6))
def test_shares_are_shares_and_nothing_found_is_zero(pictures: list[list[Rectangle]]) -> None:
    row = found_in("people", "person", pictures)
    assert set(row) == {"people_max", "person_share_max", "people_frames_share"}
    assert all(0 <= float(value) <= len(max(pictures, key=len)) for value in row.values())  # type: ignore[arg-type]
    assert len({value == 0 for value in row.values()}) == 1
