"""One batch through any scorer: what it reads is put before it, in this process or in workers, and its rows are committed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from video_assets.batches.pictures import PAIRS, READABLE, SINGLE, Shown, commit_due, measured
from video_assets.batches.step import Step, Stopwatch, tally
from video_assets.batches.workers import on_gpu, run_jobs
from video_assets.footage.ingest import pick_sources
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, DECODED_VIDEOS, RAW_VIDEOS, SOURCE_FILES
from video_assets.measure.models import require
from video_assets.scorer import Asked, Frames, Keyframes, Pairs, Scorer, Tables
from video_assets.scorers import scorers
from video_assets.scorers.models import models_by

if TYPE_CHECKING:
    from video_assets.measure.scorer_task import Described


def score(step: Step, asset: str, batch: str) -> Made:
    """Measure the batch's clips with a scorer; commit its table.

    Raises:
        ModelNotReadyError: weights are missing, altered, or of a licence that nobody accepted.
    """
    scorer = scorers(step.lake.settings).used[asset]
    if isinstance(scorer.reads, Asked):
        from video_assets.batches.judge import judge_clips

        return judge_clips(step, scorer.reads, batch)
    if isinstance(scorer.reads, Tables) and scorer.ours:
        return _aggregated(step, scorer, batch)
    described, gpu = describe(step.lake, scorer)

    def rows_of(clips: pl.DataFrame) -> list[dict[str, Any]]:
        if isinstance(scorer.reads, Tables):
            return _by_tables(step, scorer, described, clips, batch, scorer.reads)
        assert not isinstance(scorer.reads, Asked)
        if isinstance(scorer.reads, Frames):
            return _by_frames(step, scorer, described, clips, batch, scorer.reads, gpu=gpu)
        most = scorer.most(step.lake.settings)
        shown = _shown(scorer.reads)
        return measured(step, asset, batch, clips, described, most, scorer.pictures_per_worker, shown, gpu=gpu)

    return commit_due(step, asset, batch, rows_of)


def describe(lake: Lake, scorer: Scorer) -> tuple[Described, bool]:
    """What a worker needs to open a scorer, and whether it runs on a GPU here.

    Raises:
        ModelNotReadyError: see :func:`score`.
    """
    from video_assets.measure.scorer_task import Described

    settings = lake.settings
    models = models_by(scorer, settings.models)
    require(models, settings.models)
    weights = tuple(model.weights(settings.models) for model in models)
    return Described(scorer.name, scorer.origin, settings, models, weights), on_gpu(settings, scorer.name, models)


def _shown(reads: Keyframes | Pairs) -> Shown:
    if isinstance(reads, Pairs):
        return PAIRS
    return READABLE if reads.large else SINGLE


def _aggregated(step: Step, scorer: Scorer, batch: str) -> Made:
    """Aggregate rows of other tables over the batch's clips, all at once in this process."""
    asset, reads = scorer.name, scorer.reads
    assert isinstance(reads, Tables)
    inputs, watch = step.inputs(asset, batch), Stopwatch()
    described, _ = describe(step.lake, scorer)
    _, measure = described.opened()
    clips = step.lake.read(CLIPS, [batch])
    rows = scorer.table.frame(measure(clips, *_tables(step, reads, batch)), batch=batch, version=step.version(asset))
    hours = clips.select(pl.col("duration_s").sum()).item()
    made = step.made(asset, batch, rows, inputs, footage_seconds=hours, compute_seconds=watch.seconds)
    replacement = Replacement(scorer.table, [batch], rows)
    step.lake.commit([replacement], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def _tables(step: Step, reads: Tables, batch: str) -> list[pl.DataFrame]:
    return [step.lake.read(step.order[name].table, [batch]) for name in reads.names]


def _by_tables(
    step: Step, scorer: Scorer, described: Described, clips: pl.DataFrame, batch: str, reads: Tables
) -> list[dict[str, Any]]:
    """Rows of one's own code that reads tables: a job a video, so that what it does costs no other video its rows."""
    from video_assets.lake.files import write_parquet
    from video_assets.measure.scorer_task import TableJob, measure_tables
    from video_assets.media.limits import looking

    settings = step.lake.settings
    with step.lake.files.temporary() as folder:
        tables = []
        for name, rows in zip(reads.names, _tables(step, reads, batch), strict=True):
            write_parquet(rows, folder / f"{name}.parquet")
            tables.append(folder / f"{name}.parquet")
        write_parquet(clips, folder / "clips.parquet")
        videos = clips.group_by("video_id", maintain_order=True).agg("clip_id")
        jobs = {
            str(video): TableJob(described, str(video), tuple(ids), folder / "clips.parquet", tuple(tables))
            for video, ids in videos.iter_rows()
        }
        with tally(step, scorer.name, folder, {video: len(job.clips) for video, job in jobs.items()}) as count:
            limited = {
                video: (replace(job, marks=count.file(video)), looking(settings, len(job.clips)))
                for video, job in jobs.items()
            }
            outcomes = run_jobs(measure_tables, limited, settings, count.done, holding=(scorer.name, described))
    return _rows({video: job.clips for video, job in jobs.items()}, outcomes)


def _by_frames(
    step: Step, scorer: Scorer, described: Described, clips: pl.DataFrame, batch: str, reads: Frames, *, gpu: bool
) -> list[dict[str, Any]]:
    """Rows of what has to see the clips' own frames: each video is opened once more."""
    from video_assets.measure.scorer_task import FramesJob, SpanOfClip, measure_frames
    from video_assets.media.limits import Declared, decoding, looking

    lake, settings = step.lake, step.lake.settings
    most = scorer.most(settings)
    places = dict(pick_sources(lake.read(SOURCE_FILES, [batch])).select("content", "uri").iter_rows())
    raw = {v["video_id"]: v for v in lake.read(RAW_VIDEOS, [batch]).iter_rows(named=True)}
    decoded = {v["video_id"]: v for v in lake.read(DECODED_VIDEOS, [batch]).iter_rows(named=True)}
    with lake.files.temporary() as folder:
        jobs = {}
        for (video,), found in clips.group_by("video_id", maintain_order=True):
            facts, first = raw[str(video)], decoded[str(video)]
            spans = tuple(SpanOfClip.of(clip, facts, first) for clip in found.iter_rows(named=True))
            job = FramesJob(
                described, spans, most, reads.short_side, places[facts["content"]], str(facts["content"]), settings.s3,
                settings.lake.scratch_path, settings.decode.max_pixels, gpu,
            )  # fmt: skip
            declared = Declared(first["width"] * first["height"], facts["duration_s"], facts["average_fps"])
            decode = decoding(settings.workers, facts["size_bytes"], declared)
            looked = looking(settings, most * len(spans))
            seconds = replace(
                looked.cpu_seconds,
                most=looked.cpu_seconds.most + len(spans) * decode.cpu_seconds.most,
                by=f"{looked.cpu_seconds.by}, {decode.cpu_seconds.by}",
            )
            jobs[str(video)] = job, replace(looked, cpu_seconds=seconds)
        with tally(step, scorer.name, folder, {video: len(job.clips) for video, (job, _) in jobs.items()}) as count:
            limited = {video: (replace(job, marks=count.file(video)), limit) for video, (job, limit) in jobs.items()}
            outcomes = run_jobs(measure_frames, limited, settings, count.done, holding=(scorer.name, described))
    return _rows({video: tuple(c.clip_id for c in job.clips) for video, (job, _) in jobs.items()}, outcomes)


def _rows(clips: dict[str, tuple[str, ...]], outcomes: Any) -> list[dict[str, Any]]:
    """What came of the jobs: their rows, or for each clip of one that ended otherwise why it did."""
    rows: list[dict[str, Any]] = []
    for video, outcome in outcomes.items():
        if outcome.value is not None:
            rows += outcome.value
        else:
            rows += [{"clip_id": c, **outcome.failure(by_a_model=True)} for c in clips[video]]
    return rows
