"""Pages of a person's own: one file with nothing outside it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import polars as pl

from video_assets.curate.coverage import Coverage
from video_assets.lake.pages import Picture
from video_assets.reports.charts import histogram
from video_assets.reports.drawing import data_uri
from video_assets.reports.tables import cell, table


def coverage(found: Coverage, shares: pl.DataFrame | None = None) -> str:
    """What a tier keeps, as Markdown with plots; ``shares`` is what a draw from it reaches of its mix."""
    lines = [table(found.totals)]
    if shares is not None:
        lines += ["### The mix that is drawn, against its targets", table(shares)]
    lines += [
        "### Durations",
        inline(histogram(found.clips["duration_s"], "s")),
        "### Sizes",
        inline(histogram(found.clips["min_side"], "px")),
    ]
    for heading, rows in found.breakdowns.items():
        lines += [f"### {heading}", table(rows)]
    return "\n\n".join(lines) + "\n"


def inline(shown: Picture | str) -> str:
    """A picture in Markdown, with nothing outside it; a sentence as it is."""
    return shown if isinstance(shown, str) else f"![{shown.says}]({data_uri(shown)})"


def page(title: str, parts: Sequence[str | pl.DataFrame | Picture]) -> str:
    """One HTML file of sentences, tables and pictures."""
    body = []
    for part in parts:
        if isinstance(part, pl.DataFrame):
            body.append(_html_table(part))
        elif isinstance(part, Picture):
            body.append(f'<p><img alt="{html.escape(part.says)}" src="{data_uri(part)}"></p>')
        else:
            body.append(f"<p>{html.escape(part)}</p>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{html.escape(title)}</h1>{''.join(body)}</html>\n"
    )


_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:60em}table{border-collapse:collapse}td,th{padding:2px 10px;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f2f2f7}"
)


def _html_table(rows: pl.DataFrame) -> str:
    lines = [[str(c) for c in rows.columns], *([cell(v) for v in row] for row in rows.iter_rows())]
    cells = [
        "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in line) for tag, line in zip(_tags(), lines, strict=False)
    ]
    return "<table>" + "".join(f"<tr>{c}</tr>" for c in cells) + "</table>" if rows.height else "<p>None.</p>"


def _tags() -> Iterator[str]:
    return chain(["th"], repeat("td"))
