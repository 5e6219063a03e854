"""What is kept of footage that was taken down: its hash, and what its clips looked like. No name, and no picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from video_assets.batches.signatures import form, signed
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import TOMBSTONE_CLIPS, TOMBSTONES
from video_assets.takedown.work import Work

LOOKS = ("copy_signature", "time_course", "duration_s")
"""What is kept of a clip."""


def stones(step: Step, work: Work) -> list[Replacement]:
    """The tombstones of a takedown whose rows are still there; none where they were set already.

    A content that came again and was refused has one, with what its clips looked like, which nobody could see now.
    """
    known = set(step.lake.query("SELECT video_id FROM tombstones")["video_id"])
    ours = [*work.videos, *([work.like] if work.like and work.like not in work.videos else [])]
    fresh = [video for video in ours if video.video_id not in known]
    if not fresh:
        return []
    rows = TOMBSTONES.frame([dict(v._asdict()) for v in fresh], takedown=work.takedown, since=work.asked_at)
    clips = [_no_picture(c) for c in (*work.like_clips, *_looks(step, work, [v.video_id for v in fresh]))]
    kept = pl.DataFrame(clips, schema={name: TOMBSTONE_CLIPS.schema[name] for name in LOOKS})
    numbered = kept.with_row_index("n")
    looks = TOMBSTONE_CLIPS.frame(numbered, takedown=work.takedown, form=form(step.lake.settings))
    return [
        Replacement(TOMBSTONES, [work.takedown], rows, by="takedown"),
        Replacement(TOMBSTONE_CLIPS, [work.takedown], looks, by="takedown"),
    ]


def _no_picture(clip: Mapping[str, Any]) -> dict[str, Any]:
    """What a clip looks like without its signature's ink, from which a small picture could be made again."""
    from video_assets.measure.copies import coarse_length

    signature = clip["copy_signature"]
    return dict(clip) | {"copy_signature": signature[: coarse_length(len(signature))]}


def _looks(step: Step, work: Work, videos: list[str]) -> Iterator[Mapping[str, Any]]:
    clips = signed(step, sorted(work.marks.batches), videos)
    yield from clips.filter(pl.col("copy_signature").is_not_null()).select(LOOKS).iter_rows(named=True)
