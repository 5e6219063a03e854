"""Sweeping: only what nobody can read any more goes, and never a lake whose catalog was lost."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lake.rows import commit_shots, counts
from tests.place import Place
from video_assets.cli import main
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture, store
from video_assets.lake.sweep import sweep

NOW = datetime.now(UTC)
MONTH = timedelta(days=30)
LATER = NOW + timedelta(days=40)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Give a lake of two batches, one of them replaced once."""
    lake = Place(tmp_path).quick_lake()
    for batch, version in (("a", "1"), ("b", "1"), ("a", "2")):
        commit_shots(lake, batch, 5, version)
    return lake


def files(lake: Lake) -> set[Path]:
    return {p for p in Path(lake.settings.lake.root).rglob("*") if p.is_file() and "catalog" not in p.name}


def aged(path: Path, age: timedelta) -> Path:
    """A file, made where there is none, that was last touched so long ago; and so were its folders in scratch space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for each in (path, path.parent):
        os.utime(each, ((NOW - age).timestamp(),) * 2)
    return path


def test_a_replaced_file_goes_with_the_last_version_that_has_it_and_the_newest_version_stays(lake: Lake) -> None:
    before = files(lake)
    swept = sweep(lake, "v", LATER, older_than=MONTH)
    gone = before - files(lake)
    assert {str(path) for path in gone} == set(swept.replaced)
    assert {path.parent.name for path in gone} == {"batch=a"}
    assert len(gone) == 1
    assert counts(lake, "shots", "a", "b") == {"a": ("2", 5), "b": ("1", 5)}
    assert {batch for _, batch in lake.made(["a", "b"])} == {"a", "b"}
    assert lake.query("SELECT count(*) FROM ducklake_snapshots('lake')").item() == 1
    assert commit_shots(lake, "c", 1) > 0


def test_a_version_that_is_young_enough_can_still_be_read(lake: Lake) -> None:
    before = files(lake)
    swept = sweep(lake, "v", NOW + timedelta(days=29), older_than=MONTH)
    assert (swept.snapshots, swept.replaced, files(lake)) == (0, (), before)


def test_a_dry_run_names_what_would_go_and_removes_nothing(lake: Lake) -> None:
    before = files(lake)
    tried = sweep(lake, "v", LATER, older_than=MONTH, dry_run=True)
    assert files(lake) == before
    assert len(tried.replaced) == 1
    assert sweep(lake, "v", LATER, older_than=MONTH) == tried


def test_a_file_whose_commit_did_not_come_to_pass_goes_when_it_is_old(lake: Lake) -> None:
    folder = Path(lake.settings.lake.root) / "data" / "shots" / "batch=a"
    old, young = aged(folder / "old.parquet", MONTH), aged(folder / "young.parquet", timedelta(hours=23))
    swept = sweep(lake, "v", NOW, older_than=timedelta(days=1))
    assert swept.orphans == (str(old),)
    assert (old.exists(), young.exists()) == (False, True)


def test_what_killed_runs_left_in_scratch_space_goes_when_it_is_old(lake: Lake) -> None:
    scratch = lake.settings.lake.scratch_path
    gone = [
        aged(scratch / ".tmp-download" / "source", MONTH),
        aged(scratch / "decoded" / "1-old" / "video.parquet", MONTH),
        aged(Path(lake.settings.lake.root) / "data" / "shots" / ".tmp-copy", MONTH),
    ]
    kept = [
        aged(scratch / ".tmp-today" / "source", timedelta(hours=1)),
        aged(scratch / "decoded" / "2-new" / "video.parquet", MONTH),
        aged(scratch / "notes.txt", MONTH),
    ]
    swept = sweep(lake, "2-new", NOW, older_than=timedelta(days=1))
    assert len(swept.leftovers) == 3
    assert [p.exists() for p in (*gone, *kept)] == [False] * 3 + [True] * 3


def test_a_picture_that_no_page_shows_goes_when_it_is_old(lake: Lake) -> None:
    root = Path(lake.settings.lake.root)
    pictures = [Picture(bytes([n]), "svg", "one") for n in range(3)]
    for picture in pictures:  # each takes the place of the one before
        store(lake, "clips", {"a": {"lengths": picture}})
    old, young, shown = (root / picture.path("clips", "a") for picture in pictures)
    for path in (old, shown):
        aged(path, MONTH)
    half = aged(root / "pages" / "clips" / "batch=a" / ".tmp-half", MONTH)
    tried = sweep(lake, "v", NOW, older_than=timedelta(days=1), dry_run=True)
    assert old.exists()
    swept = sweep(lake, "v", NOW, older_than=timedelta(days=1))
    assert tried == swept
    assert swept.pictures == (pictures[0].path("clips", "a"),)
    assert [p.exists() for p in (old, young, shown, half)] == [False, True, True, False]


def test_pictures_of_a_lake_whose_catalog_was_lost_are_not_removed(tmp_path: Path) -> None:
    lake = Place(tmp_path).quick_lake()
    picture = aged(Path(lake.settings.lake.root) / Picture(b"x", "svg", "one").path("clips", "a"), MONTH)
    with pytest.raises(ValueError, match="1 pictures, such as pages/clips/batch=a/"):
        sweep(lake, "v", NOW, older_than=timedelta(days=1))
    assert picture.exists()


def test_a_folder_in_scratch_space_is_as_young_as_the_youngest_file_in_it(lake: Lake) -> None:
    folder = aged(lake.settings.lake.scratch_path / "decoded" / "1-old" / "video" / "a.parquet", MONTH).parent
    aged(folder / "b.parquet", timedelta(hours=1))
    os.utime(folder.parent, ((NOW - MONTH).timestamp(),) * 2)
    os.utime(folder, ((NOW - MONTH).timestamp(),) * 2)
    assert sweep(lake, "2-new", NOW, older_than=timedelta(days=1)).leftovers == ()


def test_files_of_a_lake_whose_catalog_was_lost_are_not_removed(lake: Lake) -> None:
    root = Path(lake.settings.lake.root)
    for path in root.glob("catalog.sqlite*"):
        path.unlink()
    before = files(lake)
    emptied = Lake(lake.settings)
    with pytest.raises(ValueError, match=r"3 files .* a catalog that knows 0"):
        sweep(emptied, "v", LATER, older_than=MONTH)
    assert files(lake) == before


def test_what_a_run_at_work_may_still_need_cannot_be_swept(lake: Lake) -> None:
    with pytest.raises(ValueError, match="run at work"):
        sweep(lake, "v", NOW, older_than=timedelta(hours=23))


def test_the_command_says_what_it_would_remove_and_then_removes_it(here: Place) -> None:
    lake = here.quick_lake()
    for version in ("1", "2"):
        commit_shots(lake, "a", 5, version)
    orphan = aged(here.root / "data" / "shots" / "orphan.parquet", timedelta(days=31))
    tried = CliRunner().invoke(main, ["sweep", "--dry-run"], catch_exceptions=False)
    assert tried.output.splitlines()[0] == str(orphan)
    assert "Would remove 0 versions" in tried.output
    assert orphan.exists()
    assert "Removed 0 versions" in CliRunner().invoke(main, ["sweep"], catch_exceptions=False).output
    assert not orphan.exists()
    assert counts(lake, "shots", "a") == {"a": ("2", 5)}


def test_a_command_without_a_lake_says_how_to_make_one(here: Place) -> None:
    refused = CliRunner().invoke(main, ["sweep"])
    assert refused.exit_code == 1
    assert "There is no lake" in refused.output
    assert not here.root.exists()
