"""What a model is given of a clip, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from video_assets.reasons import Reason

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Shown:
    """A clip as a model sees it: JPEGs of its keyframes, cut to its crop, in order of time."""

    clip_id: str
    jpegs: tuple[bytes, ...]


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A model's word on a clip: what was asked for, such as a caption, or a reason with a message for a person; and what it took."""

    clip_id: str
    said: T | None
    reason: Reason | None = None
    message: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    compute_seconds: float | None = None
    gpu_seconds: float | None = None
    waited_seconds: float | None = None
    limited_by: str | None = None
