"""Settings of what a tier's checks warn of."""

from __future__ import annotations

from pydantic import Field

from video_assets.settings.section import Section


class TierSettings(Section):
    """From when on a tier's checks warn; they stop nothing."""

    tolerated_undecided: float = Field(
        0.1, ge=0, le=1, description="Share of its clips on which a tier may be undecided, 0-1."
    )
    tolerated_fall: float = Field(
        0.25,
        ge=0,
        le=1,
        description="By which share, 0-1, the hours that a tier keeps of some batches may fall when they are decided anew.",
    )
