"""Every column of every table and view says what it means, in words of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from tests.place import Place
from tests.tables import TABLES
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import SHOTS, TIER_VERDICTS, TIER_VERDICTS_HISTORY
from video_assets.lake.sheet import views_of
from video_assets.lake.sql_text import bare
from video_assets.lake.views import said, summary, view_table
from video_assets.settings import Settings

VIEWS = views_of(Settings())


def test_every_column_of_every_table_and_view_stands_in_the_dictionary_with_a_sentence(lake: Lake) -> None:
    columns = lake.query("SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'").rows()
    described = lake.query("SELECT table_name, column_name, kind, description FROM data_dictionary")
    assert sorted(described.select("table_name", "column_name").rows()) == sorted(columns)
    assert {t for t, _, kind, _ in described.rows() if kind == "view"} == {*VIEWS}
    lacking = [row for row in described.rows() if not row[3] or "Computed in" in row[3] or not row[3].endswith(".")]
    assert lacking == []


def test_different_columns_do_not_share_a_description(lake: Lake) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for name, description in lake.query("SELECT column_name, description FROM data_dictionary").rows():
        names[description].add(name)
    assert [found for found in names.items() if len(found[1]) > 1] == []


def test_what_a_view_computes_is_not_described_as_a_column_of_that_name(lake: Lake) -> None:
    """A column that is taken from a table means what it means there, and nothing else does."""
    sheet = dict(
        lake.query("SELECT column_name, description FROM data_dictionary WHERE table_name = 'clip_sheet'").iter_rows()
    )
    own = {c.name: c.description for c in TABLES["contamination"].columns}
    assert sheet["benchmark"] == own["benchmark"]
    assert sheet["benchmark"] != {c.name: c.description for c in TABLES["raw_videos"].columns}["benchmark"]
    assert sheet["text_reason"] != sheet["people_reason"]


def test_views_say_what_a_row_is(lake: Lake) -> None:
    comments = dict(
        lake.query("SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'lake'").iter_rows()
    )
    assert comments == {name: summary(text) for name, text in VIEWS.items()}
    assert all(comment and comment.endswith(".") for comment in comments.values())


@pytest.mark.parametrize("name", sorted(set(VIEWS) - {TIER_VERDICTS.name, TIER_VERDICTS_HISTORY.name}))
def test_what_a_file_says_is_of_one_of_its_columns(name: str) -> None:
    tables = {**TABLES, TIER_VERDICTS.name: TIER_VERDICTS}
    tables["clip_sheet"] = view_table("clip_sheet", VIEWS["clip_measurements"], tables)
    tables["current_captions"] = view_table("current_captions", VIEWS["current_captions"], tables)
    assert set(said(VIEWS[name])) <= {c.name for c in view_table(name, VIEWS[name], tables).columns}


def test_a_description_stands_behind_its_column_and_nowhere_else() -> None:
    select = "-- Rows.\nSELECT\n    -- A heading.\n    a,\n    CASE\n        WHEN a THEN 1\n    END AS b, -- In m.\n    c.d -- Last.\nFROM c"
    assert said(select) == {"b": "In m.", "d": "Last."}
    assert bare(select) == bare(select.replace("In m.", "In km.").replace("\n    a,", "\n a  ,"))
    assert bare(select) != bare(select.replace("THEN 1", "THEN 2"))


def test_a_lake_that_was_described_by_older_code_gets_the_newer_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    with monkeypatch.context() as older:
        vague = replace(
            SHOTS, columns=tuple(replace(c, description="A number.") if c.name == "ends" else c for c in SHOTS.columns)
        )
        older.setitem(TABLES, "shots", vague)
        place.lake().cursor().close()
    of_ends = next(c.description for c in SHOTS.columns if c.name == "ends")
    found = place.lake().query(
        "SELECT description FROM data_dictionary WHERE table_name = 'shots' AND column_name = 'ends'"
    )
    assert found.item() == of_ends
