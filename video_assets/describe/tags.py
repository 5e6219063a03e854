"""What measurements and metadata add to a caption: the camera motion by its published name, source and quality tags.

HunyuanVideo (arXiv 2412.03603, section 3.2) extends its captions with the camera movement where the classifier is sure,
and with source and quality tags; it does not print the tags. These, and their thresholds, are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CAMERA_LABELS: Mapping[str, str] = {
    "static": "static shot",
    "handheld": "handheld shot",
    "pan_left": "pan left",
    "pan_right": "pan right",
    "tilt_up": "tilt up",
    "tilt_down": "tilt down",
    "zoom_in": "zoom in",
    "zoom_out": "zoom out",
}
"""HunyuanVideo's name of each class of ours that has one; ``sql/views/camera_classes.sql`` says which other names a class holds."""

_LINES = (2160, 1440, 1080, 720, 480, 360, 240)
_QUALITY: tuple[tuple[str, str, float, float], ...] = (
    # The tag, the column, and the range in which it holds: from, to (exclusive).
    ("high technical quality", "technical_quality", 0.8, float("inf")),
    ("low technical quality", "technical_quality", float("-inf"), 0.4),
    ("blurred", "blur", 0.6, float("inf")),
    ("noisy", "noise", 5.0, float("inf")),
    ("visible compression", "blockiness", 0.3, float("inf")),
    ("dark", "luma_mean", float("-inf"), 50.0),
    ("bright", "luma_mean", 180.0, float("inf")),
    ("flickering", "flicker", 4.0, float("inf")),
    ("shaky", "shake", 0.02, float("inf")),
    ("text in the picture", "text_share", 0.01, float("inf")),
    ("overlays", "overlaid_share", 0.005, float("inf")),
)


def camera_label(motion: str | None, confidence: float | None, least_confidence: float) -> str | None:
    """HunyuanVideo's name of a measured camera motion; None where it has none or the measurement is not so sure."""
    if motion is None or confidence is None or confidence < least_confidence:
        return None
    return CAMERA_LABELS.get(motion)


def source_tags(clip: Mapping[str, Any]) -> list[str]:
    """Tags from a clip's metadata, of what is known.

    Args:
        clip: a row of ``clip_sheet``.

    Returns:
        The class of acquisition, the orientation, the greatest of the usual numbers of lines that the short side has,
        and the frame rate.
    """
    found = [clip["acquired_how"] if clip["acquired_how"] != "unknown" else None, clip["orientation"]]
    side, fps = clip["min_side"], clip["fps"]
    found.append(next((f"{lines}p" for lines in _LINES if side is not None and side >= lines), None))
    found.append(f"{round(fps)} fps" if fps else None)
    return [tag for tag in found if tag]


def quality_tags(clip: Mapping[str, Any]) -> list[str]:
    """Tags from a clip's measurements, a row of ``clip_sheet``; what was not measured has none."""
    return [tag for tag, column, low, high in _QUALITY if clip[column] is not None and low <= clip[column] < high]
