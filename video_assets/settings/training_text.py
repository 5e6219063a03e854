"""Settings of the texts that a model is trained with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from video_assets.settings.section import Section


class SaidScore(Section):
    """A score by which a text is conditioned."""

    name: str = Field(min_length=1, description="What the text calls it, such as 'aesthetic score'.")
    column: str = Field(min_length=1, description="The column of clip_sheet, such as aesthetic_laion.")


class TrainingTextSettings(Section):
    """How a clip's caption becomes the text of one epoch. The papers publish the steps, not their chances."""

    short_share: float = Field(
        0.25, ge=0, le=1, description="Share of the texts whose description is the short one alone, 0-1."
    )
    drop: float = Field(
        0.3, ge=0, le=1, description="Chance of each field beside the dense description to be left out, 0-1."
    )
    prefixes: tuple[Literal["fps", "camera"], ...] = Field(
        ("fps", "camera"),
        description="What stands before the description, in this order (Movie Gen): the frame rate, as FPS-16; the "
        "camera motion, where the measurement is confident.",
    )
    scores: tuple[SaidScore, ...] = Field(
        (), description="Scores that end the text, where they were measured (Open-Sora 1.2)."
    )
