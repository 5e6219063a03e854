"""Which videos are a benchmark's: said of a folder, kept by content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.footage.test_ingest import film, take_in, versions
from tests.place import Place, look
from video_assets.footage.benchmarks import Named
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import SOURCE_FILES
from video_assets.settings import FootageSettings, WatchedFolder


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    (tmp_path / "footage" / "vbench").mkdir(parents=True)
    return tmp_path / "footage"


def of_benchmark(folder: Path, name: str = "VBench") -> WatchedFolder:
    return WatchedFolder(uri=str(folder), benchmark=name)


def said(lake: Lake) -> dict[str, str | None]:
    rows = lake.read(SOURCE_FILES).select("uri", "benchmark").iter_rows()
    return {Path(uri).name: name for uri, name in rows}


def test_of_folders_inside_each_other_the_inner_one_counts_and_a_folder_without_a_name_says_nothing() -> None:
    named = Named(
        [
            WatchedFolder(uri="s3://films"),
            WatchedFolder(uri="s3://films/tests", benchmark="VBench"),
            WatchedFolder(uri="s3://films/tests/ours/", benchmark=""),
            WatchedFolder(uri="/data/ucf", benchmark="UCF-101"),
        ]
    )
    assert named.of("s3://films/a.mp4") is None
    assert named.of("s3://films/tests/a.mp4") == "VBench"
    assert named.of("s3://films/tests2/a.mp4") is None
    assert named.of("s3://films/tests/ours/a.mp4") == ""
    assert named.of("/data/ucf/deep/a.avi") == "UCF-101"
    files = [("s3://films/tests/ours/a.mp4", "same"), ("/data/ucf/b.avi", "same"), ("s3://films/c.mp4", "other")]
    assert named.said(files) == {"same": "UCF-101"}


def test_new_videos_of_a_benchmarks_folder_are_its_and_raw_videos_say_so(place: Place, footage: Path) -> None:
    film(footage / "ours.mp4", 1)
    film(footage / "vbench" / "theirs.mp4", 2)
    lake = place.quick_lake()
    look(lake, footage, of_benchmark(footage / "vbench"))
    assert said(lake) == {"ours.mp4": None, "theirs.mp4": "VBench"}
    rows = take_in(lake).select("file_name", "benchmark", "reason").sort("file_name").rows()
    assert rows == [("ours.mp4", None, None), ("theirs.mp4", "VBench", None)]


def test_a_folder_that_the_settings_name_is_a_benchmarks_however_its_files_are_found(
    place: Place, footage: Path
) -> None:
    film(footage / "vbench" / "theirs.mp4", 2)
    lake = place.quick_lake(footage=FootageSettings(watch=(of_benchmark(footage / "vbench"),)))
    look(lake, footage)
    assert said(lake) == {"theirs.mp4": "VBench"}


def test_known_footage_becomes_a_benchmarks_stays_it_and_is_footage_again_when_somebody_says_so(
    place: Place, footage: Path
) -> None:
    film(footage / "ours.mp4", 1)
    film(footage / "vbench" / "theirs.mp4", 2)
    lake = place.quick_lake(footage=FootageSettings(batch_videos=1))
    assert look(lake, footage).marked == 0
    before = versions(lake)
    stock = look(lake, of_benchmark(footage / "vbench"), at_once=False)
    assert (stock.marked, stock.known, stock.videos) == (1, 1, 0)
    assert stock.summary == "1 known, 1 whose benchmark changed."
    changed = {batch for batch, version in versions(lake).items() if version != before[batch]}
    assert len(changed) == 1
    # Neither another look nor another place takes the name away.
    (footage / "vbench" / "theirs.mp4").rename(footage / "moved.mp4")
    assert look(lake, footage).marked == 0
    assert said(lake) == {"ours.mp4": None, "theirs.mp4": "VBench", "moved.mp4": "VBench"}
    assert look(lake, of_benchmark(footage, "")).marked == 1
    assert set(said(lake).values()) == {None}
    assert versions(lake) == before


def test_a_copy_of_known_footage_in_a_benchmarks_folder_makes_that_footage_a_benchmarks(
    place: Place, footage: Path
) -> None:
    film(footage / "ours.mp4", 1)
    lake = place.quick_lake()
    look(lake, footage)
    shutil.copy2(footage / "ours.mp4", footage / "vbench" / "copy.mp4")
    look(lake, of_benchmark(footage / "vbench"))
    assert said(lake) == {"ours.mp4": "VBench", "copy.mp4": "VBench"}
    assert take_in(lake).select("benchmark", "reason").rows() == [("VBench", None)]


def test_footage_whose_bytes_turn_out_to_be_a_benchmarks_is_named_in_the_ledger(place: Place, footage: Path) -> None:
    film(footage / "ours.mp4", 1)
    lake = place.quick_lake()
    look(lake, footage)
    take_in(lake)
    # The same bytes under another content key, as two objects on S3 can have.
    copy = Path(shutil.copy2(footage / "ours.mp4", footage / "vbench" / "copy.mp4"))
    (row,) = lake.read(SOURCE_FILES).iter_rows(named=True)
    row |= {"batch": "later", "uri": str(copy), "content": f"etag:x:{row['size_bytes']}", "benchmark": "VBench"}
    later = Replacement(SOURCE_FILES, ["later"], SOURCE_FILES.frame([row]))
    lake.commit([later], [Made("source_files", "later", "1", "1", {}, 1)], message="later")
    before = versions(lake)
    rows = take_in(lake).select("file_name", "benchmark", "reason").sort("file_name").rows()
    assert rows == [("copy.mp4", "VBench", "duplicate_content"), ("ours.mp4", None, None)]
    assert said(lake) == {"ours.mp4": "VBench", "copy.mp4": "VBench"}
    # Which is why its batch is due again.
    assert [batch for batch, version in versions(lake).items() if version != before[batch]] != ["later"]
    assert take_in(lake).sort("file_name")["benchmark"].to_list() == ["VBench", "VBench"]
