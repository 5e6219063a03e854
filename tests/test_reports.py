"""Pictures and tables for a person."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.place import Place
from video_assets import reports

FINITE = st.floats(-1e12, 1e12, allow_nan=False)
BAR = "#4f43dd"


def svg(markdown: str) -> ET.Element:
    data = markdown.partition("base64,")[2].removesuffix(")")
    return ET.fromstring(base64.b64decode(data, validate=True))


def bars(markdown: str) -> list[ET.Element]:
    return [e for e in svg(markdown).iter() if e.get("fill") == BAR]


@given(st.lists(st.none() | FINITE, max_size=60))
def test_a_histogram_has_a_bar_for_every_value_and_says_how_many_are_missing(values: list[float | None]) -> None:
    known = [v for v in values if v is not None]
    drawn = reports.histogram(pl.Series(values, dtype=pl.Float64), "s")
    if not known:
        assert drawn == f"No values ({len(values)} missing)."
        return
    assert drawn.startswith(f"![{len(known)} values")
    assert ("missing" in drawn.partition("]")[0]) == (len(known) < len(values))
    heights = [float(bar.get("height") or 0) for bar in bars(drawn)]
    assert 1 <= len(heights) <= min(24, len(known))
    assert max(heights) == pytest.approx(130)
    assert all(0 <= float(bar.get("x") or 0) <= 560 for bar in bars(drawn))


def test_the_bars_are_as_high_as_their_counts() -> None:
    drawn = bars(reports.histogram(pl.Series([0.0] * 4 + [10.0]), "s"))
    assert [float(bar.get("height") or 0) for bar in drawn] == [130.0, 32.5]


def test_equal_values_and_nan_make_a_histogram_too() -> None:
    assert len(bars(reports.histogram(pl.Series([3.0, 3.0]), "s"))) == 1
    assert reports.histogram(pl.Series([float("nan"), 1.0]), "s").startswith("![1 values, 1 missing")
    assert reports.histogram(pl.Series([], dtype=pl.Int32), "s") == "No values (0 missing)."


def test_a_funnels_bars_are_as_long_as_what_is_left_and_lines_stand_where_a_paper_puts_them() -> None:
    steps = pl.DataFrame({"rule": ["all clips", "<b>", "c"], "clips_left": [8, 4, 0], "published": [None, 0.25, 0.0]})
    drawn = reports.funnel(steps)
    assert drawn.startswith("![0 of 8 clips are kept; red: the share that the paper publishes](")
    widths = [float(bar.get("width") or -1) for bar in bars(drawn)]
    assert widths == [310.0, 155.0, 0.0]
    lines = [float(e.get("x1") or 0) for e in svg(drawn).iter() if e.tag.endswith("line")]
    assert lines == [190 + 0.25 * 310, 190.0]
    assert reports.funnel(steps.drop("published")).startswith("![0 of 8 clips are kept](")
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
    caption = [
        e.text for e in svg(reports.histogram(pl.Series([1.0]), "<b>&")).iter() if e.get("text-anchor") == "middle"
    ]
    assert caption == ["1 values; median 1 <b>&"]


def test_a_table_is_markdown_and_a_cell_cannot_break_out_of_it() -> None:
    rows = pl.DataFrame({"name": ["a|b\nc", None], "share": [0.123456, 2.0]})
    assert reports.table(rows).splitlines() == [
        "| name | share |", "| --- | --- |", "| a\\|b c | 0.123 |", "|  | 2 |",
    ]  # fmt: skip
    assert reports.table(rows.clear()) == "None."


def test_a_contact_sheet_shows_an_even_share_of_many_clips(curated_few: Place) -> None:
    lake = curated_few.lake()
    spans = lake.query("SELECT batch, video_id, start_pts, end_pts, clip_id AS label FROM clips ORDER BY ALL")
    many = pl.concat([spans] * 5)
    assert reports.contact_sheet(lake, many).startswith(f"![9 of {many.height} clips](data:image/jpeg;base64,")
    assert reports.contact_sheet(lake, spans.clear()) == "No clips."


def test_clips_without_a_keyframe_are_said_and_not_drawn(curated_few: Place) -> None:
    lake = curated_few.lake()
    spans = lake.query(
        "SELECT batch, video_id, -2::BIGINT AS start_pts, -1::BIGINT AS end_pts, clip_id AS label FROM clips"
    )
    assert reports.contact_sheet(lake, spans) == "No keyframes inside these clips."
