"""Looking for traces: in bytes, and in what is packed in them."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from video_assets.takedown.traces import Traces

ID = "0123456789abcdef" * 2
NAME = "Jürgen's holiday.mp4"
TRACES = Traces({ID, NAME})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (f"x{ID}y", True),
        (f"{ID}{ID}", True),
        (ID[:-1], False),
        (f"{ID}{chr(102) * 32}", True),
        (NAME, True),
        (json.dumps({"file": NAME}), True),
        (json.dumps(json.dumps({"file": NAME})), True),
        (json.dumps({"file": NAME}, ensure_ascii=False), True),
        ("Juergen's holiday.mp4", False),
    ],
)
def test_an_id_is_found_among_digits_and_a_name_however_json_writes_it(data: str, found: bool) -> None:
    assert bool(TRACES.in_bytes(data.encode())) is found


@pytest.mark.parametrize("compression", ["zstd", "snappy", "uncompressed"])
def test_a_name_in_the_middle_of_a_column_is_found_in_its_rows(tmp_path: Path, compression: str) -> None:
    values = [f"{letter} {number}" for letter in "AZ" for number in range(3000)]
    frame = pl.DataFrame({"text": [*values[:3000], NAME, *values[3000:]]})
    frame.write_parquet(tmp_path / "rows.parquet", compression=compression, statistics=True)  # type: ignore[arg-type]
    assert TRACES.in_file(tmp_path / "rows.parquet") > 0
    frame.filter(pl.col("text") != NAME).write_parquet(tmp_path / "rows.parquet", compression=compression)  # type: ignore[arg-type]
    assert TRACES.in_file(tmp_path / "rows.parquet") == 0


@pytest.mark.parametrize(
    "value",
    [
        pl.Series([["a", NAME]]),
        pl.Series([[{"name": ID}]]),
        pl.Series([{"inner": [NAME]}]),
        pl.Series([bytes.fromhex(ID)]),
        pl.Series([NAME.encode()]),
    ],
)
def test_lists_structs_and_bytes_are_looked_into(tmp_path: Path, value: pl.Series) -> None:
    value.to_frame("x").write_parquet(tmp_path / "rows.parquet", compression="zstd", statistics=False)
    assert TRACES.in_file(tmp_path / "rows.parquet") > 0


def test_lines_that_are_packed_are_unpacked(tmp_path: Path) -> None:
    (tmp_path / "lines.gz").write_bytes(gzip.compress(f'{{"clip_id":"{ID}"}}\n'.encode() * 50))
    assert TRACES.in_file(tmp_path / "lines.gz") == 50


def test_a_database_is_looked_at_in_its_rows_and_in_its_free_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA secure_delete = off")
        database.execute("CREATE TABLE t(x)")
        database.execute("INSERT INTO t VALUES (?)", (zlib.compress(NAME.encode() * 100),))
        database.commit()
        assert dict(TRACES.in_database(path)) == {"t": 100}
        database.execute("INSERT INTO t VALUES (?)", (NAME,))
        database.commit()
        database.execute("DELETE FROM t")
        database.commit()
    assert (dict(TRACES.in_database(path)), TRACES.in_file(path) > 0) == ({}, True)


def test_what_lies_across_two_parts_of_a_file_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("video_assets.takedown.traces._AT_ONCE", 40)
    (tmp_path / "text").write_text("x" * 30 + NAME + "x" * 61 + NAME + "x" * 5)
    assert TRACES.in_file(tmp_path / "text") == 2


def test_what_is_replaced_is_not_found_any_more() -> None:
    text = json.dumps({"a": NAME, "b": [ID, "kept"]})
    assert json.loads(TRACES.replaced(text, "gone")) == {"a": "gone", "b": ["gone", "kept"]}
