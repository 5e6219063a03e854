"""The files that the asset graph is made from, and whether they are still as they were when it was."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from video_assets.lake.versions import short_hash
from video_assets.settings import Settings

_FOLDERS = ("tiers", "draws", "views")


def fingerprint(chosen: Settings) -> str:
    """A hash of these files and their places: the SQL of tiers, draws, views and macros, and the file of settings."""
    folder = chosen.sql_folder
    paths = [path for name in _FOLDERS for path in sorted((folder / name).rglob("*.sql"))]
    config = Path(os.environ.get("VIDEO_ASSETS_CONFIG", "video_assets.toml"))
    present = [path for path in (*paths, folder / "macros.sql", config) if path.is_file()]
    return short_hash("\n".join(f"{path} {short_hash(path.read_bytes())}" for path in present))


@lru_cache(maxsize=4)
def as_read(chosen: Settings) -> str:
    """The fingerprint as it was when this process first asked for it, which it does right before it reads the files."""
    return fingerprint(chosen)
