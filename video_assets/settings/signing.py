"""Settings of whoever signs releases."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from video_assets.settings.section import Section


class SigningSettings(Section):
    """Key and certificates by which a release's documents are signed with C2PA. The key itself is never a setting."""

    key: Path | None = Field(
        None, description="PEM file of the private key (PKCS #8) that signs; None: documents are not signed."
    )
    certificates: Path | None = Field(
        None, description="PEM file of its certificate and of those above it, its own first."
    )
    algorithm: Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"] = Field(
        "es256", description="How the key signs."
    )
    timestamp_url: str | None = Field(
        None, description="Authority for time stamps (RFC 3161) that is asked when something is signed; None: none is."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.key is None) != (self.certificates is None):
            raise ValueError("signing.key and signing.certificates belong together; name both, or neither.")
        return self
