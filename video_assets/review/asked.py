"""What a browser may send: models that every change is checked by before anything is done with it."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from video_assets.review.clips import Clip
from video_assets.review.questions import Decision, Questions

RATER = re.compile(r"\w[\w .@+-]{0,59}")
LONGEST_CAPTION = 8_000
CLIP_ID = re.compile(r"[0-9a-f]{32}")

ClipId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ReviewId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

# JavaScript's numbers have 53 bits: the page sends digits.
Pts = Annotated[int, Field(ge=-(2**63), lt=2**63, strict=False)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SentVerdict(_Sent):
    """A verdict, as the judging page sends it."""

    review_id: ReviewId
    clip_id: ClipId
    rater: Annotated[str, Field(max_length=60)] | None = None
    questions: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    decision: Decision
    answers: dict[str, Annotated[int, Field(ge=0, le=5)]] = Field(default_factory=dict, max_length=60)
    flags: list[str] = Field(default_factory=list, max_length=9)
    trim_start_pts: Pts | None = None
    trim_end_pts: Pts | None = None
    caption: Annotated[str, Field(max_length=LONGEST_CAPTION)] | None = None
    note: Annotated[str, Field(max_length=2_000)] | None = None
    tier: Annotated[str, Field(max_length=200)] | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400, strict=False)] | None = None

    @field_validator("caption", "note")
    @classmethod
    def _text(cls, given: str | None) -> str | None:
        if given is not None and "\0" in given:
            raise ValueError("has a NUL character in it")
        return (given or "").strip() or None

    def fits(self, clip: Clip, questions: Questions) -> None:
        """See that it answers these questions about this clip.

        Raises:
            ValueError: it does not; says what is wrong.
        """
        if self.questions != questions.version:
            raise ValueError("The questions are others now; load the page anew.")
        axes, checks = {a.name for a in questions.axis}, {c.name for c in questions.check}
        for name, value in self.answers.items():
            if name not in axes | checks:
                raise ValueError(f"There is no question {name[:60]}.")
            if not (1 <= value <= 5 if name in axes else value in (0, 1)):
                raise ValueError(f"{value} is no answer to {name}.")
        if unknown := sorted(set(self.flags) - {f.name for f in questions.flag}):
            raise ValueError(f"There is no flag {unknown[0][:60]}.")
        start = clip.start_pts if self.trim_start_pts is None else self.trim_start_pts
        end = clip.end_pts if self.trim_end_pts is None else self.trim_end_pts
        if not clip.start_pts <= start < end <= clip.end_pts:
            raise ValueError("The trim does not lie inside the clip.")


class SentUndo(_Sent):
    """That a verdict is taken back: the row's own id, and the verdict's; None: the rater's last one."""

    review_id: ReviewId
    takes_back: ReviewId | None = None


class SentNext(_Sent):
    """Asks for the next clips of a queue; ``have`` are those that the page has at hand."""

    query: Annotated[str, Field(max_length=8_000)] = ""
    have: list[ClipId] = Field(default_factory=list, max_length=1_000)
    most: Annotated[int, Field(ge=1, le=10)] = 3


class SentBack(_Sent):
    """Clips that the page had and lets go."""

    clips: list[ClipId] = Field(default_factory=list, max_length=20)


class SentRater(_Sent):
    """Who judges from now on."""

    name: Annotated[str, Field(min_length=1, max_length=60)]

    @field_validator("name")
    @classmethod
    def _a_name(cls, given: str) -> str:
        if not RATER.fullmatch(given.strip()):
            raise ValueError("a name has letters, digits, spaces and . @ + - _, at most 60")
        return given.strip()


def finite(text: str) -> float | None:
    """A number in an address; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
