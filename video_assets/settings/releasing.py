"""Settings of releases: what a tier's clips are made into for training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from video_assets.settings.section import Section


class ReleaseSettings(Section):
    """How clips are cut, grouped and packed. All of these are part of a release's identity."""

    policy: str = Field("policies/default", description="Rights policy by which clips may be in a release.")
    short_side: int | None = Field(
        None,
        ge=16,
        description="Shorter side of the pictures, in pixels; smaller clips are not enlarged. None: as the clip is.",
    )
    fps: int | None = Field(
        None,
        ge=1,
        le=240,
        description="Frames/s of the media, by time; None: every frame of the source at its own time.",
    )
    multiple_of: int = Field(
        16,
        ge=2,
        description="Sides are multiples of this where short_side is set, as video autoencoders and their patches need; "
        "what is over is cropped. Without short_side they are made even.",
    )
    duration_edges: tuple[float, ...] = Field(
        (2.0, 4.0, 6.0, 8.0, 12.0, 16.0),
        description="Where one duration bucket ends and the next begins, in s: a shard holds clips of like length.",
    )
    shard_seconds: float = Field(
        600.0, gt=0, description="Footage in a shard, in s: at crf 18 a shard of 720p is then near a gigabyte."
    )
    crf: int = Field(18, ge=0, le=51, description="x264's constant rate factor: lower is better and larger.")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = Field(
        "veryfast", description="x264's preset: slower ones make smaller files."
    )
    gop: int = Field(
        24,
        ge=1,
        description="A key frame every so many frames: random windows cost 2 to 3 times less than with x264's 250.",
    )
    sound: bool = Field(True, description="Whether a clip keeps its sound.")
    interlaced: Literal["refuse", "deinterlace", "keep"] = Field(
        "refuse",
        description="What becomes of clips whose file says that they are interlaced: no media, with a reason; deinterlaced, one "
        "picture a frame; or kept as they are.",
    )
    to_sdr: bool = Field(
        False,
        description="Whether pictures of more than 8 bits, and HDR ones, are made into 8 bits of SDR, HDR by the tone map of the "
        "measurements. Otherwise they get no media, with a reason.",
    )
    trims: bool = Field(
        True, description="Whether a clip that people trimmed is in a release as they trimmed it, by who did so last."
    )
    copy_where_exact: bool = Field(
        False, description="Whether streams are copied instead of encoded where the packets prove that to be exact."
    )

    @field_validator("duration_edges")
    @classmethod
    def _rising(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if list(edges) != sorted(set(edges)) or any(edge <= 0 for edge in edges):
            raise ValueError("duration_edges must be positive and rise, such as (4, 8, 16).")
        return edges
