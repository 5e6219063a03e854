"""Settings of the review page: where it is served, what it asks, and who is given which clip."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from video_assets.settings.section import Section


class ReviewSettings(Section):
    """The page on which people look at clips and judge them."""

    host: str = Field(
        "127.0.0.1", description="Address that is listened on. Any but loopback needs a token (token_env)."
    )
    port: int = Field(8123, ge=0, le=65_535, description="Port; 0: any that is free.")
    address: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+$",
        description="Address by which people reach the page, such as https://review.example.org: Dagster's pages of tiers lead to it.",
    )
    token_env: str | None = Field(
        None,
        description="The environment variable that holds the token by which people enter; none: no token is asked for.",
    )
    hosts: tuple[str, ...] = Field(
        (), description="Names, beside the address itself, by which browsers may ask for the page: others are refused."
    )
    questions: Path | None = Field(None, description="TOML file of the questions; default: those of the package.")
    cache_gib: float = Field(
        8.0,
        ge=0.01,
        description="Room in lake.scratch for clips that were encoded for browsers, in GiB; the longest unused go first.",
    )
    encoders: int = Field(1, ge=1, le=64, description="Clips that are encoded for browsers at once.")
    short_side: int = Field(
        720,
        ge=64,
        le=2160,
        description="Shorter side of a clip that is encoded for browsers, in pixels; smaller ones are not enlarged.",
    )
    lease_minutes: float = Field(
        15.0, gt=0, description="For how long a clip that was handed out is given to nobody else, in minutes."
    )
    second_share: float = Field(
        0.2, ge=0, le=1, description="Share of the clips that two people judge, by which their agreement is known."
    )
    near: float = Field(
        0.5,
        gt=0,
        description="Clips that a tier drops by one rule alone are judged too where they miss it by at most so many standard deviations.",
    )
    fold_seconds: float = Field(
        20.0,
        gt=0,
        description="At most so long after it was sent a verdict is in the lake's table, in s; durable it is at once.",
    )
    query_seconds: float = Field(10.0, gt=0, description="How long a question in SQL may take, in s.")
    memory_mib: int = Field(
        2048,
        ge=128,
        description="Memory for questions to the lake, in MiB; as much again while the page's copy of the sheet is made.",
    )
