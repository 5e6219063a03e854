"""What a worker process does with one video's clips and a scorer: picklable jobs and a function for each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.measure.models import Model
from video_assets.measure.types import Crop, Picture
from video_assets.media.containers import MediaError
from video_assets.media.job_files import MARKS, READS
from video_assets.media.limits import out_of_memory
from video_assets.media.tally import Marks
from video_assets.reasons import Reason
from video_assets.scorer import Column, Given, Origin, Scorer
from video_assets.settings import S3Settings, Settings

_PYTHON: dict[pl.DataType, tuple[type, ...]] = {
    pl.Float64(): (float, int),
    pl.Int32(): (int,),
    pl.String(): (str,),
    pl.Boolean(): (bool,),
}


@dataclass(frozen=True)
class Described:
    """A scorer as a worker opens it: picklable, and small."""

    name: str
    origin: Origin
    settings: Settings
    models: tuple[Model, ...]
    weights: tuple[Path, ...]

    def scorer(self) -> Scorer:
        """The declaration, loaded in this process."""
        from video_assets.scorers.built_in import BUILT_IN
        from video_assets.scorers.loading import again

        if self.origin.kind == "video_assets":
            return next(scorer for scorer in BUILT_IN if scorer.name == self.name)
        return again(self.origin, self.name)

    def opened(self) -> tuple[Scorer, Any]:
        """The scorer, and what it measures with."""
        scorer = self.scorer()
        if scorer.open is None:
            return scorer, scorer.measure
        section = scorer.chosen(self.settings)
        return scorer, scorer.open(Given(self.settings, section, self.models, self.weights))

    def open(self) -> OpenScorer:
        """Load it to measure pictures (:class:`video_assets.measure.model_task.ModelSpec`)."""
        return OpenScorer(*self.opened())


@dataclass(frozen=True)
class OpenScorer:
    """A scorer that was opened."""

    scorer: Scorer
    function: Callable[[Sequence[Picture], Crop], Mapping[str, object]]

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        """A clip's columns, looked at before they are believed."""
        row = self.function(pictures, crop)
        return dict(row) if self.scorer.ours else checked(row, self.scorer)


@lru_cache(maxsize=1)
def _opened(described: Described) -> tuple[Scorer, Any]:
    return described.opened()


def checked(row: object, scorer: Scorer) -> dict[str, object]:
    """What one's own code gives for a clip, as values of the columns' types.

    Raises:
        MediaError: it is no row, has a column that was not declared, or a value of another type or outside the range.
    """
    if not isinstance(row, Mapping):
        raise _wrong(f"{scorer.name} gave {type(row).__name__} and not a mapping of columns to values.")
    known = {c.name: c for c in scorer.columns}
    if unknown := [str(name) for name in row if name not in known]:
        raise _wrong(f"{scorer.name} gave {unknown[0]}, which it does not declare; it declares {', '.join(known)}.")
    return {name: _value(value, known[name]) for name, value in row.items()}


def _value(value: Any, column: Column) -> object:
    if value is None:
        return None
    plain: Any = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    wanted = _PYTHON[column.dtype]
    is_number = column.dtype in (pl.Float64(), pl.Int32())
    if type(plain) not in wanted:
        raise _wrong(f"{column.name} is {_short(value)}, which is no {column.dtype}.")
    if not is_number:
        return plain
    if not math.isfinite(plain):
        raise _wrong(f"{column.name} is {plain}.")
    if (column.least is not None and plain < column.least) or (column.most is not None and plain > column.most):
        least, most = (("" if edge is None else f"{edge:g}") for edge in (column.least, column.most))
        raise _wrong(f"{column.name} is {plain:g}, and its range is {least} to {most}.")
    return float(plain) if column.dtype == pl.Float64() else int(plain)


def _short(value: object) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    said = repr(value)
    return said if len(said) <= 80 else f"{said[:77]}..."


def _wrong(message: str) -> MediaError:
    return MediaError(Reason.MODEL_FAILED, message)


def _failure(error: Exception) -> dict[str, object]:
    """The reason of a row whose measurement has raised."""
    if isinstance(error, MediaError):
        return {"reason": error.reason, "message": error.message}
    if out_of_memory(error):
        raise MemoryError from error
    return {"reason": Reason.MODEL_FAILED, "message": f"{type(error).__name__}: {error}"}


@dataclass(frozen=True)
class TableJob:
    """One video's clips and the Parquet files of the tables that are read, of its whole batch."""

    described: Described
    video_id: str
    clips: tuple[str, ...]
    clips_file: Path = field(metadata=READS)
    tables: tuple[Path, ...] = field(metadata=READS)
    marks: Path | None = field(default=None, metadata=MARKS)


def measure_tables(job: TableJob) -> list[dict[str, object]]:
    """Rows of one video's clips by its rows of other tables; each clip for which no row came has a reason."""
    started = time.process_time()
    clips = pl.read_parquet(job.clips_file).filter(pl.col("clip_id").is_in(job.clips))
    tables = [pl.read_parquet(path).filter(video_id=job.video_id) for path in job.tables]
    try:
        scorer, measure = _opened(job.described)
        found = measure(clips, *tables)
        if not isinstance(found, pl.DataFrame) or "clip_id" not in found.columns:
            raise _wrong(f"{scorer.name} gave {type(found).__name__} and not a polars.DataFrame with clip_id.")
        given = {str(row["clip_id"]): row for row in found.iter_rows(named=True)}
        if found.height > len(given) or not given.keys() <= {*job.clips}:
            raise _wrong(f"{scorer.name} gave {found.height} rows for {len(job.clips)} clips; each clip has one.")
    except Exception as error:
        failure = _failure(error)
        return [{"clip_id": clip, **failure, "compute_seconds": 0.0} for clip in job.clips]
    rows: list[dict[str, object]] = []
    for clip in job.clips:
        row: dict[str, object] = {"clip_id": clip}
        try:
            if clip not in given:
                raise _wrong(f"{scorer.name} gave no row for the clip.")
            row |= checked({name: value for name, value in given[clip].items() if name != "clip_id"}, scorer)
        except Exception as error:
            row |= _failure(error)
        rows.append(row)
    seconds = (time.process_time() - started) / max(len(rows), 1)
    Marks(job.marks).up_to(len(rows))
    return [row | {"compute_seconds": seconds} for row in rows]


@dataclass(frozen=True)
class SpanOfClip:
    """Where a clip lies in its file, and what of the picture is its own."""

    clip_id: str
    stream: int
    start_pts: int
    end_pts: int
    time_base: Fraction
    pts_offset: int
    frames: int
    pieces: int | None
    crop: Crop
    display: tuple[int, int]

    @classmethod
    def of(cls, clip: Mapping[str, Any], raw: Mapping[str, Any], decoded: Mapping[str, Any]) -> SpanOfClip:
        """By rows of CLIPS, RAW_VIDEOS and DECODED_VIDEOS."""
        return cls(
            clip["clip_id"], clip["stream"], clip["start_pts"], clip["end_pts"],
            Fraction(raw["time_base_num"], raw["time_base_den"]), clip["pts_offset"] or 0, clip["frames"],
            decoded["pieces"], Crop(clip["crop_x"], clip["crop_y"], clip["crop_width"], clip["crop_height"]),
            (clip["width"] or decoded["width"], clip["height"] or decoded["height"]),
        )  # fmt: skip


@dataclass(frozen=True)
class FramesJob:
    """One video and its clips, whose frames are decoded again."""

    described: Described
    clips: tuple[SpanOfClip, ...]
    most: int
    short_side: int
    uri: str
    content: str
    s3: S3Settings
    scratch: Path
    max_pixels: int
    gpu: bool = False
    marks: Path | None = field(default=None, metadata=MARKS)


def measure_frames(job: FramesJob) -> list[dict[str, object]]:
    """Rows of one video's clips by their own frames, each with a reason where it could not be measured.

    Raises:
        MediaError: the file is gone, unreadable or changed.
    """
    from video_assets.media.fetch import local_copy

    rows: list[dict[str, object]] = []
    marks = Marks(job.marks)
    with local_copy(job.uri, job.s3, job.scratch, job.content) as path:
        for clip in job.clips:
            started, began = time.process_time(), time.perf_counter()
            row: dict[str, object] = {"clip_id": clip.clip_id}
            try:
                scorer, function = _opened(job.described)
                row |= OpenScorer(scorer, function).measure(_pictures(path, clip, job), clip.crop)
            except Exception as error:
                row |= _failure(error)
            held = time.perf_counter() - began if job.gpu else None
            rows.append(row | {"compute_seconds": time.process_time() - started, "gpu_seconds": held})
            marks.up_to(len(rows))
    return rows


def _pictures(path: Path, clip: SpanOfClip, job: FramesJob) -> list[Picture]:
    """Frames of a clip, spread evenly over it, each cut to its crop, in B, G, R order."""
    from video_assets.media.seek import LostTrackError, Span, open_span

    span = Span(clip.stream, clip.start_pts, clip.end_pts, clip.time_base, clip.pts_offset, clip.pieces, clip.frames)
    count = min(job.most, clip.frames)
    wanted = {(2 * i + 1) * clip.frames // (2 * count) for i in range(count)}
    for from_start in (False, True):
        try:
            with open_span(path, span, job.max_pixels, from_start=from_start) as frames:
                return list(_chosen(frames, clip, wanted, job.short_side))
        except LostTrackError:
            continue
    raise MediaError(Reason.CUT_MISMATCH, "The clip's frames were not found again.")


def _chosen(frames: Any, clip: SpanOfClip, wanted: set[int], short_side: int) -> Iterator[Picture]:
    import numpy as np

    from video_assets.measure.pictures import Scaler, size_by_short_side
    from video_assets.media.streams import geometry

    scaler: Scaler | None = None
    side = min(short_side or min(clip.display), min(clip.display))
    size = size_by_short_side(clip.display, side)
    x, y = size[0] / clip.display[0], size[1] / clip.display[1]
    down = slice(round(clip.crop.y * y), round((clip.crop.y + clip.crop.height) * y))
    across = slice(round(clip.crop.x * x), round((clip.crop.x + clip.crop.width) * x))
    for number, shown in enumerate(frames):
        if number not in wanted:
            continue
        if scaler is None:
            scaler = Scaler(geometry(frames.stream, shown.frame, frames.optional), size)
        yield np.ascontiguousarray(scaler.bgr(scaler.scale(shown.frame))[down, across])
