"""Kill ``video-assets curate`` at changes of the lake that a seed chooses, and hold what comes of it against an undisturbed run.

    python benchmarks/kills.py                    # 5 kills, some minutes
    python benchmarks/kills.py --kills 100        # as a nightly run
    python benchmarks/kills.py --seed 7 --kills 3 # what went wrong, once more
    python benchmarks/kills.py --changes 150      # kills that lie further apart: more lakes come to their end

A lake is killed again and again until a run of it comes to its end; then every table must be equal, row for row, to that of
the undisturbed run, and the next lake begins. With the same seed and as many worker processes the same changes are chosen;
the moment within a change is the machine's. How far a lake was at each kill is told by how many files its tables had then.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.place import FEW, Place, assert_same, stable
from video_assets.demo import make_footage
from video_assets.written import counted

_MOST_CHANGES = 40  # By default. Where a run makes fewer, it comes to its end and the lake is compared.
_LOOK_EVERY_S = 0.01


def changes(place: Place) -> int:
    """How many files there are under the lake's folder: what is written appears there under names of its own."""
    return sum(len(files) for _, _, files in os.walk(place.root))


def written(place: Place) -> int:
    """How many files of tables the lake has: nothing is opened, so that nobody mends what a kill has left."""
    return sum(1 for _ in place.root.rglob("*.parquet"))


def killed(place: Place, footage: Path, after: int) -> bool:
    """Start a run and kill it with all its workers after so many changes; False when it came to its end before."""
    running = place.start("curate", str(footage))
    seen, last = 0, changes(place)
    while running.poll() is None and seen < after:
        try:
            running.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            now = changes(place)
            seen, last = seen + abs(now - last), now
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    printed, _ = running.communicate()
    if running.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"A run after a kill ended with {running.returncode}:\n{printed}")
    return running.returncode != 0


def play(footage: Path, reference: Place, folder: Path, *, seed: int, kills: int, most: int) -> list[int]:
    """Kill so many runs, and compare each lake with the undisturbed one when it is whole.

    Returns:
        Of each lake how often it was killed.

    Raises:
        AssertionError: a table differs.
    """
    chance = random.Random(seed)
    lakes: list[int] = []
    while sum(lakes) < kills:
        place = Place(folder / f"{len(lakes)}")
        place.folder.mkdir(parents=True)
        reached: list[int] = []
        while len(reached) + sum(lakes) < kills and killed(place, footage, chance.randint(1, most)):
            reached.append(written(place))
        place.run("curate", str(footage))
        assert_same(stable(place.lake()), stable(reference.lake()))
        lakes.append(len(reached))
        at = f", at {', '.join(map(str, reached))} of {written(reference)} files" if reached else ""
        print(
            f"seed {seed}, lake {len(lakes)}: {counted(len(reached), 'kill')}{at}; equal to an undisturbed one.",
            flush=True,
        )
    return lakes


def main() -> None:
    """Run by the command line's options."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kills", type=int, default=5)
    options.add_argument(
        "--changes", type=int, default=_MOST_CHANGES, help="A run is killed after 1 to so many changes."
    )
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        gathered, footage = folder / "gathered", folder / "footage"
        make_footage(gathered)
        footage.mkdir()
        for file in FEW:
            for part in gathered.glob(f"{file}*"):
                part.rename(footage / part.name)
        reference = Place(folder / "reference")
        reference.folder.mkdir()
        reference.run("curate", str(footage))
        lakes = play(footage, reference, folder / "lakes", seed=chosen.seed, kills=chosen.kills, most=chosen.changes)
    print(
        f"{counted(sum(lakes), 'kill')}, {counted(len(lakes), 'lake')}: each equal to an undisturbed one in every table."
    )


if __name__ == "__main__":
    main()
