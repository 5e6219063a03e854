"""Tables: as Markdown, and as a picture where what stands in them is to be taken back with the footage."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

import polars as pl

from video_assets.lake.pages import Picture
from video_assets.reports.drawing import data_uri, drawn, words
from video_assets.written import number

# Of 11 px monospaced type: a letter's width, a line's height, and the space around a cell, in px.
_LETTER, _LINE, _PAD = 6.6, 15, 7
_TEXT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11"'


def table(rows: pl.DataFrame) -> str:
    """A Markdown table; a sentence when it is empty."""
    if rows.is_empty():
        return "None."
    lines = ["| " + " | ".join(rows.columns) + " |", "|" + " --- |" * rows.width]
    for row in rows.iter_rows():
        lines.append("| " + " | ".join(cell(v).replace("|", "\\|").replace("\n", " ") for v in row) + " |")
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value for a person; nothing for NULL."""
    return number(value) if isinstance(value, float) else "" if value is None else str(value)


def drawn_table(
    rows: pl.DataFrame, pictures: Mapping[int, tuple[Picture, int, int]] | None = None, widest: int = 36
) -> Picture | str:
    """A table as a picture; a sentence when it is empty.

    Args:
        rows: the table.
        pictures: what stands before a row, by its number, with its width and height in px.
        widest: letters in a column, after which its text goes on in the next line.
    """
    if rows.is_empty():
        return "None."
    lines = [[_wrapped(str(c), widest) for c in rows.columns]]
    lines += [[_wrapped(cell(value), widest) for value in row] for row in rows.iter_rows()]
    widths = [max(_width(line) for row in lines for line in row[n]) for n in range(rows.width)]
    shown = pictures or {}
    left = _PAD + max((width + _PAD for _, width, _ in shown.values()), default=0)
    right = [n for n, dtype in enumerate(rows.dtypes) if dtype.is_numeric()]
    body, top = [], 0.0
    for place, row in enumerate(lines, -1):  # the first row is the heading
        before = shown.get(place)
        height = max([_LINE * len(texts) for texts in row] + [before[2] if before else 0]) + _PAD
        if place % 2 == 0:
            body.append(f'<rect y="{top:.0f}" width="100%" height="{height:.0f}" fill="#f2f2f7"/>')
        if before:
            at = f'x="{_PAD}" y="{top + _PAD / 2:.0f}" width="{before[1]}" height="{before[2]}"'
            body.append(f'<image {at} href="{data_uri(before[0])}"/>')
        body.append(_row(row, widths, right, left, top, bold=place < 0))
        top += height
    wide = left + sum(width * _LETTER + 2 * _PAD for width in widths)
    return drawn("".join(body), wide, top, f"{rows.height} rows: {', '.join(map(str, rows.columns))}")


def _row(
    row: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int], left: float, top: float, *, bold: bool
) -> str:
    texts = []
    for column, lines in enumerate(row):
        width = widths[column] * _LETTER
        x, anchor = (left + width, ' text-anchor="end"') if column in right else (left, "")
        style = ' font-weight="bold" fill="#222"' if bold else ' fill="#333"'
        texts += [
            f'<text x="{x:.1f}" y="{top + _PAD / 2 + _LINE * (n + 0.75):.1f}"{anchor} {_TEXT}{style} xml:space="preserve">'
            f"{words(line)}</text>"
            for n, line in enumerate(lines)
        ]
        left += width + 2 * _PAD
    return "".join(texts)


def _wrapped(text: str, widest: int) -> list[str]:
    """The text in lines of at most so many letters; those of Chinese and the like are two wide."""
    most = widest // 2 if _width(text) > len(text) else widest
    return textwrap.wrap(text, most) or [""]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
