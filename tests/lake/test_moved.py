"""A lake that was moved, restored from a copy or mounted elsewhere opens where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.lake.rows import commit_shots, shots
from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import SHOTS
from video_assets.settings import LakeSettings, Settings


def lake_at(root: Path, **others: object) -> Lake:
    return Lake(Settings(lake=LakeSettings.model_validate({"root": str(root), **others})))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a lake with two batches, of which one was replaced, that nobody has open."""
    root = tmp_path / "old"
    lake = lake_at(root)
    for batch, rows in (("kept", 4), ("replaced", 5), ("replaced", 3)):
        commit_shots(lake, batch, rows)
    lake._connection.close()
    return root


def rows(lake: Lake, batch: str) -> int:
    return lake.read(SHOTS, [batch]).height


def test_a_moved_lake_is_read_and_written_with_all_its_snapshots(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "other disk" / "it's new"
    new.parent.mkdir()
    shutil.move(old, new)
    lake = lake_at(new)
    assert lake.read(SHOTS, ["kept"]).equals(shots("kept", 4))
    assert rows(lake, "replaced") == 3
    before = lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item()
    assert lake.query(f"SELECT count(*) FROM shots AT (VERSION => {before - 1}) WHERE batch = 'replaced'").item() == 5
    commit_shots(lake, "kept", 6)
    assert rows(lake, "kept") == 6


def test_a_copy_and_the_lake_that_it_is_of_go_ways_of_their_own(old: Path, tmp_path: Path) -> None:
    shutil.copytree(old, tmp_path / "copy")
    first, copy = lake_at(old), lake_at(tmp_path / "copy")
    commit_shots(copy, "kept", 7)
    assert (rows(first, "kept"), rows(copy, "kept")) == (4, 7)
    assert all(str(old) not in str(f) for f in catalog_files(copy))


def test_a_moved_lake_that_is_only_read_opens_too(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.move(old, new)
    with catalog.connect(LakeSettings(root=str(new)), None, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM shots").fetchone() == (7,)


def test_a_root_at_which_the_files_are_not_is_refused_and_changes_nothing(old: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"they are not under .*; set lake\.root to where they are"):
        lake_at(tmp_path / "elsewhere", catalog=str(old / "catalog.sqlite")).cursor()
    assert rows(lake_at(old), "kept") == 4


def catalog_files(lake: Lake) -> list[str]:
    return lake.query("SELECT data_file FROM ducklake_list_files('lake', 'shots')")["data_file"].to_list()
