"""Contents that were taken down: they are known by their hash, and refused when they come again."""

from __future__ import annotations

from collections.abc import Mapping

from video_assets.lake.lake import Lake
from video_assets.reasons import Reason


def sha256_in(content: str) -> str | None:
    """The SHA-256 of a local file's content key; None of an object's on S3."""
    return content.removeprefix("sha256:") if content.startswith("sha256:") else None


def taken_down(lake: Lake) -> dict[str, str]:
    """When each content that is never to enter again was taken down (a date, ISO 8601), by its SHA-256."""
    rows = lake.query("SELECT sha256, strftime(since, '%Y-%m-%d') FROM tombstones WHERE sha256 IS NOT NULL")
    return dict(rows.iter_rows())


def refusal(sha256: str, known: Mapping[str, str]) -> dict[str, object]:
    """What ``raw_videos`` says of such a content, beside where it is.

    Args:
        sha256: of its bytes.
        known: see :func:`taken_down`; it is in there.
    """
    from video_assets.media.identity import video_id

    told = f"Removed on request on {known[sha256]}."
    return {"video_id": video_id(sha256), "sha256": sha256, "reason": Reason.TAKEN_DOWN.value, "message": told}
