"""The computed version words: what counts as the same content, and as the same code."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.lake.schemas import Column, Table
from video_assets.lake.versions import code_version, combined, data_version, short_hash

RULES = pl.List(pl.Struct({"rule": pl.String(), "passed": pl.Boolean()}))
STABLE: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "text": (pl.String(), st.text(max_size=30)),
    "flag": (pl.Boolean(), st.booleans()),
    "small": (pl.Int32(), st.integers(-9, 9)),
    "share": (pl.Float32(), st.floats(width=32, allow_nan=False)),
    "seconds": (pl.Float64(), st.floats(allow_nan=False)),
    "picture": (pl.Binary(), st.binary(max_size=20)),
    "seen": (pl.Datetime("us", "UTC"), st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))),
    "rules": (
        RULES,
        st.lists(st.fixed_dictionaries({"rule": st.text(max_size=15), "passed": st.none() | st.booleans()}), max_size=3),
    ),
}  # fmt: skip
TABLE = Table(
    "things",
    "What is tested.",
    ("key",),
    (
        Column("batch", pl.String(), "Batch."),
        Column("key", pl.String(), "Key."),
        *(Column(name, dtype, name) for name, (dtype, _) in STABLE.items()),
        Column("cost", pl.Float64(), "Cost.", volatile=True),
        Column("version", pl.String(), "Version."),
    ),
)
ROW = st.fixed_dictionaries(
    {"key": st.uuids().map(str)} | {name: st.none() | values for name, (_, values) in STABLE.items()}
)
ROWS = st.lists(ROW, min_size=1, max_size=8, unique_by=lambda row: row["key"])


def frame(rows: list[dict[str, Any]], **constant: object) -> pl.DataFrame:
    return TABLE.frame(rows, **constant)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], chance: random.Random) -> None:
    made = frame(rows)
    order = list(range(made.height))
    chance.shuffle(order)
    assert data_version(made[order], TABLE) == data_version(made, TABLE)


@given(ROWS, ROWS)
def test_where_the_rows_come_from_does_not_matter(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    strangers = [row | {"key": f"other {row['key']}"} for row in others]
    found = frame([*strangers, *rows]).filter(~pl.col("key").str.starts_with("other"))
    assert data_version(found, TABLE) == data_version(frame(rows), TABLE)


@given(ROWS)
def test_what_stands_behind_a_null_does_not_matter(rows: list[dict[str, Any]]) -> None:
    made = frame(rows)
    shown = pl.int_range(pl.len()) % 2 == 0
    hidden = made.with_columns(pl.when(shown).then(pl.col(name)) for name in STABLE)
    blank = frame([row if i % 2 == 0 else {"key": row["key"]} for i, row in enumerate(made.to_dicts())])
    assert data_version(hidden, TABLE) == data_version(blank, TABLE)


@given(ROWS, st.floats(0, 9), st.text(max_size=5), st.text(max_size=5))
def test_batch_version_and_costs_do_not_matter(
    rows: list[dict[str, Any]], cost: float, batch: str, version: str
) -> None:
    assert data_version(frame(rows, cost=cost, batch=batch, version=version), TABLE) == data_version(frame(rows), TABLE)


@given(ROWS, st.data())
def test_one_changed_value_matters(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(STABLE)))
    place = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(st.none() | STABLE[name][1])
    changed = [row | {name: other} if i == place else row for i, row in enumerate(rows)]
    same = frame(changed).equals(frame(rows))
    # 0.0 and -0.0 are equal, and yet not the same measurement.
    if not (same and isinstance(other, float)):
        assert (data_version(frame(changed), TABLE) == data_version(frame(rows), TABLE)) == same


@given(ROWS)
def test_one_row_less_matters(rows: list[dict[str, Any]]) -> None:
    assert data_version(frame(rows)[:-1], TABLE) != data_version(frame(rows), TABLE)


def test_a_boundary_between_two_texts_matters() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc", ""), ("abc", None), (None, "abc")]
    versions = {data_version(frame([{"key": "1", "text": a}, {"key": "2", "text": b}]), TABLE) for a, b in texts}
    assert len(versions) == len(texts)


def test_a_boundary_between_two_lists_matters() -> None:
    rule = {"rule": "a", "passed": True}
    lists = [([rule, rule], [rule]), ([rule], [rule, rule]), ([rule] * 3, []), ([rule] * 3, None)]
    versions = {data_version(frame([{"key": "1", "rules": a}, {"key": "2", "rules": b}]), TABLE) for a, b in lists}
    assert len(versions) == len(lists)


@pytest.mark.parametrize("group", [1, 7, 100])
def test_a_file_has_the_version_of_its_rows_whatever_its_layout(tmp_path: Path, group: int) -> None:
    rows = frame(
        [{"key": f"{i:02}", "text": f"text {i}" * (i % 4), "picture": bytes(i), "seconds": i / 7} for i in range(50)]
    )
    rows.reverse().write_parquet(tmp_path / "rows.parquet", row_group_size=group)
    assert data_version(tmp_path / "rows.parquet", TABLE) == data_version(rows, TABLE)


def test_a_version_is_the_same_on_every_machine_and_every_day() -> None:
    rows = frame(
        [
            {
                "key": "1",
                "text": "clip",
                "flag": True,
                "small": 3,
                "seconds": 0.5,
                "rules": [{"rule": "a", "passed": None}],
            }
        ]
    )
    assert data_version(rows.drop("picture"), _without_pictures()) == "43735eebf0b10b09"


def _without_pictures() -> Table:
    return Table(TABLE.name, TABLE.description, TABLE.key, tuple(c for c in TABLE.columns if c.name != "picture"))


def test_a_code_version_begins_with_the_number_that_people_raise() -> None:
    assert code_version("3", {}).startswith("3-")
    assert code_version("3", {}) != code_version("4", {})


def test_parameters_and_weights_change_the_code_version_and_their_order_does_not() -> None:
    versions = {
        code_version("1", {"a": 1, "b": 2}),
        code_version("1", {"a": 1, "b": 3}),
        code_version("1", {"a": 1}),
        code_version("1", {"a": 1, "b": 2}, {"net": "0f"}),
        code_version("1", {"a": 1, "b": 2}, {"net": "0e"}),
    }
    assert len(versions) == 5
    assert code_version("1", {"b": 2, "a": 1}) == code_version("1", {"a": 1, "b": 2})
    assert code_version("1", {}, {"x": "1", "y": "2"}) == code_version("1", {}, {"y": "2", "x": "1"})


def test_one_data_version_stays_as_it_is_and_several_are_one() -> None:
    assert combined("a") == "a"
    assert len({combined("a", "b"), combined("b", "a"), combined("a"), combined("ab")}) == 4


def test_text_and_its_bytes_have_one_hash() -> None:
    assert short_hash("clip") == short_hash(b"clip") == "67905ad3cc2dd52b"
