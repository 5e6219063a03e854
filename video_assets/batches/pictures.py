"""Scorers that measure stored pictures of clips, in worker processes; no video is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from video_assets.batches.step import Step, tally, total
from video_assets.batches.workers import run_jobs
from video_assets.lake.again import settled
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import due_rows
from video_assets.lake.schemas import CANDIDATES, CLIPS, DECODED_VIDEOS
from video_assets.reasons import Reason

if TYPE_CHECKING:
    from video_assets.measure.model_task import ModelJob, ModelSpec


@dataclass(frozen=True)
class Shown:
    """Which of a clip's stored pictures a model may be shown.

    Attributes:
        firsts: a SELECT of batch, video_id and frame: where a picture, or a row of adjacent ones, begins.
        length: how many adjacent frames belong together; all of them lie inside the clip.
        stored: a SELECT of batch, video_id, frame and jpeg of all these pictures.
        missing: what to say of a clip that has none.
    """

    firsts: str
    length: int
    stored: str
    missing: str


_IMAGES = "SELECT batch, video_id, frame, jpeg FROM"
SINGLE = Shown(
    "SELECT batch, video_id, frame FROM keyframes", 1, f"{_IMAGES} keyframes", "No keyframe lies inside the clip."
)
"""Keyframes by themselves."""
READABLE = replace(SINGLE, stored="SELECT batch, video_id, frame, coalesce(large_jpeg, jpeg) AS jpeg FROM keyframes")
"""Keyframes by themselves, the larger image where there is one."""
PAIRS = Shown(
    "SELECT batch, video_id, frame - 1 AS frame FROM flow_frames",
    2,
    f"{_IMAGES} keyframes UNION ALL {_IMAGES} flow_frames",
    "No keyframe and the frame after it lie inside the clip.",
)
"""Keyframes, each with the frame after it."""


def score_with(
    step: Step,
    asset: str,
    batch: str,
    model: ModelSpec,
    most: int,
    *,
    pictures_per_worker: int = 1,
    shown: Shown = SINGLE,
    gpu: bool = False,
) -> Made:
    """Measure the candidates, or the clips to compare, that have no good row of this version, in worker processes, a job per video; commit them all.

    A clip that is no candidate any more keeps the row that this version wrote of it, unless it would be tried again.

    Args:
        step: the step.
        asset: whose table gets the rows; its version stands for the model.
        batch: the batch.
        model: loaded once in each worker process.
        most: most keyframes of a clip that are given to it.
        pictures_per_worker: so many at least make another worker, which loads the model first, worth its while.
        shown: what is given to it of each such keyframe.
        gpu: whether the model runs on one.
    """

    def rows_of(clips: pl.DataFrame) -> list[dict[str, Any]]:
        return measured(step, asset, batch, clips, model, most, pictures_per_worker, shown, gpu=gpu)

    return commit_due(step, asset, batch, rows_of)


def commit_due(step: Step, asset: str, batch: str, rows_of: Callable[[pl.DataFrame], list[dict[str, Any]]]) -> Made:
    """Have the clips measured that have no good row of this version, and commit them beside the others' rows.

    Args:
        step: the step.
        asset: whose table gets the rows.
        batch: the batch.
        rows_of: measures these clips, rows of CLIPS: a row for each, with its clip_id.
    """
    lake, table, version = step.lake, step.order[asset].table, step.version(asset)
    inputs = step.inputs(asset, batch)
    clips, have = lake.read(CLIPS, [batch]), lake.read(table, [batch])
    subject = step.order[asset].subject
    why = "as every tier drops them or they are a benchmark's"
    if wants := step.order[asset].wants:
        wanted, why = list(wants(lake, batch)), "as no row is wanted of them"
    else:
        wanted = (clips if subject == "clip" else lake.read(CANDIDATES, [batch]).filter(subject))["clip_id"].to_list()
    due = due_rows(wanted, have, "clip_id", step.order[asset])
    all_rows = have.filter(settled(step.order[asset]) & pl.col("clip_id").is_in(clips["clip_id"].to_list()))
    wanted_clips = clips.filter(pl.col("clip_id").is_in(due))
    step.say(
        f"{asset} of {batch}: {len(due)} clips to measure, {all_rows.height} measured before, "
        f"{clips.height - len(wanted)} left out, {why}."
    )
    rows = rows_of(wanted_clips) if wanted_clips.height else []
    if rows:
        fresh = pl.DataFrame(rows, infer_schema_length=None).join(clips.select("clip_id", "video_id"), on="clip_id")
        all_rows = table.frame(pl.concat([all_rows, table.frame(fresh, batch=batch, version=version)]))
    seconds = clips.filter(pl.col("clip_id").is_in(all_rows["clip_id"].to_list()))["duration_s"]
    gpu = all_rows["gpu_seconds"].drop_nulls()
    made = step.made(
        asset, batch, all_rows, inputs, footage_seconds=total(seconds),
        compute_seconds=total(all_rows["compute_seconds"]), gpu_seconds=total(gpu) if len(gpu) else None,
    )  # fmt: skip
    lake.commit([Replacement(table, [batch], all_rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def measured(
    step: Step, asset: str, batch: str, clips: pl.DataFrame, model: ModelSpec, most: int, pictures_per_worker: int = 1,
    shown: Shown = SINGLE, *, gpu: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """A row for each of these clips, rows of CLIPS in that batch; the other arguments are those of :func:`score_with`."""
    from video_assets.measure.model_task import measure_clips
    from video_assets.media.limits import Limits, looking

    frames = _frames(step, batch, clips["clip_id"].to_list(), most, shown)
    rows: list[dict[str, Any]] = [
        {"clip_id": c, "reason": Reason.NOT_MEASURED, "message": shown.missing}
        for c in clips["clip_id"]
        if c not in frames
    ]
    settings = step.lake.settings
    with step.lake.files.temporary() as folder:
        jobs: dict[str, tuple[ModelJob, Limits]] = {}
        for (video,), found in clips.filter(pl.col("clip_id").is_in(list(frames))).group_by(
            "video_id", maintain_order=True
        ):
            job = _job(step, batch, str(video), found, frames, model, folder, gpu, shown)
            pictures = sum(len(c.frames) for c in job.clips)
            jobs[str(video)] = job, looking(settings, pictures)
        most = max(1, sum(map(len, frames.values())) // pictures_per_worker)
        with tally(step, asset, folder, {video: len(job.clips) for video, (job, _) in jobs.items()}) as count:
            marked = {video: (replace(job, marks=count.file(video)), limit) for video, (job, limit) in jobs.items()}
            outcomes = run_jobs(measure_clips, marked, settings, count.done, holding=(asset, model), most=most)
    for video, outcome in outcomes.items():
        if outcome.value is not None:
            rows += outcome.value
            continue
        failed = jobs[video][0].clips
        rows += [{"clip_id": c.clip_id, **outcome.failure(by_a_model=True)} for c in failed]
    return rows


def _frames(step: Step, batch: str, clips: Sequence[str], most: int, shown: Shown) -> dict[str, tuple[int, ...]]:
    """The frame numbers of the pictures that are sampled from each clip that has any."""
    rows = step.lake.query(
        f"SELECT c.clip_id, list(k.frame ORDER BY k.frame) AS frames FROM clips AS c JOIN ({shown.firsts}) AS k "
        "ON k.batch = c.batch AND k.video_id = c.video_id AND k.frame >= c.start_frame AND k.frame + ? <= c.end_frame "
        "WHERE c.batch = ? AND c.clip_id IN (SELECT unnest(?)) GROUP BY c.clip_id",
        [shown.length, batch, list(clips)],
    )
    sampled = {clip: spread(frames, most) for clip, frames in rows.iter_rows()}
    return {clip: tuple(f + i for f in frames for i in range(shown.length)) for clip, frames in sampled.items()}


def spread(frames: Sequence[int], most: int) -> tuple[int, ...]:
    """At most so many of the frames: the middle ones of equal stretches, or all when there are no more."""
    if len(frames) <= most:
        return tuple(frames)
    return tuple(frames[(2 * i + 1) * len(frames) // (2 * most)] for i in range(most))


def _job(
    step: Step, batch: str, video: str, clips: pl.DataFrame, frames: Mapping[str, tuple[int, ...]], model: ModelSpec,
    folder: Path, gpu: bool, shown: Shown,
) -> ModelJob:  # fmt: skip
    """One video's job; its pictures wait in a file, so that a batch of them need not fit in memory."""
    from video_assets.lake.files import write_parquet
    from video_assets.measure.model_task import ClipPictures, ModelJob
    from video_assets.measure.types import Crop

    sql = f"SELECT width, height FROM {DECODED_VIDEOS.name} WHERE batch = ? AND video_id = ?"
    first: tuple[int, int] = step.lake.query(sql, [batch, video]).row(0)
    wanted = tuple(
        ClipPictures(
            c["clip_id"], Crop(c["crop_x"], c["crop_y"], c["crop_width"], c["crop_height"]),
            (c["width"] or first[0], c["height"] or first[1]), frames[c["clip_id"]],
        )
        for c in clips.iter_rows(named=True)
    )  # fmt: skip
    pictures = step.lake.query(
        f"SELECT frame, jpeg FROM ({shown.stored}) WHERE batch = ? AND video_id = ? AND frame IN (SELECT unnest(?))",
        [batch, video, sorted({f for c in wanted for f in c.frames})],
    )
    write_parquet(pictures, folder / f"{video}.parquet")
    return ModelJob(model, wanted, folder / f"{video}.parquet", gpu)
