"""Training runs in the lake: records are added, and which clips a model has read is told from them.

A record has ranges of batches. Which clips are in a batch is told by the release's manifest and the order, which are the same
wherever they are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import TRAINING_CLIPS, TRAINING_READS, TRAINING_RUNS, TRAINING_SKIPS
from video_assets.publish.diff import manifest
from video_assets.publish.release import named_release
from video_assets.settings.reading import did_you_mean

if TYPE_CHECKING:
    from video_assets.publish.loader.order import Order
    from video_assets.publish.loader.record import Reading
    from video_assets.publish.loader.run_read import Attempt, Range, RunRead

_LARGEST = 2**63


class ReadBatch(NamedTuple):
    """A batch that a run read.

    Attributes:
        attempt: in which attempt, from 1.
        number: of the batch in the order.
        kept: whether its training is in the model.
        clips: ids of its samples; what was skipped is left out.
    """

    attempt: int
    number: int
    kept: bool
    clips: Sequence[str]


def add(lake: Lake, files: Sequence[Path]) -> Mapping[str, Any]:
    """Add a run's record, in place of what is known of the run.

    Args:
        lake: which has the release.
        files: of all the run's ranks.

    Returns:
        The run's row of ``training_runs``.

    Raises:
        ValueError: they are no record of one run, the lake has no such release, or another order was read than this version has.
        FileNotFoundError: the release's manifest is gone.
    """
    from video_assets.publish.loader.run_read import merged

    found = merged(files)
    if not -_LARGEST <= found.reading.seed < _LARGEST:
        raise ValueError(f"The seed {found.reading.seed} has more than 64 bits.")
    release = named_release(lake, found.reading.release)
    if release["release_id"] != found.reading.release_id:
        raise ValueError(
            f"The run {found.run} read a release {found.reading.release} with the id {found.reading.release_id}; the lake's has "
            f"{release['release_id']}."
        )
    order = _order(lake, found.reading)
    reads, skips = _reads(found), _skips(found)
    seen = TRAINING_CLIPS.frame(_counted(_between(order, reads, skips)), run=found.run)
    runs = TRAINING_RUNS.frame([_run(found, reads, skips)])
    lake.commit(
        [
            Replacement(TRAINING_RUNS, [found.run], runs, by="run"),
            Replacement(TRAINING_READS, [found.run], reads, by="run"),
            Replacement(TRAINING_SKIPS, [found.run], skips, by="run"),
            Replacement(TRAINING_CLIPS, [found.run], seen, by="run"),
        ],
        [],
        message=f"training {found.run}",
        author="training",
    )
    return runs.row(0, named=True)


def named_run(lake: Lake, run: str) -> Mapping[str, Any]:
    """The run's row of ``training_runs``.

    Raises:
        ValueError: no record of it was added.
    """
    found = lake.query("SELECT * FROM training_runs WHERE run = ?", [run])
    if not found.height:
        known = lake.query("SELECT run FROM training_runs ORDER BY run")["run"].to_list()
        raise ValueError(
            f"There is no training run {run}.{did_you_mean(run, known)} There are {', '.join(known) or 'none'}."
        )
    return found.row(0, named=True)


def batches_read(lake: Lake, run: str) -> Iterator[ReadBatch]:
    """The batches that a run read, in the order in which it did.

    Raises:
        ValueError: no record of it was added, or another order was read than this version has.
        FileNotFoundError: the release's manifest is gone.
    """
    from video_assets.publish.loader.record import Reading

    row = named_run(lake, run)
    reading = Reading(**{name: row[name] for name in Reading.__dataclass_fields__})
    order = _order(lake, reading)
    parameters = [run]
    reads = lake.query("SELECT * FROM training_reads WHERE run = ? ORDER BY attempt, from_batch", parameters)
    skips = lake.query("SELECT * FROM training_skips WHERE run = ?", parameters)
    yield from _between(order, reads, skips)


def _between(order: Order, reads: pl.DataFrame, skips: pl.DataFrame) -> Iterator[ReadBatch]:
    """The batches in some ranges of an order, less what was skipped in them."""
    skipped: dict[tuple[int, int], set[tuple[str, int]]] = {}
    for attempt, number, clip, epoch in skips.select("attempt", "batch_number", "clip_id", "epoch").iter_rows():
        skipped.setdefault((attempt, number), set()).add((clip, epoch))
    for attempt, start, stop, kept in reads.select("attempt", "from_batch", "to_batch", "kept").iter_rows():
        for batch in order.batches(start, stop):
            without = skipped.get((attempt, batch.number), set())
            named = ((order.clips[c], e) for c, e in zip(batch.clips.tolist(), batch.epochs.tolist(), strict=True))
            yield ReadBatch(attempt, batch.number, kept, [clip for clip, e in named if (clip, e) not in without])


def _counted(batches: Iterator[ReadBatch]) -> pl.DataFrame:
    """Of each clip the ``times`` that it was read and is in the model, and ``times_rolled_back``."""
    times: dict[str, list[int]] = {}
    for batch in batches:
        for clip in batch.clips:
            times.setdefault(clip, [0, 0])[not batch.kept] += 1
    kept, lost = ([counts[n] for counts in times.values()] for n in (0, 1))
    schema = {"clip_id": pl.String(), "times": pl.Int64(), "times_rolled_back": pl.Int64()}
    return pl.DataFrame({"clip_id": list(times), "times": kept, "times_rolled_back": lost}, schema=schema)


def clips_read(lake: Lake, run: str, *, rolled_back: bool = False) -> pl.DataFrame:
    """Which clips are in a run's model.

    Args:
        lake: which has the run and its release.
        run: its name.
        rolled_back: whether what was read and then lost with an attempt counts too.

    Returns:
        ``clip_id`` and ``times`` for which it was read, by id.

    Raises:
        ValueError: as :func:`batches_read`.
        FileNotFoundError: likewise.
    """
    found = _counted(batches_read(lake, run))
    times = pl.col("times") + pl.col("times_rolled_back") if rolled_back else pl.col("times")
    return found.select("clip_id", times=times).filter(pl.col("times") > 0).sort("clip_id")


def _order(lake: Lake, reading: Reading) -> Order:
    """The order in which a run read, made anew of the release's manifest.

    Raises:
        ValueError: it is not the same that the run had.
    """
    from video_assets.publish.loader.order import ORDER_VERSION, Order
    from video_assets.publish.loader.selection import COLUMNS, chosen, least_seconds

    if reading.order_version != ORDER_VERSION:
        raise ValueError(
            f"The run read in the order of version {reading.order_version}; this version of video_assets has {ORDER_VERSION}."
        )
    table = manifest(lake, reading.release)
    columns = {name: table[name].to_list() for name in COLUMNS}
    numbers, _ = chosen(columns, reading.split, reading.buckets, least_seconds(reading.frames, Fraction(reading.fps)))
    clips, buckets = table["clip_id"], columns["bucket"]
    order = Order([(clips[n], buckets[n]) for n in numbers], reading.seed, reading.batch_size)
    if order.id != reading.order_id:
        raise ValueError(
            f"The run read another order than the manifest of the release {reading.release} gives; one of the two was altered."
        )
    return order


def _reads(found: RunRead) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for number, attempt in enumerate(found.attempts, 1):
        for kept, read in ((True, attempt.kept), (False, attempt.rolled_back)):
            for start, stop in read:
                rows.append(
                    {
                        "attempt": number, "attempt_id": attempt.id, "started_at": attempt.started_at, "ranks": attempt.ranks,
                        "workers": attempt.workers, "code_revision": attempt.code_revision, "from_batch": start,
                        "to_batch": stop, "kept": kept,
                        "samples": (stop - start) * found.reading.batch_size - _skipped(attempt, start, stop),
                    }
                )  # fmt: skip
    return TRAINING_READS.frame(rows, run=found.run) if rows else TRAINING_READS.empty()


def _skipped(attempt: Attempt, start: int, stop: int) -> int:
    return sum(start <= skip.batch < stop for skip in attempt.skipped)


def _skips(found: RunRead) -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {
            "attempt": number, "batch_number": skip.batch, "clip_id": skip.clip_id, "epoch": skip.epoch,
            "kept": _within(skip.batch, attempt.kept), "why": skip.why, "said": skip.message,
        }
        for number, attempt in enumerate(found.attempts, 1)
        for skip in attempt.skipped
    ]  # fmt: skip
    return TRAINING_SKIPS.frame(rows, run=found.run) if rows else TRAINING_SKIPS.empty()


def _within(number: int, ranges: Sequence[Range]) -> bool:
    return any(start <= number < stop for start, stop in ranges)


def _run(found: RunRead, reads: pl.DataFrame, skips: pl.DataFrame) -> dict[str, object]:
    reading, last = found.reading, found.attempts[-1]
    kept, lost = reads.filter("kept"), reads.filter(~pl.col("kept"))
    return {
        "run": found.run, "model": found.model, "release": reading.release, "release_id": reading.release_id,
        "order_version": reading.order_version, "order_id": reading.order_id, "seed": reading.seed,
        "batch_size": reading.batch_size, "frames": reading.frames, "fps": reading.fps, "split": reading.split,
        "buckets": None if reading.buckets is None else list(reading.buckets), "over": reading.over,
        "attempts": len(found.attempts), "batches_kept": _batches(kept), "batches_rolled_back": _batches(lost),
        "samples_kept": int(kept["samples"].sum()), "samples_skipped": skips.filter("kept").height,
        "code_revision": last.code_revision, "config": json.dumps(last.config, sort_keys=True),
        "started_at": found.attempts[0].started_at, "added_at": datetime.now(UTC),
    }  # fmt: skip


def _batches(reads: pl.DataFrame) -> int:
    return int((reads["to_batch"] - reads["from_batch"]).sum())
