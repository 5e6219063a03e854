"""Asking in SQL: forms of the answer, files, questions, and what people type that is no query."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.commands import answer, ask, refusal, rows
from tests.place import Place

SHEET = "FROM clip_sheet ORDER BY clip_id LIMIT 5"


def test_what_the_demo_recommends_shows_ids_whole_on_80_columns(there: Place) -> None:
    ids = there.lake().query(f"SELECT clip_id {SHEET}")["clip_id"]
    printed = answer("sql", f"SELECT * {SHEET}")
    assert max(map(len, printed.splitlines())) <= 80
    assert all(clip in printed for clip in ids)
    columns = len(there.lake().query(f"SELECT * {SHEET}").columns)
    assert f"5 rows, {columns} columns (" in printed
    assert "--line shows each row in full" in printed


def test_one_wide_row_and_every_row_by_line_are_shown_in_full(there: Place) -> None:
    columns = there.lake().query(f"SELECT * {SHEET}").columns
    one = answer("sql", "FROM clip_sheet ORDER BY clip_id LIMIT 1")
    names = [line.split()[0] for line in one.splitlines()[1:-1] if line[:20].strip()]
    assert set(columns) <= set(names)
    assert answer("sql", "--line", f"SELECT * {SHEET}").count(" clip_id  ") == 5


def test_everything_side_by_side_leaves_nothing_out(there: Place) -> None:
    printed = answer("sql", "--all", f"SELECT * {SHEET}")
    columns = there.lake().query(f"SELECT * {SHEET}").columns
    assert printed.splitlines()[0].split() == columns
    assert len(answer("sql", "--all", "FROM frame_signals").splitlines()) > 500
    assert "rows (40 shown)" in answer("sql", "SELECT frame FROM frame_signals")


def test_numbers_have_no_exponents_and_rows_are_counted(there: Place) -> None:
    printed = answer("sql", "SELECT 1.2e-05::DOUBLE AS a, 123456789.5::DOUBLE AS b")
    assert printed.splitlines()[2].split() == ["0.000012", "123456789.5"]
    assert printed.splitlines()[-1] == "1 row"
    assert answer("sql", "SELECT 1 WHERE FALSE").splitlines()[-1] == "0 rows"


def test_what_is_no_number_is_null_in_json(there: Place) -> None:
    query = "SELECT 'inf'::DOUBLE AS a, 'nan'::FLOAT AS \"b \"\"c\", [1.5, 'nan'::DOUBLE] AS d, 2.5 AS e"

    def refuse(said: str) -> None:
        raise ValueError(f"{said} is no JSON")

    found = json.loads(answer("sql", "--json", query), parse_constant=refuse)
    assert found == [{"a": None, 'b "c': None, "d": [1.5, None], "e": 2.5}]


def test_nested_values_go_to_csv_json_and_parquet_whole(there: Place) -> None:
    query = "SELECT clip_id, subjects, embedding_model, NULL AS nothing FROM clip_embeddings ORDER BY clip_id"
    expected = there.lake().query(query)
    assert [r["clip_id"] for r in rows(answer("sql", "--csv", query))] == expected["clip_id"].to_list()
    assert len(rows(answer("sql", "--csv", "FROM clip_sheet"))) == 22
    found = json.loads(answer("sql", "--json", query))
    assert [r["subjects"][0]["subject"] for r in found] == [s[0]["subject"] for s in expected["subjects"]]
    assert found[0]["nothing"] is None
    for ending in ("csv", "json", "jsonl", "parquet"):
        said = ask("sql", query, "-o", f"answer.{ending}")
        assert (said.exit_code, said.stdout) == (0, "")
        assert duckdb.sql(f"SELECT count(DISTINCT clip_id) FROM 'answer.{ending}'").fetchall() == [(18,)]
    assert pl.read_parquet("answer.parquet")["subjects"].to_list() == expected["subjects"].to_list()
    assert sorted(p.name for p in Path.cwd().iterdir() if p.is_file()) == [
        "answer.csv", "answer.json", "answer.jsonl", "answer.parquet",
    ]  # fmt: skip


def test_numbers_are_not_rounded_for_other_programs(there: Place) -> None:
    query = "SELECT vmaf_motion FROM clip_sheet WHERE vmaf_motion IS NOT NULL ORDER BY clip_id"
    expected = there.lake().query(query)["vmaf_motion"].to_list()
    assert [r["vmaf_motion"] for r in json.loads(answer("sql", "--json", query))] == expected


def test_a_question_is_asked_by_its_name(there: Place) -> None:
    assert len(rows(answer("sql", "--csv", "hours_per_tier"))) == 25
    listed = answer("questions")
    assert "hours_per_tier\n    How much does each tier keep, drop and leave undecided?" in listed
    said = refusal("sql", "hours_per_tire")
    assert said.startswith("There is no question hours_per_tire. Did you mean hours_per_tier?")
    assert "'FROM clip_sheet'" in refusal("sql", "clip_sheet")


GARBAGE = {
    "empty.sql": b"", "comments.sql": b"-- nothing\n/* at all */\n", "binary.sql": b"\xff\xfe\x00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "There is no SQL in this"),
        ("  ;; ", "There is no SQL in this"),
        ("/* a comment */ -- and another", "There is no SQL in this"),
        ("empty.sql", "There is no SQL in this"),
        ("comments.sql", "There is no SQL in this"),
        ("binary.sql", "binary.sql is no text; give a file of SQL, in UTF-8."),
        ("SELEC 1", "syntax error"),
        ("FROM clip_shet", 'Did you mean "clip_sheet"?'),
        ("SELECT clipid FROM clips", "Candidate bindings"),
        ("DELETE FROM clips", "read-only"),
        ("CREATE TABLE mine (a INT)", "read-only"),
        ("SELECT $1", "parameter"),
        ("SELECT error('boom')", "boom"),
        ("SELECT 'a'::INT", "Could not convert"),
        ("FROM 'nowhere.csv'", "nowhere.csv"),
        ("FROM connection", "connection does not exist"),
        ("SELECT 1; SELEC 2", "syntax error"),
        ("COPY (SELECT 1) TO '/nowhere/at/all.csv'", "Cannot open file"),
    ],
)
def test_what_is_no_query_is_answered_with_a_sentence(there: Place, query: str, sentence: str) -> None:
    for name, content in GARBAGE.items():
        Path(name).write_bytes(content)
    assert sentence in ask("sql", query).output
    refusal("sql", query)
    refusal("sql", "--csv", query)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("no.sql", "There is no file no.sql"),
        ("no/such/file.sql", "There is no file no/such/file.sql"),
        ("folder/", "folder is a folder; give a file of SQL."),
        ("folder.sql", "folder.sql is a folder; give a file of SQL."),
    ],
)
def test_a_file_of_sql_that_is_not_there_is_a_mistake_in_typing(there: Place, file: str, sentence: str) -> None:
    Path("folder").mkdir()
    Path("folder.sql").mkdir()
    assert sentence in refusal("sql", file, code=2)


def test_statements_run_in_order_and_the_last_one_answers(there: Place) -> None:
    assert rows(answer("sql", "--csv", "SELECT 1 AS a; SELECT 2 AS b")) == [{"b": "2"}]
    assert rows(answer("sql", "--csv", "CREATE TEMP TABLE t AS SELECT 3 AS c; FROM t")) == [{"c": "3"}]
    assert answer("sql", "SET threads = 1") == ""
    assert "has no rows to write" in refusal("sql", "--csv", "SET threads = 1")
    assert rows(answer("sql", "--csv", "SELECT 1 AS a, 2 AS a")) == [{"a": "1", "a_1": "2"}]
    assert "EMPTY_RESULT" in answer("sql", "EXPLAIN SELECT 1 WHERE FALSE")


@pytest.mark.parametrize("file", ["answer.xls", "nowhere/answer.csv", "answer"])
def test_what_cannot_be_written_is_said(there: Place, file: str) -> None:
    said = refusal("sql", "SELECT 1", "-o", file)
    assert "give it one of these endings" in said or "There is no folder nowhere" in said


def test_forms_without_a_query_are_wrong_usage(there: Place) -> None:
    assert "Say what to ask" in refusal("sql", "--csv", code=2)


def test_lists_name_what_the_lake_has(there: Place) -> None:
    tiers = json.loads(answer("tiers", "--json"))["tiers"]
    assert len(tiers) == 13
    [chosen] = [t for t in tiers if t["tier"] == "movie_gen/low_resolution"]
    assert (chosen["kept"], chosen["dropped"], chosen["undecided"], chosen["drawn"]) == (4, 18, 0, True)
    assert "movie_gen/low_resolution: Movie Gen, low-resolution training set\n    4 clips kept" in answer("tiers")
    batch = there.lake().query("SELECT DISTINCT batch FROM clips").item()
    assert batch in answer("batches")
    kept = answer("clips", "--tier", "movie_gen/low_resolution", "--verdict", "kept")
    assert kept.splitlines()[-1] == "4 clips"
    assert kept.count(" kept ") == 4
    some = answer("clips", "--most", "3", "--batch", batch.rpartition("-")[2][:6])
    assert some.splitlines()[-1] == "22 clips (3 shown; --most shows more)"
    assert "There is no batch 'zz'" in refusal("clips", "--batch", "zz")
    assert "Say whose verdict" in refusal("clips", "--verdict", "kept", code=2)
