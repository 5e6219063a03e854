from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.footage import tick
from video_assets.footage.batching import GIB, group
from video_assets.footage.listing import FoundFile
from video_assets.footage.tick import Cursor, Failure, TickPlan, plan_tick
from video_assets.reasons import Reason
from video_assets.settings import FootageSettings, WatchedFolder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOLDER = WatchedFolder(uri="/footage")
States = frozenset[tuple[str, int, datetime, str | None]]
SETTINGS = FootageSettings(settle_seconds=10, batch_wait_seconds=30, hash_gib_per_tick=2)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def local(name: str, modified: float = 0, size: int = 5) -> FoundFile:
    return FoundFile(f"/footage/{name}", name, size, at(modified), None, FOLDER)


def names(files: tuple[FoundFile, ...]) -> list[str]:
    return [f.relative for f in files]


def plan(*files: FoundFile, now: float, cursor: Cursor | None = None) -> TickPlan:
    return plan_tick(files, set(), cursor or Cursor(), at(now), SETTINGS)


def twice(*files: FoundFile, now: float, known: States = frozenset()) -> TickPlan:
    """The second of two looks that saw the same, the settle time apart."""
    first = plan_tick(files, known, Cursor(), at(now - SETTINGS.settle_seconds), SETTINGS)
    return plan_tick(files, known, first.cursor_after(), at(now), SETTINGS)


@pytest.mark.parametrize("clock", [-86400.0 * 365, -3600.0, 0.0, 3600.0])
def test_a_file_is_complete_once_two_looks_saw_the_same_whatever_the_clock_of_its_server(clock: float) -> None:
    first = plan(local("a", clock), now=0)
    early = plan(local("a", clock), now=9, cursor=first.cursor_after())
    late = plan(local("a", clock), now=10, cursor=early.cursor_after())
    assert [names(p.settling) for p in (first, early, late)] == [["a"], ["a"], []]
    assert names(late.to_hash) == ["a"]


@pytest.mark.parametrize("clock", [-3600.0, 0.0, 3600.0])
def test_a_file_that_grows_is_never_complete_whatever_the_clock_of_its_server(clock: float) -> None:
    cursor = Cursor()
    for now in range(0, 300, 15):
        seen = plan(local("a", clock + now, size=now), now=now, cursor=cursor)
        assert (names(seen.settling), seen.to_hash) == (["a"], ())
        cursor = Cursor.parse(seen.cursor_after().text())
    assert names(plan(local("a", clock + now, size=now), now=now + 15, cursor=cursor).to_hash) == ["a"]


def test_a_file_is_complete_again_though_our_own_clock_was_set_back() -> None:
    first = plan(local("a"), now=86400)
    second = plan(local("a"), now=0, cursor=first.cursor_after())
    assert names(plan(local("a"), now=10, cursor=second.cursor_after()).to_hash) == ["a"]


def test_without_a_settle_time_one_look_is_enough() -> None:
    settings = SETTINGS.model_copy(update={"settle_seconds": 0.0})
    assert names(plan_tick([local("a", 999)], set(), Cursor(), NOON, settings).to_hash) == ["a"]


def test_a_file_that_grows_is_complete_only_once_it_has_stopped_for_the_settle_time() -> None:
    first = plan(local("a", 0, size=1), now=5)
    second = plan(local("a", 0, size=2), now=15, cursor=first.cursor_after())
    third = plan(local("a", 0, size=2), now=24, cursor=second.cursor_after())
    fourth = plan(local("a", 0, size=2), now=25, cursor=third.cursor_after())
    assert [names(p.to_hash) for p in (first, second, third, fourth)] == [[], [], [], ["a"]]


def test_an_object_is_complete_at_once_and_needs_no_hash() -> None:
    remote = replace(local("a", 0), uri="s3://films/a", etag="abc")
    (arrival,) = plan(remote, now=0).arrivals
    assert (arrival.content, arrival.unchanged_since) == ("etag:abc:5", NOON)


def test_what_the_ledger_knows_is_passed_over_until_it_changes() -> None:
    known = {local("a").state}
    found = [local("a"), local("b")]
    assert names(twice(*found, now=60, known=frozenset(known)).to_hash) == ["b"]
    assert names(twice(local("a", size=6), now=60, known=frozenset(known)).to_hash) == ["a"]


def test_an_object_that_was_replaced_is_new_by_its_entity_tag_in_the_same_second_and_size() -> None:
    before = replace(local("a"), uri="s3://films/a", etag="abc")
    after = replace(before, etag="def")
    seen = plan_tick([after], {before.state}, Cursor(), at(60), SETTINGS)
    assert [a.content for a in seen.arrivals] == ["etag:def:5"]
    assert plan_tick([before], {before.state}, Cursor(), at(60), SETTINGS).arrivals == ()


def test_a_file_that_two_watched_folders_hold_is_taken_for_the_first() -> None:
    inner = replace(local("a"), folder=WatchedFolder(uri="/footage/inner"))
    (file,) = twice(local("a"), inner, now=60).to_hash
    assert file.folder == FOLDER


def test_one_tick_hashes_its_share_oldest_first_and_the_rest_comes_next() -> None:
    files = [local("a", 0, GIB), local("b", 1, GIB), local("c", 2, GIB)]
    seen = twice(*files, now=60)
    assert (names(seen.to_hash), names(seen.postponed)) == (["a", "b"], ["c"])


def test_a_file_above_the_share_of_a_tick_is_hashed_alone() -> None:
    seen = twice(local("a", 0, 9 * GIB), local("b", 1, 9 * GIB), now=60)
    assert (names(seen.to_hash), names(seen.postponed)) == (["a"], ["b"])


def test_a_file_that_waits_for_company_is_hashed_once() -> None:
    first = twice(local("a"), now=20)
    grouping = group([first.hashed(f, "0f", hours=0.5) for f in first.to_hash], SETTINGS, at(20))
    cursor = Cursor.parse(first.cursor_after(grouping.waiting).text())
    second = plan(local("a"), now=40, cursor=cursor)
    assert second.to_hash == ()
    assert second.arrivals == grouping.waiting
    (batch,) = group(second.arrivals, SETTINGS, at(40)).batches
    assert [(a.content, a.hours) for a in batch.arrivals] == [("sha256:0f", 0.5)]


def test_a_waiting_file_that_changes_is_hashed_again() -> None:
    first = twice(local("a"), now=20)
    cursor = first.cursor_after([first.hashed(f, "0f") for f in first.to_hash])
    second = plan(local("a", 21), now=40, cursor=cursor)
    assert (names(second.settling), second.arrivals) == (["a"], ())
    assert names(plan(local("a", 21), now=50, cursor=second.cursor_after()).to_hash) == ["a"]


def test_the_cursor_holds_pending_files_only() -> None:
    first = plan(local("hashed"), now=50)
    seen = plan(local("settling"), local("hashed"), now=60, cursor=first.cursor_after())
    assert list(seen.cursor_after().sightings) == ["/footage/settling"]
    assert plan(now=60, cursor=seen.cursor_after()).cursor_after() == Cursor()


def test_a_cursor_is_bounded_and_keeps_the_files_that_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "MAX_SIGHTINGS", 2)
    cursor = plan(local("b"), local("c"), now=55).cursor_after()
    seen = plan(local("a"), local("b"), local("c"), now=60, cursor=cursor)
    assert sorted(seen.cursor_after().sightings) == ["/footage/b", "/footage/c"]


def test_files_that_always_fail_never_crowd_out_those_that_are_to_be_seen_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tick, "MAX_SIGHTINGS", 2)
    bad = [local("bad 1"), local("bad 2")]
    cursor = failed(twice(*bad, now=20), *bad)
    seen = plan(*bad, local("good"), now=35, cursor=cursor)
    later = plan(*bad, local("good"), now=50, cursor=Cursor.parse(seen.cursor_after().text()))
    assert "good" in names(later.to_hash)


@pytest.mark.parametrize(
    "text", [None, "", "{", "12", "[]", '"old"', '{"sightings": 3}', '{"seen": ["a"]}', '{"sightings": {"a": {}}}']
)
def test_a_cursor_that_cannot_be_read_starts_afresh(text: str | None) -> None:
    assert Cursor.parse(text) == Cursor()


def failed(seen: TickPlan, *files: FoundFile) -> Cursor:
    """The cursor after a tick in which these files could not be taken in."""
    failures = [Failure(f.uri, Reason.UNEXPECTED_ERROR, "TypeError: metadata_errors") for f in files]
    return Cursor.parse(seen.cursor_after(failures=failures).text())


def test_what_failed_is_told_at_every_tick_and_tried_again_after_a_while() -> None:
    first = twice(local("a"), now=20)
    cursor = failed(first, local("a"))
    for seconds in (35, 300, 600):
        seen = plan(local("a"), now=seconds, cursor=cursor)
        assert (seen.to_hash, [str(f) for f in seen.failures]) == (
            (),
            ["/footage/a could not be taken in (unexpected_error): TypeError: metadata_errors"],
        )
        cursor = Cursor.parse(seen.cursor_after().text())
    again = plan(local("a"), now=620, cursor=cursor)
    assert (names(again.to_hash), again.failures) == (["a"], ())


def test_what_failed_is_tried_at_once_when_it_has_changed() -> None:
    cursor = failed(twice(local("a"), now=20), local("a"))
    seen = plan(local("a", 30), now=50, cursor=cursor)
    assert (names(seen.settling), seen.failures) == (["a"], ())
    assert names(plan(local("a", 30), now=60, cursor=seen.cursor_after()).to_hash) == ["a"]


def test_a_large_file_that_always_fails_leaves_the_others_their_share_of_hashing() -> None:
    large, small = local("large", 0, 9 * GIB), local("small", 1, GIB)
    cursor = failed(twice(large, now=20), large)
    settling = plan(large, small, now=600, cursor=cursor)
    seen = plan(large, small, now=20 + 600, cursor=settling.cursor_after())
    assert (names(seen.to_hash), names(seen.postponed)) == (["small"], ["large"])


FILES = st.lists(
    st.builds(local, st.sampled_from("abcdef"), st.integers(-100, 100), st.integers(0, 2 * GIB)),
    unique_by=lambda f: f.uri,
)


@given(FILES, FILES, st.integers(0, 100))
def test_every_unknown_file_has_one_place_in_the_plan_and_the_cursor_survives_text(
    before: list[FoundFile], found: list[FoundFile], now: int
) -> None:
    first = twice(*before, now=0)
    cursor = failed(first, *first.to_hash[::2])
    seen = plan_tick(found, set(), cursor, at(now), SETTINGS)
    places = [f.uri for f in (*seen.to_hash, *seen.postponed, *seen.settling)]
    places += [f.uri for f in seen.failures] + [a.file.uri for a in seen.arrivals]
    assert sorted(places) == sorted(f.uri for f in found)
    assert Cursor.parse(seen.cursor_after().text()) == seen.cursor_after()
    assert plan_tick(reversed(found), set(), cursor, at(now), SETTINGS) == seen


@given(FILES)
def test_a_lost_cursor_loses_no_file(found: list[FoundFile]) -> None:
    seen = twice(*found, now=3600)
    assert {f.uri for f in (*seen.to_hash, *seen.postponed)} == {f.uri for f in found}
