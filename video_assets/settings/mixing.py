"""Settings of the training mix."""

from __future__ import annotations

from pydantic import Field

from video_assets.settings.section import Section


class DrawSettings(Section):
    """Which clips of a tier are drawn into the training mix."""

    seed: int = Field(0, description="Another seed draws other clips.")
    held_out_share: float = Field(
        0.01, ge=0, lt=1, description="Share of the source videos whose clips are held out for evaluation, all of them."
    )
