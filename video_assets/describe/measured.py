"""A caption without a language model: plain sentences made from what was measured, and nothing else.

It calls itself ``measured``, and says only what is right of nearly every clip of which it says it; of the rest it is silent.
ImageNet's classes are never told: most that a classifier gives to a video's frames are wrong, at any probability. What
nobody measured is left empty: a place, a style and a mood are never claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from video_assets.describe.caption import Caption
from video_assets.describe.tags import CAMERA_LABELS
from video_assets.measure.camera import STATIC

# Least share of the keyframes (0-1) that show a face or a person for it to be told: one of four may be a chance find.
_SEEN_IN = 0.5
# Least height of the largest face, as a share of the picture's (0-1), from the closest shot on; hats and hair blur what is
# between a medium and a wide shot.
_SIZE_BY_FACE = ((0.46, "close-up"), (0.25, "medium close-up"), (0.16, "medium shot"), (0.08, ""), (0.0, "wide shot"))
# Least share of the camera's steps (0-1) at which it stands still enough for what moves to be told: fades look like motion.
_STILL = 0.85
# Mean luma (0-255) up to which the picture is so.
_LIGHT = ((50.0, "dark"), (90.0, "dim"), (160.0, "medium bright"), (255.0, "bright"))
_CLIPPED = 0.05  # Share of the pixels (0-1) that are black or white, from which it is said.
# Mean speed of the whole picture's texture, in shares of the long side a second, up to which so much of it moves.
_AMOUNTS = (
    (0.004, "hardly anything moves"),
    (0.02, "a little of the picture moves"),
    (0.06, "some of the picture moves"),
)
_MUCH = "much of the picture moves"
# No sentence of a roll: to geometry a camera that goes round something below it is one, and more do that.
_CAMERA = {
    "static": "the camera stands still",
    "handheld": "the camera sways",
    "pan_left": "the camera moves to the left",
    "pan_right": "the camera moves to the right",
    "tilt_up": "the camera moves upwards",
    "tilt_down": "the camera moves downwards",
    "zoom_in": "the view comes closer",
    "zoom_out": "the view goes further away",
}
assert set(CAMERA_LABELS) == set(_CAMERA)


def measured_caption(clip: Mapping[str, Any], least_camera_confidence: float) -> Caption | None:
    """A caption from a clip's measurements; None when none that it speaks of is there.

    Args:
        clip: a row of ``clip_sheet``.
        least_camera_confidence: least confidence at which the camera's motion is told, 0-1.
    """
    people, size = _people(clip), _size(clip)
    camera, motion, light = _camera(clip, least_camera_confidence), _motion(clip, least_camera_confidence), _light(clip)
    lit = f"the picture is {light}" if light else ""
    told = [part for part in (people, _sized(size), camera, motion, lit) if part]
    if not told:
        return None
    return Caption(
        short_description=_sentence(told[0]), dense_description=" ".join(map(_sentence, told)),
        background="", style="", shot_type=size, lighting=light, atmosphere="",
    )  # fmt: skip


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _people(clip: Mapping[str, Any]) -> str:
    """Persons where they were looked for, else faces. No face that is found is nothing said of people, nor of the time."""
    for one, many, what, several in (
        ("people_max", "people_frames_share", "a person", "several persons"),
        ("faces_max", "faces_frames_share", "a face", "several faces"),
    ):
        if clip[one] and (clip[many] or 0) >= _SEEN_IN:
            return f"{what} is seen" if clip[one] == 1 else f"{several} are seen"
    return ""


def _size(clip: Mapping[str, Any]) -> str:
    """The shot's size by the largest face, which is about as high as wide; empty where none is told."""
    share, aspect = clip["face_share_max"], clip["aspect"]
    if not clip["faces_max"] or not share or not aspect or (clip["faces_frames_share"] or 0) < _SEEN_IN:
        return ""
    high = math.sqrt(share * aspect)
    return next(name for least, name in _SIZE_BY_FACE if high >= least)


def _sized(size: str) -> str:
    return f"it is a {size}, by the size of who is seen" if size else ""


def _camera(clip: Mapping[str, Any], least_confidence: float) -> str:
    motion, confidence = clip["camera_motion"], clip["camera_confidence"]
    return _CAMERA.get(motion, "") if motion and confidence is not None and confidence >= least_confidence else ""


def _motion(clip: Mapping[str, Any], least_confidence: float) -> str:
    """How much moves, where the camera surely stands still: behind a moving one it is not told from near and far."""
    motion, confidence = clip["object_motion"], clip["camera_confidence"]
    if (
        motion is None
        or clip["camera_motion"] != STATIC
        or confidence is None
        or confidence < max(least_confidence, _STILL)
    ):
        return ""
    return next((said for most, said in _AMOUNTS if motion < most), _MUCH)


def _light(clip: Mapping[str, Any]) -> str:
    luma, dark, bright = clip["luma_mean"], clip["dark_share"], clip["bright_share"]
    if luma is None:
        return ""
    said = next((name for most, name in _LIGHT if luma < most), _LIGHT[-1][1])
    if dark is not None and dark >= _CLIPPED:
        said += ", with black areas"
    if bright is not None and bright >= _CLIPPED:
        said += ", with white areas"
    return said
