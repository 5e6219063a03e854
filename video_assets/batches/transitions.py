"""transition_scores: a network over the frames that the decode left in doubt; no video is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from video_assets.batches.step import Step, tally, total
from video_assets.batches.workers import run_jobs
from video_assets.lake.kept import Kept
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import due_rows
from video_assets.lake.schemas import DECODED_VIDEOS, SHOT_FRAMES, TRANSITION_SCORES
from video_assets.measure.models import require
from video_assets.scorers.models import models_of

if TYPE_CHECKING:
    from video_assets.measure.transition_task import ModelSpec, TransitionJob

_ASSET = TRANSITION_SCORES.name
_FRAMES_PER_WORKER = 300  # A worker loads the network in as long as it looks at so many.


def score_transitions(step: Step, batch: str) -> Made:
    """Look for transitions in the batch's doubtful frames; commit ``transition_scores``. Off, it has no rows."""
    from video_assets.measure.transnet import TransitionModel

    settings = step.lake.settings
    if not settings.shots.network:
        return score_with(step, batch, None)
    (model,) = models_of(_ASSET, settings.models)
    require((model,), settings.models)
    described = TransitionModel(
        model.weights(settings.models), settings.transitions.window, settings.transitions.precision, model.device
    )
    return score_with(step, batch, described)


def score_with(step: Step, batch: str, model: ModelSpec | None) -> Made:
    """Score the videos that have no good rows of this version, in worker processes; commit them with the rest.

    A video that is finished stays on disk until then, by content and version: a killed run's successor takes it.

    Args:
        step: the step.
        batch: the batch.
        model: loaded once in each worker process; None leaves the table without rows.
    """
    lake, version = step.lake, step.version(_ASSET)
    inputs = step.inputs(_ASSET, batch)
    have = lake.read(TRANSITION_SCORES, [batch])
    doubtful = _doubtful(step, batch) if model else {}
    due = due_rows(list(doubtful), have, "video_id", step.order[_ASSET])
    frames = sum(len(doubtful[video]) for video in due)
    step.say(
        f"{_ASSET} of {batch}: {frames} frames in doubt of {len(due)} videos to look at, {len(doubtful) - len(due)} looked at before."
    )
    kept = have.filter(pl.col("video_id").is_in(list(doubtful.keys() - set(due))))
    results = Kept.of(lake.settings, "transitions", version)
    fresh = _scored(step, batch, {video: doubtful[video] for video in due}, model, results) if model else []
    rows = TRANSITION_SCORES.frame(
        pl.concat([kept, *(TRANSITION_SCORES.frame(f, batch=batch, version=version) for f in fresh)])
    )
    decoded = lake.read(DECODED_VIDEOS, [batch], ["video_id", "duration_s"])
    made = step.made(
        _ASSET, batch, rows, inputs,
        footage_seconds=total(decoded["duration_s"]), compute_seconds=total(rows["compute_seconds"]),
    )  # fmt: skip
    lake.commit(
        [Replacement(TRANSITION_SCORES, [batch], rows)], [made], message=f"{_ASSET}/{batch}", run_id=step.run_id
    )
    if due and model:
        results.forget([_result(video) for video in due], lake.files)
    return made


def _result(video: str) -> str:
    """The name of a video's finished scores."""
    return f"{video}.parquet"


def _doubtful(step: Step, batch: str) -> dict[str, list[int]]:
    """Of each video that has any, the numbers of its frames in doubt."""
    chunks = step.lake.read(SHOT_FRAMES, [batch], ["video_id", "frame_numbers", "doubtful"])
    found: dict[str, list[int]] = {}
    for video, frames, doubtful in chunks.iter_rows():
        if doubtful:
            found.setdefault(video, []).extend(frames)
    return found


def _scored(
    step: Step, batch: str, doubtful: dict[str, list[int]], model: ModelSpec, results: Kept
) -> list[pl.DataFrame]:
    """The rows of each of these videos: scores, or a reason for every frame in doubt."""
    from video_assets.measure.transition_task import TransitionJob, score_transitions
    from video_assets.media.limits import Limits, scoring

    settings = step.lake.settings
    scored: list[pl.DataFrame] = []
    frames_in_doubt = {video: len(frames) for video, frames in doubtful.items()}
    with (
        step.lake.files.temporary() as temporary,
        tally(step, _ASSET, temporary, frames_in_doubt) as count,
    ):
        jobs: dict[str, tuple[TransitionJob, Limits]] = {}
        finished = results.finished(_result("{}")) if doubtful else set()
        # The most work first: the last worker to finish then has little.
        for video, frames in sorted(doubtful.items(), key=lambda item: -len(item[1])):
            if video in finished:
                count.done(video)
                continue
            shown = _shot_frames(step, batch, video, temporary)
            job = TransitionJob(model, shown, results.folder / _result(video), count.file(video), results)
            jobs[video] = job, scoring(settings, len(frames))
        most = max(1, sum(frames_in_doubt.values()) // _FRAMES_PER_WORKER)
        outcomes = run_jobs(score_transitions, jobs, settings, count.done, holding=(_ASSET, model), most=most)
    for video, frames in doubtful.items():
        outcome = outcomes.get(video)
        if outcome is None or outcome.reason is None:
            scored.append(pl.read_parquet(results.take(_result(video))).with_columns(video_id=pl.lit(video)))
            continue
        failed = {"video_id": video, "frame": frames, **outcome.failure(by_a_model=True)}
        texts = dict.fromkeys(("reason", "message", "limited_by"), pl.String)
        scored.append(pl.DataFrame(failed, schema_overrides=texts))
    return scored


def _shot_frames(step: Step, batch: str, video: str, folder: Path) -> Path:
    """One video's small pictures in a file, in order; written as a stream, as a long video's need not fit in memory."""
    path = folder / f"{video}.parquet"
    columns = "picture, frame_numbers, frames, doubtful, rgb"
    chosen = f"SELECT {columns} FROM shot_frames WHERE batch = $batch AND video_id = $video"
    with step.lake.cursor() as cursor:
        cursor.execute(
            f"COPY ({chosen} ORDER BY first_frame) TO $path (FORMAT parquet)",
            {"batch": batch, "video": video, "path": str(path)},
        )
    return path
