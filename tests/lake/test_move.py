"""A lake's catalog moves from SQLite into PostgreSQL: nothing is lost, and whoever is stopped has lost nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import answer, refusal
from tests.conftest import forget_settings
from tests.lake.rows import clips, commit_shots, counts, outcomes, shots
from tests.place import Place, Store
from tests.servers.postgres import Postgres
from tests.servers.stored import placed
from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.move import move
from video_assets.lake.pages import Picture, store
from video_assets.lake.schemas import CLIPS, SHOTS, TIER_OUTCOMES
from video_assets.lake.upkeep import put_away
from video_assets.settings import LakeSettings, Settings

STAGES = ("Making the tables", "Copying the rows", "Leaving a notice", "Opening the new catalog")


@pytest.fixture
def old(place: Place) -> Place:
    """A lake of several snapshots: replaced batches, a file of several batches in part, pages and numbers that are none."""
    lake = place.quick_lake()
    for batch, rows, version in (("a", 5, "1"), ("it's é", 4, "1"), ("a", 3, "2")):
        commit_shots(lake, batch, rows, version)
    lake.commit(
        [Replacement(CLIPS, ["a"], clips("a", 7))],
        [Made("clips", "a", "1", "d", {"shots": "s"}, 7, 2, 1.5, float("nan"))],
        message="x",
    )
    for batches, version in ((["a", "b", "c"], "1"), (["b"], "2")):
        lake.commit(
            [Replacement(TIER_OUTCOMES, batches, outcomes("t/1", batches, version), {"tier": "t/1"})], [], message="t"
        )
    store(lake, "clips", {"a": {"lengths": Picture(b"b", "svg", "One.")}})
    lake.close()
    return place


def moved_to(place: Place, address: str) -> Lake:
    return Place(place.folder, Store(catalog=address)).lake()


def told(settings: LakeSettings) -> dict[str, list[tuple[str, ...]]]:
    """Every row of DuckLake's tables, its values as texts that both databases would agree on."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for table, row in backend(settings).rows():
        found.setdefault(table, []).append(tuple(map(_plain, row)))
    return {table: sorted(rows) for table, rows in found.items()}


def _plain(value: Any) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value)
    if isinstance(value, bool):
        text = str(int(value))  # SQLite has no truth values
    try:
        return str(float(text))
    except ValueError:
        return re.sub(r"0*\+00(:00)?$", "", text)  # of a moment


def test_every_row_of_the_catalog_and_every_snapshot_arrives(old: Place, postgres: Postgres) -> None:
    address, before = postgres.database(), old.lake()
    snapshots = "SELECT snapshot_id, author, commit_message FROM ducklake_snapshots('lake') ORDER BY 1"
    history = before.query(snapshots).rows()
    versions = [n for n, *_ in history]
    past = [
        {t: counts(before, t, "a", "b", "c", "it's é", at=n) for t in ("shots", "clips", "tier_outcomes")}
        for n in versions[-7:]
    ]
    before.close()
    rows = told(before.settings.lake)
    moved = move(before.settings.lake, address)
    lake = moved_to(old, address)
    now = told(lake.settings.lake)
    assert {table: sorted(set(found) ^ set(now[table])) for table, found in rows.items() if found != now[table]} == {}
    assert now.keys() == rows.keys()
    assert (moved.snapshots, moved.rows) == (len(history), sum(map(len, rows.values())))
    assert lake.query(snapshots).rows() == history
    assert [
        {t: counts(lake, t, "a", "b", "c", "it's é", at=n) for t in ("shots", "clips", "tier_outcomes")}
        for n in versions[-7:]
    ] == past
    assert lake.read(SHOTS, ["it's é"]).equals(shots("it's é", 4))
    assert str(lake.made(["a"])["clips", "a"]["compute_seconds"]) == "nan"
    assert commit_shots(lake, "a", 6, "3") == versions[-1] + 1
    assert counts(lake, "shots", "a") == {"a": ("3", 6)}


def test_a_lake_on_s3_moves_too(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> None:
    place, address = placed(request, "sqlite-s3", tmp_path), postgres.database()
    lake = place.lake()
    commit_shots(lake, "a", 5)
    # Of the ledger most is in a file, and that an entry there was replaced stands in the catalog.
    assert put_away(lake, many=1) > 0
    commit_shots(lake, "a", 4, "2")
    lake.close()
    move(lake.settings.lake, address)
    lake = Place(tmp_path, Store(address, place.store.root, place.store.s3)).lake()
    assert counts(lake, "shots", "a") == {"a": ("2", 4)}
    assert lake.entries().of("shots").select("batch", "version").rows() == [("a", "2")]
    commit_shots(lake, "a", 3, "3")
    assert lake.entries().of("shots").select("batch", "version").rows() == [("a", "3")]


def test_whoever_goes_on_with_the_file_is_told_where_the_catalog_is(old: Place, postgres: Postgres) -> None:
    address = postgres.database()
    move(old.lake().settings.lake, address)
    for opening in (lambda: Lake.existing(old.lake().settings), lambda: old.lake().cursor()):
        with pytest.raises(FileNotFoundError, match=f"set lake.catalog to {address}"):
            opening()
    with pytest.raises(ValueError, match="there is nothing to move"):
        move(moved_to(old, address).settings.lake, address)


def test_a_database_that_is_not_empty_is_refused_and_the_lake_stays(old: Place, postgres: Postgres) -> None:
    address = postgres.database()
    name = address.rpartition("/")[2]
    postgres.execute("CREATE TABLE somebodys (x INT)", name)
    with pytest.raises(FileExistsError, match="has tables already, such as somebodys; name a database that is empty"):
        move(old.lake().settings.lake, address)
    assert postgres.execute("SELECT count(*) FROM somebodys", name) == [(0,)]
    assert counts(old.lake(), "shots", "a") == {"a": ("2", 3)}


def test_a_lake_that_somebody_has_open_is_not_moved(old: Place, postgres: Postgres) -> None:
    address, lake = postgres.database(), old.lake()
    reading = (
        "import sys; from video_assets.lake import catalog; from video_assets.settings import LakeSettings\n"
        "c = catalog.connect(LakeSettings(root=sys.argv[1]), None, read_only=True); c.execute('FROM shots'); print(flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", reading, str(old.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"\n"
        with pytest.raises(BlockingIOError, match=r"is open elsewhere .*; stop what uses the lake"):
            move(lake.settings.lake, address)
        reader.communicate()
    assert move(lake.settings.lake, address).snapshots > 0


STOPPED = """
import os, signal, sys
from video_assets.lake.move import move
from video_assets.settings import LakeSettings

def say(what):
    if what == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

move(LakeSettings(root=sys.argv[1]), sys.argv[2], say)
"""


@pytest.mark.parametrize("stage", STAGES)
def test_a_move_that_is_killed_leaves_the_file_in_use_and_is_completed_by_the_next(
    stage: str, old: Place, postgres: Postgres
) -> None:
    address, places = postgres.database(), old.lake().settings.lake
    done = subprocess.run([sys.executable, "-c", STOPPED, str(old.root), address, stage], check=False)
    assert done.returncode == -9
    with pytest.raises(FileExistsError, match=r"was to be moved to .* run 'video-assets move-catalog"):
        moved_to(old, address).cursor()
    rows = 3
    if stage != STAGES[-1]:
        lake = old.lake()
        assert counts(lake, "shots", "a") == {"a": ("2", rows)}
        commit_shots(lake, "a", rows := 9, "2")
        lake.close()
    move(places, address)
    assert counts(moved_to(old, address), "shots", "a") == {"a": ("2", rows)}


def test_the_command_says_what_it_moved_and_what_to_set(
    old: Place, here: Place, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.database()
    os.chdir(old.folder)
    assert "has a password in it" in refusal("move-catalog", "postgresql://a:b@c/d")
    assert "cannot be read as an address" in refusal("move-catalog", "mysql://c/d")
    said = " ".join(answer("move-catalog", address).split())
    assert said.startswith("Moved ")
    assert f"Set lake.catalog to {address} wherever this lake is used." in said
    assert "set lake.catalog to" in refusal("sql", "FROM shots")
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__CATALOG", address)
    forget_settings()
    assert answer("sql", "--csv", "SELECT count(*) AS shots FROM shots") == "shots\n7\n"
    assert Settings().lake.in_postgres
