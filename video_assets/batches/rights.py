"""rights_signals: what the files themselves say of training, each read in a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from video_assets.batches.step import Step, counter, total
from video_assets.batches.workers import run_jobs
from video_assets.footage.ingest import mark_gone, pick_sources
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import due_rows
from video_assets.lake.schemas import RAW_VIDEOS, RIGHTS_SIGNALS, SOURCE_FILES
from video_assets.reasons import Reason
from video_assets.rights.content_credentials import NOT_AVAILABLE, reader_version

_ASSET = RIGHTS_SIGNALS.name


def read_rights_signals(step: Step, batch: str) -> Made:
    """Read the manifests of the batch's videos that were not read in this version; commit ``rights_signals``.

    The rights that others stated of a video are not asked: where they change, nothing is read again.
    """
    lake, version = step.lake, step.version(_ASSET)
    inputs = step.inputs(_ASSET, batch)
    videos = lake.read(RAW_VIDEOS, [batch]).filter(pl.col("reason").is_null())
    have = lake.read(RIGHTS_SIGNALS, [batch])
    due = due_rows(videos["video_id"].to_list(), have, "video_id", step.order[_ASSET])
    step.say(f"{_ASSET} of {batch}: {len(due)} videos to look into, {videos.height - len(due)} looked into before.")
    places = dict(pick_sources(lake.read(SOURCE_FILES, [batch])).select("content", "uri").iter_rows())
    fresh = _read(step, videos.filter(pl.col("video_id").is_in(due)), places)
    gone = {row["video_id"] for row in fresh if row.get("reason") == Reason.SOURCE_MISSING}
    if missing := [places[c] for v, c in videos.select("video_id", "content").iter_rows() if v in gone]:
        mark_gone(lake, missing)
    kept = have.filter(pl.col("video_id").is_in(videos["video_id"].to_list()) & ~pl.col("video_id").is_in(due))
    rows = RIGHTS_SIGNALS.frame(pl.concat([kept, RIGHTS_SIGNALS.frame(fresh)]), batch=batch, version=version)
    made = step.made(
        _ASSET, batch, rows, inputs,
        footage_seconds=total(videos["duration_s"]), compute_seconds=total(rows["compute_seconds"]),
    )  # fmt: skip
    lake.commit([Replacement(RIGHTS_SIGNALS, [batch], rows)], [made], message=f"{_ASSET}/{batch}", run_id=step.run_id)
    return made


def _read(step: Step, videos: pl.DataFrame, places: Mapping[str, str]) -> list[dict[str, object]]:
    """Rows of some videos: a row for each signal, or one with the reason why it could not be looked into."""
    from video_assets.measure.signals_task import SignalJob, read_source
    from video_assets.media.limits import Limits, reading

    reader = reader_version()
    if reader is None:
        return [asdict(NOT_AVAILABLE) | {"video_id": v, "n": 0} for v in videos["video_id"]]
    settings = step.lake.settings
    jobs: dict[str, tuple[Any, Limits]] = {}
    for video in videos.sort("size_bytes", descending=True).iter_rows(named=True):
        job = SignalJob(
            places[video["content"]], video["content"], video["size_bytes"], settings.s3, settings.lake.scratch_path
        )
        jobs[video["video_id"]] = job, reading(settings.workers, video["size_bytes"])
    outcomes = run_jobs(read_source, jobs, settings, counter(step, _ASSET, len(jobs)))
    return [
        row | {"video_id": video, "n": n, "reader_version": reader}
        for video, outcome in outcomes.items()
        for n, row in enumerate(outcome.value or [outcome.failure()])
    ]
