"""Text of the scene is told from text that lies on it, by what goes along with it."""

from __future__ import annotations

import cv2
import numpy as np

from video_assets.measure.rectangles import Rectangle
from video_assets.measure.scene_text import with_scene_text
from video_assets.measure.text import ReadPicture, TextBox
from video_assets.measure.types import Picture

SCENE: Picture = cv2.resize(
    np.random.default_rng(2).integers(0, 256, (40, 80, 3)).astype(np.uint8), (900, 360), interpolation=cv2.INTER_CUBIC
)


def seen(x: int) -> Picture:
    """640 columns of the scene."""
    return SCENE[:, x : x + 640]


def text(x: int, says: str) -> ReadPicture:
    """A piece of text, 100 by 24 pixels, in the middle of the height."""
    return ReadPicture((TextBox(Rectangle(x / 640, 168 / 360, (x + 100) / 640, 192 / 360), 0.8, 0.9, says),))


def own(pictures: list[Picture], read: list[ReadPicture]) -> list[bool]:
    return [box.of_scene for picture in with_scene_text(pictures, read) for box in picture.boxes]


def test_a_sign_moves_with_the_scene_even_where_a_letter_is_misread() -> None:
    assert own([seen(0), seen(200)], [text(400, "BAKERY"), text(200, "BAKEPY")]) == [True, True]


def test_a_ticker_moves_over_the_scene_and_a_logo_stays() -> None:
    assert own([seen(0), seen(0)], [text(400, "BREAKING"), text(200, "BREAKING")]) == [False, False]
    assert own([seen(0), seen(200)], [text(400, "LOGO"), text(400, "LOGO")]) == [False, False]


def test_other_text_at_another_place_is_not_the_same_sign() -> None:
    assert own([seen(0), seen(200)], [text(400, "BAKERY"), text(200, "FLOWERS")]) == [False, False]
