"""A release as a torch data set of batches, and the loader that notes what it hands out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypedDict
from uuid import uuid4

import numpy as np
import torch
import torch.distributed
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from video_assets.describe.caption import FIELDS
from video_assets.describe.training_text import CaptionedClip, training_text
from video_assets.publish.loader.errors import BadSampleError, SampleError
from video_assets.publish.loader.frames import Decoder, FrameSource, Pictures, ShardFrames, SourceFrames, window
from video_assets.publish.loader.order import ORDER_VERSION, Order, of_rank
from video_assets.publish.loader.record import Reading, RunRecord
from video_assets.publish.loader.release_folder import ReleaseFolder
from video_assets.publish.loader.selection import COLUMNS, chosen, least_seconds


class SkippedSample(TypedDict):
    """A clip that is not in its batch."""

    clip_id: str
    epoch: int
    why: str
    message: str


class ClipBatch(TypedDict):
    """A batch. Where clips are skipped it has fewer samples, at worst none: then a step has nothing of this rank.

    Attributes:
        position: the batch's number in the order.
        bucket: of all its clips.
        frames: uint8 (samples, frames, 3, height, width), R, G, B.
        text: of each sample; empty where the clip has no caption.
        clip_id: of each.
        epoch: in which each is read.
        start_s: where in its clip each begins, in s.
        skipped: clips that are not in it.
    """

    position: int
    bucket: str
    frames: torch.Tensor
    text: list[str]
    clip_id: list[str]
    epoch: list[int]
    start_s: list[float]
    skipped: list[SkippedSample]


class ClipBatches(IterableDataset):  # type: ignore[misc]
    """Batches of a release, without an end, in the one order of :mod:`video_assets.publish.loader.order`.

    For ``DataLoader(dataset, batch_size=None, num_workers=...)``. :class:`Loader` does that and keeps the position and the record.

    Attributes:
        order: of all batches.
        position: batches that are done, on all ranks together.
        too_short: clips of the split that are shorter than a sample and never read.

    Args:
        release: what is read.
        seed: of the order, the windows and the texts.
        batch_size: samples in a batch; it stays the same in all of a run.
        frames: of a sample.
        fps: frames/s at which they are taken from the clip, by time.
        split: whose clips are read; ``evaluation`` has those that are held out of training.
        buckets: those of these alone; None: of all.
        sources: local file of each video: clips are read from these, not from the shards.
        decoder: what decodes shards.
        bad: whether a sample that cannot be used is skipped and noted, or stops the loader. What was taken down, or had not
            been cut, is always skipped.
        rank: whose batches these are; None: as torch.distributed or the environment (``RANK``) says, else 0.
        ranks: how many there are; None: likewise (``WORLD_SIZE``), else 1.
        epochs: after so many it ends, at a full step of all ranks; None: never.

    Raises:
        ValueError: there is nothing to read, or there is no such rank.
    """

    def __init__(
        self,
        release: ReleaseFolder,
        *,
        seed: int,
        batch_size: int,
        frames: int,
        fps: int | Fraction,
        split: str = "train",
        buckets: Sequence[str] | None = None,
        sources: Mapping[str, str | Path] | None = None,
        decoder: Decoder = "pyav",
        bad: Literal["skip", "stop"] = "skip",
        rank: int | None = None,
        ranks: int | None = None,
        epochs: int | None = None,
    ) -> None:
        if frames < 1 or fps <= 0:
            raise ValueError(f"{frames} frames at {fps}/s are no sample.")
        self.release, self.seed, self.epochs = release, seed, epochs
        self._frames, self._fps, self._split, self._bad = frames, Fraction(fps), split, bad
        self._buckets = None if buckets is None else sorted(buckets)
        self.rank, self.ranks = _rank(rank, ranks)
        next(of_rank(0, self.rank, self.ranks))
        if sources is None and not release.places:
            raise ValueError(f"The release {release.name} has no media here; name the files of its sources.")
        self._source: FrameSource = ShardFrames(release, decoder)
        if sources is not None:
            self._source = SourceFrames({video: Path(path) for video, path in sources.items()})
        columns = {name: release.rows[name].to_pylist() for name in COLUMNS}
        numbers, self.too_short = chosen(columns, split, self._buckets, least_seconds(frames, self._fps))
        if not numbers:
            raise ValueError(
                f"The release {release.name} has no clip of the split {split} to read; {self.too_short:,} are shorter than a sample."
            )
        ids = release.rows["clip_id"].to_pylist()
        self.order = Order([(ids[n], columns["bucket"][n]) for n in numbers], seed, batch_size)
        # As the order has them: by id.
        self._rows = np.array(sorted(numbers, key=lambda n: ids[n]))
        self.position = 0

    @property
    def reading(self) -> Reading:
        """What is read, for a record."""
        over = "sources" if isinstance(self._source, SourceFrames) else "shards"
        return Reading(
            self.release.name, self.release.release_id, ORDER_VERSION, self.order.id, self.seed, self.order.batch_size,
            self._frames, str(self._fps), self._split, self._buckets, over,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """The position: the batches that are done, on whatever ranks and workers."""
        return {"position": self.position, "order": self.order.id}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a position, on whatever ranks and workers.

        Raises:
            ValueError: it is one in another order.
        """
        if state["order"] != self.order.id:
            raise ValueError(
                "The position is one in another order: another release, seed, batch size, split, or length of samples. "
                "Ranks and workers may be others, these may not."
            )
        self.position = int(state["position"])

    def done(self, batch: ClipBatch) -> None:
        """Note that this rank's training on a batch is done, and with it every rank's on its batch of the same step."""
        steps = (batch["position"] - self.position) // self.ranks + 1
        self.position += steps * self.ranks

    def __iter__(self) -> Iterator[ClipBatch]:
        """The batches from the position on that are this worker's.

        Raises:
            ShardError: a shard is cut off, altered or not there.
            SampleError: a sample cannot be used, and the loader stops at such a one.
        """
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        end = self._end()
        for number in of_rank(self.position, self.rank, self.ranks, worker, workers):
            if end is not None and number >= end:
                return
            yield self.batch(number)

    def batch(self, number: int) -> ClipBatch:
        """One batch of the order.

        Raises:
            ShardError: as of iterating.
            SampleError: likewise.
        """
        batch = self.order.batch(number)
        found: ClipBatch = {
            "position": number, "bucket": batch.bucket, "frames": torch.empty(0), "text": [], "clip_id": [], "epoch": [],
            "start_s": [], "skipped": [],
        }  # fmt: skip
        rows = [self.release.row(int(self._rows[clip])) for clip in batch.clips]
        frames = np.empty((len(rows), self._frames, 3, rows[0]["height"], rows[0]["width"]), np.uint8)
        for row, epoch in zip(rows, batch.epochs.tolist(), strict=True):
            try:
                text, start = self._sample(row, epoch, frames[len(found["text"])])
            except BadSampleError as error:
                if self._bad == "stop" and not error.gone:
                    raise SampleError(
                        f"Clip {row['clip_id']} of batch {number} cannot be used ({error.why}): {error}"
                    ) from error
                found["skipped"].append(
                    {"clip_id": row["clip_id"], "epoch": epoch, "why": error.why, "message": str(error)}
                )
                continue
            found["text"].append(text)
            found["clip_id"].append(row["clip_id"])
            found["epoch"].append(epoch)
            found["start_s"].append(float(start))
        found["frames"] = torch.from_numpy(frames[: len(found["text"])])
        return found

    def _sample(self, row: Mapping[str, Any], epoch: int, into: Pictures) -> tuple[str, Fraction]:
        """Read a sample's frames; its text, and where in its clip it begins, in s."""
        duration = Fraction((row["end_pts"] - row["start_pts"]) * row["time_base_num"], row["time_base_den"])
        wanted = window(row["clip_id"], self.seed, epoch, duration, self._frames, self._fps)
        text = self._text(row, epoch)
        self._source.read(row, wanted, into)
        return text, wanted.start

    def _text(self, row: Mapping[str, Any], epoch: int) -> str:
        if row["captioner"] is None:
            return ""
        settings = self.release.text_settings
        said = {name: float(value) for name, value in _scores(row).items() if value is not None}
        scores = {score.column: said.get(score.column) for score in settings.scores}
        texts = {name: row[name] or "" for name in FIELDS}
        try:
            clip = CaptionedClip.of({**row, **scores, **texts}, float(self._fps), settings)
            return training_text(clip, self.seed, epoch, settings)
        except ValueError as error:
            raise BadSampleError("caption", str(error)) from error

    def _end(self) -> int | None:
        """The batch at which it ends: each rank has as many as the others."""
        if self.epochs is None:
            return None
        left = max(0, self.order.end_of_epoch(self.epochs - 1) - self.position)
        return self.position + -(-left // self.ranks) * self.ranks


class Loader:
    """Hands out a data set's batches from worker processes, with its position and its record kept as it goes.

    Args:
        dataset: the batches.
        workers: processes that load; 0: this one does.
        record: where what is read is noted; None: nowhere.
        attempt: another name at each start, the same on all ranks; None: one is agreed on by torch.distributed.
        options: for DataLoader, such as ``pin_memory`` and ``prefetch_factor``.

    Raises:
        ValueError: there are several ranks, and neither a name nor torch.distributed.
    """

    def __init__(
        self,
        dataset: ClipBatches,
        *,
        workers: int = 0,
        record: RunRecord | None = None,
        attempt: str | None = None,
        **options: Any,
    ) -> None:
        self.dataset, self._workers, self._record, self._options = dataset, workers, record, options
        self._attempt = attempt or (_agreed(dataset.ranks) if record else "")
        self._times = 0

    def __iter__(self) -> Iterator[ClipBatch]:
        """The batches from the position on; each is noted before it is handed out.

        Raises:
            BlockingIOError: another process writes this rank's record.
            ShardError: a shard is cut off, altered or not there.
            SampleError: a sample cannot be used, and the data set stops at such a one.
        """
        dataset, record = self.dataset, self._record
        self._times += 1
        if record:
            # Whoever goes back in one process reads again: that is an attempt of its own.
            attempt = f"{self._attempt}-{self._times}"
            record.begin(attempt, dataset.reading, dataset.position, dataset.rank, dataset.ranks, self._workers)
        loaded = DataLoader(dataset, batch_size=None, num_workers=self._workers, **self._options)
        for batch in loaded:
            if record:
                record.read(batch["position"], batch["skipped"])
            dataset.done(batch)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The position after the batch that was handed out last."""
        return self.dataset.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a position; for the next iteration.

        Raises:
            ValueError: it is one in another order.
        """
        self.dataset.load_state_dict(state)

    def kept(self, state: Mapping[str, Any]) -> None:
        """Note that a checkpoint with this state was saved, or that the training ended with it."""
        if self._record:
            self._record.kept(int(state["position"]))


def _scores(row: Mapping[str, Any]) -> dict[str, str | None]:
    return json.loads(row["scores"]) if row["scores"] else {}


def _rank(rank: int | None, ranks: int | None) -> tuple[int, int]:
    running = torch.distributed.is_available() and torch.distributed.is_initialized()
    if rank is None:
        rank = torch.distributed.get_rank() if running else int(os.environ.get("RANK", 0))
    if ranks is None:
        ranks = torch.distributed.get_world_size() if running else int(os.environ.get("WORLD_SIZE", 1))
    return rank, ranks


def _agreed(ranks: int) -> str:
    """A name that no attempt had, the same on all ranks."""
    name = [uuid4().hex]
    if ranks > 1:
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            raise ValueError(
                "Several ranks must agree on an attempt's name: start torch.distributed first, or give one."
            )
        torch.distributed.broadcast_object_list(name, src=0)
    return name[0]
