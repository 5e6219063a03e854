"""The record of a run: what it says, what a kill leaves of it, and which files are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.publish.loader.record import Reading, RunRecord
from video_assets.publish.loader.run_read import Skipped, merged, ranges

READING = Reading("tiny", "ab" * 32, 1, "cd" * 32, 3, 5, 4, "8", "train", None, "shards")
SKIP = {"clip_id": "c", "epoch": 0, "why": "tombstone", "message": "Clip c was taken down."}


def record(folder: Path, **other: str) -> RunRecord:
    return RunRecord(folder, **{"run": "run", "model": "model", "code_revision": "abc", **other})  # type: ignore[arg-type]


def written(folder: Path, attempt: str, rank: int, ranks: int, start: int, steps: int, kept: int | None = None) -> Path:
    """A rank's attempt of so many steps, closed as a kill closes it."""
    one = record(folder)
    one.begin(attempt, READING, start, rank, ranks, 1)
    for number in range(start + rank, start + rank + steps * ranks, ranks):
        one.read(number)
    if kept is not None:
        one.kept(kept)
    one.close()
    return one.file(rank)


def test_what_was_read_after_the_position_that_was_gone_on_from_is_rolled_back(tmp_path: Path) -> None:
    files = [written(tmp_path, "a", rank, 2, 0, 10) for rank in (0, 1)]
    written(tmp_path, "b", 0, 1, 12, 5, kept=15)
    [first, second] = merged(files).attempts
    assert (first.kept, first.rolled_back) == ([(0, 12)], [(12, 20)])
    assert (second.kept, second.rolled_back) == ([(12, 15)], [(15, 17)])


def test_whoever_goes_back_behind_an_earlier_start_rolls_that_back_too(tmp_path: Path) -> None:
    for attempt, start in (("a", 0), ("b", 8), ("c", 4)):
        file = written(tmp_path, attempt, 0, 1, start, 10, kept=start + 10)
    assert [(a.kept, a.rolled_back) for a in merged([file]).attempts] == [
        ([(0, 4)], [(4, 10)]),
        ([], [(8, 18)]),
        ([(4, 14)], []),
    ]


def test_without_a_checkpoint_nothing_is_kept(tmp_path: Path) -> None:
    [attempt] = merged([written(tmp_path, "a", 0, 1, 0, 3)]).attempts
    assert (attempt.kept, attempt.rolled_back) == ([], [(0, 3)])


def test_skipped_clips_are_told_with_their_batch_where_it_was_handed_out(tmp_path: Path) -> None:
    one = record(tmp_path)
    one.begin("a", READING, 0, 0, 1, 0)
    one.read(0, [SKIP])
    one.close()
    with one.file(0).open("a") as file:
        file.write(json.dumps({"skipped": 1, **SKIP}) + "\n")
    [attempt] = merged([one.file(0)]).attempts
    assert attempt.skipped == [Skipped(0, "c", 0, "tombstone", "Clip c was taken down.")]


@given(cut=st.integers(0, 10_000))
def test_cut_off_anywhere_it_says_what_was_handed_out_before(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    file = written(tmp_path_factory.mktemp("cut"), "a", 0, 1, 0, 6)
    whole = file.read_bytes()
    file.write_bytes(whole[: cut % (len(whole) + 1)])
    lines = file.read_bytes().count(b"\n")
    if not lines:
        with pytest.raises(ValueError, match="There is no attempt"):
            merged([file])
        return
    [attempt] = merged([file]).attempts
    assert attempt.rolled_back == ranges(range(lines - 1))
    written(file.parent, "b", 0, 1, 0, 2, kept=2)
    assert [a.id for a in merged([file]).attempts] == ["a", "b"]


def test_a_batch_is_in_the_file_before_it_is_handed_out(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tests.publish.loader.test_record import READING, record\n"
        "one = record(Path(sys.argv[1])); one.begin('a', READING, 0, 0, 1, 0); one.read(0); os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ran.returncode == -9
    [attempt] = merged([record(tmp_path).file(0)]).attempts
    assert attempt.rolled_back == [(0, 1)]


def test_two_processes_never_write_one_record(tmp_path: Path) -> None:
    one = record(tmp_path)
    one.begin("a", READING, 0, 0, 1, 0)
    code = (
        "import sys; from pathlib import Path; from tests.publish.loader.test_record import READING, record\n"
        "record(Path(sys.argv[1])).begin('b', READING, 0, 0, 1, 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert f"BlockingIOError: Another process writes {one.file(0)}." in ran.stderr
    one.close()
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_missing_rank_is_refused_and_an_empty_file_says_that_it_read_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, "a", 0, 3, 0, 2)
    with pytest.raises(ValueError, match=r"The records of these ranks are missing: 1, 2\..*run\.rank-N\.jsonl"):
        merged([file])
    others = [record(tmp_path).file(rank) for rank in (1, 2)]
    for other in others:
        other.touch()
    assert merged([file, *others]).attempts[0].rolled_back == [(0, 1), (3, 4)]


@pytest.mark.parametrize("what", ["seed", "release_id", "order_id", "batch_size"])
def test_files_of_another_order_are_refused(tmp_path: Path, what: str) -> None:
    file = written(tmp_path, "a", 0, 1, 0, 2)
    one = record(tmp_path / "other")
    one.begin("b", replace(READING, **{what: 99}), 0, 0, 1, 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"not of one run that reads one order: {what} are not the same"):
        merged([file, one.file(0)])


@pytest.mark.parametrize(
    "text", ['{"read": 0}\n', "no JSON\n", '{"format": 1}\n{"other": 2}\n', '{"format": 2}\n', "[1]\n"]
)
def test_what_is_no_record_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.rank-0.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"is no training record: line \d is not|record of format 2"):
        merged([file])


@pytest.mark.parametrize("name", ["", "../run", "a b", "x" * 129])
def test_a_run_has_a_name_for_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a run"):
        record(tmp_path, run=name)


def test_a_runs_ranges_are_small_however_much_it_read(tmp_path: Path) -> None:
    files = [written(tmp_path, "a", rank, 8, 0, 1500) for rank in range(8)]
    for rank in range(4):
        written(tmp_path, "b", rank, 4, 8000, 2000, kept=16000)
    found = merged(files)
    said = [[a.kept, a.rolled_back] for a in found.attempts]
    assert said == [[[(0, 8000)], [(8000, 12000)]], [[(8000, 16000)], []]]
    assert len(json.dumps(said)) < 1000


@given(st.sets(st.integers(0, 50)))
def test_ranges_hold_exactly_their_numbers(numbers: set[int]) -> None:
    found = ranges(sorted(numbers))
    assert {n for start, stop in found for n in range(start, stop)} == numbers
    assert all(before[1] < after[0] for before, after in pairwise(found))
