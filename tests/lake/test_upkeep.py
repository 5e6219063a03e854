"""Upkeep: small files become large ones, what releases are of stays, and every version reads as before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from tests.lake.rows import commit_shots, counts, snapshots
from tests.place import Place
from tests.servers.stored import each_way
from video_assets.assets.upkeep import upkeep
from video_assets.lake import upkeep as module
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import RELEASES
from video_assets.lake.sweep import sweep
from video_assets.lake.upkeep import compact, keep_up, put_away
from video_assets.resources import resources

DAY = timedelta(days=1)
LATER = 3 * DAY
BATCHES = [f"b{i}" for i in range(4)]


@pytest.fixture
def lake(stored: Place) -> Lake:
    """Give a lake of four batches, each a small file, one of them replaced since."""
    lake = stored.lake()
    for batch in BATCHES:
        commit_shots(lake, batch, 5)
    commit_shots(lake, "b1", 3, "2")
    return lake


def files(lake: Lake) -> list[str]:
    return lake.query("SELECT data_file FROM ducklake_list_files('lake', 'shots')")["data_file"].to_list()


@each_way
def test_many_small_files_become_one_and_every_version_reads_as_before(lake: Lake) -> None:
    newest = lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item()
    versions = range(newest - 4, newest + 1)
    before = [counts(lake, "shots", *BATCHES, at=version) for version in versions]
    assert len(files(lake)) == 4
    assert compact(lake, many=5) == (0, 0, 0)
    rewritten, merged, into = compact(lake, many=4)
    assert (rewritten, merged >= 4, into) == (0, True, 1)
    assert len(files(lake)) == 1
    assert [counts(lake, "shots", *BATCHES, at=version) for version in versions] == before
    commit_shots(lake, "b2", 9, "3")
    assert counts(lake, "shots", "b1", "b2", "b3") == {"b1": ("2", 3), "b2": ("3", 9), "b3": ("1", 5)}
    # A file of which half is gone is written anew.
    for batch in ("b0", "b3"):
        commit_shots(lake, batch, 1, "4")
    assert compact(lake)[0] == 1
    assert counts(lake, "shots", *BATCHES) == {"b0": ("4", 1), "b1": ("2", 3), "b2": ("3", 9), "b3": ("4", 1)}


def ledger_at(lake: Lake, version: int) -> set[tuple[str, str]]:
    """What batches the ledger had as of a version, with their versions."""
    sql = f"SELECT batch, version FROM materializations AT (VERSION => {version}) WHERE asset = 'shots'"
    return set(lake.query(sql).iter_rows())


def entries(lake: Lake) -> dict[str, str]:
    """The same now, as a plan reads it, each batch once."""
    found = lake.entries().of("shots")
    assert found["batch"].is_unique().all()
    return dict(found.select("batch", "version").iter_rows())


@each_way
def test_a_long_ledger_is_put_into_a_file_and_every_version_reads_as_before(lake: Lake) -> None:
    newest = lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item()
    versions = list(range(newest - 4, newest + 1))
    before = [ledger_at(lake, version) for version in versions]
    assert before[-1] == {("b0", "1"), ("b1", "2"), ("b2", "1"), ("b3", "1")}
    inside = lake.query("SELECT count(*) FROM materializations").item() + 1  # one was replaced
    assert put_away(lake, many=inside + 1) == 0
    assert put_away(lake, many=inside) == inside
    assert put_away(lake, many=1) == 0
    assert len(lake.files.listed("data/main/materializations")) == 2  # rows, and which of them were replaced when
    assert [ledger_at(lake, version) for version in versions] == before
    # What is in the file is replaced as before, in one commit with the rows, and by another process too.
    commit_shots(lake, "b2", 9, "3")
    commit_shots(Lake(lake.settings), "b2", 9, "4")
    commit_shots(lake, "b4", 2, "1")
    now = {"b0": "1", "b1": "2", "b2": "4", "b3": "1", "b4": "1"}
    assert entries(lake) == entries(Lake(lake.settings)) == now
    # And the rest of it, a second time.
    assert put_away(lake, many=1) == 3
    assert entries(lake) == entries(Lake(lake.settings)) == now
    assert [ledger_at(lake, version) for version in versions] == before
    assert counts(lake, "shots", "b2", "b4") == {"b2": ("4", 9), "b4": ("1", 2)}
    for batch in ("b0", "b1", "b2", "b3", "b4"):
        commit_shots(lake, batch, 1, "5")
    compact(lake, many=2)
    sweep(lake, "v", datetime.now(UTC) + LATER, older_than=DAY)
    assert entries(Lake(lake.settings)) == dict.fromkeys(now, "5")


@each_way
def test_entries_of_many_batches_are_replaced_at_once_wherever_they_are(lake: Lake) -> None:
    batches = [f"many{i}" for i in range(1_200)]

    def decide(some: list[str], version: str) -> None:
        lake.commit([], [Made("tiers/x", batch, version, "d", {}, 0) for batch in some], message="decided")

    decide(batches, "1")  # of more than 1,000 rows DuckLake makes a file
    decide(batches[:600], "2")
    assert put_away(lake, many=600) >= 600
    decide(batches[300:], "3")
    found = lake.entries().of("tiers/x")
    assert found["batch"].is_unique().all()
    assert sorted(found["version"].value_counts().rows()) == [("2", 300), ("3", 900)]
    # Of the first file most is gone now: it is written anew, whatever is inside the catalog meanwhile.
    assert put_away(lake, many=900) == 900
    decide(batches[:1], "4")
    assert compact(lake)[0] > 0
    assert lake.entries().of("tiers/x").height == 1_200
    assert lake.made(batches[:1])["tiers/x", batches[0]]["version"] == "4"
    assert entries(lake) == {"b0": "1", "b1": "2", "b2": "1", "b3": "1"}


@each_way
def test_a_look_that_has_begun_reads_the_ledger_as_it_was_while_it_is_put_away(lake: Lake) -> None:
    with lake.snapshot() as held:
        then = held.execute("SELECT count(*) FROM shots").fetchall()
        assert put_away(lake, many=1) > 0
        commit_shots(lake, "b0", 1, "2")
        own = "SELECT batch, version FROM materializations WHERE asset = 'shots'"
        assert set(held.execute(own).fetchall()) == {("b0", "1"), ("b1", "2"), ("b2", "1"), ("b3", "1")}
        assert held.execute("SELECT count(*) FROM shots").fetchall() == then
    assert entries(lake)["b0"] == "2"


@each_way
def test_what_was_merged_a_moment_ago_waits_for_a_later_sweep(lake: Lake) -> None:
    def there() -> int:
        return len(lake.files.listed("data/shots"))

    now = datetime.now(UTC)
    compact(lake, many=4)
    written = there()
    assert sweep(lake, "v", now, older_than=DAY).replaced == ()
    assert there() == written
    assert len(sweep(lake, "v", now + LATER, older_than=DAY).replaced) >= 4
    assert there() == 0
    assert counts(lake, "shots", *BATCHES) == {"b0": ("1", 5), "b1": ("2", 3), "b2": ("1", 5), "b3": ("1", 5)}


def test_the_version_of_a_release_stays_with_its_files(lake: Lake) -> None:
    version = commit_shots(lake, "b0", 7, "released")
    row = {"release": "one", "snapshot": version}
    lake.commit([Replacement(RELEASES, ["one"], RELEASES.frame([row]), by="release")], [], message="release")
    commit_shots(lake, "b0", 2, "after")
    commit_shots(lake, "b0", 1, "newest")
    sweep(lake, "v", datetime.now(UTC) + LATER, older_than=DAY)
    assert snapshots(lake) == 2
    assert counts(lake, "shots", "b0", at=version) == {"b0": ("released", 7)}
    assert counts(lake, "shots", "b0") == {"b0": ("newest", 1)}
    assert len(files(lake)) == 4


def test_nothing_is_done_where_the_catalog_is_not_believed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        lake.files.write(b"x", f"data/shots/{number}.parquet")
    monkeypatch.setattr(module, "MANY", 2)
    before = files(lake)
    with pytest.raises(ValueError, match=r"9 files under data/, .* are unknown to a catalog that knows"):
        keep_up(lake, "v", datetime.now(UTC) + LATER, older_than=DAY)
    assert files(lake) == before


def test_a_listing_that_is_empty_removes_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(lake.files), "listed", lambda *_: {})
    before = files(lake)
    kept = keep_up(lake, "v", datetime.now(UTC), older_than=DAY)
    assert (kept.swept.pictures, kept.swept.orphans, kept.swept.replaced) == ((), (), ())
    assert files(lake) == before


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_the_asset_says_what_it_did(stored_here: Place, instance: dg.DagsterInstance) -> None:
    commit_shots(stored_here.lake(), "a", 5)
    result = dg.materialize([upkeep], instance=instance, resources=resources())
    [made] = result.asset_materializations_for_node("upkeep")
    told: dict[str, Any] = {name: value.value for name, value in made.metadata.items()}
    assert (told["versions_forgotten"], told["orphans_removed"], told["small_files_merged"]) == (0, 0, 0)
    assert 0 < told["catalog_bytes"] <= told["catalog_bytes_before"] * 2
