"""A caption without a language model: plain sentences made from what was measured, and nothing else.

It calls itself ``measured``. What nobody measured is left empty: a place, a style and a mood are never claimed. What a
classifier is not sure of is told as what the clip looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from video_assets.describe.caption import Caption
from video_assets.describe.tags import CAMERA_LABELS

# Least probability (0-1) from which a subject is named, and from which it is named without a doubt.
_PERHAPS, _SURELY = 0.2, 0.7
# Least share of the picture (0-1) that the largest face covers, from the closest shot on; for want of a face, a person.
_SIZE_BY_FACE = ((0.12, "close-up"), (0.035, "medium close-up"), (0.012, "medium shot"), (0.0, "wide shot"))
_SIZE_BY_PERSON = ((0.45, "medium close-up"), (0.2, "medium shot"), (0.0, "wide shot"))
# Mean luma (0-255) up to which the light is so.
_LIGHT = ((50.0, "dark"), (90.0, "dim"), (160.0, "medium bright"), (255.0, "bright"))
_CLIPPED = 0.05  # Share of the pixels (0-1) that are black or blown out, from which it is said.
# Shares of the long side a second up to which what moves does so.
_OBJECTS = ((0.005, "hardly anything moves"), (0.03, "the motion is slow"), (0.1, "the motion is moderate"))
_FAST = "the motion is fast"
_CAMERA = {
    "static": "the camera stands still",
    "handheld": "the camera is in hands and sways",
    "pan_left": "the camera moves to the left",
    "pan_right": "the camera moves to the right",
    "tilt_up": "the camera moves upwards",
    "tilt_down": "the camera moves downwards",
    "zoom_in": "the view comes closer",
    "zoom_out": "the view goes further away",
    "roll_left": "the camera turns about its axis to the left",
    "roll_right": "the camera turns about its axis to the right",
}
assert set(CAMERA_LABELS) < set(_CAMERA)


def measured_caption(clip: Mapping[str, Any], least_camera_confidence: float) -> Caption | None:
    """A caption from a clip's measurements; None when none that it speaks of is there.

    Args:
        clip: a row of ``clip_sheet``.
        least_camera_confidence: least confidence at which the camera's motion is told, 0-1.
    """
    subject, people, size = _subject(clip), _people(clip), _size(clip)
    camera, motion, light = _camera(clip, least_camera_confidence), _motion(clip), _light(clip)
    lit = f"the light is {light}" if light else ""
    head = [part for part in (subject, people) if part] or [part for part in (camera, motion, lit) if part][:1]
    told = [part for part in (subject, people, _sized(size), camera, motion, lit) if part]
    if not told:
        return None
    return Caption(
        short_description=_sentence("; ".join(head)), dense_description=" ".join(map(_sentence, told)),
        background="", style="", shot_type=size, lighting=light, atmosphere="",
    )  # fmt: skip


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _subject(clip: Mapping[str, Any]) -> str:
    """The likeliest of ImageNet's classes, unless all are unlikely."""
    subjects = clip["subjects"] or []
    likely = [str(s["subject"]).replace("_", " ") for s in subjects if s["probability"] >= _PERHAPS]
    if not likely:
        return ""
    said = " or ".join(f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}" for name in likely)
    return f"it {'shows' if subjects[0]['probability'] >= _SURELY else 'may show'} {said}"


def _people(clip: Mapping[str, Any]) -> str:
    """Persons where they were looked for, else faces. No face that is seen is nothing said of people."""
    persons, faces = clip["people_max"], clip["faces_max"]
    if persons:
        return _counted(persons, "person", "persons", clip["people_frames_share"])
    if faces:
        return _counted(faces, "face", "faces", clip["faces_frames_share"])
    return "nobody is seen" if persons == 0 and faces == 0 else ""


def _counted(number: int, one: str, many: str, share: float | None) -> str:
    most = f"one {one} is" if number == 1 else f"up to {number} {many} are"
    return f"{most} seen{' for a part of the time' if share is not None and share < 1 else ''}"


def _size(clip: Mapping[str, Any]) -> str:
    """The shot's size by the largest face or person that was seen; empty where none was."""
    for count, share, sizes in (
        (clip["faces_max"], clip["face_share_max"], _SIZE_BY_FACE),
        (clip["people_max"], clip["person_share_max"], _SIZE_BY_PERSON),
    ):
        if count and share is not None:
            return next(name for least, name in sizes if share >= least)
    return ""


def _sized(size: str) -> str:
    return f"it is a {size}, by the size of who is seen" if size else ""


def _camera(clip: Mapping[str, Any], least_confidence: float) -> str:
    motion, confidence = clip["camera_motion"], clip["camera_confidence"]
    return _CAMERA.get(motion, "") if motion and confidence is not None and confidence >= least_confidence else ""


def _motion(clip: Mapping[str, Any]) -> str:
    motion = clip["object_motion"]
    if motion is None:
        return ""
    return next((said for most, said in _OBJECTS if motion < most), _FAST)


def _light(clip: Mapping[str, Any]) -> str:
    luma, dark, bright = clip["luma_mean"], clip["dark_share"], clip["bright_share"]
    if luma is None:
        return ""
    said = next((name for most, name in _LIGHT if luma < most), _LIGHT[-1][1])
    if dark is not None and dark >= _CLIPPED:
        said += ", with black shadows"
    if bright is not None and bright >= _CLIPPED:
        said += ", with blown-out highlights"
    return said
