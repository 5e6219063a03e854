"""How fast the loader hands out samples, as a ratio of bare PyAV decoding of the same windows of the same members.

Bare is: read the member, open it, seek, decode up to the last frame, and make R, G, B of the frames that are wanted; no hash, no
text, no batch and no record. Both run in this process on one thread, in turns; counted are CPU seconds, as other work on the
machine takes wall time from either.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import median

import av
import numpy as np
import polars as pl

from tests.publish.loader.made import RATE, Made, clip_id, film, row, write
from video_assets.publish.loader import ClipBatches, Loader, RunRecord, open_release
from video_assets.publish.loader.frames import window
from video_assets.publish.manifest import SCHEMA

SIZE, SECONDS, GOP = (832, 480), 4, 24
SEED, BATCH, FRAMES, FPS = 1, 4, 16, 8


def make(folder: Path, clips: int) -> Made:
    """A release of clips of one size."""
    folder.mkdir()
    ids = [clip_id(n) for n in range(clips)]
    rows = [row(clip, *SIZE, SECONDS * RATE, "train", captioned=True) for clip in ids]
    media = {clip: film(SIZE, SECONDS * RATE, n, gop=GOP) for n, clip in enumerate(ids)}
    return write(folder, pl.DataFrame(rows, schema=SCHEMA).sort("clip_id"), media)


def bare(member: tuple[Path, int, int], start: Fraction) -> int:
    """Decode a window by PyAV and nothing else; how many pictures there are."""
    path, offset, size = member
    with path.open("rb") as file:
        media = os.pread(file.fileno(), size, offset)
    made = list[np.ndarray]()
    times = [start + Fraction(k, FPS) for k in range(FRAMES)]
    with av.open(io.BytesIO(media), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        base = Fraction(stream.time_base or 1)
        container.seek(int(start / base), stream=stream)
        before = None
        for frame in container.decode(stream):
            while before is not None and len(made) < FRAMES and times[len(made)] < (frame.pts or 0) * base:
                made.append(before.to_ndarray(format="rgb24"))
            before = frame
            if len(made) == FRAMES:
                break
        while before is not None and len(made) < FRAMES:
            made.append(before.to_ndarray(format="rgb24"))
    return len(made)


def seconds(work: Callable[[], int], samples: int) -> float:
    """CPU seconds a sample."""
    began = time.process_time()
    assert work() == samples
    return (time.process_time() - began) / samples


def main() -> None:
    """Print samples a CPU second of both and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--clips", type=int, default=24)
    arguments.add_argument("--repeats", type=int, default=7)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        made = make(Path(name) / "bench", chosen.clips)
        dataset = ClipBatches(
            open_release(made.folder), seed=SEED, batch_size=BATCH, frames=FRAMES, fps=FPS, rank=0, ranks=1
        )
        record = RunRecord(Path(name), run="bench", model="none")
        batches = chosen.clips // BATCH
        order = [
            (made.ids[c], int(e))
            for b in dataset.order.batches(0, batches)
            for c, e in zip(b.clips, b.epochs, strict=True)
        ]
        places = {clip: made.place(clip) for clip in made.ids}
        starts = [(places[c], window(c, SEED, e, Fraction(SECONDS), FRAMES, Fraction(FPS)).start) for c, e in order]

        def by_loader() -> int:
            dataset.position = 0
            return sum(len(batch["clip_id"]) for batch in islice(Loader(dataset, record=record), batches))

        def by_pyav() -> int:
            return sum(bare(member, start) for member, start in starts) // FRAMES

        ratios, spent = list[float](), list[tuple[float, float]]()
        for _ in range(chosen.repeats):
            spent.append((seconds(by_loader, len(order)), seconds(by_pyav, len(order))))
            ratios.append(spent[-1][1] / spent[-1][0])
        ours, theirs = (1 / median(column) for column in zip(*spent, strict=True))
        print(
            "| samples a CPU second of the loader | of bare PyAV | ratio, median | lowest | highest |\n| --- | --- | --- | --- | --- |"
        )
        print(f"| {ours:.1f} | {theirs:.1f} | {median(ratios):.3f} | {min(ratios):.3f} | {max(ratios):.3f} |")


if __name__ == "__main__":
    main()
