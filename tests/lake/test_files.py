"""Files: whole or not at all, under names that nobody has used."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from video_assets.lake.files import DataFiles, atomic_path, write_parquet

FRAME = pl.DataFrame({"a": [1, 2, 3]})


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    return DataFiles(str(tmp_path / "lake"), tmp_path / "work", None)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    final = tmp_path / "made" / "on" / "demand.txt"
    with atomic_path(final) as temporary:
        temporary.write_text("whole")
        assert not final.exists()
    assert final.read_text() == "whole"
    assert names(tmp_path) == ["demand.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    final = tmp_path / "file.txt"
    final.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(final) as temporary:  # noqa: PT012
        temporary.write_text("ne")
        raise ZeroDivisionError
    assert final.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "file.txt"):
        pass
    assert names(tmp_path) == []


def test_names_say_table_and_batch_and_are_never_the_same(files: DataFiles, tmp_path: Path) -> None:
    uris = {files.new_uri("shots", "batch=a") for _ in range(100)}
    assert len(uris) == 100
    assert {Path(u).parent for u in uris} == {tmp_path / "lake" / "data" / "shots" / "batch=a"}
    assert {Path(u).suffix for u in uris} == {".parquet"}


def test_a_published_file_is_moved(files: DataFiles, tmp_path: Path) -> None:
    local, uri = tmp_path / "local.parquet", files.new_uri("shots", "batch=a")
    write_parquet(FRAME, local)
    files.publish(local, uri)
    assert pl.read_parquet(uri).equals(FRAME)
    assert names(tmp_path) == [Path(uri).name]


def test_a_file_on_another_file_system_is_copied_whole_before_it_appears(
    files: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, uri = tmp_path / "local.parquet", files.new_uri("shots", "batch=a")
    write_parquet(FRAME, local)
    within = Path.replace

    def across(self: Path, target: Any) -> Path:
        if self == local:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        assert pl.read_parquet(self).equals(FRAME)
        return within(self, target)

    monkeypatch.setattr(Path, "replace", across)
    files.publish(local, uri)
    assert pl.read_parquet(uri).equals(FRAME)
    assert names(tmp_path) == [Path(uri).name]


def test_files_in_the_making_are_gone_when_the_work_ends_or_fails(files: DataFiles, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.temporary() as folder:  # noqa: PT012
        write_parquet(FRAME, folder / "rows.parquet")
        raise ZeroDivisionError
    assert list((tmp_path / "work").iterdir()) == []
