"""Many processes replace batches of one lake at once, some of them are killed, and others count all the time.

python benchmarks/many_writers.py                          # 8 writers x 20 replacements, each way of keeping a lake
python benchmarks/many_writers.py --ways postgres-s3 --kills 8

What is counted: commits a second from the first to the last, their times as the writers see them, and whether any row was ever lost,
doubled or torn. PostgreSQL and SeaweedFS are started on loopback, from the packages of the dev extra.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from uuid import uuid4

from tests.lake.rows import replace_batch
from tests.place import Place, Store
from tests.servers.postgres import PASSWORD, running
from tests.servers.s3 import KEYS, served
from tests.servers.stored import WAYS, empty_database
from video_assets.lake import catalog
from video_assets.lake.lake import Lake

ROWS = 40
WHOLE = (1, 2 * ROWS, ROWS, sum(10 * i + 1000 * i for i in range(ROWS)))
"""Versions, rows, shots and a sum of numbers of a batch that is whole."""
LOOK = """
SELECT batch, count(DISTINCT version), count(*), count(*) FILTER (what = 'shot'), sum(number)
FROM (SELECT batch, version, 'shot' AS what, start_frame AS number FROM shots
      UNION ALL SELECT batch, version, 'clip', start_pts FROM clips) GROUP BY batch
"""


@dataclass(frozen=True)
class Found:
    """What one trial came to."""

    commits: int
    seconds: float
    """From the first commit to the last."""
    each: Sequence[float]
    """Of each commit, in s."""
    kills: int
    looks: int
    wrong: int
    """Batches that a reader saw and that were not whole, and batches that are not what was written last."""


def lake_at(place: Place) -> Lake:
    """The lake of a place, in a process that has none of the environment of whoever started it."""
    os.environ.update({**KEYS, "PGPASSWORD": PASSWORD})
    return place.lake()


def write(place: Place, batch: str, generations: Sequence[int], ready: Connection, go: Connection) -> None:
    """Write these generations of a batch, and tell of each when it is committed."""
    lake = lake_at(place)
    lake.cursor().close()
    ready.send(None)
    go.poll(None)
    for generation in generations:
        began = time.monotonic()
        replace_batch(lake, batch, str(generation), ROWS)
        ready.send((generation, began, time.monotonic()))


def read(place: Place, stop: Connection, seen: Connection) -> None:
    """Look at every batch over and over; report what was seen, and how often."""
    lake = lake_at(place)
    access = lake.access if lake.settings.lake.on_s3 else None
    connection, found, looks = catalog.connect(lake.settings.lake, access, read_only=True), set(), 0
    while not stop.poll():
        looks += 1
        found |= set(connection.execute(LOOK).fetchall())
    seen.send((looks, found))


class Writer:
    """A process that writes a batch, and another in its place each time that it is killed."""

    def __init__(self, processes: ForkServerContext, place: Place, batch: str, times: int, go: Connection) -> None:
        self._processes, self._place, self._go = processes, place, go
        self.batch = batch
        self.done: list[tuple[int, float, float]] = []
        self.start(range(times))

    def start(self, generations: Sequence[int]) -> None:
        self.left = generations
        self.told, ready = self._processes.Pipe(duplex=False)
        self.process = self._processes.Process(
            target=write, args=(self._place, self.batch, generations, ready, self._go)
        )
        self.process.start()
        ready.close()

    def hear(self) -> None:
        """Take what it has told of."""
        try:
            while self.told.poll():
                if (said := self.told.recv()) is not None:
                    self.done.append(said)
        except EOFError:
            return

    def kill(self, times: int) -> None:
        """Kill it, wherever it is, and let another go on."""
        self.process.kill()
        self.process.join()
        self.hear()
        after = self.done[-1][0] + 1 if self.done else 0
        self.start(range(after, times))


def trial(place: Place, writers: int, times: int, kills: int, readers: int, seed: int = 7) -> Found:
    """Let writers replace a batch each, so often, while readers count."""
    processes, chance = multiprocessing.get_context("forkserver"), random.Random(seed)
    processes.set_forkserver_preload([__name__])
    batches = [f"b{i}" for i in range(writers)]
    lake = lake_at(place)
    for batch in batches:
        replace_batch(lake, batch, "before", ROWS)
    stopped, stop = processes.Pipe(duplex=False)
    views, seen = processes.Pipe(duplex=False)
    go, start = processes.Pipe(duplex=False)
    looking = [processes.Process(target=read, args=(place, stopped, seen)) for _ in range(readers)]
    for process in looking:
        process.start()
    working = [Writer(processes, place, batch, times, go) for batch in batches]
    for writer in working:
        writer.told.recv()
    start.send(None)
    left = kills
    while any(writer.process.is_alive() for writer in working):
        time.sleep(chance.uniform(0, 0.5))
        for writer in working:
            writer.hear()
        alive = [w for w in working if w.process.is_alive() and len(w.done) < times]
        if left and alive:
            chance.choice(alive).kill(times)
            left -= 1
    for writer in working:
        writer.process.join()
        writer.hear()
    stop.send(None)
    looks = [views.recv() for _ in looking] if looking else []
    for process in looking:
        process.join()
    wrong = sum(row[1:] != WHOLE for _, found in looks for row in found)
    lake = lake_at(place)
    last = dict(lake.query("SELECT batch, any_value(version) FROM shots GROUP BY batch").iter_rows())
    wrong += sum(last.get(batch) != str(times - 1) for batch in batches)
    wrong += len(set(lake.query(LOOK).iter_rows()) ^ {(batch, *WHOLE) for batch in batches})
    wrong += sum(writer.process.exitcode != 0 for writer in working)
    done = [commit for writer in working for commit in writer.done]
    seconds = max(end for *_, end in done) - min(began for _, began, _ in done)
    return Found(len(done), seconds, [e - b for _, b, e in done], kills - left, sum(n for n, _ in looks), wrong)


@contextmanager
def places(ways: Sequence[str]) -> Iterator[dict[str, Place]]:
    """An empty lake kept in each of these ways."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="many-writers-")))
        folder.chmod(0o711)
        os.environ.update({**KEYS, "PGPASSWORD": PASSWORD})
        found = {}
        postgres = server = None
        for way in ways:
            url = root = s3 = None
            (folder / way).mkdir()
            if way.startswith("postgres"):
                if postgres is None:
                    (folder / "server").mkdir()
                    postgres = stack.enter_context(running(folder / "server"))
                url = postgres.database(empty_database(postgres))
            if way.endswith("s3"):
                if server is None:
                    server = stack.enter_context(served(folder / "weed"))
                root, s3 = server.uri(f"lake-{uuid4().hex[:12]}"), server.settings
            found[way] = Place(folder / way, Store(url, root, s3))
            found[way].quick_lake()
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--readers", type=int, default=2)
    chosen = parser.parse_args()
    print(
        "| way | commits | kills | looks | wrong | commits/s | median s | longest s |\n|---|---|---|---|---|---|---|---|"
    )
    with places(chosen.ways) as each:
        for way, place in each.items():
            found = trial(place, chosen.writers, chosen.times, chosen.kills, chosen.readers)
            print(
                f"| {way} | {found.commits} | {found.kills} | {found.looks} | {found.wrong} | "
                f"{found.commits / found.seconds:.1f} | {statistics.median(found.each):.2f} | {max(found.each):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
