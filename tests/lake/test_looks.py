"""Queries that share one snapshot, as a step's do, and what they must see all the same."""

from __future__ import annotations

import duckdb
import pytest

from tests.lake.rows import commit_shots, shots
from video_assets.lake import catalog
from video_assets.lake import lake as module
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import SHOTS


def shots_of(lake: Lake, batch: str) -> int:
    return int(lake.query("SELECT count(*) FROM shots WHERE batch = ?", [batch]).item())


@pytest.fixture
def other(lake: Lake) -> Lake:
    """Give the same lake as another process has it open."""
    return Lake(lake.settings)


def test_within_a_look_nothing_changes_and_after_it_everything_is_seen(
    lake: Lake, other: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST_LOOK_S", 600.0)  # the machine may be slow
    with lake.at_one_look():
        assert shots_of(lake, "look") == 0
        before = lake.made(["look"])
        commit_shots(other, "look", 3)
        assert shots_of(lake, "look") == 0
        assert lake.made(["look"]) == before == {}
    assert shots_of(lake, "look") == 3
    assert {*lake.made(["look"])} == {("shots", "look")}


def test_what_is_committed_within_a_look_is_seen(lake: Lake) -> None:
    with lake.at_one_look():
        assert (shots_of(lake, "own"), lake.made(["own"])) == (0, {})
        commit_shots(lake, "own", 2)
        assert (shots_of(lake, "own"), {*lake.made(["own"])}) == (2, {("shots", "own")})


def test_who_has_waited_for_a_lock_sees_what_was_committed_under_it(lake: Lake, other: Lake) -> None:
    with lake.at_one_look():
        assert shots_of(lake, "locked") == 0
        with other.lock("groups"):
            commit_shots(other, "locked", 2)
        with lake.lock("groups"):
            assert shots_of(lake, "locked") == 2


def test_a_look_does_not_last_until_its_snapshot_may_have_expired(
    lake: Lake, other: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST_LOOK_S", -1.0)
    with lake.at_one_look():
        assert (shots_of(lake, "old"), lake.made(["old"])) == (0, {})
        commit_shots(other, "old", 2)
        assert (shots_of(lake, "old"), {*lake.made(["old"])}) == (2, {("shots", "old")})


def test_after_a_query_that_fails_a_look_goes_on(lake: Lake) -> None:
    with lake.at_one_look():
        with pytest.raises(duckdb.CatalogException):
            lake.query("FROM nothing_of_that_name")
        with lake.at_one_look():
            assert shots_of(lake, "none") == 0
        assert shots_of(lake, "none") == 0


def test_a_small_lake_is_asked_by_one_thread_and_a_large_one_by_all(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def threads() -> int:
        return int(lake.query("SELECT current_setting('threads')").item())

    with duckdb.connect() as fresh:
        [(most,)] = fresh.execute("SELECT current_setting('threads')").fetchall()
    commit_shots(lake, "small", 2)
    assert threads() == 1
    monkeypatch.setattr(catalog, "_WORTH_THREADS", 1)
    commit_shots(lake, "large", 2)
    assert threads() == most
    monkeypatch.undo()
    commit_shots(lake, "small again", 2)
    assert threads() == 1


def test_few_batches_of_a_large_lake_are_committed_by_one_thread_and_many_by_all(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    [(most,)] = duckdb.connect().execute("SELECT current_setting('threads')").fetchall()
    monkeypatch.setattr(catalog, "_WORTH_THREADS", 1)
    add = module._add

    def adding(cursor: duckdb.DuckDBPyConnection, replacement: Replacement, uri: str | None) -> None:
        [(threads,)] = cursor.execute("SELECT current_setting('threads')").fetchall()
        used.append(int(threads))
        add(cursor, replacement, uri)

    monkeypatch.setattr(module, "_add", adding)
    commit_shots(lake, "first", 2)
    commit_shots(lake, "second", 2)
    many = [f"of many {i}" for i in range(21)]
    lake.commit([Replacement(SHOTS, many, shots(many[0], 2))], [], message="many")
    assert used == [1, 1, most]
    assert lake.query("SELECT current_setting('threads')").item() == most


def test_a_lake_whose_layout_is_as_it_should_be_is_opened_without_a_look_at_its_columns(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[duckdb.DuckDBPyConnection] = []
    monkeypatch.setattr(module, "create_missing", lambda connection, _tables: asked.append(connection))
    assert Lake(lake.settings).query("SELECT 1").height == 1
    assert asked == []
    lake.amend(
        [("UPDATE materializations SET version = 'other' WHERE asset = 'views/costs'", {})], message="m", author="a"
    )
    assert (
        Lake(lake.settings).query("SELECT version FROM materializations WHERE asset = 'views/costs'").item() != "other"
    )
    assert len(asked) == 1


def test_what_is_remembered_of_the_ledger_is_what_the_lake_has_whoever_commits(lake: Lake, other: Lake) -> None:
    for rows, by in enumerate((lake, other, lake, lake, other, other, lake), 1):
        commit_shots(by, "remembered", rows)
        with lake.at_one_look():
            assert lake.made(["remembered"])["shots", "remembered"]["rows"] == rows
        with lake.at_one_look():  # remembered by now
            assert lake.made(["remembered"])["shots", "remembered"]["rows"] == rows
        assert shots_of(lake, "remembered") == rows
        assert lake.query("SELECT count(*) FROM materializations WHERE batch = 'remembered'").item() == 1


def test_the_catalog_tells_which_tables_may_have_rows_of_a_batch(lake: Lake) -> None:
    commit_shots(lake, "held", 2)

    def may_hold(table: str, *batches: str, **where: str) -> bool:
        with lake.cursor() as cursor:
            return catalog.may_hold(lake.settings.lake, cursor, table, "batch", batches, where)

    assert may_hold("shots", "held")
    assert may_hold("shots", "nothing of it", "held")
    assert not may_hold("shots", "nothing 'of' it")
    assert not may_hold("clips", "held")
    # Its rows are in the catalog, and are looked at.
    assert may_hold("materializations", "nothing of it", "held")
    assert may_hold("materializations", "held", asset="shots")
    assert not may_hold("materializations", "held", asset="clips")
    assert not may_hold("materializations", "nothing 'of' it")
