"""Every table of a lake, those of the project's scorers with them."""

from __future__ import annotations

from video_assets.scorers import tables
from video_assets.settings import Settings

TABLES = tables(Settings())
