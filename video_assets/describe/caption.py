"""A caption's fields.

The seven fields are those of HunyuanVideo's structured caption (arXiv 2412.03603, section 3.2); the schema that a
language model's reply is held to is made from this class.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Caption(BaseModel):
    """What is seen in a clip, in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short_description: str = Field(min_length=1, description="The main subject and what it does, in one sentence.")
    dense_description: str = Field(
        min_length=1,
        description="Everything of note in about 100 words, in order of time, with scene changes and camera movement.",
    )
    background: str = Field(description="The place and what stands or moves behind the subject.")
    style: str = Field(description="The kind of footage, such as documentary, cinematic, animation or phone video.")
    shot_type: str = Field(description="Shot size and camera position, such as close-up, wide shot or aerial.")
    lighting: str = Field(description="Light: its source, direction, strength and colour.")
    atmosphere: str = Field(description="The mood.")


FIELDS = tuple(Caption.model_fields)
