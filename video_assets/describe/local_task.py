"""What a worker process does with some clips and a local model: a picklable job and a function."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import polars as pl

from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import Caption
from video_assets.describe.local_model import LocalModel, OpenLocalModel
from video_assets.media.job_files import READS


@dataclass(frozen=True)
class LocalJob:
    """Clips that are captioned at the same time. ``pictures`` is a Parquet file: ``clip_id`` and ``jpegs``, in order of time."""

    model: LocalModel
    pictures: Path = field(metadata=READS)


def caption_some(job: LocalJob) -> list[Answer[Caption]]:
    """Caption the clips of a job, in order; the model is loaded once in a worker process."""
    clips = pl.read_parquet(job.pictures).iter_rows()
    return _opened(job.model).answer([Shown(clip, tuple(jpegs)) for clip, jpegs in clips])


@lru_cache(maxsize=1)
def _opened(model: LocalModel) -> OpenLocalModel:
    return model.open()
