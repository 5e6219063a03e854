"""Answers on a terminal: what fits, what is left out, and how values are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from video_assets import show
from video_assets.tables import Rows, block, fitted, records, shortened, whole
from video_assets.written import counted, number, text

ID = "f9f84904820f279cb451762bf75590d7"


def lines(answer: Rows, width: int = 80, most: int | None = 40) -> list[str]:
    return fitted(answer, width, most).table.splitlines()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.2e-05, "0.000012"), (0.0, "0"), (-0.5, "-0.5"), (41.0567, "41.06"), (3725.4812, "3725.48"), (5.28, "5.28"),
        (12345678.9, "12345678.9"), (1e20, "100000000000000000000"), (2 / 3, "0.6667"), (float("inf"), "inf"),
        (float("nan"), "nan"), (100.0, "100"), (99999.999, "100000"),
    ],
)  # fmt: skip
def test_numbers_are_written_plainly(value: float, written: str) -> None:
    assert number(value) == written


@given(st.floats(min_value=1e-12, max_value=1e20) | st.floats(min_value=-1e20, max_value=-1e-12))
def test_no_number_has_an_exponent_and_all_are_near(value: float) -> None:
    assert "e" not in number(value)
    assert float(number(value)) == pytest.approx(value, rel=6e-4)


def test_values_of_every_kind_stand_on_one_line() -> None:
    told = [None, True, b"\xff\xd8", [1.2e-05, None], {"a": [1]}, datetime(2026, 3, 1, tzinfo=UTC), "a\nb\x1b[31m"]
    assert [text(v) for v in told] == [
        "NULL", "true", "<2 bytes>", "[0.000012, NULL]", "{a: [1]}", "2026-03-01 00:00:00+00:00", "a\\nb\\x1b[31m",
    ]  # fmt: skip


def test_counts_have_their_plural() -> None:
    assert [counted(n, what) for n, what in ((1, "row"), (2, "batch"), (1500, "clip"))] == [
        "1 row", "2 batches", "1,500 clips",
    ]  # fmt: skip


def test_of_159_columns_those_that_fit_are_shown_and_the_others_counted() -> None:
    sheet = Rows(["clip_id", *(f"column_{i}" for i in range(158))], [False] + [True] * 158, [[ID, *range(158)]] * 5)
    found = fitted(sheet, 80)
    assert found.narrowed
    assert found.footer == "5 rows, 159 columns (5 shown)"
    assert found.table.splitlines()[0].split() == ["clip_id", "column_0", "column_1", "…", "column_156", "column_157"]
    assert found.table.splitlines()[2].split() == [ID, "0", "1", "…", "156", "157"]
    assert max(map(len, found.table.splitlines())) <= 80


def test_long_texts_give_way_before_a_column_is_left_out_and_ids_never() -> None:
    says = "a person walks along a street and carries a large umbrella in the rain"
    found = fitted(Rows(["clip_id", "says"], [False, False], [[ID, says]]), 80)
    assert found.footer == "1 row"
    assert found.table.splitlines()[2] == f"{ID}  a person walks along a street and carri…"
    assert says in "\n".join(lines(Rows(["clip_id", "says"], [False, False], [[ID, says]]), 0))


def test_of_many_rows_the_first_and_the_last_are_shown() -> None:
    many = Rows(["n"], [True], [[n] for n in range(1000)])
    found = fitted(many, 80, 6)
    assert found.table.split() == ["n", "───", "0", "1", "2", "…", "997", "998", "999"]
    assert found.footer == "1,000 rows (6 shown)"
    assert fitted(many, 80, None).footer == "1,000 rows"


def test_a_record_has_a_line_a_column_and_breaks_no_word() -> None:
    says = f"It is near {ID} in {'very ' * 20}much"
    printed = records(Rows(["clip_id", "says"], [False, False], [[ID, says]] * 2), 60)
    assert printed.count(f"clip_id  {ID}") == 2
    assert max(map(len, printed.splitlines())) <= 60
    assert " ".join(printed.split()).count(says) == 2


def test_a_block_is_indented_and_breaks_no_word() -> None:
    assert block("head", f"a {ID} b", width=30) == f"head\n    a\n    {ID}\n    b"


def test_a_small_table_is_whole_or_none() -> None:
    small = Rows(["rule", "clips_left"], [False, True], [["all clips", 22]])
    assert whole(small, 80) == "           clips\nrule        left\n─────────  ─────\nall clips     22"
    assert whole(small, 15) is None


CELLS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats() | st.text(max_size=60)


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.lists(st.text(max_size=20), min_size=n, max_size=n),
            st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=8),
        )
    ),
    st.integers(80, 200),
)
def test_every_table_fits_and_keeps_every_id(table: tuple[list[str], list[list[object]]], width: int) -> None:
    names, values = table
    answer = Rows([*names, "clip_id"], [False] * (len(names) + 1), [[*row, ID] for row in values])
    found = fitted(answer, width)
    if found.narrowed:
        assert re.search(r", \d+ columns \(\d+ shown\)$", found.footer)
    assert all(cell_len(line) <= width for line in found.table.splitlines()) or len(answer.names) == 1
    assert len(found.table.splitlines()) == 2 + len(values)
    if "clip_id" in found.table.splitlines()[0]:
        assert all(ID in line for line in found.table.splitlines()[2:])


def test_a_name_is_cut_in_its_middle_where_a_list_must_fit() -> None:
    listed = Rows(["clip_id", "file_name"], [False, False], [[ID, "a_long_name_of_a_film_1080p.mp4"], [ID, "b.mp4"]])
    printed = whole(shortened(listed, "file_name", 50), 50)
    assert printed is not None
    assert printed.splitlines()[-2:] == [f"{ID}  a_long_n…80p.mp4", f"{ID}  b.mp4"]


def test_a_title_that_is_too_long_for_a_line_breaks_between_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    title = "movie_gen/augmented_high_resolution: Movie Gen, augmented high-resolution training set"
    show.frame(pl.DataFrame({"rule": ["all clips"]}), title=f"\n{title}")
    blank, first, second, *_ = capsys.readouterr().out.splitlines()
    assert (blank, f"{first} {second}") == ("", title)
    assert len(first) <= 80
