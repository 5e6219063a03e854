"""What the camera does in a clip: moves made from real stills, and real clips labelled by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import polars as pl
import pytest

from tests.measure.camera_moves import camera_signals, path_of, shot, stills
from tests.measure.decoding import decode
from tests.measure.made_clips import clip, clips_of, frames_of
from video_assets.measure.camera import HANDHELD, MIXED, MOVES, STATIC, camera_scores
from video_assets.measure.motion import motion_scores
from video_assets.settings import DecodeSettings, Settings

CLASSES = [STATIC, HANDHELD, *(c for pair in MOVES.values() for c in pair)]
HZ = DecodeSettings().camera_hz


@pytest.fixture(scope="module")
def moves() -> pl.DataFrame:
    """Every class from eight stills, once alone and once with another still's picture passing over a fifth of the view."""
    random = np.random.default_rng(20)
    pictures = list(stills())
    signals = []
    for number, still in enumerate(pictures):
        passing = cv2.resize(pictures[number - 1], (110, 100), interpolation=cv2.INTER_AREA)
        for name in CLASSES:
            for foreground in (None, passing):
                speed = random.uniform(0.05, 0.15) if name == HANDHELD else random.uniform(0.03, 0.1)
                frames = shot(still, path_of(name, speed, random), foreground, random)
                signals.append(camera_signals(frames, f"{name} {number} {foreground is not None}", HZ))
    made, from_still, in_front = (pl.col("clip_id").str.split(" ").list.get(i) for i in range(3))
    return camera_scores(pl.concat(signals)).with_columns(
        made=made, still=from_still, foreground=in_front == "True", right=made == pl.col("camera_motion")
    )


def test_at_least_95_of_100_made_moves_are_recognised_with_and_without_somebody_in_front(moves: pl.DataFrame) -> None:
    assert dict(moves.group_by("foreground").len().iter_rows()) == {False: 80, True: 80}
    for foreground in (False, True):
        found = moves.filter(pl.col("foreground") == foreground)
        wrong = found.filter(~pl.col("right")).select("clip_id", "camera_motion").rows()
        assert len(wrong) <= 0.05 * 80, wrong


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_is_recognised_and_sure(moves: pl.DataFrame, name: str) -> None:
    found = moves.filter(pl.col("made") == name)
    assert found["right"].sum() >= 15
    assert found.filter("right").select(pl.col("camera_confidence").median()).item() > 0.9


def test_only_a_handheld_camera_shakes(moves: pl.DataFrame) -> None:
    handheld = pl.col("made") == HANDHELD
    assert moves.filter(~handheld & ~pl.col("foreground")).select(pl.col("shake").max()).item() < 0.01
    assert moves.filter(handheld).select(pl.col("shake").min()).item() > 0.02


def test_somebody_in_front_is_object_motion_under_every_move(moves: pl.DataFrame) -> None:
    pairs = moves.filter(~pl.col("foreground")).join(moves.filter("foreground"), on=["made", "still"])
    assert pairs.height == 80
    assert pairs.select((pl.col("object_motion_right") > pl.col("object_motion")).mean()).item() > 0.9


BY_EYE = {
    "bunny_720p.mp4": {STATIC},
    "bunny_frozen.mp4": {STATIC},
    "slide_show.mp4": {STATIC},
    "bunny_swaying_camera_1080p.mp4": {MIXED},  # it pans left and right in turn
    # No tripod: between the vans the pole and the cyclist drift by a tenth of the picture and back.
    "traffic_1080p.mp4": {MIXED, HANDHELD},
}


@pytest.mark.parametrize("name", BY_EYE)
def test_demo_clips_have_the_motion_that_the_eye_sees(name: str, demo_footage: Path, tmp_path: Path) -> None:
    signals = decode(demo_footage / name, tmp_path).signals
    scores = camera_scores(signals.with_columns(pl.lit("c").alias("clip_id"))).row(0, named=True)
    assert scores["camera_motion"] in BY_EYE[name]
    assert (scores["camera_confidence"] > 0.95) == (scores["camera_motion"] == STATIC)
    assert (scores["shake"] > 0.02) == (name == "traffic_1080p.mp4")


def test_a_swaying_camera_pans_each_way_in_the_parts_of_its_clip(demo_footage: Path, tmp_path: Path) -> None:
    signals = decode(demo_footage / "bunny_swaying_camera_1080p.mp4", tmp_path).signals
    half = 3.52  # s from one end of the sway to the other
    parts = signals.with_columns((pl.col("time_s") // half).cast(pl.Int32).cast(pl.String).alias("clip_id"))
    found = camera_scores(parts).sort("clip_id")["camera_motion"].to_list()
    assert found == ["pan_right", "pan_left", "pan_right", "pan_left"]


def steps(*parts: tuple[int, dict[str, float]], frames: int = 4) -> dict[str, list[Any]]:
    """Make camera columns: (how many steps, their values); a step every ``frames`` frames, unsaid values are 0."""
    columns: dict[str, list[Any]] = {c: [] for c in (*MOVES, "camera_support", "camera_held", "object_motion")}
    for count, values in parts:
        for _ in range(count):
            for name, column in columns.items():
                column += [values.get(name, 1.0 if name == "camera_support" else 0.0), *[None] * (frames - 1)]
    return columns


def scored(*parts: tuple[int, dict[str, float]]) -> dict[str, Any]:
    columns = steps(*parts)
    frames = len(columns["camera_pan"])
    signals = frames_of("v", columns | {"vmaf_motion": [1.0] * frames})
    return motion_scores(clips_of(clip("c", "v", 0, frames)), signals).row(0, named=True)


def test_the_first_step_of_a_clip_counts_from_outside_and_is_left_out() -> None:
    scores = scored((1, {"object_motion": 9.0}), (1, {"object_motion": 0.5}))
    assert (scores["object_motion"], scores["camera_confidence"]) == (0.5, 1.0)


def test_confidence_is_the_share_of_steps_that_show_the_motion() -> None:
    scores = scored((1, {}), (30, {"camera_pan": 0.1}), (20, {}))
    assert (scores["camera_motion"], scores["camera_confidence"], scores["camera_pan"]) == (
        "pan_right",
        0.6,
        pytest.approx(0.1),
    )


@pytest.mark.parametrize(("growth", "motion"), [(0.0122, "zoom_in"), (-0.0122, "zoom_out"), (0.007, "static")])
def test_a_zoom_of_5_percent_in_4_s_is_one_where_it_is_steady(growth: float, motion: str) -> None:
    steady = [(1, {"camera_zoom": growth * part, "camera_pan": 0.004}) for part in (1.2, 1.0, 0.8) * 8]
    assert scored(*steady)["camera_motion"] == motion
    unsteady = [(1, {"camera_zoom": growth * part}) for part in (2.0, 1.0, 0.0) * 8]
    assert scored(*unsteady)["camera_motion"] == "static"


def test_a_zoom_into_a_place_outside_the_picture_is_none() -> None:
    beside = [(1, {"camera_zoom": 0.02, "camera_pan": 0.012})] * 24
    assert scored(*beside)["camera_motion"] == "static"


@pytest.mark.parametrize(("held", "motion"), [(0.05, "pan_left"), (0.2, "mixed")])
def test_a_pan_under_which_somebody_stays_in_place_follows_them_or_goes_round(held: float, motion: str) -> None:
    assert scored((24, {"camera_pan": -0.05, "camera_held": held}))["camera_motion"] == motion


def test_a_roll_under_which_the_middle_stays_in_place_goes_round_it() -> None:
    assert scored((24, {"camera_roll": 10.0, "camera_held": 0.2}))["camera_motion"] == "mixed"
    assert scored((24, {"camera_roll": 10.0, "camera_held": 0.05}))["camera_motion"] == "roll_right"


def test_of_a_clip_of_which_few_steps_tell_no_class_is_told() -> None:
    """A flight between trees, of which the picture is mostly too blurred."""
    blurred = {"camera_pan": 5.0, "camera_support": 0.1}
    scores = scored((1, {}), (20, {"camera_pan": 0.1}), (70, blurred))
    assert (scores["camera_motion"], scores["camera_confidence"], scores["camera_pan"]) == (None, 0.0, None)
    assert scored((1, {}), (30, {"camera_pan": 0.1}), (70, blurred))["camera_motion"] == "pan_right"


def test_steps_that_little_texture_supports_make_a_clip_less_sure() -> None:
    wild = {"camera_pan": 5.0, "camera_support": 0.3}
    scores = scored((1, {}), (30, {"camera_zoom": -0.1}), (20, wild))
    assert (scores["camera_motion"], scores["camera_confidence"]) == ("zoom_out", 0.6)


def test_a_clip_whose_camera_cannot_be_told_has_no_class_and_no_confidence_in_a_good_row() -> None:
    scores = scored((20, {"camera_support": 0.0}))
    assert scores["camera_confidence"] == 0.0
    assert scores["reason"] is None
    assert {scores[c] for c in ("camera_motion", *MOVES, "shake", "object_motion")} == {None}


def test_a_clip_without_camera_steps_has_nulls_in_a_good_row() -> None:
    signals = frames_of("v", {"vmaf_motion": [1.0] * 20})
    scores = motion_scores(clips_of(clip("c", "v", 0, 20)), signals).row(0, named=True)
    assert (scores["camera_motion"], scores["camera_confidence"], scores["reason"]) == (None, None, None)


@pytest.fixture
def published() -> pl.DataFrame:
    view = (Settings().sql_folder / "views" / "camera_classes.sql").read_text()
    return duckdb.sql(view).pl()


def test_every_published_class_stands_once_in_the_mapping(published: pl.DataFrame) -> None:
    assert not published.select("recipe", "label").is_duplicated().any()
    assert dict(published.group_by("recipe").len().iter_rows()) == {"movie_gen": 16, "hunyuan_video": 14}


def test_published_classes_are_held_by_ours_or_by_none_when_they_need_depth_or_a_subject(
    published: pl.DataFrame,
) -> None:
    assert set(published["camera_motion"].drop_nulls()) == set(CLASSES) - {"roll_left", "roll_right"}
    assert set(published.filter(pl.col("camera_motion").is_null())["label"]) == {
        "arc shot", "tracking shot", "around left", "around right",
    }  # fmt: skip
