"""A prefix of a million keys, listed in slices: what is new is found, with its statements, and no tick lists more than its share."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.footage.bucket import Bucket
from video_assets.footage.listing import FoundFile, Listing, listing_of
from video_assets.footage.slices import Place, look
from video_assets.settings import FootageSettings, WatchedFolder

SUFFIXES = FootageSettings().suffixes
FOLDER = WatchedFolder(uri="s3://bucket/in")
DAYS, PER_DAY = 1_000, 1_000


class Million(Sequence[str]):
    """Keys in order that nobody holds in memory: a folder a day."""

    def __len__(self) -> int:
        return DAYS * PER_DAY

    def __getitem__(self, number: Any) -> Any:
        return f"in/day-{number // PER_DAY:04}/clip-{number % PER_DAY:05}.mp4"


def tick(
    bucket: Bucket, place: Place, known: dict[str, str] | None, most: int = 20_000, pending: Sequence[str] = ()
) -> tuple[Listing, Place]:
    """One look; the ledger knows the ``first`` of all of ``bucket.keys``, and what ``known`` says besides."""

    def states(files: Sequence[FoundFile]) -> Container[object]:
        return {f.state for f in files if is_known(bucket, f, known)}

    bucket.listed = 0
    return look(bucket, "bucket", "in/", FOLDER, SUFFIXES, place, pending, states, most)


def is_known(bucket: Bucket, file: FoundFile, known: dict[str, str] | None) -> bool:
    key = f"in/{file.relative}"
    if known is not None:
        return known.get(key) == file.etag
    return file.etag == "first" and key not in bucket.more


def fresh(bucket: Bucket, listing: Listing, known: dict[str, str] | None = None) -> list[str]:
    return [f.relative for f in listing.files if not is_known(bucket, f, known)]


def test_few_keys_are_listed_whole_at_every_tick() -> None:
    bucket = Bucket(["in/a/manifest.csv", "in/a/one.mp4", "in/two.mp4"])
    listing, place = tick(bucket, Place(), {})
    assert [f.relative for f in listing.files] == ["a/one.mp4", "two.mp4"]
    assert listing.files[0].manifests == ("s3://bucket/in/a/manifest.csv",)
    assert not place.large


def test_of_a_million_keys_what_comes_in_order_is_found_at_the_next_tick_and_all_else_in_one_sweep() -> None:
    bucket = Bucket(Million())
    _, place = tick(bucket, Place(), None)
    assert place.large
    assert place.swept == "in/day-0019/clip-00999"
    # As a sweep of all has left it, but that the next one is at its seventh tenth.
    ends = {f"day-{day:04}": f"in/day-{day:04}/clip-00999" for day in range(DAYS - 64, DAYS)}
    place = place.model_copy(update={"tails": ends, "swept": "in/day-0700"})
    in_order = ["in/day-0999/clip-99999.mp4", "in/day-1000/clip-00000.mp4"]
    late = ["in/day-0703/clip-00500-b.mp4", "in/day-0777/zz.mp4", "in/a-day-before/a.mp4"]
    bucket.more = sorted([*in_order, *late])
    bucket.etags["in/day-0750/clip-00400.mp4"] = "another"
    listing, place = tick(bucket, place, None)
    assert {f"in/{name}" for name in fresh(bucket, listing)} >= {*in_order}
    found, ticks = set(fresh(bucket, listing)), 1
    # To the end of the keys, and on from their beginning.
    while place.swept > "in/day-0100" or not place.swept:
        listing, place = tick(bucket, place, None)
        found |= set(fresh(bucket, listing))
        ticks += 1
        assert bucket.listed <= 60_000
    assert {f"in/{name}" for name in found} == {*in_order, *late, "in/day-0750/clip-00400.mp4"}
    assert ticks <= 32
    assert len(place.tails) == 64
    assert len(place.model_dump_json()) < 10_000


def test_a_key_that_is_gone_is_no_reason_for_anything() -> None:
    keys = [f"in/day-{n:02}/a-{m:03}.mp4" for n in range(30) for m in range(100)]
    bucket, place = Bucket(keys), Place(large=True, tails={"day-29": "in/day-29/a-099", "day-10": "in/day-10/a-099"})
    bucket.keys = [key for key in keys if "day-10" not in key and "day-29" not in key]
    seen: set[str] = set()
    for _ in range(8):
        listing, place = tick(bucket, place, dict.fromkeys(keys, "first"), 1_000)
        assert listing.problems == ()
        seen |= {f.relative for f in listing.files}
    assert seen == set()  # nothing is new, so no folder is looked at


def test_a_file_at_the_border_of_a_slice_has_its_sidecar_and_its_manifest() -> None:
    keys = [f"in/day/{n:04}.{ending}" for n in range(900) for ending in ("json", "mp4")]
    keys = sorted([*keys, "in/manifest.csv", *(f"in/other/{n:04}.mp4" for n in range(3_000))])
    bucket, place, found = Bucket(keys), Place(), dict[str, FoundFile]()
    for _ in range(20):
        listing, place = tick(bucket, place, {}, 2_000)
        found |= {f.relative: f for f in listing.files}
    assert {name for name, f in found.items() if f.sidecar is None} == {f"other/{n:04}.mp4" for n in range(3_000)}
    assert all(f.sidecar == f"s3://bucket/in/{name[:-4]}.json" for name, f in found.items() if name.startswith("day/"))
    assert {f.manifests for f in found.values()} == {("s3://bucket/in/manifest.csv",)}


def test_a_flat_folder_larger_than_a_tick_is_gone_through_with_what_stands_beside_each_file() -> None:
    keys = sorted(f"in/clip-{n:05}.{ending}" for n in range(5_000) for ending in ("mp4", "json"))
    bucket, place, known = Bucket(sorted([*keys, "in/manifest.csv"])), Place(), dict[str, str]()
    for _ in range(40):
        listing, place = tick(bucket, place, known, 1_000)
        for file in listing.files:
            assert file.sidecar == f"s3://bucket/in/{file.relative[:-4]}.json"
            assert file.manifests == ("s3://bucket/in/manifest.csv",)
        known |= {f"in/{f.relative}": "first" for f in listing.files}
    assert len(known) == 5_000


@pytest.mark.parametrize("flat", [True, False])
def test_what_waits_for_a_fuller_batch_is_there_at_the_next_tick(flat: bool) -> None:
    keys = sorted(f"in/{'' if flat else f'd{n // 100:03}/'}clip-{n:05}.mp4" for n in range(10_000))
    bucket, known = Bucket(keys), {key: "first" for key in keys if not key.endswith("00500.mp4")}
    waiting = "clip-00500.mp4" if flat else "d005/clip-00500.mp4"
    place = Place(large=True, swept="in/clip-07" if flat else "in/d070")
    listing, _ = tick(bucket, place, known, 1_000, [waiting])
    assert waiting in {f.relative for f in listing.files}


NAMES = st.text("ab-", min_size=1, max_size=3)
TREES = st.lists(
    st.tuples(
        st.lists(NAMES, max_size=2),
        NAMES,
        st.sampled_from(["mp4", "mov", "json", "mp4.json", "info.json", "csv", "txt"]),
    ),
    max_size=30,
)


@given(TREES, st.integers(8, 24), st.sets(st.integers(0, 3)))
def test_in_due_course_all_is_found_as_by_one_listing(
    tree: list[tuple[list[str], str, str]], most: int, manifests: set[int]
) -> None:
    keys = sorted({
        *(f"in/{''.join(f'{f}/' for f in folders)}{name}.{ending}" for folders, name, ending in tree),
        *(f"in/{'a/' * n}manifest.csv" for n in manifests),
    })  # fmt: skip
    bucket = Bucket(keys)
    of_all = {key.removeprefix("in/"): entry for key in keys for entry in bucket(key) if entry["Key"] == key}
    wanted = {f.relative: f for f in listing_of("bucket", "in/", FOLDER, of_all, SUFFIXES).files}
    known: dict[str, str] = {}
    found: dict[str, FoundFile] = {}
    place = Place()
    for _ in range(6 * len(keys) + 20):
        listing, place = tick(bucket, place, known, most)
        new = {f.relative: f for f in listing.files if f"in/{f.relative}" not in known}
        known |= {f"in/{name}": "first" for name in new}
        found |= new
    assert found.keys() == wanted.keys()
    # A folder that is larger than a tick is known only near each file.
    small = {
        name for name in wanted if sum(k.rpartition("/")[0] == f"in/{name}".rpartition("/")[0] for k in keys) <= most
    }
    assert {n: found[n] for n in small} == {n: wanted[n] for n in small}
