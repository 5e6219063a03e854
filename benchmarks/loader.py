"""How fast samples are handed out, as a ratio of bare PyAV decoding of the same windows of the same clips: by the loader, and by others.

Bare is: read the member, open it, seek, decode up to the last frame, and make R, G, B of the frames that are wanted; no hash, no
text, no batch and no record. What the others hand out is a clip's bytes and text, shuffled and in batches, and is decoded by that same
function. All run in this process on one thread, in turns; counted are CPU seconds, as other work on the machine takes wall time.

    python benchmarks/loader.py --reader loader

The others need environments of their own (``mosaicml-streaming`` holds numpy back).
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
import polars as pl
from torch.utils.data import DataLoader

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


def start_of(clip: str, epoch: int = 0) -> Fraction:
    return window(clip, SEED, epoch, Fraction(SECONDS), FRAMES, Fraction(FPS)).start


def pictures(media: bytes, start: Fraction) -> list[np.ndarray[Any, Any]]:
    """Decode a window by PyAV and nothing else: uint8 (height, width, 3) of each frame."""
    made = list[np.ndarray[Any, Any]]()
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
    return made


class Bare:
    """The members one after another, each decoded and forgotten."""

    def __init__(self, made: Made) -> None:
        self._members = [(made.place(clip), start_of(clip)) for clip in made.ids]

    def __call__(self) -> int:
        for (path, offset, size), start in self._members:
            with path.open("rb") as file:
                pictures(os.pread(file.fileno(), size, offset), start)
        return len(self._members)


def by_loader(made: Made, folder: Path) -> Callable[[], int]:
    """Ours, with its record."""
    release = open_release(made.folder)
    dataset = ClipBatches(release, seed=SEED, batch_size=BATCH, frames=FRAMES, fps=FPS, rank=0, ranks=1)
    record = RunRecord(folder, run="bench", model="none")
    batches = len(made.ids) // BATCH

    def run() -> int:
        dataset.position = 0
        return sum(len(batch["clip_id"]) for batch in islice(Loader(dataset, record=record), batches))

    return run


def _decoded(samples: Iterator[tuple[str, bytes]]) -> int:
    """Decode what another loader hands out, a batch at a time, and put each batch together; how many samples there are."""
    count = 0
    while part := list(islice(samples, BATCH)):
        count += len(np.stack([pictures(media, start_of(clip)) for clip, media in part]))
    return count


def by_webdataset(made: Made, folder: Path) -> Callable[[], int]:  # noqa: ARG001
    import webdataset

    urls = sorted(str(path) for path in made.folder.rglob("train/**/*.tar"))

    def run() -> int:
        data = webdataset.WebDataset(urls, shardshuffle=False).shuffle(100).decode()
        return _decoded((s["__key__"], s["mp4"]) for s in data)

    return run


def by_streaming(made: Made, folder: Path) -> Callable[[], int]:
    from streaming import MDSWriter, StreamingDataset

    place = str(folder / "mds")
    with MDSWriter(out=place, columns={"clip": "str", "mp4": "bytes", "txt": "str"}) as writer:
        for clip in made.ids:
            writer.write({"clip": clip, "mp4": made.media[clip], "txt": f"Clip {clip}."})
    data = StreamingDataset(local=place, shuffle=True, batch_size=BATCH)
    return lambda: _decoded((s["clip"], s["mp4"]) for s in _flat(data))


def by_litdata(made: Made, folder: Path) -> Callable[[], int]:
    import litdata

    place = folder / "litdata"
    media = folder / "media"
    media.mkdir()
    for clip in made.ids:
        (media / clip).write_bytes(made.media[clip])
    files = [str(media / clip) for clip in made.ids]
    litdata.optimize(_litdata_sample, files, str(place), chunk_bytes="64MB", num_workers=1)
    data = litdata.StreamingDataset(str(place), shuffle=True)
    return lambda: _decoded((s["clip"], s["mp4"]) for s in _flat(data))


def _litdata_sample(path: str) -> dict[str, Any]:
    return {"clip": Path(path).name, "mp4": Path(path).read_bytes(), "txt": f"Clip {Path(path).name}."}


def _flat(data: Any) -> Iterator[Mapping[str, Any]]:
    for batch in DataLoader(data, batch_size=BATCH, collate_fn=list):
        yield from batch


READERS: Mapping[str, Callable[[Made, Path], Callable[[], int]]] = {
    "loader": by_loader, "webdataset": by_webdataset, "mosaicml-streaming": by_streaming, "litdata": by_litdata,
}  # fmt: skip


def seconds(work: Callable[[], int], samples: int) -> float:
    """CPU seconds a sample."""
    began = time.process_time()
    assert work() == samples
    return (time.process_time() - began) / samples


def main() -> None:
    """Print samples a CPU second of both and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reader", choices=READERS, default="loader")
    arguments.add_argument("--clips", type=int, default=24)
    arguments.add_argument("--repeats", type=int, default=7)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        made = make(Path(name) / "bench", chosen.clips)
        reader, bare = READERS[chosen.reader](made, Path(name)), Bare(made)
        # The first time modules are imported.
        for work in (reader, bare):
            work()
        spent = [(seconds(reader, chosen.clips), seconds(bare, chosen.clips)) for _ in range(chosen.repeats)]
        ratios = [theirs / ours for ours, theirs in spent]
        ours, theirs = (1 / median(column) for column in zip(*spent, strict=True))
        print("| reader | samples a CPU second | of bare PyAV | ratio, median | lowest | highest |")
        print("| --- | --- | --- | --- | --- | --- |")
        print(
            f"| {chosen.reader} | {ours:.1f} | {theirs:.1f} | {median(ratios):.2f} | {min(ratios):.2f} | {max(ratios):.2f} |"
        )


if __name__ == "__main__":
    main()
