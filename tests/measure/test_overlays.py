"""What lies on real moving pictures is found, opaque or not, and told from what is in them; collages are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.edited import edit, keyframes
from video_assets.measure.graphics import Drawn
from video_assets.measure.layout import Division, Layout, find_layout, in_colour
from video_assets.measure.overlay_scores import OverlayModel
from video_assets.measure.overlays import find_overlays
from video_assets.measure.types import Crop, Picture

FULL_HD = Crop(0, 0, 1920, 1080)
MOVING = ("traffic_1080p.mp4", "bunny_swaying_camera_1080p.mp4")


@pytest.fixture(scope="module")
def thinned(demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make clips of one frame a second, 14 s long, 640x360, of the two moving ones."""
    folder = tmp_path_factory.mktemp("thinned")
    for name in MOVING:
        edit(folder / name, "fps=1,scale=640:360:flags=area", demo_footage / name, encode=("-crf", "12"))
    return folder


def logo(file: Path, height: int) -> Path:
    """Draw a white logo, three times as wide as high, on nothing."""
    drawn = np.zeros((height, 3 * height), np.uint8)
    cv2.circle(drawn, (height // 2, height // 2), round(0.4 * height), 255, max(2, height // 8), cv2.LINE_AA)
    place, size = (round(1.1 * height), round(0.85 * height)), height / 30
    cv2.putText(drawn, "TV7", place, cv2.FONT_HERSHEY_SIMPLEX, size, 255, max(2, height // 10), cv2.LINE_AA)
    cv2.imwrite(str(file), np.dstack([np.full((*drawn.shape, 3), 255, np.uint8), drawn]))
    return file


def marked(folder: Path, source: Path, height: int, opacity: float, at: str = "W-w-24:H-h-18") -> list[Picture]:
    """Burn the logo in at this many pixels of 360 and this opacity."""
    image = logo(folder / "logo.png", height)
    graph = f"[1:v]format=rgba,colorchannelmixer=aa={opacity}[l];[0:v][l]overlay={at},format=yuv420p"
    return keyframes(edit(folder / "marked.mp4", graph, source, image, encode=("-crf", "18")), folder)


@pytest.mark.parametrize(
    ("name", "height", "opacity", "found"),
    [
        ("traffic_1080p.mp4", 36, 0.9, 1),
        ("traffic_1080p.mp4", 36, 0.3, 1),
        ("traffic_1080p.mp4", 20, 0.9, 1),
        ("traffic_1080p.mp4", 20, 0.3, 1),
        ("bunny_swaying_camera_1080p.mp4", 36, 0.9, 1),
        ("bunny_swaying_camera_1080p.mp4", 36, 0.7, 1),
        ("bunny_swaying_camera_1080p.mp4", 20, 0.9, 1),
        # Grass of the same strength hides it.
        ("bunny_swaying_camera_1080p.mp4", 20, 0.3, 0),
    ],
)
def test_a_logo_is_found_in_its_corner_and_nothing_else_is(
    thinned: Path, tmp_path: Path, name: str, height: int, opacity: float, found: int
) -> None:
    row = OverlayModel().measure(marked(tmp_path, thinned / name, height, opacity)[:8], FULL_HD)
    assert (row["overlays"], row["corner_overlays"]) == (found, found)
    if found:
        # The logo's right edge is 24 pixels of 640 from the picture's, its lower one 18 of 360.
        right, bottom = row["overlay_x"] + row["overlay_width"], row["overlay_y"] + row["overlay_height"]  # type: ignore[operator]
        assert 1700 < right <= 1860
        assert 980 < bottom <= 1040
        assert 0.7 < row["unmarked_share"] < 1  # type: ignore[operator]
    else:
        assert row["unmarked_share"] == 1


@pytest.mark.parametrize("name", MOVING)
def test_moving_pictures_without_a_logo_have_no_overlay(thinned: Path, tmp_path: Path, name: str) -> None:
    row = OverlayModel().measure(keyframes(thinned / name, tmp_path), FULL_HD)
    assert (row["overlays"], row["overlay_share"], row["unmarked_share"]) == (0, 0.0, 1.0)
    assert "overlay_x" not in row
    assert (row["layout"], row["panels"]) == ("single", 1)


def test_where_the_picture_stands_still_a_logo_is_left_open(thinned: Path, tmp_path: Path) -> None:
    still = marked(tmp_path, thinned / "traffic_1080p.mp4", 36, 0.9)[:1] * 8
    row = OverlayModel().measure(still, FULL_HD)
    assert row["fixed_share"] > 0.5  # type: ignore[operator]
    assert set(row) == {"overlay_frames", "fixed_share", "layout", "panels", *Drawn._fields}


def test_of_three_pictures_nothing_is_said_but_the_layout(thinned: Path, tmp_path: Path) -> None:
    row = OverlayModel().measure(keyframes(thinned / "traffic_1080p.mp4", tmp_path)[:3], FULL_HD)
    assert set(row) == {"overlay_frames", "layout", "panels", *Drawn._fields}
    assert (row["overlay_frames"], row["layout"], row["panels"]) == (3, "single", 1)


def test_a_real_title_and_subtitles_are_overlays_and_what_is_clear_lies_between_them(
    demo_footage: Path, tmp_path: Path
) -> None:
    pictures = keyframes(demo_footage / "bunny_burnt_in_text.mp4", tmp_path)
    row = OverlayModel().measure(pictures, Crop(0, 0, 1280, 720))
    assert (row["overlays"], row["corner_overlays"]) == (5, 0)
    assert row["overlay_share"] == pytest.approx(0.1, abs=0.01)
    assert row["unmarked_share"] == pytest.approx(0.71, abs=0.02)


COLLAGES = {
    "side": ("[0:v]scale=320:360[a];[1:v]scale=320:360[b];[a][b]hstack", Division(Layout.SIDE_BY_SIDE, 2)),
    "above": ("[0:v]scale=640:180[a];[1:v]scale=640:180[b];[a][b]vstack", Division(Layout.STACKED, 2)),
    "four": (
        "[0:v]scale=320:180,split[a][d];[1:v]scale=320:180,split[b][c];[c]negate[e];"
        "[a][b]hstack[x];[e][d]hstack[y];[x][y]vstack",
        Division(Layout.GRID, 4),
    ),
    "two of unlike width": ("[0:v]crop=260:360[a];[1:v]crop=380:360[b];[a][b]hstack", Division(Layout.SIDE_BY_SIDE, 2)),
    "three, the middle one wide": (
        "[0:v]crop=140:360,split[a][c];[1:v]crop=360:360[b];[a][b][c]hstack=3",
        Division(Layout.SIDE_BY_SIDE, 3),
    ),
    "upright on its own blur": (
        "[1:v]crop=203:360:60:0,setsar=1,split[a][b];[a]scale=640:1136,crop=640:360,boxblur=20[c];"
        "[c][b]overlay=218:0",
        Division(Layout.BLURRED_SIDES, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COLLAGES)
def test_a_collage_is_told_by_the_lines_between_its_pictures(thinned: Path, tmp_path: Path, name: str) -> None:
    graph, expected = COLLAGES[name]
    made = edit(tmp_path / "collage.mp4", graph + ",format=yuv420p", *(thinned / m for m in MOVING))
    assert find_layout([in_colour(p) for p in keyframes(made, tmp_path)[:4]]) == expected


def damaged(frames: list[Picture], since: int, until: int) -> list[Picture]:
    """From one frame up to another the lower part is dragged along, as a decoder does that has lost its reference."""
    held = frames[since][200:]
    made = []
    for number, frame in enumerate(frames):
        inside = since <= number < until
        held = np.roll(held, (1, 2), (0, 1)) if inside else held
        made.append(np.concatenate([frame[:200], held]) if inside else frame)
    return made


def wandering(still: bool = False) -> list[Picture]:
    """48 pictures of a camera that crosses a scene, or of one that stands before an edge from side to side."""
    scene = cv2.resize(np.random.default_rng(4).integers(0, 255, (60, 90, 3), np.uint8), (1800, 1200))
    if still:
        scene[200:] = scene[200:] // 3
    return [scene[s : s + 360, 4 * s : 4 * s + 640] for s in (0 if still else n for n in range(48))]


@pytest.mark.parametrize(
    ("since", "until", "layout"), [(12, 48, Layout.TORN), (0, 30, Layout.TORN), (48, 48, Layout.SINGLE)]
)
def test_a_smear_that_a_decoder_left_is_told_by_the_line_above_it(since: int, until: int, layout: Layout) -> None:
    frames = damaged(wandering(), min(since, 47), until) if since < until else wandering()
    assert find_layout([in_colour(frame) for frame in frames[6::12]]).layout is layout


def test_an_edge_from_side_to_side_is_no_tear() -> None:
    """Neither before a camera that stands, nor where light goes out above it, nor where it moves with the picture."""
    still = wandering(still=True)[6::12]
    for pictures in (still, [*still[:2], *(p // 2 for p in still[2:])]):
        assert find_layout([in_colour(p) for p in pictures]).layout is Layout.SINGLE
    scene = np.full((720, 640, 3), 200, np.uint8)
    scene[400:] = 40
    moving = [in_colour(scene[20 * n : 20 * n + 360]) for n in (5, 6, 7, 8)]
    assert find_layout(moving).layout is Layout.SINGLE


@pytest.mark.parametrize(("x", "y", "width", "height"), [(30, 35, 190, 107), (420, 240, 200, 110)])
def test_a_moving_picture_in_a_moving_picture_is_told_by_its_sides(x: int, y: int, width: int, height: int) -> None:
    random = np.random.default_rng(5)
    scenes = [cv2.resize(random.uniform(0, 255, (30, 60)).astype(np.float32), (1200, 600)) for _ in range(2)]
    lumas = []
    for step in range(4):
        around, inside = (s[20 * step : 20 * step + 360, 60 * step : 60 * step + 640].copy() for s in scenes)
        around[y : y + height, x : x + width] = inside[:height, :width]
        lumas.append(around)
    assert find_layout(lumas) == Division(Layout.PICTURE_IN_PICTURE, 2)
    assert find_layout([scenes[0][:360, 60 * s : 60 * s + 640] for s in range(4)]) == Division(Layout.SINGLE, 1)


SEAMS = [("side by side", Layout.SIDE_BY_SIDE, 2), ("inside", Layout.PICTURE_IN_PICTURE, 2)]


@pytest.mark.parametrize(("where", "layout", "panels"), SEAMS)
def test_two_moving_pictures_of_the_same_light_are_told_apart_by_their_colours(
    where: str, layout: Layout, panels: int
) -> None:
    random = np.random.default_rng(3)
    light = cv2.resize(random.uniform(90, 160, (30, 60)).astype(np.float32), (1200, 600))
    reds, blues = (cv2.resize(random.uniform(-35, 35, (15, 30)).astype(np.float32), (1200, 600)) for _ in range(2))
    pictures = []
    for step in range(4):
        there = np.s_[20 * step : 20 * step + 360, 60 * step : 60 * step + 640]
        around = np.stack([light[there], 128 + reds[there], 128 + blues[there]], axis=2)
        other = np.stack([light[there], 98 - reds[there], 153 - blues[there]], axis=2)
        box = np.s_[:, :250] if where == "side by side" else np.s_[200:330, 400:610]
        around[box] = other[box]
        pictures.append(cv2.cvtColor(np.clip(around, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2BGR))
    assert find_layout([in_colour(p) for p in pictures]) == Division(layout, panels)
    assert find_layout([in_colour(p)[0] for p in pictures]) == Division(Layout.SINGLE, 1)


def test_a_window_in_a_wall_and_a_line_along_which_a_camera_moves_are_no_division() -> None:
    random = np.random.default_rng(4)
    wall = cv2.resize(random.uniform(0, 90, (30, 60)).astype(np.float32), (640, 360))
    wall[100:250, 200:420] = cv2.resize(random.uniform(150, 250, (10, 20)).astype(np.float32), (220, 150))
    flicker = [wall + random.normal(0, 2, (360, 640)).astype(np.float32) for _ in range(4)]
    assert find_layout(flicker) == Division(Layout.SINGLE, 1)
    sky = cv2.resize(random.uniform(150, 250, (6, 60)).astype(np.float32), (1200, 180))
    ground = cv2.resize(random.uniform(0, 90, (6, 60)).astype(np.float32), (1200, 180))
    scene = cv2.GaussianBlur(np.vstack([sky[:150], ground, ground[:30]]), (5, 5), 1.5)
    along = [scene[:, 90 * step : 90 * step + 640] for step in range(4)]
    assert find_layout(along) == Division(Layout.SINGLE, 1)


@pytest.mark.parametrize("lines", [range(40, 300, 40), (140, 147, 159, 169)])
def test_the_lines_of_a_pattern_are_no_split(lines: Sequence[int]) -> None:
    """Under hands, or in another place, few of them run through, and one of those may lie in the middle."""
    random = np.random.default_rng(1)
    mat = [random.uniform(90, 110, (180, 320)).astype(np.float32) for _ in range(4)]
    for luma in mat:
        luma[:, list(lines)] = 200
    assert find_layout(mat) == Division(Layout.SINGLE, 1)


def test_what_goes_on_for_itself_on_both_sides_of_a_line_of_a_ruled_mat_is_no_split() -> None:
    """Hands move over it, and one of its lines lies in the middle."""
    random = np.random.default_rng(1)
    mat = [random.uniform(60, 140, (180, 320)).astype(np.float32) for _ in range(4)]
    for luma in mat:
        luma[:, 160:] += 80
    assert find_layout(mat).layout is Layout.SIDE_BY_SIDE
    for luma in mat:
        luma[20:160:20] = 250
    assert find_layout(mat) == Division(Layout.SINGLE, 1)


@given(st.integers(0, 2**32 - 1), st.integers(40, 120), st.integers(40, 120))
def test_noise_has_no_overlay_and_no_lines(seed: int, width: int, height: int) -> None:
    random = np.random.default_rng(seed)
    lumas = [random.uniform(0, 255, (height, width)).astype(np.float32) for _ in range(6)]
    found = find_overlays(lumas)
    assert found.fixed_share < 0.01
    assert found.overlays == []
    assert find_layout(lumas) == Division(Layout.SINGLE, 1)
