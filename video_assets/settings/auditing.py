"""Settings of the audit of captions."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from video_assets.settings.section import Section


class AuditSettings(Section):
    """What is found wrong with a caption."""

    language: str = Field("en", pattern="^[a-z]{2,3}$", description="The captions' language, ISO 639-1.")
    fewest_words: int = Field(40, ge=0, description="Fewest words of a dense description; Movie Gen has about 100.")
    most_words: int = Field(250, ge=1, description="Most words of a dense description.")
    least_jaccard: float = Field(
        0.8,
        ge=0.5,
        le=1,
        description="Least Jaccard index, over three words in a row, of captions that are near-duplicates.",
    )
    shift_run: int = Field(
        4,
        ge=2,
        description="Profile 'full': captions in a row that must fit the neighbouring clip better than their own.",
    )
    shift_gain: float = Field(0.02, ge=0, description="By how much the cosine with the neighbouring clip is larger.")
    tolerated_share: float = Field(
        0.05, ge=0, le=1, description="Share of the audited captions with a finding above which the check warns, 0-1."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fewest_words >= self.most_words:
            raise ValueError("audit.fewest_words must be less than audit.most_words.")
        return self
