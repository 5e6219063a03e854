"""Settings of the judge: a vision-language model that answers a team's own questions about clips."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from video_assets.settings.endpoint import EndpointSettings
from video_assets.settings.section import Section

PROMPT = """\
These pictures are frames of one video clip, in order of time. Answer each question below about the clip with yes, no or \
unsure: unsure where the pictures do not show it. Reply with one JSON object. For a question NAME it has two fields: \
NAME_why, the reason in one sentence in English, and NAME, the answer. Say only what is seen."""


class JudgeSettings(Section):
    """Who answers which questions, about which clips; without a file of questions nobody is asked."""

    questions: Path | None = Field(
        None,
        description="A file of questions, a line each, such as 'shows_logo: Does the clip show a logo or a watermark?'; none: "
        "there is no judge.",
    )
    tier: str | None = Field(
        None,
        description="The tier whose clips are asked about: those that it does not drop by what is measured without the judge. "
        "Default: all clips that models measure.",
    )
    prompt: str = Field(PROMPT, min_length=1, description="What the model is told; the questions follow it.")
    endpoint: EndpointSettings = Field(default_factory=EndpointSettings, description="Who is asked.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.questions is None:
            return self
        if not self.endpoint.base_url:
            raise ValueError("judge.questions needs judge.endpoint.base_url, such as http://localhost:8000/v1.")
        if not self.endpoint.model:
            raise ValueError("judge.questions needs judge.endpoint.model, the model's name at the endpoint.")
        return self
