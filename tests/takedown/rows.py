"""Videos to fill a lake with, each with names that nothing else has."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from video_assets.assets.common import order
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import RAW_VIDEOS, SOURCE_FILES

HOLDERS = ("AAA least of all", "MMM in the middle", "ZZZ greatest of all")
NOW = datetime(2026, 11, 3, tzinfo=UTC)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def commit_videos(lake: Lake, batch: str, names: Sequence[str], holder: str | None = None) -> None:
    """Take in videos of that batch, each held by the one of its own name."""
    step = Step(lake, order())
    rows = [
        {
            "uri": f"/footage/{name}.mp4", "file_name": f"{name}.mp4", "content": f"sha256:{digest(name)}", "sha256": digest(name),
            "video_id": digest(name)[:32], "holder": holder or name, "source_url": f"https://{name.split()[0]}.example/x",
            "rights_from": "sidecar", "size_bytes": 1,
        }
        for name in names
    ]  # fmt: skip
    videos = RAW_VIDEOS.frame(pl.DataFrame(rows).drop("rights_from"), batch=batch, version=step.version("raw_videos"))
    places = pl.DataFrame(rows).drop("file_name", "sha256", "video_id")
    files = SOURCE_FILES.frame(places, batch=batch, current=True, modified_at=NOW)
    made = [Made("raw_videos", batch, step.version("raw_videos"), "1", {}, len(rows))]
    lake.commit(
        [Replacement(RAW_VIDEOS, [batch], videos), Replacement(SOURCE_FILES, [batch], files)], made, message="some"
    )
