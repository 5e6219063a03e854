"""Which files a folder of the settings holds, by their addresses."""

from __future__ import annotations

from pathlib import Path

from video_assets.settings import WatchedFolder


def address(uri: str) -> str:
    """A folder's address as its files' addresses begin."""
    whole = uri if uri.startswith("s3://") else str(Path(uri).expanduser().resolve())
    return f"{whole.rstrip('/')}/"


def holds(folder: WatchedFolder, uri: str) -> bool:
    """Whether a file is one of a folder's."""
    begins = address(folder.uri)
    return uri.startswith(begins) and (folder.recursive or "/" not in uri.removeprefix(begins))
