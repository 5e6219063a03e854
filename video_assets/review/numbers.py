"""Distributions of the sheet's columns: how many clips and hours a selection has, a histogram, and where a value stands."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from video_assets.lake.sql_text import identifier
from video_assets.review.asking import SHOWN, Asked, Asking
from video_assets.review.selection import Selection, as_query

BINS = 48
_SAMPLE = 100_000
"""Clips by which a value's place is known."""
_FRESH_S = 600.0


def counted(asked: Asked, asking: Asking, selection: Selection) -> dict[str, Any]:
    """Clips and hours of a selection."""
    query = as_query(selection, asking)
    [row] = asked.rows(
        f"SELECT count(*) AS clips, coalesce(sum(s.duration_s), 0) / 3600 AS hours {query.source}", query.parameters
    )
    return row


def histogram(asked: Asked, asking: Asking, selection: Selection, column: str) -> dict[str, Any]:
    """A column of numbers over a selection, its own filter left out, so that its threshold can be moved both ways.

    Returns:
        ``least`` and ``most``; ``bins``: of each of equal width its clips and hours; ``unmeasured``: clips without a value.
    """
    chosen = selection.without(column)
    query, name = as_query(chosen, asking), f"s.{identifier(column)}"
    [ends] = asked.rows(
        f"SELECT min({name})::DOUBLE AS least, max({name})::DOUBLE AS most, count(*) - count({name}) AS unmeasured "
        f"{query.source} AND isfinite(coalesce({name}::DOUBLE, 0))",
        query.parameters,
    )
    least, most = ends["least"], ends["most"]
    bins: list[dict[str, float]] = [{"clips": 0, "hours": 0.0} for _ in range(BINS)]
    if least is not None:
        width = (most - least) / BINS or 1.0
        rows = asked.rows(
            f"SELECT least({BINS - 1}, floor(({name}::DOUBLE - $least) / $width))::INTEGER AS bin, count(*) AS clips, "
            f"sum(s.duration_s) / 3600 AS hours {query.source} AND {name} IS NOT NULL AND isfinite({name}::DOUBLE) GROUP BY 1",
            query.parameters | {"least": least, "width": width},
        )
        for row in rows:
            bins[row["bin"]] = {"clips": row["clips"], "hours": row["hours"]}
    return {"column": column, "least": least, "most": most, "bins": bins, "unmeasured": ends["unmeasured"]}


def split(asked: Asked, asking: Asking, selection: Selection, column: str, cut: float) -> dict[str, Any]:
    """Clips and hours of a selection whose value is below a cut, and those at or above it; its own filter is left out."""
    query, name = as_query(selection.without(column), asking), f"s.{identifier(column)}"
    hours = "coalesce(sum(s.duration_s) FILTER ({}), 0) / 3600"
    below, above = f"{name} < $cut", f"{name} >= $cut"
    [row] = asked.rows(
        f"SELECT count(*) FILTER ({below}) AS below, count(*) FILTER ({above}) AS above, {hours.format(below)} AS hours_below, "
        f"{hours.format(above)} AS hours_above, count(*) - count({name}) AS unmeasured {query.source}",
        query.parameters | {"cut": cut},
    )
    return {"column": column, "cut": cut, **row}


class Places:
    """Where a value stands among all clips, from a sample that is read once in ten minutes.

    Args:
        asking: the lake.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking, self._lock = asking, threading.Lock()
        self._sorted: dict[str, NDArray[np.float64]] = {}
        self._read_at = float("-inf")

    def of(self, sheet: dict[str, Any]) -> dict[str, float]:
        """Of each number in a clip's row of the sheet the share of clips, 0-1, whose value is lower; equal ones count half."""
        values = self._values()
        return {
            name: float(np.searchsorted(found, value) + np.searchsorted(found, value, "right")) / (2 * len(found))
            for name, value in sheet.items()
            if isinstance(value, int | float)
            and not isinstance(value, bool)
            and value == value
            and (found := values.get(name)) is not None
        }

    def _values(self) -> dict[str, NDArray[np.float64]]:
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_S:
                columns = [c for c in self._asking.columns if self._asking.is_number(c)]
                chosen = ", ".join(identifier(c) for c in columns)
                with self._asking.look() as asked:
                    # The copy is in the order of ids, which are hashes: its first rows are an even sample.
                    frame = asked.frame(f"SELECT {chosen} FROM {SHOWN} WHERE rowid < {_SAMPLE}")
                known = {c: frame[c].drop_nulls().cast(pl.Float64).drop_nans().sort().to_numpy() for c in columns}
                self._sorted = {c: values for c, values in known.items() if len(values)}
                self._read_at = time.monotonic()
            return self._sorted
