"""Pictures and tables for a person."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.place import Place
from video_assets import reports
from video_assets.lake.pages import Picture

FINITE = st.floats(-1e12, 1e12, allow_nan=False)
BAR = "#4f43dd"


def drawing(shown: Picture | str) -> Picture:
    assert isinstance(shown, Picture), shown
    return shown


def svg(shown: Picture | str) -> ET.Element:
    picture = drawing(shown)
    assert picture.kind == "svg"
    return ET.fromstring(picture.data)


def bars(shown: Picture | str) -> list[ET.Element]:
    return [e for e in svg(shown).iter() if e.get("fill") == BAR]


def texts(shown: Picture | str) -> list[str]:
    return [e.text or "" for e in svg(shown).iter() if e.tag.endswith("text")]


@given(st.lists(st.none() | FINITE, max_size=60))
def test_a_histogram_has_a_bar_for_every_value_and_says_how_many_are_missing(values: list[float | None]) -> None:
    known = [v for v in values if v is not None]
    drawn = reports.histogram(pl.Series(values, dtype=pl.Float64), "s")
    if not known:
        assert drawn == f"No values ({len(values)} missing)."
        return
    assert drawing(drawn).says.startswith(f"{len(known)} values")
    assert ("missing" in drawing(drawn).says) == (len(known) < len(values))
    heights = [float(bar.get("height") or 0) for bar in bars(drawn)]
    assert 1 <= len(heights) <= min(24, len(known))
    assert max(heights) == pytest.approx(130)
    assert all(0 <= float(bar.get("x") or 0) <= 560 for bar in bars(drawn))


def test_parts_have_a_bar_each_the_longest_first_and_say_what_is_left_out() -> None:
    rows = pl.DataFrame({"holder": ["Harbour & Films", "a" * 40, "c"], "hours": [2.0, 1.0, 0.5]})
    drawn = reports.parts(rows, "hours", most=2)
    assert [float(bar.get("width") or 0) for bar in bars(drawn)] == [310.0, 155.0]
    assert texts(drawn) == ["Harbour & Films", "2", f"{'a' * 27}…", "1", "hours by holder; 1 others have 0.5"]
    assert reports.parts(rows.clear(), "hours") == "No values."


def test_the_bars_are_as_high_as_their_counts() -> None:
    drawn = bars(reports.histogram(pl.Series([0.0] * 4 + [10.0]), "s"))
    assert [float(bar.get("height") or 0) for bar in drawn] == [130.0, 32.5]


def test_equal_values_and_nan_make_a_histogram_too() -> None:
    assert len(bars(reports.histogram(pl.Series([3.0, 3.0]), "s"))) == 1
    assert drawing(reports.histogram(pl.Series([float("nan"), 1.0]), "s")).says.startswith("1 values, 1 missing")
    assert reports.histogram(pl.Series([], dtype=pl.Int32), "s") == "No values (0 missing)."


def test_a_funnels_bars_are_as_long_as_what_is_left_and_lines_stand_where_a_paper_puts_them() -> None:
    steps = pl.DataFrame({"rule": ["all clips", "<b>", "c"], "clips_left": [8, 4, 0], "published": [None, 0.25, 0.0]})
    drawn = reports.funnel(steps)
    assert drawing(drawn).says == "0 of 8 clips are kept; red: the share that the paper publishes"
    widths = [float(bar.get("width") or -1) for bar in bars(drawn)]
    assert widths == [310.0, 155.0, 0.0]
    lines = [float(e.get("x1") or 0) for e in svg(drawn).iter() if e.tag.endswith("line")]
    assert lines == [190 + 0.25 * 310, 190.0]
    assert drawing(reports.funnel(steps.drop("published"))).says == "0 of 8 clips are kept"
    assert reports.funnel(steps.head(0)) == "No clips."


def test_a_page_holds_its_tables_sentences_and_images_and_escapes_them() -> None:
    rows = pl.DataFrame({"holder": ["<b>", None], "hours": [1.23456, 2.0]})
    page = reports.page("What & if", ["1 < 2", rows, reports.histogram(pl.Series([1.0]), "s"), rows.head(0)])
    assert "<h1>What &amp; if</h1><p>1 &lt; 2</p>" in page
    assert (
        "<tr><th>holder</th><th>hours</th></tr><tr><td>&lt;b&gt;</td><td>1.235</td></tr><tr><td></td><td>2</td></tr>"
        in page
    )
    assert page.count('<img alt="1 values; median 1 s" src="data:image/svg+xml;base64,') == 1
    assert page.endswith("<p>None.</p></html>\n")


def test_a_caption_cannot_break_out_of_its_image() -> None:
    assert "1 values; median 1 <b>&" in texts(reports.histogram(pl.Series([1.0]), "<b>&"))


def test_a_table_is_markdown_and_a_cell_cannot_break_out_of_it() -> None:
    rows = pl.DataFrame({"name": ["a|b\nc", None], "share": [0.123456, 2.0]})
    assert reports.table(rows).splitlines() == [
        "| name | share |", "| --- | --- |", "| a\\|b c | 0.1235 |", "|  | 2 |",
    ]  # fmt: skip
    assert reports.table(rows.clear()) == "None."


@given(st.lists(st.tuples(st.text(), st.none() | FINITE), min_size=1, max_size=8))
def test_a_drawn_table_has_whatever_was_typed_and_says_nothing_of_it(rows: list[tuple[str, float | None]]) -> None:
    # Polars takes text that is UTF-8, which lone halves of a letter are not.
    typed = [(name.encode(errors="replace").decode(), share) for name, share in rows]
    drawn = reports.drawn_table(pl.DataFrame(typed, schema={"file_name": pl.String, "share": pl.Float64}, orient="row"))
    assert drawing(drawn).says == f"{len(rows)} rows: file_name, share"
    found = "".join("".join(texts(drawn)).split())
    for name, _ in typed:
        # What XML cannot hold is shown as a letter that stands for it.
        plain = "".join(c for c in name if c.isprintable() and not c.isspace())
        assert all(c in found for c in plain)


def test_a_drawn_table_folds_long_texts_and_holds_its_pictures() -> None:
    rows = pl.DataFrame({"caption": ["word " * 20, "ok"], "n": [1, 22]})
    small = Picture(b"jpeg", "jpg", "clip")
    drawn = reports.drawn_table(rows, {0: (small, 160, 90)})
    assert [t for t in texts(drawn) if t.startswith("word")] == ["word word word word word word word"] * 2 + [
        "word word word word word word"
    ]
    [image] = [e for e in svg(drawn).iter() if e.tag.endswith("image")]
    assert (image.get("width"), image.get("height"), image.get("href")) == (
        "160",
        "90",
        "data:image/jpeg;base64,anBlZw==",
    )
    assert reports.drawn_table(rows.clear()) == "None."
    assert sum(float(e.get("height") or 0) for e in svg(drawn).iter() if e.get("fill") == "#f2f2f7") < float(
        svg(drawn).get("height") or 0
    )


def test_a_contact_sheet_shows_an_even_share_of_many_clips(curated_few: Place) -> None:
    lake = curated_few.lake()
    spans = lake.query("SELECT batch, video_id, start_pts, end_pts, clip_id AS label FROM clips ORDER BY ALL")
    many = pl.concat([spans] * 5)
    sheet = drawing(reports.contact_sheet(lake, many))
    assert (sheet.kind, sheet.says) == ("jpg", f"9 of {many.height} clips")
    assert reports.contact_sheet(lake, spans.clear()) == "No clips."


def test_clips_without_a_keyframe_are_said_and_not_drawn(curated_few: Place) -> None:
    lake = curated_few.lake()
    spans = lake.query(
        "SELECT batch, video_id, -2::BIGINT AS start_pts, -1::BIGINT AS end_pts, clip_id AS label FROM clips"
    )
    assert reports.contact_sheet(lake, spans) == "No keyframes inside these clips."
