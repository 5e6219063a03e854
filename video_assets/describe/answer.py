"""What a captioner is given of a clip, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from video_assets.describe.caption import Caption
from video_assets.reasons import Reason


@dataclass(frozen=True)
class Shown:
    """A clip as a model sees it: JPEGs of its keyframes, cut to its crop, in order of time."""

    clip_id: str
    jpegs: tuple[bytes, ...]


@dataclass(frozen=True)
class Answer:
    """A captioner's word on a clip: a caption, or a reason with a message for a person; and what it took."""

    clip_id: str
    caption: Caption | None
    reason: Reason | None = None
    message: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    compute_seconds: float | None = None
    gpu_seconds: float | None = None
    waited_seconds: float | None = None
    limited_by: str | None = None
