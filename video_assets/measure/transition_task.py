"""What a worker process does with one video's doubtful frames: a picklable job and a function."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, groupby
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from video_assets.lake.files import write_parquet
from video_assets.lake.kept import Kept
from video_assets.measure.shot_frames import CHUNK, HEIGHT, WIDTH
from video_assets.measure.streamed_table import Row
from video_assets.measure.types import Picture, Scores
from video_assets.media.containers import MediaError
from video_assets.media.job_files import MARKS, READS
from video_assets.media.limits import out_of_memory
from video_assets.media.tally import Marks
from video_assets.reasons import Reason

_CHUNKS_AT_ONCE = 16


class OpenModel(Protocol):
    """A loaded model."""

    def scores(self, stretch: Iterable[Picture]) -> Iterator[Scores]:
        """Score the frames between the contexts of a stretch, in order."""


class ModelSpec(Hashable, Protocol):
    """What a worker needs to load a model: picklable and small."""

    def open(self) -> OpenModel:
        """Load it."""


@dataclass(frozen=True)
class TransitionJob:
    """One video's rows of ``shot_frames`` in a Parquet file, the file to write, that in which frames are counted, and where the result is kept."""

    model: ModelSpec
    shot_frames: Path = field(metadata=READS)
    result: Path
    marks: Path | None = field(default=None, metadata=MARKS)
    kept: Kept | None = None


def score_transitions(job: TransitionJob) -> None:
    """Write ``frame``, ``boundary_score``, ``transition_score`` and ``compute_seconds`` of a video's doubtful frames.

    The model is loaded once in a worker process. The file appears whole or not at all: one that is there is finished.

    Raises:
        MediaError: MODEL_FAILED, the model raised or gave a number that is none.
    """
    started = time.process_time()
    frames: list[int] = []
    scores: list[Scores] = []
    marks = Marks(job.marks)
    try:
        model = _opened(job.model)
        with pq.ParquetFile(job.shot_frames) as file:
            numbers = _frame_numbers(file)
            for first, stretch in stretches(_rows(file)):
                parts = [np.empty((0, 2), np.float32)]
                for part in model.scores(stretch):
                    parts.append(part)
                    marks.up_to(len(frames) + sum(map(len, parts)))
                found = np.concatenate(parts)
                frames += [numbers[picture] for picture in range(first, first + len(found))]
                scores.append(found)
    except Exception as error:
        if out_of_memory(error):
            raise MemoryError from error
        raise MediaError(Reason.MODEL_FAILED, f"{type(error).__name__}: {error}") from error
    joined = np.concatenate([np.empty((0, 2), np.float32), *scores])
    if not np.isfinite(joined).all():
        raise MediaError(Reason.MODEL_FAILED, "The model gave a score that is no number.")
    seconds = (time.process_time() - started) / max(len(frames), 1)
    rows = pl.DataFrame({"frame": frames, "boundary_score": joined[:, 0], "transition_score": joined[:, 1]})
    write_parquet(rows.with_columns(compute_seconds=pl.lit(seconds)), job.result)
    if job.kept:
        job.kept.put([job.result.name])


@lru_cache(maxsize=1)
def _opened(model: ModelSpec) -> OpenModel:
    return model.open()


def _frame_numbers(file: pq.ParquetFile) -> dict[int, int]:
    """The frame of every picture."""
    rows = file.read(columns=["picture", "frame_numbers"]).to_pylist()
    return {row["picture"] + n: frame for row in rows for n, frame in enumerate(row["frame_numbers"])}


def _rows(file: pq.ParquetFile) -> Iterator[Row]:
    for batch in file.iter_batches(_CHUNKS_AT_ONCE, columns=["picture", "frames", "doubtful", "rgb"]):
        yield from batch.to_pylist()


def stretches(rows: Iterable[Row]) -> Iterator[tuple[int, Iterator[Picture]]]:
    """Group the chunks of a video into stretches without a gap.

    At either end of the video, where no chunk of context was, its first or last frame stands in for the context, as in
    the paper.

    Args:
        rows: rows of ``shot_frames`` in order.

    Yields:
        Of each stretch, the number of the first picture after its context, and its pictures in parts. Take each before the next.
    """
    for _, numbered in groupby(enumerate(rows), lambda pair: pair[1]["picture"] - CHUNK * pair[0]):
        chunks = (row for _, row in numbered)
        first = next(chunks)
        yield first["picture"] + (0 if first["doubtful"] else CHUNK), _with_context(first, chunks)


def _with_context(first: Row, others: Iterable[Row]) -> Iterator[Picture]:
    if first["doubtful"]:
        yield np.repeat(_pictures(first)[:1], CHUNK, axis=0)
    last = first
    for last in chain([first], others):
        yield _pictures(last)
    missing = CHUNK if last["doubtful"] else CHUNK - last["frames"]
    if missing:
        yield np.repeat(_pictures(last)[-1:], missing, axis=0)


def _pictures(row: Row) -> Picture:
    return np.frombuffer(row["rgb"], np.uint8).reshape(row["frames"], HEIGHT, WIDTH, 3)
