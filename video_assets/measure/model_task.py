"""What a worker process does with one video's clips and a model: a picklable job and a function."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import polars as pl

from video_assets.measure.types import Crop, Picture
from video_assets.media.containers import MediaError
from video_assets.media.job_files import MARKS, READS
from video_assets.media.limits import out_of_memory
from video_assets.media.tally import Marks
from video_assets.reasons import Reason


class OpenModel(Protocol):
    """A loaded model."""

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        """A clip's columns, from its pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop (display pixels)."""


class ModelSpec(Hashable, Protocol):
    """What a worker needs to load a model: picklable and small."""

    def open(self) -> OpenModel:
        """Load it."""


@dataclass(frozen=True)
class ClipPictures:
    """A clip, its crop in display pixels, the size of its frames in these and the numbers of its sampled keyframes."""

    clip_id: str
    crop: Crop
    display: tuple[int, int]
    frames: tuple[int, ...]


@dataclass(frozen=True)
class ModelJob:
    """One video's clips. ``keyframes`` is a Parquet file with at least their frames: ``frame`` and ``jpeg``.

    ``gpu`` says whether the model runs on one, so that its time is told apart from the processor's; ``marks`` is the file
    in which the clips are counted that are done.
    """

    model: ModelSpec
    clips: tuple[ClipPictures, ...]
    keyframes: Path = field(metadata=READS)
    gpu: bool = False
    marks: Path | None = field(default=None, metadata=MARKS)


def measure_clips(job: ModelJob) -> list[dict[str, object]]:
    """Rows of one video's clips, each with a reason where the model raised or gave no finite number.

    The model is loaded once in a worker process.

    Returns:
        clip_id, compute_seconds, gpu_seconds, and the model's columns or reason and message.
    """
    jpegs = dict(pl.read_parquet(job.keyframes, columns=["frame", "jpeg"]).iter_rows())
    rows: list[dict[str, object]] = []
    marks = Marks(job.marks)
    for clip in job.clips:
        started, began = time.process_time(), time.perf_counter()
        row: dict[str, object] = {"clip_id": clip.clip_id}
        try:
            pictures = [_picture(jpegs[frame], clip.crop, clip.display) for frame in clip.frames]
            row |= _finite(_opened(job.model).measure(pictures, clip.crop))
        except MediaError as error:
            row |= {"reason": error.reason, "message": error.message}
        except Exception as error:  # one clip's surprise must not cost the video's others
            if out_of_memory(error):
                raise MemoryError from error
            row |= {"reason": Reason.MODEL_FAILED, "message": f"{type(error).__name__}: {error}"}
        held = time.perf_counter() - began if job.gpu else None
        rows.append(row | {"compute_seconds": time.process_time() - started, "gpu_seconds": held})
        marks.up_to(len(rows))
    return rows


@lru_cache(maxsize=1)
def _opened(model: ModelSpec) -> OpenModel:
    return model.open()


def _picture(jpeg: bytes, crop: Crop, display: tuple[int, int]) -> Picture:
    """A keyframe, cut to the clip's crop."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise MediaError(Reason.MODEL_FAILED, "A keyframe of the clip is no JPEG.")
    x, y = picture.shape[1] / display[0], picture.shape[0] / display[1]
    rows = slice(round(crop.y * y), round((crop.y + crop.height) * y))
    return np.ascontiguousarray(picture[rows, round(crop.x * x) : round((crop.x + crop.width) * x)])


def _finite(values: dict[str, object]) -> dict[str, object]:
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise MediaError(Reason.MODEL_FAILED, f"The model gave {value} for {name}.")
    return values
