"""The sheet's table: as the SELECT that it is made by has it, in a new lake and in an old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lake.rows import clips
from tests.tables import TABLES
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CLIPS
from video_assets.lake.sheet import sheet_table
from video_assets.settings import LakeSettings, Settings

JOIN = "SELECT batch, clip_id, start_pts, start_pts / 1000 AS start FROM clips;\n"


def opened(folder: Path, name: str, select: str) -> Lake:
    """Open the folder's lake with one view."""
    views = folder / "sql" / "views"
    views.mkdir(parents=True, exist_ok=True)
    for old in views.iterdir():
        old.unlink()
    (views / f"{name}.sql").write_text(select)
    return Lake(Settings(lake=LakeSettings(root=str(folder / "lake")), sql_dir=folder / "sql"))


def sheet(lake: Lake) -> list[tuple[object, ...]]:
    return lake.query("SELECT * EXCLUDE (batch) FROM clip_sheet ORDER BY clip_id").rows()


def test_a_lake_whose_sheet_was_a_view_gets_a_table_of_that_name_with_the_views_rows(tmp_path: Path) -> None:
    old = opened(tmp_path, "clip_sheet", JOIN)
    old.commit([Replacement(CLIPS, ["a"], clips("a", 2))], [], message="a")
    expected = [("a-0", 0, 0.0), ("a-1", 1000, 1.0)]
    assert sheet(old) == expected
    new = opened(tmp_path, "clip_measurements", JOIN)
    assert sheet(new) == expected
    new.commit([Replacement(CLIPS, ["b"], clips("b", 1))], [], message="b")
    assert sheet(new) == expected
    assert new.query("SELECT count(*) FROM clip_measurements").item() == 3


def test_a_column_that_is_added_to_the_select_is_in_the_table_with_its_values(tmp_path: Path) -> None:
    lake = opened(tmp_path, "clip_measurements", JOIN)
    lake.commit([Replacement(CLIPS, ["a"], clips("a", 2))], [], message="a")
    assert sheet(lake) == []
    more = opened(tmp_path, "clip_measurements", JOIN.replace("start_pts,", "start_pts, video_id,"))
    assert sheet(more) == [("a-0", 0, "a", 0.0), ("a-1", 1000, "a", 1.0)]


def test_a_column_is_described_as_where_it_comes_from_and_of_the_type_that_the_select_gives() -> None:
    table = sheet_table("SELECT clip_id, duration_s::FLOAT AS duration_s, fps * 2 AS twice FROM clips", TABLES)
    clip_id, duration, twice = table.columns
    declared = {c.name: c for c in CLIPS.columns}
    assert clip_id == declared["clip_id"]
    assert duration.description == declared["duration_s"].description
    assert duration.dtype != declared["duration_s"].dtype
    assert twice.description == "Computed in the view clip_measurements."


def test_a_type_that_no_table_has_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"clip_measurements\.sql gives many as HUGEINT"):
        sheet_table("SELECT clip_id, sum(frames) AS many FROM clips GROUP BY clip_id", TABLES)
