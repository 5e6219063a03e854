"""The lake's tables and views: made when they are missing, described, and brought up to newer code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.lake.rows import commit_shots, shots, snapshots
from tests.place import Place
from tests.tables import TABLES
from video_assets.lake import catalog, schemas
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.layout import in_order
from video_assets.lake.schemas import MATERIALIZATIONS, SHOTS, TIER_FILES, TIER_RULES_HISTORY, Column, Table
from video_assets.lake.sheet import sheet_of
from video_assets.lake.views import DICTIONARY
from video_assets.scorers.motion import MOTION_SCORES
from video_assets.settings import LakeSettings, Settings

SHEET = sheet_of(Settings())
VALUES: dict[pl.DataType, object] = {
    pl.String(): "text", pl.Boolean(): True, pl.Int32(): 40_000, pl.Int64(): 2**63 - 1, pl.Float32(): 0.1,
    pl.Float64(): 0.1, pl.Binary(): b"\x00\xff", pl.Datetime("us", "UTC"): datetime(2026, 3, 1, 12, 0, 0, 1, UTC),
    pl.List(pl.Int32()): [1, -1],
    pl.List(pl.String()): ["a", "b"], pl.List(pl.Float64()): [0.1, -1.0], pl.List(pl.Float32()): [0.5, -1.0],
    pl.List(pl.Struct({"question": pl.String(), "value": pl.Float32()})): [{"question": "a", "value": 0.5}],
    pl.List(pl.Struct({"subject": pl.String(), "probability": pl.Float32()})): [{"subject": "a", "probability": 0.5}],
}  # fmt: skip


def test_every_column_stands_in_the_catalog_with_its_description(lake: Lake) -> None:
    found = lake.query(
        "SELECT table_name, column_name, comment FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND table_name NOT IN (SELECT view_name FROM duckdb_views())"
    )
    expected = {(t.name, c.name, c.description) for t in (*TABLES.values(), SHEET, DICTIONARY) for c in t.columns}
    assert set(found.iter_rows()) == expected


def test_a_value_of_every_column_comes_back_as_it_was_written(lake: Lake) -> None:
    rows = {
        t: t.frame([{c.name: VALUES[c.dtype] for c in t.columns}])
        for t in TABLES.values()
        if t not in (MATERIALIZATIONS, TIER_FILES)
    }
    lake.commit(
        [Replacement(table, ["text"], row, by=_partition(table)) for table, row in rows.items()], [], message="all"
    )
    for table, row in rows.items():
        read = lake.read(table, ["text"]) if "batch" in table.schema else lake.read(table)
        assert read.equals(row), table.name


def _partition(table: Table) -> str:
    """Releases and training runs are of no batch."""
    return "batch" if "batch" in table.schema else table.key[0]


def test_every_table_stands_in_the_catalog_with_its_description(lake: Lake) -> None:
    found = lake.query("SELECT table_name, comment FROM duckdb_tables() WHERE database_name = 'lake'")
    assert dict(found.iter_rows()) == {t.name: t.description for t in (*TABLES.values(), SHEET, DICTIONARY)}


def test_opening_a_lake_that_is_up_to_date_writes_nothing(lake: Lake) -> None:
    before = snapshots(lake)
    assert snapshots(Lake(lake.settings)) == before


def test_an_old_lake_gets_the_columns_and_tables_that_newer_code_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    with monkeypatch.context() as older:
        short = replace(SHOTS, columns=tuple(c for c in SHOTS.columns if c.name != "ends"))
        older.setitem(TABLES, "shots", short)
        older.delitem(TABLES, "source_files")
        older.setattr(schemas, "SHOTS", short)
        old = place.lake(sql_dir=_sql_without_views(tmp_path))
        _commit_as(old, short, "old")
    lake = place.lake()
    commit_shots(lake, "new", 2)
    assert lake.read(SHOTS, ["old"]).equals(shots("old", 2))
    assert lake.read(SHOTS, ["new"]).equals(shots("new", 2))
    assert lake.read(schemas.SOURCE_FILES).equals(schemas.SOURCE_FILES.empty())
    comment = "SELECT comment FROM duckdb_columns() WHERE database_name = 'lake' AND table_name = 'shots' AND column_name = 'ends'"
    assert lake.query(comment).item() == next(c.description for c in SHOTS.columns if c.name == "ends")


def test_a_lake_that_has_columns_which_nothing_measures_any_more_goes_on_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {
        schemas.FRAME_SIGNALS: ["mv_mean", "mv_x", "mv_y"],
        schemas.DECODED_VIDEOS: ["motion_vectors"],
        MOTION_SCORES.table: ["pan_x", "pan_y"],
    }
    more = {
        table: replace(table, columns=(*table.columns, *(Column(n, pl.Float32(), "of the codec") for n in names)))
        for table, names in gone.items()
    }
    written = {
        table: more[table].frame(
            [{c.name: VALUES[c.dtype] for c in table.columns} | dict.fromkeys(names, 0.5)], batch="old"
        )
        for table, names in gone.items()
    }
    place = Place(tmp_path)
    with monkeypatch.context() as older:
        older.setattr("video_assets.lake.lake.tables", lambda _: TABLES | {t.name: t for t in more.values()})
        old = place.lake(sql_dir=_sql_without_views(tmp_path))
        old.commit([Replacement(more[t], ["old"], rows) for t, rows in written.items()], [], message="old")
    lake = place.lake()
    for table, names in gone.items():
        before = written[table].drop(names)
        lake.commit([Replacement(table, ["new"], before.with_columns(batch=pl.lit("new")))], [], message="new")
        assert lake.read(table, ["old"]).equals(before)
        assert lake.read(table, ["new"]).drop("batch").equals(before.drop("batch"))
        kept = lake.query(f"SELECT batch, {', '.join(names)} FROM {table.name} ORDER BY batch")
        assert kept.rows() == [("new", *[None] * len(names)), ("old", *[0.5] * len(names))]
    assert lake.query("FROM clip_sheet").height == 0


OUTCOMES: dict[tuple[str, str | None], list[bool | None]] = {
    ("kept", None): [True, True, True],
    ("dropped", "clear"): [True, None, False],
    ("undecided", "not_near_benchmark"): [None, True, None],
}


def test_of_every_table_its_size_is_noted_also_of_those_that_never_had_a_row(lake: Lake) -> None:
    metadata = f"__ducklake_metadata_{catalog.NAME}"
    unnoted = lake.query(
        f"SELECT table_name FROM {metadata}.ducklake_table WHERE end_snapshot IS NULL "
        f"AND table_id NOT IN (SELECT table_id FROM {metadata}.ducklake_table_stats)"
    )
    assert unnoted["table_name"].to_list() == []
    commit_shots(lake, "sized", 3)
    commit_shots(lake, "sized too", 2)
    found = lake.query(
        "SELECT count(*), max(start_frame) FROM shots WHERE version IS NOT NULL AND starts_with(batch, 'sized')"
    )
    assert found.rows() == [(5, 20)]


@pytest.mark.parametrize("older", [False, True], ids=["outcomes in order", "outcomes with their rules' names"])
def test_a_lake_whose_verdicts_were_a_table_says_the_same_by_the_view(tmp_path: Path, older: bool) -> None:
    place, names = Place(tmp_path), ["not_near_benchmark", "smooth", "clear"]
    old = place.lake(sql_dir=_sql_without_views(tmp_path))
    rules = TIER_RULES_HISTORY.frame(
        pl.DataFrame({"number": [1, 2, 3], "rule": names}), batch="", tier="lab/usual", version="1"
    )
    if not older:
        old.commit([Replacement(TIER_RULES_HISTORY, [""], rules)], [], message="rules")
    column = "rules STRUCT(rule VARCHAR, passed BOOLEAN)[]" if older else "passed BOOLEAN[]"
    with old.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE tier_verdicts (batch VARCHAR, tier VARCHAR, clip_id VARCHAR, kept BOOLEAN, verdict VARCHAR, "
            f"decided_by VARCHAR, {column}, version VARCHAR)"
        )
        for (verdict, rule), passed in OUTCOMES.items():
            written = [{"rule": n, "passed": p} for n, p in zip(names, passed, strict=True)] if older else passed
            row = ["a", "lab/usual", verdict, verdict == "kept", verdict, rule, written, "1"]
            cursor.execute("INSERT INTO tier_verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    lake = place.lake()
    verdicts = lake.query("SELECT clip_id, verdict, decided_by, passed FROM tier_verdicts ORDER BY clip_id")
    assert verdicts.rows() == sorted((said, said, rule, outcome) for (said, rule), outcome in OUTCOMES.items())
    assert (
        lake.read(TIER_RULES_HISTORY)
        .select("tier", "number", "rule", "version")
        .equals(rules.select("tier", "number", "rule", "version"))
    )


def test_a_view_is_made_after_those_that_it_reads() -> None:
    views = {
        "a": "FROM b JOIN clip_sheet",
        "b": "-- Read by a.\nFROM costs_of_all",
        "clip_measurements": "FROM z",
        "y": "FROM clip_measurements",
        "z": "FROM clips",
    }
    order = list(in_order(views))
    assert sorted(order) == sorted(views)
    for reader, read in (
        ("a", "b"),
        ("a", "clip_measurements"),
        ("clip_measurements", "z"),
        ("y", "clip_measurements"),
    ):
        assert order.index(read) < order.index(reader)


def _commit_as(lake: Lake, table: Table, batch: str) -> None:
    lake.commit([Replacement(table, [batch], shots(batch, 2).select(table.schema.names()))], [], message="old")


def _sql_without_views(folder: Path) -> Path:
    (folder / "sql" / "views").mkdir(parents=True)
    return folder / "sql"


def test_a_view_is_made_anew_when_its_text_changes_and_only_then(tmp_path: Path) -> None:
    views = _sql_without_views(tmp_path) / "views"
    (views / "long_shots.sql").write_text("SELECT * FROM shots WHERE shot < 2;\n")
    settings = Settings(lake=LakeSettings(root=str(tmp_path / "lake")), sql_dir=views.parent)
    lake = Lake(settings)
    commit_shots(lake, "a", 5)
    assert lake.query("FROM long_shots").height == 2
    before = snapshots(lake)
    assert snapshots(Lake(settings)) == before
    (views / "long_shots.sql").write_text("SELECT * FROM shots WHERE shot < 3;\n")
    again = Lake(settings)
    assert again.query("FROM long_shots").height == 3
    assert snapshots(again) == before + 1


def test_the_shipped_sheet_stands_in_the_lake(lake: Lake) -> None:
    rows = lake.query("SELECT * FROM clip_sheet WHERE batch = 'nowhere'")
    assert rows.height == 0
    assert {"clip_id", "licence", "sharpness", "vmaf_motion"} <= set(rows.columns)


def test_rows_with_a_column_that_the_table_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shots has no column sharpnes\."):
        SHOTS.frame([{"shot_id": "x", "sharpnes": 1.0}])


def test_rows_are_brought_into_the_tables_order_and_types_and_absent_columns_are_null() -> None:
    frame = SHOTS.frame([{"shot": 2, "video_id": "b"}, {"shot": 1, "video_id": "b"}], batch="x")
    assert frame.schema == SHOTS.schema
    assert frame["shot"].to_list() == [1, 2]
    assert frame["end_pts"].to_list() == [None, None]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_table_has_a_key_among_its_columns_and_sentences_for_all_of_them(table: Table) -> None:
    assert set(table.key) <= set(table.schema)
    assert len(table.schema) == len(table.columns)
    assert all(c.description.endswith(".") for c in table.columns)
    assert isinstance(table.empty(), pl.DataFrame)
