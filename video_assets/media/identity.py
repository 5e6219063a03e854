"""Identity is content: a video is its bytes, a shot or a clip is a span of them.

Nothing here depends on a file's name or place, so a renamed or copied file is no new work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

_ID_DIGITS = 32
_PIECE = 2**20  # bytes


def sha256_of(path: Path, read: Callable[[int], None] | None = None) -> str:
    """Hash a file's bytes with SHA-256, 64 hex digits; reads in pieces, so that the file's size does not matter.

    Args:
        path: the file.
        read: called now and then with how many bytes were read.

    Raises:
        OSError: the file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            if read:
                read(file.tell())
    return digest.hexdigest()


def video_id(sha256: str) -> str:
    """Identify a video: the first 32 hex digits (128 bits) of the SHA-256 of its bytes."""
    return sha256[:_ID_DIGITS]


def shot_id(video_id: str, stream: int, start_pts: int, end_pts: int) -> str:
    """Identify a shot by 32 hex digits: the span ``[start_pts, end_pts)`` of one video stream."""
    return _digest("shot", video_id, stream, start_pts, end_pts)


def clip_id(video_id: str, stream: int, start_pts: int, end_pts: int, crop: tuple[int, int, int, int]) -> str:
    """Identify a clip by 32 hex digits: a span ``[start_pts, end_pts)`` and a crop (x, y, width, height) in pixels."""
    return _digest("clip", video_id, stream, start_pts, end_pts, *crop)


def _digest(*parts: str | int) -> str:
    # A JSON list is unambiguous: text is quoted and escaped, numbers are separated, so no two lists read alike.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_ID_DIGITS]
