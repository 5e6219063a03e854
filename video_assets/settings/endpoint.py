"""Settings of an endpoint that is asked about pictures of clips: what captioners and the judge have in common."""

from __future__ import annotations

from pydantic import Field

from video_assets.settings.section import Section


class EndpointSettings(Section):
    """A server that speaks OpenAI's chat completions and takes images, and how it is asked."""

    base_url: str | None = Field(
        None, description="The endpoint: where /chat/completions is, such as http://localhost:8000/v1."
    )
    model: str = Field("", description="The model's name at the endpoint.")
    api_key_env: str | None = Field(
        None, description="The environment variable that holds the endpoint's key; none: no key is sent."
    )
    frames: int = Field(8, ge=1, le=64, description="Most keyframes of a clip that the model sees, spread over it.")
    seed: int = Field(0, description="Seed of the model's sampling.")
    temperature: float = Field(0.0, ge=0, le=2, description="Temperature of the model's sampling.")
    max_tokens: int = Field(1024, ge=64, description="Most tokens of a reply.")
    concurrency: int = Field(8, ge=1, le=1024, description="Most requests at a time.")
    requests_per_minute: float | None = Field(
        None, gt=0, description="Most requests begun in a minute; none: no limit."
    )
    timeout_s: float = Field(120.0, gt=0, description="How long a request to the endpoint may take, in s.")
    retries: int = Field(5, ge=0, description="How often a request is tried again after 429, 5xx, a cut or a time-out.")
    longest_wait_s: float = Field(
        60.0, gt=0, description="Longest wait before a retry, in seconds; a server that asks for more is given up."
    )
    usd_per_million_input_tokens: float | None = Field(None, ge=0, description="Price of what the model reads.")
    usd_per_million_output_tokens: float | None = Field(None, ge=0, description="Price of what the model writes.")
