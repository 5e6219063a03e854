"""Settings of what happens without anybody asking."""

from __future__ import annotations

from pydantic import Field

from video_assets.settings.section import Section


class AutomationSettings(Section):
    """When the daemon makes things anew."""

    retry_minutes: float = Field(
        30.0,
        gt=0,
        description="After so long the daemon tries again what failed for a passing reason; then after twice as long "
        "each time, and at least once a day.",
    )
