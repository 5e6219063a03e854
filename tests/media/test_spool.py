"""Fetched objects on local disk: each once, never more than there is room for, never away from under who reads them."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from video_assets.media.spool import Spool


class Fetch:
    """Writes so many bytes, and counts."""

    def __init__(self, size: int) -> None:
        self.size, self.times = size, 0

    def __call__(self, path: Path) -> None:
        self.times += 1
        path.write_bytes(b"x" * self.size)


def test_what_was_fetched_is_there_for_the_next(tmp_path: Path) -> None:
    spool, fetch = Spool(tmp_path / "spool", 100), Fetch(40)
    for _ in range(3):
        with spool.file("a", "film.mp4", 40, fetch) as path:
            assert (path.name, path.read_bytes()) == ("film.mp4", b"x" * 40)
    assert fetch.times == 1


def test_the_longest_unused_goes_first_when_there_is_no_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 100)
    fetches = {key: Fetch(40) for key in "abc"}
    for key in "abac":
        with spool.file(key, "film.mp4", 40, fetches[key]):
            pass
    with spool.file("a", "film.mp4", 40, fetches["a"]):
        pass
    with spool.file("b", "film.mp4", 40, fetches["b"]):
        pass
    assert {key: fetch.times for key, fetch in fetches.items()} == {"a": 1, "b": 2, "c": 1}
    assert sum(p.stat().st_size for p in (tmp_path / "spool").rglob("*") if p.is_file()) <= 100


def test_what_somebody_reads_stays_though_there_is_no_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 50)
    with spool.file("a", "a.mp4", 40, Fetch(40)) as first, spool.file("b", "b.mp4", 40, Fetch(40)) as second:
        assert first.exists()
        assert second.exists()
    with spool.file("c", "c.mp4", 40, Fetch(40)):
        assert not first.exists()
        assert not second.exists()


def test_two_read_the_same_at_the_same_time(tmp_path: Path) -> None:
    spool, fetch = Spool(tmp_path / "spool", 100), Fetch(40)
    with spool.file("a", "a.mp4", 40, fetch) as first, spool.file("a", "a.mp4", 40, fetch) as second:
        assert first == second
    assert fetch.times == 1


def test_what_another_process_is_long_at_is_fetched_for_oneself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, fetch = Spool(tmp_path / "spool", 100), Fetch(40)
    with spool.file("a", "a.mp4", 40, fetch):
        pass
    (lock,) = (tmp_path / "spool").glob("*.lock")
    monkeypatch.setattr("video_assets.media.spool._taken", lambda *_, **__: False)
    with spool.file("a", "a.mp4", 40, fetch) as path:
        assert path.parent.parent == tmp_path
        assert lock.exists()
    assert not path.exists()
    assert fetch.times == 2


def test_what_is_larger_than_the_room_is_fetched_and_removed(tmp_path: Path) -> None:
    spool, fetch = Spool(tmp_path / "spool", 10), Fetch(40)
    for _ in range(2):
        with spool.file("a", "a.mp4", 40, fetch) as path:
            assert path.stat().st_size == 40
        assert not path.exists()
    assert fetch.times == 2


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError

    spool = Spool(tmp_path / "spool", 100)
    with pytest.raises(OSError), spool.file("a", "a.mp4", 40, fail):  # noqa: PT011
        pass
    assert [p.name for p in tmp_path.rglob("*") if p.is_file() and not p.name.endswith(".lock")] == []
    with spool.file("a", "a.mp4", 40, Fetch(40)) as path:
        assert path.stat().st_size == 40


def test_several_processes_that_want_the_same_fetch_it_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(read_noting, [tmp_path] * 6) == [40] * 6
    assert (tmp_path / "noted").read_text() == "fetched\n"


def read_noting(folder: Path) -> int:
    def fetch(path: Path) -> None:
        with (folder / "noted").open("a") as noted:
            noted.write("fetched\n")
        path.write_bytes(b"x" * 40)

    with Spool(folder / "spool", 100).file("a", "a.mp4", 40, fetch) as path:
        return len(path.read_bytes())
