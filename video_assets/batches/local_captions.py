"""Captions by a model on this machine, in one worker process, as every model runs: what it does cannot harm the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import polars as pl

from video_assets.batches.workers import run_jobs
from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import Caption
from video_assets.lake.files import DataFiles, write_parquet
from video_assets.lake.schemas import CAPTIONS
from video_assets.settings import CaptionerSettings, Settings

_PICTURES = pl.Schema({"clip_id": pl.String(), "jpegs": pl.List(pl.Binary())})


def caption(
    captioner: CaptionerSettings, settings: Settings, files: DataFiles, clips: Iterator[Shown],
    on_answer: Callable[[Answer[Caption]], None],
) -> None:  # fmt: skip
    """Caption clips, ``concurrency`` of them at the same time; give each answer to ``on_answer``.

    A worker that crashes or runs out of time or memory costs the clips that it was at.

    Raises:
        ModelNotReadyError: the model is not on this machine, or nobody has vouched for its weights.
    """
    from video_assets.describe.local_model import local_model
    from video_assets.describe.local_task import LocalJob, caption_some
    from video_assets.media.limits import Limits, captioning
    from video_assets.media.workers import Outcome

    model = local_model(captioner)
    jobs: dict[str, tuple[LocalJob, Limits]] = {}
    members: dict[str, list[str]] = {}
    with files.temporary() as folder:
        while some := list(islice(clips, captioner.concurrency)):
            number = len(jobs)
            path = folder / f"{number}.parquet"
            rows = [(c.clip_id, list(c.jpegs)) for c in some]
            write_parquet(pl.DataFrame(rows, schema=_PICTURES, orient="row"), path)
            members[str(number)] = [c.clip_id for c in some]
            jobs[str(number)] = LocalJob(model, path), captioning(captioner, settings.workers, len(some))

        def done(key: str, outcome: Outcome[list[Answer[Caption]]]) -> None:
            for answer in outcome.value or []:
                on_answer(answer)
            if outcome.reason is not None:
                for clip in members[key]:
                    on_answer(Answer(clip, None, **outcome.failure(by_a_model=True)))

        most = None if settings.workers.backend == "ray" else 1
        run_jobs(caption_some, jobs, settings, done, holding=(CAPTIONS.name, model), most=most)
