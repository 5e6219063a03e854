"""Several processes at one lake, wherever it is kept: writers, readers, and one that is killed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import sqlite3
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pytest

from tests.lake.rows import counts, replace_batch
from tests.place import Place
from tests.servers.postgres import PASSWORD
from tests.servers.s3 import KEYS
from tests.servers.stored import each_way, each_way_at_length
from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.upkeep import put_away

ROWS = 40
# The default is tried harder than the other ways in which a lake can be kept.
TIMES = {"sqlite-disk": 6}
KILLS = {"sqlite-disk": 6}
FEWER = 2
BATCHES = ("a", "b", "c", "d")


@pytest.fixture
def processes() -> ForkServerContext:
    """Give processes that are forked from one that has the modules loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def lake_at(place: Place) -> Lake:
    """The lake of a place, in a process that has none of the environment of the tests."""
    os.environ.update({**KEYS, "PGPASSWORD": PASSWORD})
    return place.lake()


def reader_of(lake: Lake) -> duckdb.DuckDBPyConnection:
    places = lake.settings.lake
    return catalog.connect(places, lake.access if places.on_s3 else None, read_only=True)


def write(place: Place, batch: str, times: int, ready: Connection) -> None:
    lake = lake_at(place)
    for generation in range(times):
        ready.send(replace_batch(lake, batch, str(generation), ROWS))


def read(place: Place, stop: Connection, seen: Connection) -> None:
    """Look at every batch over and over; report what was seen, and how often."""
    connection, found, looks = reader_of(lake_at(place)), set(), 0
    while not stop.poll():
        looks += 1
        found |= set(connection.execute(_LOOK).fetchall())
    seen.send((looks, found))


_LOOK = """
SELECT batch, count(DISTINCT version), count(*), count(*) FILTER (what = 'shot'), sum(number)
FROM (SELECT batch, version, 'shot' AS what, start_frame AS number FROM shots
      UNION ALL SELECT batch, version, 'clip', start_pts FROM clips) GROUP BY batch
"""
WHOLE = (1, 2 * ROWS, ROWS, sum(10 * i + 1000 * i for i in range(ROWS)))


@each_way_at_length
def test_four_processes_replace_their_batches_while_two_read_and_nothing_is_torn_or_lost(
    stored: Place, way: str, processes: ForkServerContext
) -> None:
    lake, times = stored.lake(), TIMES.get(way, FEWER)
    for batch in BATCHES:
        replace_batch(lake, batch, "before", ROWS)
    before = lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item()
    made, ready = processes.Pipe(duplex=False)
    stopped, stop = processes.Pipe(duplex=False)
    views, seen = processes.Pipe(duplex=False)
    writers = [processes.Process(target=write, args=(stored, batch, times, ready)) for batch in BATCHES]
    readers = [processes.Process(target=read, args=(stored, stopped, seen)) for _ in range(2)]
    for process in (*readers, *writers):
        process.start()
    for process in writers:
        process.join()
    stop.send(None)
    looks = [views.recv() for _ in readers]
    for process in readers:
        process.join()
    assert [p.exitcode for p in (*writers, *readers)] == [0] * 6
    snapshots = [made.recv() for _ in range(times * len(BATCHES))]
    assert sorted(snapshots) == list(range(before + 1, before + 1 + times * len(BATCHES)))
    assert counts(lake, "shots", *BATCHES) == {b: (str(times - 1), ROWS) for b in BATCHES}
    for looked, found in looks:
        assert looked > 0
        assert found == {(batch, *WHOLE) for batch in BATCHES}


def write_forever(place: Place, ready: Connection) -> None:
    lake, generation = lake_at(place), 0
    while True:
        for batch in BATCHES:
            replace_batch(lake, batch, f"{generation}", ROWS)
            ready.send(batch)
        generation += 1


def ledger_of(lake: Lake) -> list[tuple[str, str]]:
    """Batches and versions of the entries of shots, each as often as it is there."""
    return lake.query("SELECT batch, version FROM materializations WHERE asset = 'shots' ORDER BY ALL").rows()


@each_way_at_length
def test_a_process_puts_the_ledger_into_files_while_another_replaces_entries_and_each_is_there_once(
    stored: Place, way: str, processes: ForkServerContext
) -> None:
    lake, times = stored.lake(), TIMES.get(way, FEWER)
    replace_batch(lake, "b", "before", ROWS)
    made, ready = processes.Pipe(duplex=False)
    writer = processes.Process(target=write, args=(stored, "a", times, ready))
    writer.start()
    put = 0
    for _ in range(times):
        made.recv()
        put += put_away(lake, many=1)
    writer.join()
    assert (writer.exitcode, put > 0) == (0, True)
    assert ledger_of(lake) == ledger_of(stored.lake()) == [("a", str(times - 1)), ("b", "before")]
    assert counts(lake, "shots", "a", "b") == {"a": (str(times - 1), ROWS), "b": ("before", ROWS)}


def put_away_forever(place: Place, ready: Connection) -> None:
    lake, generation = lake_at(place), 0
    while True:
        for batch in BATCHES:
            replace_batch(lake, batch, f"{generation}", ROWS)
            put_away(lake, many=1)
            ready.send(batch)
        generation += 1


@pytest.mark.parametrize("work", [write_forever, put_away_forever], ids=["commits", "puts the ledger into a file"])
@each_way_at_length
def test_a_process_that_is_killed_while_it_writes_leaves_every_batch_whole_and_each_entry_once(
    stored: Place, way: str, processes: ForkServerContext, work: Callable[[Place, Connection], None]
) -> None:
    chance = random.Random(7)
    done, ready = processes.Pipe(duplex=False)
    for _ in range(KILLS.get(way, FEWER)):
        process = processes.Process(target=work, args=(stored, ready))
        process.start()
        for _ in BATCHES:
            done.recv()
        process.join(chance.uniform(0, 0.3))
        process.kill()
        process.join()
        assert process.exitcode == -9
        while done.poll():
            done.recv()
        lake = stored.lake()
        assert set(lake.query(_LOOK).iter_rows()) == {(batch, *WHOLE) for batch in BATCHES}
        versions = {batch: version for batch, (version, _) in counts(lake, "shots", *BATCHES).items()}
        assert versions == {batch: entry["version"] for (_, batch), entry in lake.made(BATCHES).items()}
        assert ledger_of(lake) == sorted(versions.items())
    assert replace_batch(lake, "a", "after", ROWS) > 0
    assert counts(lake, "clips", "a") == {"a": ("after", ROWS)}


@each_way
def test_a_reader_keeps_its_snapshot_while_the_batch_is_replaced(stored: Place) -> None:
    lake = stored.lake()
    replace_batch(lake, "a", "old", ROWS)
    with reader_of(lake) as reader:
        version = "SELECT DISTINCT version FROM shots"
        reader.execute("BEGIN")
        assert reader.execute(version).fetchall() == [("old",)]
        replace_batch(lake, "a", "new", ROWS)
        assert reader.execute(version).fetchall() == [("old",)]
        reader.execute("COMMIT")
        assert reader.execute(version).fetchall() == [("new",)]


@each_way
def test_a_reader_cannot_write(stored: Place) -> None:
    lake = stored.lake()
    replace_batch(lake, "a", "1", ROWS)
    reader = reader_of(lake)
    with reader, pytest.raises(duckdb.Error, match="read-only"):
        reader.execute("DELETE FROM shots")
    assert counts(lake, "shots", "a") == {"a": ("1", ROWS)}


def test_a_lake_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    settings = Place(tmp_path).lake().settings.lake
    with pytest.raises(FileNotFoundError, match="video-assets curate"):
        catalog.connect(settings, None, read_only=True)
    assert list(tmp_path.iterdir()) == []


def half_made(catalog_path: Path) -> None:
    catalog_path.touch()


def half_made_in_wal_mode(catalog_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(catalog_path)) as opened:
        opened.execute("PRAGMA journal_mode=WAL")


@pytest.mark.parametrize("make", [half_made, half_made_in_wal_mode])
def test_a_lake_that_another_process_is_just_making_is_not_there_yet(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    settings = Place(tmp_path).lake().settings.lake
    settings.catalog_path.parent.mkdir(parents=True)
    make(settings.catalog_path)
    before = settings.catalog_path.stat().st_size
    with pytest.raises(FileNotFoundError, match="video-assets curate"):
        catalog.connect(settings, None, read_only=True)
    assert settings.catalog_path.stat().st_size == before
