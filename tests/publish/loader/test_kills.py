"""Trainers that are killed in mid-epoch, and others that go on: what is kept is every sample once, and the record is exact."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.publish.loader.made import Made
from tests.publish.loader.told import Said, times_read
from tests.publish.loader.trainer import EPOCHS
from video_assets.publish.loader import merged
from video_assets.publish.loader.run_read import ranges


class Trainer:
    """A process that hands out a batch and waits."""

    def __init__(self, made: Made, place: Path, attempt: str, rank: int, ranks: int, workers: int) -> None:
        given = {
            "folder": made.folder, "records": place, "state": place / "state.json", "attempt": attempt, "rank": rank, "ranks": ranks,
            "workers": workers,
        }  # fmt: skip
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.publish.loader.trainer", *options], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.handed_out: list[Said] = []

    def take(self) -> bool:
        """Wait for a batch; whether there was one."""
        assert self._process.stdout
        said = self._process.stdout.readline()
        if said:
            self.handed_out.append(json.loads(said))
        return bool(said)

    def tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def save(self) -> None:
        self.tell("save")
        assert self._process.stdout
        assert self._process.stdout.readline() == "saved\n"

    def kill(self) -> None:
        """It and its workers."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def end(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@contextmanager
def trainers(made: Made, place: Path, attempt: str, ranks: int, workers: int) -> Iterator[list[Trainer]]:
    started = [Trainer(made, place, attempt, rank, ranks, workers) for rank in range(ranks)]
    try:
        yield started
    finally:
        for one in started:
            if one._process.poll() is None:
                one.kill()


def numbers(started: list[Trainer]) -> list[int]:
    return sorted(batch["position"] for one in started for batch in one.handed_out)


@pytest.mark.timeout(600)
def test_killed_on_2_ranks_of_2_workers_it_goes_on_with_3_of_1_and_1_of_0(untouched: Made, tmp_path: Path) -> None:
    with trainers(untouched, tmp_path, "first", ranks=2, workers=2) as first:
        for _ in range(3):
            for one in first:
                assert one.take()
                if len(one.handed_out) < 3:
                    one.tell("go")
        first[0].save()
        for one in first:
            one.tell("go")
            assert one.take()
        first[1].tell("go")
        assert first[1].take()
        for one in first:
            one.kill()
    assert numbers(first) == [0, 1, 2, 3, 4, 5, 6, 7, 9]
    with trainers(untouched, tmp_path, "second", ranks=3, workers=1) as second:
        for one in second:
            assert one.take()
            one.tell("go")
            assert one.take()
        second[0].save()
        second[2].tell("go")
        assert second[2].take()
        for one in second:
            one.kill()
    assert numbers(second) == [6, 7, 8, 9, 10, 11, 14]
    # The last line was not finished: its batch was not handed out.
    with (tmp_path / "tiny-run.rank-1.jsonl").open("a") as file:
        file.write('{"read": 1')
    with trainers(untouched, tmp_path, "third", ranks=1, workers=0) as third:
        while third[0].take():
            third[0].tell("go")
        third[0].end()
    assert numbers(third) == [12, 13, 14]

    found = merged(sorted(tmp_path.glob("*.jsonl")))
    assert (found.run, found.model, found.reading.release) == ("tiny-run", "tiny-model", "tiny")
    assert [(a.ranks, a.workers, a.start, a.kept, a.rolled_back) for a in found.attempts] == [
        (2, 2, 0, [(0, 6)], [(6, 8), (9, 10)]),
        (3, 1, 6, [(6, 12)], [(14, 15)]),
        (1, 0, 12, [(12, 15)], []),
    ]
    # The record names what was handed out, no batch more and none less.
    for attempt, started in zip(found.attempts, (first, second, third), strict=True):
        assert sorted([*attempt.kept, *attempt.rolled_back]) == _unjoined(attempt.kept, numbers(started))
        assert attempt.config == {"lr": 1e-4}
        assert attempt.code_revision == "abc"
    # Of what was kept each sample of each epoch was read once.
    kept = {
        batch["position"]: batch
        for attempt, started in zip(found.attempts, (first, second, third), strict=True)
        for one in started
        for batch in one.handed_out
        if any(start <= batch["position"] < stop for start, stop in attempt.kept)
    }
    assert sorted(kept) == list(range(15))
    times = times_read(kept.values())
    assert max(times.values()) == 1
    assert {(e, c) for e, c in times if e < EPOCHS} == {(e, c) for e in range(EPOCHS) for c in untouched.ids}
    # What was read again is the same.
    again = [b for one in second for b in one.handed_out if b["position"] in (6, 7, 9)]
    assert sorted(again, key=_position) == sorted(
        [b for one in first for b in one.handed_out if b["position"] >= 6], key=_position
    )


def _position(batch: Said) -> int:
    return int(batch["position"])


def _unjoined(kept: object, read: list[int]) -> list[tuple[int, int]]:
    """Ranges of what was read, divided where what was kept ends."""
    assert isinstance(kept, list)
    end = kept[-1][1]
    return [*ranges([n for n in read if n < end]), *ranges([n for n in read if n >= end])]
