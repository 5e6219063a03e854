"""Reading text on real pictures: what it says, and where."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from video_assets.measure.text_reader import OpenTextReader, TextReader
from video_assets.measure.types import Picture
from video_assets.scorers.text import SMALL_DETECTOR, SMALL_RECOGNISER
from video_assets.settings import ModelSettings


@pytest.fixture(scope="module")
def reader() -> OpenTextReader:
    settings = ModelSettings()
    return TextReader(SMALL_DETECTOR.weights(settings), SMALL_RECOGNISER.weights(settings), detector_side=640).open()


def first_frame(video: Path) -> Picture:
    """The first frame at the size of a keyframe."""
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)


def test_a_title_and_a_subtitle_are_read_where_they_are(reader: OpenTextReader, demo_footage: Path) -> None:
    read = reader.read(first_frame(demo_footage / "bunny_burnt_in_text.mp4"))
    title, subtitle = read.boxes
    assert title.text.replace("·", " ") == "BIG BUCK BUNNY"
    assert subtitle.text == "Good morning! What a day for a walk."
    assert title.place.top < 0.15 < title.place.bottom < 0.25
    assert 0.8 < subtitle.place.top < subtitle.place.bottom <= 1
    assert all(b.legible and b.detection > 0.7 and b.recognition > 0.9 for b in read.boxes)
    # Upright text: what it covers is its boxes, but for the rounding of their edges.
    assert read.share == pytest.approx(sum(b.place.area for b in read.boxes), rel=0.1)


def test_the_same_picture_without_text_has_none(reader: OpenTextReader, demo_footage: Path) -> None:
    read = reader.read(first_frame(demo_footage / "bunny_720p.mp4"))
    assert read.boxes == ()


def test_one_colour_and_a_picture_of_a_few_pixels_have_no_text(reader: OpenTextReader) -> None:
    for shape in ((360, 640, 3), (40, 40, 3), (3, 5, 3)):
        assert reader.read(np.full(shape, 128, np.uint8)).boxes == ()


def test_text_upside_down_or_far_too_small_is_not_read_as_what_it_says(
    reader: OpenTextReader, demo_footage: Path
) -> None:
    picture = first_frame(demo_footage / "bunny_burnt_in_text.mp4")
    tiny = cv2.resize(picture, (96, 54), interpolation=cv2.INTER_AREA)
    for worse in (cv2.rotate(picture, cv2.ROTATE_180), tiny):
        assert "Good morning! What a day for a walk." not in [b.text for b in reader.read(worse).boxes]
