"""The files that the asset graph is made from, and whether they are still as they were when it was."""

from __future__ import annotations

from functools import lru_cache

from video_assets import scorers
from video_assets.curate import sql_files
from video_assets.lake.versions import short_hash
from video_assets.settings import Settings
from video_assets.settings.reading import config_path


def fingerprint(chosen: Settings) -> str:
    """A hash of these files and their places: the SQL of tiers, draws, views and macros, one's own scorers, and the file of settings."""
    views = sorted((chosen.sql_folder / "views").glob("*.sql"))
    present = [path for path in (*views, config_path()) if path.is_file()]
    others = [f"{path} {short_hash(path.read_bytes())}" for path in present]
    return short_hash("\n".join([sql_files.fingerprint(chosen), scorers.fingerprint(chosen), *others]))


@lru_cache(maxsize=4)
def as_read(chosen: Settings) -> str:
    """The fingerprint as it was when this process first asked for it, which it does right before it reads the files."""
    return fingerprint(chosen)
