"""Settings of the captions: who writes them, of which clips, and how they are asked."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from video_assets.settings.endpoint import EndpointSettings
from video_assets.settings.section import Section

HUMAN = "human"
"""The captioner whose captions win: people's corrections, which are imported."""

PROMPT = """\
These pictures are frames of one video clip, in order of time. Describe the clip for the training of a model that makes \
video from text. Reply with one JSON object with these fields, each a text in English:
- short_description: the main subject and what it does, in one sentence.
- dense_description: about 100 words on everything of note, in order of time, with scene changes and camera movement.
- background: the place, and what stands or moves behind the subject.
- style: the kind of footage, such as documentary, cinematic, animation or phone video.
- shot_type: shot size and camera position, such as close-up, wide shot or aerial.
- lighting: the light's source, direction, strength and colour.
- atmosphere: the mood.
Say only what is seen. Describe the clip as a video that plays: never speak of frames, images or pictures. Leave a field \
empty when nothing can be said. Quote text only when it can be read."""


class CaptionerSettings(EndpointSettings):
    """One captioner. What its captions depend on is part of their version: kind, model, prompt, seed and the like."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9_.-]*$", description="What the table calls it; 'human' is taken.")
    kind: Literal["measured", "endpoint", "local"] = Field(
        description="'measured': plain sentences from the measurements, without a language model. 'endpoint': a server that "
        "speaks OpenAI's chat completions and takes images. 'local': a model that transformers loads (profile 'full')."
    )
    share: float = Field(1.0, ge=0, description="Its share of the clips, relative to the other captioners' shares.")
    model: str = Field("", description="The model's name at the endpoint; a folder or a hub's name of a local one.")
    weights_sha256: str = Field("", description="kind 'local': SHA-256 of the weights that somebody has vouched for.")
    prompt: str = Field(PROMPT, min_length=1, description="What the model is asked for.")
    longest_field: int = Field(1500, ge=1, description="kind 'local': most characters of a field of the caption.")
    concurrency: int = Field(
        8, ge=1, le=1024, description="Most requests at a time; clips that a local model captions at the same time."
    )
    memory_mib: int = Field(65536, gt=0, description="kind 'local': memory of the worker process, in MiB.")
    cpu_seconds_per_clip: float = Field(
        7200.0, gt=0, description="kind 'local': CPU limit of the worker process, in seconds for each clip."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.name == HUMAN:
            raise ValueError(f"No captioner may be named {HUMAN!r}: these captions are imported.")
        if self.kind != "measured" and not self.model:
            raise ValueError(f"The captioner {self.name} needs a model.")
        if self.kind == "endpoint" and not self.base_url:
            raise ValueError(f"The captioner {self.name} needs a base_url, such as http://localhost:8000/v1.")
        return self


class CaptionSettings(Section):
    """Who captions which clips."""

    captioners: tuple[CaptionerSettings, ...] = Field(
        (CaptionerSettings(name="measured", kind="measured"),),
        description="The captioners. Each clip is drawn to one of them, by their shares (Movie Gen: 70 and 30 %).",
    )
    seed: int = Field(0, description="Another seed draws other captioners for the clips.")
    tiers: tuple[str, ...] | None = Field(
        None,
        description="The tiers that need captions: clips that one of them keeps or leaves undecided are captioned. "
        "Default: the tiers from which a draw is made.",
    )
    least_camera_confidence: float = Field(
        0.7, ge=0, le=1, description="Least confidence at which the measured camera motion enters a caption, 0-1."
    )

    @model_validator(mode="after")
    def _named_apart(self) -> Self:
        if twice := [name for name, count in Counter(c.name for c in self.captioners).items() if count > 1]:
            raise ValueError(f"Two captioners are named {twice[0]}; give each a name of its own.")
        return self
