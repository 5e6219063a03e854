"""Charts: how values are spread, what is of which kind, and what the rules of a tier leave."""

from __future__ import annotations

import statistics
import sys

import polars as pl

from video_assets.lake.pages import Picture
from video_assets.reports.drawing import BAR, TEXT, WIDTH, drawn, words
from video_assets.written import number

_HEIGHT, _PAD, _FOOT = 150, 8, 34


def histogram(values: pl.Series, unit: str, bins: int = 24) -> Picture | str:
    """A histogram of the values that are not NULL; a sentence when there are none.

    Args:
        values: numbers.
        unit: what the axis counts, for the caption.
        bins: most bars.
    """
    known = values.drop_nulls().cast(pl.Float64).drop_nans()
    missing = values.len() - known.len()
    if known.is_empty():
        return f"No values ({missing} missing)."
    numbers = known.to_list()
    low, high = min(numbers), max(numbers)
    width = max((high - low) / bins, sys.float_info.min) if high > low else 1.0
    slots = ((known - low) / width).floor().clip(0, bins - 1).cast(pl.Int32)
    counts = dict(slots.value_counts().iter_rows())
    tallest, step = max(counts.values()), (WIDTH - 2 * _PAD) / bins
    bars = "".join(
        f'<rect x="{_PAD + slot * step:.1f}" y="{_HEIGHT - count / tallest * (_HEIGHT - 20):.1f}" '
        f'width="{step - 1:.1f}" height="{count / tallest * (_HEIGHT - 20):.1f}" fill="{BAR}"/>'
        for slot, count in sorted(counts.items())
    )
    caption = f"{known.len()} values{f', {missing} missing' if missing else ''}; median {number(statistics.median(numbers))} {unit}"
    body = (
        f'{bars}<text x="{_PAD}" y="{_HEIGHT + 14}" {TEXT}>{number(low)}</text>'
        f'<text x="{WIDTH - _PAD}" y="{_HEIGHT + 14}" text-anchor="end" {TEXT}>{number(high)}</text>'
        f'<text x="{WIDTH / 2}" y="{_HEIGHT + 28}" text-anchor="middle" {TEXT}>{words(caption)}</text>'
        f'<text x="{_PAD}" y="12" {TEXT}>{tallest}</text>'
    )
    return drawn(body, WIDTH, _HEIGHT + _FOOT, caption)


def funnel(steps: pl.DataFrame) -> Picture | str:
    """A bar for what each rule leaves of all clips; a line where a paper publishes its share.

    Args:
        steps: a funnel: ``rule``, ``clips_left``, and ``published`` (0-1, or NULL) where there is any.
    """
    everything = steps["clips_left"].max()
    if not isinstance(everything, int) or not everything:
        return "No clips."
    bars = []
    for place, step in enumerate(steps.iter_rows(named=True)):
        share = step["clips_left"] / everything
        bars.append(_line(place, step["rule"], share, str(step["clips_left"])))
        if (published := step.get("published")) is not None:
            at, top = _LEFT + published * _LONG, _TOP + place * _ROW
            bars.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 1}" y2="{top + _ROW - 3}" stroke="#d33" stroke-width="3"/>'
            )
    caption = f"{steps['clips_left'][-1]} of {everything} clips are kept"
    if "published" in steps.columns:
        caption += "; red: the share that the paper publishes"
    return _lines(bars, caption)


def parts(rows: pl.DataFrame, unit: str, most: int = 12) -> Picture | str:
    """A bar for each value, as long as its part of the longest; a sentence when there are none.

    Args:
        rows: a value, and a number of it that is not negative, the largest first.
        unit: what is counted, for the caption.
        most: most bars; what is beyond is told in the caption.
    """
    longest = float(rows[:, 1].max() or 0) if rows.height else 0.0  # type: ignore[arg-type]
    if not longest:
        return "No values."
    bars = [
        _line(place, _short(str(value)), float(much) / longest, number(much))
        for place, (value, much) in enumerate(rows.head(most).iter_rows())
    ]
    caption = f"{unit} by {rows.columns[0].replace('_', ' ')}"
    if rows.height > most:
        caption += f"; {rows.height - most:,} others have {number(float(rows[most:, 1].sum()))}"
    return _lines(bars, caption)


# Of bars that lie: where they begin and how long the longest is, how high a line is and where the first is, in px.
_LEFT, _LONG, _ROW, _TOP = 190, WIDTH - 190 - 60, 20, 4
_LETTERS = 28


def _line(place: int, label: str, share: float, said: str) -> str:
    top = _TOP + place * _ROW
    return (
        f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end" {TEXT}>{words(label)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{share * _LONG:.1f}" height="{_ROW - 4}" fill="{BAR}"/>'
        f'<text x="{_LEFT + share * _LONG + 5:.1f}" y="{top + 13}" {TEXT}>{words(said)}</text>'
    )


def _lines(lines: list[str], caption: str) -> Picture:
    high = _TOP + sum("<rect" in one for one in lines) * _ROW
    foot = f'<text x="{WIDTH / 2}" y="{high + 13}" text-anchor="middle" {TEXT}>{words(caption)}</text>'
    return drawn("".join(lines) + foot, WIDTH, high + 20, caption)


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
