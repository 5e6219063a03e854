from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.footage.batching import GIB, Arrival, Batch, Grouping, batch_key, content_key, contents_hash, group
from video_assets.footage.listing import FoundFile
from video_assets.settings import FootageSettings, WatchedFolder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = WatchedFolder(uri="/footage")
CAMERA = WatchedFolder(uri="/camera", window_seconds=60)


def arrival(
    name: str, seconds: float = 0, content: str = "", size: int = 1, hours: float = 0, folder: WatchedFolder = PLAIN
) -> Arrival:
    modified = NOON + timedelta(seconds=seconds)
    file = FoundFile(f"{folder.uri}/{name}", name, size, modified, None, folder)
    return Arrival(file, content or f"sha256:{name}", modified, hours)


def members(grouping: Grouping) -> list[list[str]]:
    return [[a.file.relative for a in b.arrivals] for b in grouping.batches]


def waiting(grouping: Grouping) -> list[str]:
    return [a.file.relative for a in grouping.waiting]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_content_key_is_the_hash_of_a_local_file_and_the_etag_of_an_object() -> None:
    local = FoundFile("/a.mp4", "a.mp4", 7, NOON, None, PLAIN)
    remote = FoundFile("s3://films/a.mp4", "a.mp4", 7, NOON, "abc-2", PLAIN)
    assert content_key(local, "0f") == "sha256:0f"
    assert content_key(remote) == "etag:abc-2:7"
    assert content_key(remote, "0f") == "sha256:0f"
    with pytest.raises(ValueError, match="hash its bytes"):
        content_key(local)


def test_the_end_of_a_batch_key_follows_from_the_contents_alone() -> None:
    found = contents_hash(["sha256:a", "sha256:b"])
    assert found == contents_hash(["sha256:b", "sha256:a", "sha256:b"]) == "68809ad8b4af"
    assert found != contents_hash(["sha256:a"])


def test_a_batch_key_tells_the_day_and_the_folder_of_its_oldest_file() -> None:
    holiday = WatchedFolder(uri="/footage/Holiday in Zürich (2)")
    files = [arrival("b"), arrival("a", -86400, folder=holiday)]
    assert batch_key(files) == batch_key(files[::-1]) == "b-20260228-holiday-in-zurich-2-68809ad8b4af"
    assert batch_key([arrival("a")]) == f"b-20260301-footage-{contents_hash(['sha256:a'])}"
    assert batch_key([arrival("a", folder=WatchedFolder(uri="s3://films"))]).startswith("b-20260301-films-")
    for nameless in ("/footage/電影", "/", "..."):
        key = batch_key([arrival("a", folder=WatchedFolder(uri=nameless))])
        assert key == f"b-20260301-{contents_hash(['sha256:a'])}"


@given(st.lists(st.builds(arrival, st.text(min_size=1), st.integers(-(10**9), 10**9)), min_size=1), st.text())
def test_a_batch_key_is_a_partition_a_folder_and_a_word(files: list[Arrival], folder: str) -> None:
    place = WatchedFolder(uri=f"/{folder}")
    key = batch_key([replace(a, file=replace(a.file, folder=place, uri=f"/{folder}/{a.file.relative}")) for a in files])
    assert re.fullmatch(r"b-\d{8}(-[a-z0-9]+)*-[0-9a-f]{12}", key)
    assert len(key) <= 44


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one file"):
        batch_key([])


def test_full_batches_go_at_once_and_the_rest_waits_for_company() -> None:
    settings = FootageSettings(batch_videos=2, batch_wait_seconds=30)
    files = [arrival(n, s) for s, n in enumerate("abcde")]
    early, late = group(files, settings, at(33)), group(files, settings, at(34))
    assert (members(early), waiting(early)) == ([["a", "b"], ["c", "d"]], ["e"])
    assert (members(late), waiting(late)) == ([["a", "b"], ["c", "d"], ["e"]], [])


def test_a_last_batch_that_is_full_does_not_wait() -> None:
    assert members(group([arrival("a"), arrival("b")], FootageSettings(batch_videos=2), at(0))) == [["a", "b"]]


def test_without_a_clock_nothing_waits() -> None:
    assert members(group([arrival("a")], FootageSettings())) == [["a"]]
    assert group([], FootageSettings()) == Grouping((), ())


def test_an_unfilled_batch_waits_for_files_that_are_still_to_be_hashed() -> None:
    postponed = [arrival("z").file]
    assert waiting(group([arrival("a")], FootageSettings(), at(3600), postponed)) == ["a"]
    camera = [arrival("c", folder=CAMERA)]
    assert members(group(camera, FootageSettings(), at(3600), postponed)) == [["c"]]


def test_bytes_and_hours_close_a_batch_and_one_large_file_is_a_batch_of_its_own() -> None:
    files = [
        arrival("a", 0, size=GIB),
        arrival("b", 1, size=3 * GIB),
        arrival("c", 2, size=GIB),
        arrival("d", 3, size=GIB),
    ]
    assert members(group(files, FootageSettings(batch_gib=2))) == [["a"], ["b"], ["c", "d"]]
    files = [arrival("a", 0, hours=1), arrival("b", 1, hours=1.5), arrival("c", 2, hours=0.5)]
    assert members(group(files, FootageSettings(batch_hours=2))) == [["a"], ["b", "c"]]


def test_copies_of_one_content_stay_together_and_count_once() -> None:
    files = [arrival("a", 0, "x"), arrival("b", 1), arrival("z", 9, "x"), arrival("c", 2)]
    assert members(group(files, FootageSettings(batch_videos=2))) == [["a", "b", "z"], ["c"]]


def test_a_stream_of_segments_goes_by_window_once_the_window_is_over_and_settled() -> None:
    settings = FootageSettings(batch_videos=2, settle_seconds=10, batch_wait_seconds=3600)
    files = [arrival(f"{s:03d}", s, folder=CAMERA) for s in (0, 10, 59, 60, 119)]
    first, second = group(files, settings, at(69)), group(files, settings, at(70))
    assert (members(first), waiting(first)) == ([], ["000", "010", "059", "060", "119"])
    assert (members(second), waiting(second)) == ([["000", "010", "059"]], ["060", "119"])


def test_windows_of_two_cameras_and_ordinary_files_never_share_a_batch() -> None:
    other = WatchedFolder(uri="/camera2", window_seconds=60)
    files = [arrival("a"), arrival("b", folder=CAMERA), arrival("c", folder=other), arrival("d", 1, folder=CAMERA)]
    assert sorted(members(group(files, FootageSettings()))) == [["a"], ["b", "d"], ["c"]]


ARRIVALS = st.lists(
    st.builds(
        arrival,
        st.uuids().map(str),
        st.integers(0, 300),
        st.sampled_from(["", "", "", "x", "y", "z"]),
        st.integers(0, 3 * GIB),
        st.floats(0, 3),
        st.sampled_from([PLAIN, CAMERA]),
    ),
    max_size=40,
)
SETTINGS = st.builds(
    FootageSettings,
    batch_videos=st.integers(1, 5),
    batch_gib=st.floats(0.5, 5),
    batch_hours=st.floats(0.5, 5),
    batch_wait_seconds=st.floats(0, 200),
    settle_seconds=st.floats(0, 50),
)
CLOCKS = st.none() | st.integers(0, 600).map(at)


def over_a_cap(batch: Batch, settings: FootageSettings) -> bool:
    firsts = list({a.content: a for a in reversed(batch.arrivals)}.values())
    windowed = any(a.file.folder.window_seconds for a in batch.arrivals)
    return (
        (not windowed and len(firsts) > settings.batch_videos)
        or sum(a.file.size_bytes for a in firsts) > settings.batch_gib * GIB
        or sum(a.hours for a in firsts) > settings.batch_hours + 1e-9
    )


@given(ARRIVALS, SETTINGS, CLOCKS)
def test_every_file_is_in_one_batch_or_waits_and_every_content_is_in_one_batch(
    files: list[Arrival], settings: FootageSettings, now: datetime | None
) -> None:
    grouping = group(files, settings, now)
    placed = [a for b in grouping.batches for a in b.arrivals]
    assert sorted(a.file.uri for a in (*placed, *grouping.waiting)) == sorted(a.file.uri for a in files)
    contents = [c for b in grouping.batches for c in {a.content for a in b.arrivals}]
    assert len(contents) == len(set(contents))
    assert not set(contents) & {a.content for a in grouping.waiting}
    assert now is not None or not grouping.waiting


@given(ARRIVALS, SETTINGS, CLOCKS)
def test_no_batch_is_over_a_cap_but_a_single_content(
    files: list[Arrival], settings: FootageSettings, now: datetime | None
) -> None:
    for batch in group(files, settings, now).batches:
        assert batch.key == batch_key(batch.arrivals)
        assert len({a.content for a in batch.arrivals}) == 1 or not over_a_cap(batch, settings)


@given(ARRIVALS, SETTINGS, CLOCKS, st.randoms(use_true_random=False))
def test_the_order_of_the_listing_does_not_matter(
    files: list[Arrival], settings: FootageSettings, now: datetime | None, shuffler: random.Random
) -> None:
    shuffled = files[:]
    shuffler.shuffle(shuffled)
    assert group(shuffled, settings, now) == group(files, settings, now)


@given(ARRIVALS, SETTINGS, CLOCKS)
def test_what_waited_goes_in_the_end_and_nothing_twice(
    files: list[Arrival], settings: FootageSettings, now: datetime | None
) -> None:
    first = group(files, settings, now)
    second = group(first.waiting, settings, at(10_000))
    assert second.waiting == ()
    keys = [b.key for b in (*first.batches, *second.batches)]
    assert len(keys) == len(set(keys))
