"""video_assets: curation of video-generation training sets as a Dagster asset graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__version__ = "0.1.0"


def connect(root: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open the lake for a notebook: read-only, in UTC, with the macros of ``sql/macros.sql``.

    Runs may write to it meanwhile; each query sees the lake as it is then.

    Args:
        root: the lake's folder or s3:// address; default: by the settings, as the command line finds it.

    Raises:
        FileNotFoundError: there is no lake.
    """
    from video_assets.lake.catalog import open_to_read
    from video_assets.lake.s3 import open_s3
    from video_assets.settings import settings

    chosen = settings()
    if root is not None:
        there = {"root": root} if root.startswith("s3://") else {"root": root, "catalog": None}
        chosen = chosen.model_copy(update={"lake": chosen.lake.model_copy(update=there)})
    return open_to_read(chosen, lambda: open_s3(chosen.s3))
