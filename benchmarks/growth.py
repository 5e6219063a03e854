"""How the cost of a curation grows with the number of videos and their length: CPU seconds per hour of footage, and peak memory.

Every video is made of shots of ten seconds, each another window of bigbuckbunny.mp4 at half its pace, turned in colour and
mirrored by its number, so that few are alike. A case is curated with all assets in a lake of its own, by the command line; CPU
seconds are those of all its processes, memory the highest sum of what they hold, shared pages counted once (PSS), looked at four
times a second.

    PYTHONPATH=. python benchmarks/growth.py --cases 1x10 8x10 64x10 1x60 1x600 [--other OTHER_BUILD]

needs the ``dev`` extra. Another build is a folder with a ``video_assets`` of its own, such as a git worktree; it goes over the same files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from decode_pass import FFMPEG, clip
from fixed_cost import HERE, Cost, adopt_orphans, curate, environment

FPS, SHOT_S = 25, 10
WIDTH, HEIGHT = 640, 360
LOOK_S = 0.25
COUNT = """
import json
from video_assets.lake.lake import Lake
from video_assets.settings import settings
lake = Lake.existing(settings())
tables = ("decoded_videos", "frame_signals", "clips", "clip_sheet")
print(json.dumps([lake.query(f"SELECT count(*) FROM {table}").item() for table in tables]))
"""


@dataclass(frozen=True)
class Case:
    """So many videos of so many seconds each."""

    videos: int
    seconds: int

    @classmethod
    def read(cls, text: str) -> Case:
        videos, _, seconds = text.partition("x")
        case = cls(int(videos), int(seconds))
        if case.videos < 1 or case.seconds < SHOT_S or case.seconds % SHOT_S:
            raise argparse.ArgumentTypeError(f"{text}: at least one video, of a multiple of {SHOT_S} s.")
        return case

    @property
    def hours(self) -> float:
        return self.videos * self.seconds / 3600


@dataclass
class Memory:
    """The most memory that the processes held at once, in MiB."""

    most: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        own = psutil.Process()
        while not self.done.wait(LOOK_S):
            held = 0
            for process in own.children(recursive=True):
                with suppress(psutil.Error):
                    held += process.memory_full_info().pss
            self.most = max(self.most, held / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of a curation by the number of videos and their length.")
    parser.add_argument(
        "--cases", nargs="+", type=Case.read, metavar="VIDEOSxSECONDS", default=[Case(1, 10), Case(8, 10)]
    )
    parser.add_argument("--other", type=Path, help="Folder of another build, which goes over the same files.")
    parser.add_argument("--folder", type=Path, help="Where to keep the footage; default: a temporary folder.")
    arguments = parser.parse_args()
    adopt_orphans()
    print("| videos | seconds each | build | CPU s | CPU s per hour of footage | wall s | peak memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        for case in arguments.cases:
            footage = make_footage(arguments.folder or Path(temporary), case)
            for build in filter(None, (arguments.other and arguments.other.resolve(), HERE)):
                with tempfile.TemporaryDirectory() as place, watched() as memory:
                    cost = curate(build, Path(place), footage)
                    check(build, Path(place), case)
                report(case, build, cost, memory)


def make_footage(folder: Path, case: Case) -> Path:
    """A folder of the case's videos, 640x360, 25 frames/s, x264 veryfast, crf 23."""
    target = folder / f"{case.videos}x{case.seconds}"
    if target.exists():
        return target
    making = target.with_suffix(".making")
    making.mkdir(parents=True, exist_ok=True)
    shots = case.seconds // SHOT_S
    for number in range(case.videos):
        inputs = [word for n in range(shots) for word in shot(number * shots + n)[0]]
        graph = ";".join(f"[{n}:v]{shot(number * shots + n)[1]}[s{n}]" for n in range(shots))
        graph += f";{''.join(f'[s{n}]' for n in range(shots))}concat=n={shots}"
        command = [FFMPEG, "-v", "error", "-y", *inputs, "-filter_complex", graph, "-frames:v", str(case.seconds * FPS)]
        command += [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "23",
            "-pix_fmt",
            "yuv420p",
            str(making / f"{number:04}.mp4"),
        ]
        subprocess.run(command, check=True)
    making.rename(target)
    return target


def shot(number: int) -> tuple[list[str], str]:
    """The input and the filters of a shot: another window, colour and side by its number."""
    share = 0.5 + 0.4 * (number * 7 % 11) / 11
    x, y = (number * 5 % 13) / 13, (number * 3 % 7) / 7
    filters = [
        f"crop=iw*{share:.3f}:ih*{share:.3f}:(iw-ow)*{x:.3f}:(ih-oh)*{y:.3f}",
        f"scale={WIDTH}:{HEIGHT},setsar=1",
        f"hue=h={number * 47 % 360}",
        *(["hflip"] if number % 3 == 0 else []),
        f"trim=duration={SHOT_S / 2},setpts=2*(PTS-STARTPTS),fps={FPS},trim=end_frame={SHOT_S * FPS},setpts=PTS-STARTPTS",
    ]
    return ["-i", clip("bigbuckbunny.mp4")], ",".join(filters)


@contextmanager
def watched() -> Iterator[Memory]:
    """Look at what this process's children hold, inside the block."""
    memory = Memory()
    thread = threading.Thread(target=memory.look)
    thread.start()
    try:
        yield memory
    finally:
        memory.done.set()
        thread.join()


def check(build: Path, place: Path, case: Case) -> None:
    """Compare what came out with what must: every video and frame, each clip in the sheet."""
    counted = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=place,
        env=environment(build, place),
        capture_output=True,
        text=True,
        check=True,
    )
    videos, frames, clips, in_sheet = json.loads(counted.stdout)
    assert (videos, frames, in_sheet) == (case.videos, case.videos * case.seconds * FPS, clips), counted.stdout
    assert clips == case.videos * case.seconds // SHOT_S, counted.stdout


def report(case: Case, build: Path, cost: Cost, memory: Memory) -> None:
    name = "this" if build == HERE else build.name
    print(
        f"| {case.videos} | {case.seconds} | {name} | {cost.cpu:.0f} | {cost.cpu / case.hours:,.0f} | {cost.wall:.0f} | {memory.most:,.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
