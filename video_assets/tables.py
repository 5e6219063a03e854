"""Tables that fit a terminal. What does not fit is left out in the middle and said; nothing is squeezed to nothing.

DuckDB's own renderer does the same and cuts ids, writes numbers with exponents, and has no records; see the tests.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from rich.cells import cell_len

from video_assets.written import counted, text

ROWS = 40
"""Most rows that are shown unless all are asked for: half of them from the start, and half from the end."""
_GAP = "…"
_BETWEEN = "  "
# Texts of several words give way before a column is left out, to the shortest of these widths.
_CUT_TO = (120, 80, 60, 40, 30)
# A single word, such as an id, a batch or a tier, is never cut up to this width.
_LONGEST_WORD = 64


@dataclass(frozen=True)
class Rows:
    """A query's answer: the columns' names, which of them are numbers, and the rows."""

    names: Sequence[str]
    numbers: Sequence[bool]
    rows: Sequence[Sequence[object]]


def width() -> int:
    """Characters of a line: of the terminal, or ``COLUMNS``; 80 where there is neither."""
    return max(20, shutil.get_terminal_size((80, 24)).columns)


@dataclass(frozen=True)
class Fitted:
    """A table's text, what was left out of it, and whether that was whole columns."""

    table: str
    footer: str
    narrowed: bool


def fitted(answer: Rows, width: int, most: int | None = ROWS) -> Fitted:
    """An answer as a table of at most ``width`` characters.

    Args:
        answer: the answer.
        width: characters of a line; 0: nothing is cut and no column is left out.
        most: most rows; None: all.
    """
    total = len(answer.rows)
    shown = answer.rows
    if most is not None and total > most:
        shown = [*answer.rows[: most - most // 2], *answer.rows[total - most // 2 :]]
    cells = [[text(value) for value in row] for row in shown]
    longest, chosen = _choose(answer.names, cells, width)
    lines = [[_GAP if c is None else _cut(row[c], longest) for c in chosen] for row in cells]
    if len(shown) < total:
        lines.insert(len(shown) - (most or 0) // 2, [_GAP for _ in chosen])
    titles = [[_GAP] if c is None else [_cut(text(answer.names[c]), longest)] for c in chosen]
    table = _laid_out(titles, [c is not None and answer.numbers[c] for c in chosen], lines)
    narrowed = None in chosen
    return Fitted(table, _footer(total, len(shown), len(answer.names), len(chosen) - narrowed), narrowed)


def _laid_out(titles: Sequence[Sequence[str]], right: Sequence[bool], cells: Sequence[Sequence[str]]) -> str:
    """Columns under their titles, which may have several lines; numbers stand to the right."""
    high = max(map(len, titles), default=0)
    heads = [
        [title[line - high + len(title)] if line >= high - len(title) else "" for title in titles]
        for line in range(high)
    ]
    widths = [max(map(cell_len, column)) for column in zip(*heads, *cells, strict=True)]
    rule = _BETWEEN.join("─" * w for w in widths)
    lines = [_BETWEEN.join(_padded(*cell) for cell in zip(row, widths, right, strict=True)) for row in (*heads, *cells)]
    return "\n".join(line.rstrip() for line in (*lines[:high], rule, *lines[high:]))


def _padded(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _footer(rows: int, rows_shown: int, columns: int, columns_shown: int) -> str:
    said = [counted(rows, "row") + (f" ({rows_shown} shown)" if rows_shown < rows else "")]
    if columns_shown < columns:
        said.append(f"{counted(columns, 'column')} ({columns_shown} shown)")
    return ", ".join(said)


def _choose(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> tuple[int, list[int | None]]:
    """How long texts may be, and the columns that fit; None stands for those that are left out."""
    everything: list[int | None] = list(range(len(names)))
    if not width:
        return 0, everything
    for longest in (0, *_CUT_TO):
        widths = [_width(name, [row[i] for row in cells], longest) for i, name in enumerate(names)]
        if sum(widths) + len(_BETWEEN) * (len(widths) - 1) <= width:
            return longest, everything
    # From both ends alternately, the first columns first; a column that is too wide alone is cut all the same.
    room = width - cell_len(_GAP) - widths[0] - len(_BETWEEN)
    front, back = [0], list[int]()
    left, right = 1, len(names) - 1
    while left <= right:
        from_front = len(front) <= len(back) + 1
        column = left if from_front else right
        if widths[column] + len(_BETWEEN) > room:
            break
        room -= widths[column] + len(_BETWEEN)
        if from_front:
            front.append(column)
            left += 1
        else:
            back.insert(0, column)
            right -= 1
    return _CUT_TO[-1], [*front, None, *back]


def _width(name: str, cells: Sequence[str], longest: int) -> int:
    return max(cell_len(_cut(cell, longest)) for cell in (text(name), *cells))


def _cut(cell: str, longest: int) -> str:
    """A text of several words that is no longer than this; 0: as it is."""
    if not longest or cell_len(cell) <= longest:
        return cell
    most = longest if " " in cell else max(longest, _LONGEST_WORD)
    return cell if len(cell) <= most else f"{cell[: most - 1]}{_GAP}"


def whole(answer: Rows, width: int) -> str | None:
    """A table of all rows, nothing cut, whose titles break at their underscores; None where it does not fit."""
    cells = [[text(value) for value in row] for row in answer.rows]
    table = _laid_out([text(name).split("_") for name in answer.names], answer.numbers, cells)
    return table if max(map(cell_len, table.splitlines())) <= width else None


def shortened(answer: Rows, column: str, width: int) -> Rows:
    """The same with one column's texts cut in their middle as far as :func:`whole` needs it, to 12 characters at least."""
    place = list(answer.names).index(column)
    narrow = [[*row[:place], "x", *row[place + 1 :]] for row in answer.rows]
    rest = whole(Rows([*answer.names[:place], "x", *answer.names[place + 1 :]], answer.numbers, narrow), 10**6) or ""
    room = max(12, width - max(map(cell_len, rest.splitlines())) + 1)
    rows = [[*row[:place], _middle(text(row[place]), room), *row[place + 1 :]] for row in answer.rows]
    return Rows(answer.names, answer.numbers, rows)


def _middle(word: str, most: int) -> str:
    half = (most - 1) // 2
    return word if cell_len(word) <= most else f"{word[: most - 1 - half]}{_GAP}{word[-half:]}"


def records(answer: Rows, width: int) -> str:
    """Every row with a line a column; long texts go on below, ids and other words stay whole."""
    margin = max((cell_len(text(name)) for name in answer.names), default=0)
    lines = []
    for number, row in enumerate(answer.rows, 1):
        lines.append(f"row {number:,} ".ljust(min(width, 40) if width else 40, "-"))
        for name, value in zip(answer.names, row, strict=True):
            start, rest = f"{text(name).rjust(margin)}  ", " " * (margin + 2)
            lines += folded(text(value), start, rest, width)
    return "\n".join(lines)


def folded(value: str, first: str, rest: str, width: int) -> list[str]:
    """A text over several lines; words are not broken."""
    most = max(width, len(rest) + 20) if width else 10**9
    wrapper = textwrap.TextWrapper(
        most, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(value) or [first]


def sentence(told: str, width: int) -> str:
    """Prose on lines of this width; no word is broken."""
    return "\n".join(folded(told, "", "", width))


def on_screen(told: str, stream: IO[str]) -> str:
    """Prose of one or several lines for a stream: a terminal's edge breaks no word of it, and elsewhere a line stays one."""
    if not stream.isatty():
        return told
    # A line that fits is left with its spaces: in DuckDB's errors a caret points at a column of the line above.
    most = width()
    return "\n".join(line if cell_len(line) <= most else sentence(line, most) for line in told.split("\n"))


def block(head: str, *below: str, width: int) -> str:
    """A line, and what is to be said of it, indented below; no word is broken."""
    lines = folded(head, "", "    ", width)
    for told in below:
        lines += folded(told, "    ", "    ", width)
    return "\n".join(lines)
