"""Batches of small made films, curated on a Ray cluster of which a node is killed, and in one process: what is compared."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from tests.cheaply import measure_cheaply
from tests.cluster.conftest import Raylets
from tests.place import Place, assert_same, look, stable
from video_assets.batches.step import Progress, Step, silent
from video_assets.lake.lake import Lake
from video_assets.measurements import measurements
from video_assets.settings import (
    ClipSettings,
    FootageSettings,
    LakeSettings,
    RaySettings,
    Settings,
    WorkerSettings,
)
from video_assets.settings.clustering import RayShare

# With seeds and colours where FFmpeg takes others for every film: a cut that is found in one need not be in the next.
_PICTURES = (
    "testsrc2",
    "mandelbrot",
    "smptebars",
    "gradients=c0=navy:c1=gold:speed=0.05:seed=1",
    "life=mold=10:r=25:ratio=0.3:seed=1",
    "rgbtestsrc",
)


def make_films(folder: Path, count: int) -> None:
    """So many films of 2 to 4 s, 160x120, no two alike: what moves changes halfway, so that each has a cut."""
    folder.mkdir(parents=True)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"]
    for number in range(count):
        half = 1 + number % 3 / 2
        first, second = _PICTURES[number % 6], _PICTURES[(number * 5 + 1 + number // 6) % 6]
        inputs: list[str] = []
        for picture in (first, second):
            joined = ":" if "=" in picture else "="
            inputs += ["-f", "lavfi", "-t", str(half), "-i", f"{picture}{joined}size=160x120"]
        filters = f"[0][1]concat,hue=h={number * 7 % 360},format=yuv420p"
        target = folder / f"film_{number:03}.mp4"
        # One thread, so that the same film has the same bytes wherever it is made.
        subprocess.run(
            [*command, *inputs, "-filter_complex", filters, "-threads", "1", "-r", "25", "-g", "50", str(target)],
            check=True,
        )


def settings(place: Place, videos: int, **sections: Any) -> Settings:
    """Of a lake in that place, in batches of so many videos, of which clips of a second and more come."""
    lake = LakeSettings(root=str(place.root))
    footage = FootageSettings(batch_videos=videos)
    return Settings(lake=lake, footage=footage, clips=ClipSettings(min_seconds=1.0), **sections)


def on_cluster(raylets: Raylets) -> dict[str, Any]:
    """The sections that lead to the cluster."""
    share = RayShare(resource="decoding")
    return {"workers": WorkerSettings(backend="ray"), "ray": RaySettings(address=raylets.address, videos=share)}


def curate(settings: Settings, films: Path, progress: Progress = silent, *, network: bool) -> Lake:
    """Make everything from the footage to the clips and their cheap scores, batch by batch, in this process and its workers."""
    lake = Lake(settings)
    look(lake, films)
    step = Step(lake, measurements(lake.settings, {}), progress=progress)
    for batch in lake.query("SELECT DISTINCT batch FROM source_files ORDER BY batch")["batch"]:
        measure_cheaply(step, batch, network=network)
    return lake


def compare(found: Lake, expected: Lake) -> dict[str, int]:
    """Every table equal, row for row, costs and run ids aside; gives the rows of each that has any.

    Raises:
        AssertionError: a table differs.
    """
    tables = stable(found)
    assert_same(tables, stable(expected))
    return {name: rows.height for name, rows in tables.items() if rows.height}
