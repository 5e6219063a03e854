"""Contents that were taken down, or are copies of such: they are known by their hash, and refused when they come again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from video_assets.lake.lake import Lake
from video_assets.reasons import Reason


class Refused(NamedTuple):
    """When a content was taken down or refused (a date, ISO 8601), and whether as a copy of another."""

    since: str
    as_copy: bool


def sha256_in(content: str) -> str | None:
    """The SHA-256 of a local file's content key; None of an object's on S3."""
    return content.removeprefix("sha256:") if content.startswith("sha256:") else None


def taken_down(lake: Lake) -> dict[str, Refused]:
    """The contents that are never to enter again, by their SHA-256."""
    rows = lake.query(
        "SELECT sha256, strftime(since, '%Y-%m-%d'), copy_of IS NOT NULL FROM tombstones "
        "WHERE sha256 IS NOT NULL AND admitted_at IS NULL ORDER BY copy_of IS NULL"
    )
    return {sha256: Refused(*told) for sha256, *told in rows.iter_rows()}


def refusal(sha256: str, known: Mapping[str, Refused]) -> dict[str, object]:
    """What ``raw_videos`` says of such a content, beside where it is.

    Args:
        sha256: of its bytes.
        known: see :func:`taken_down`; it is in there.
    """
    from video_assets.media.identity import video_id

    since, as_copy = known[sha256]
    reason = Reason.TAKEN_DOWN_COPY if as_copy else Reason.TAKEN_DOWN
    told = f"Refused as a copy on {since}." if as_copy else f"Removed on request on {since}."
    return {"video_id": video_id(sha256), "sha256": sha256, "reason": reason.value, "message": told}
