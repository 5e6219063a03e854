"""Screens and slides are told from recordings."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.measure.clip_pictures import pictures
from tests.measure.decoding import decode
from tests.measure.edited import edit
from video_assets.measure.graphics import find_drawn, looks_drawn
from video_assets.measure.overlays import reduced
from video_assets.measure.types import Picture


def page() -> Picture:
    """A page of text with two boxes, 1280x720, uint8 (h, w, 3)."""
    drawn = np.full((720, 1280, 3), 250, np.uint8)
    for line in range(20):
        cv2.putText(
            drawn, "nobody knew where he went that day " * 2, (60, 60 + 24 * line), 0, 0.6, (20, 20, 20), 1, cv2.LINE_AA
        )
    cv2.rectangle(drawn, (60, 560), (600, 700), (180, 90, 30), -1)
    cv2.rectangle(drawn, (660, 560), (1200, 700), (30, 120, 200), 3)
    return drawn


def test_a_page_and_slides_are_drawn_and_recordings_are_not(demo_footage: Path) -> None:
    assert looks_drawn(reduced(page()))
    for name, drawn in (("slide_show.mp4", True), ("bunny_720p.mp4", False), ("traffic_1080p.mp4", False)):
        signs = find_drawn([reduced(p) for p in pictures(demo_footage / name, 10, 20)])
        assert (signs.drawn >= 0.1) == drawn, name


def window(inside: Picture) -> Picture:
    """A window with a menu, a tool box and a photograph in it, 1280x720, uint8 (h, w, 3)."""
    drawn = np.full((720, 1280, 3), 70, np.uint8)
    drawn[60:660, 220:1200] = cv2.resize(inside, (980, 600))
    for row in range(12):
        top = 64 + 48 * row
        cv2.rectangle(drawn, (16, top), (200, top + 36), (96, 96, 96), -1)
        cv2.rectangle(drawn, (16, top), (200, top + 36), (190, 190, 190), 2)
        cv2.putText(drawn, f"Tool {row}", (28, top + 26), 0, 0.6, (230, 230, 230), 1, cv2.LINE_AA)
    cv2.rectangle(drawn, (0, 0), (1280, 40), (110, 110, 110), -1)
    return drawn


def test_a_window_with_a_photograph_in_it_is_drawn_by_its_ruled_lines_and_the_photograph_is_not(
    demo_footage: Path,
) -> None:
    (photograph,) = pictures(demo_footage / "bunny_720p.mp4", 20, 20, 1)
    shown, alone = (find_drawn([reduced(p)]) for p in (window(photograph), photograph))
    assert shown.flat_share * shown.clean_edges < 0.1 <= shown.drawn
    assert alone.drawn < 0.05


def test_soft_lines_and_the_edges_of_bars_are_not_ruled() -> None:
    random = np.random.default_rng(0)
    wall = np.full((360, 640), 90, np.float32) + random.normal(0, 3, (360, 640)).astype(np.float32)
    for column in range(40, 640, 60):
        wall[:, column : column + 20] += 80
    assert find_drawn([cv2.GaussianBlur(wall, (7, 7), 2)]).ruled_edges == 0
    barred = np.full((360, 640), 120, np.float32)
    barred[:45] = barred[-45:] = 0
    assert find_drawn([barred]).ruled_edges == 0


def test_a_night_and_one_colour_are_not_drawn() -> None:
    night = np.zeros((360, 640), np.float32)
    night[300:320, 100:500:9] = 220
    assert not looks_drawn(night)
    assert not looks_drawn(np.full((360, 640), 128, np.float32))


def test_only_a_page_is_kept_at_a_size_at_which_it_can_be_read(demo_footage: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), page())
    film = edit(tmp_path / "page.mp4", "loop=30:1,format=yuv420p", tmp_path / "page.png")
    large = decode(film, tmp_path).keyframes["large_jpeg"]
    image = cv2.imdecode(np.frombuffer(large[0], np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (720, 1280, 3)
    images = decode(demo_footage / "bunny_720p.mp4", tmp_path).keyframes["large_jpeg"]
    assert images.null_count() == len(images) > 0
