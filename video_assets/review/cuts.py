"""Thresholds from labels: how well a score tells what people keep from what they drop, and where it would be cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1_000
_LEAST = 2
"""Clips that people keep, and that they drop, at least."""


@dataclass(frozen=True)
class Point:
    """What a cut would do: of the clips that it keeps the share that people keep, and of those the share that it keeps."""

    cut: float
    precision: float
    recall: float
    kept: int


@dataclass(frozen=True)
class Cut:
    """A score against verdicts.

    Attributes:
        clips: labelled clips that have the score.
        keeps: how many of them people keep.
        unmeasured: labelled clips that do not have it.
        sign: which side is kept: '>=' or '<=', by the area under the curve.
        area: under the ROC curve, 0.5 to 1: the chance that of a kept and a dropped clip the score ranks the kept one better.
        best: the cut with the largest F1.
        f1: of that cut.
        interval: 2.5th and 97.5th percentile of that cut over bootstrap resamples of the clips.
        curve: what each cut would do, from the loosest to the strictest.
    """

    clips: int
    keeps: int
    unmeasured: int
    sign: str
    area: float
    best: Point
    f1: float
    interval: tuple[float, float]
    curve: Sequence[Point]


def cut_of(scores: Sequence[float | None], keeps: Sequence[bool], seed: int = 0) -> Cut:
    """Judge a score by labels.

    Args:
        scores: of each labelled clip; None where it was not measured.
        keeps: whether people keep it.
        seed: of the bootstrap.

    Raises:
        ValueError: there are too few labels of either kind.
    """
    given = np.array([np.nan if s is None else s for s in scores], dtype=np.float64)
    known = np.isfinite(given)
    values, labels = given[known], np.array(keeps, dtype=bool)[known]
    good, bad = int(labels.sum()), int((~labels).sum())
    if min(good, bad) < _LEAST:
        raise ValueError(
            f"Of the clips that have the score, people keep {good} and drop {bad}; {_LEAST} of each are the least to judge a score by."
        )
    area = _area(values, labels)
    sign = ">=" if area >= 0.5 else "<="
    direction = 1.0 if sign == ">=" else -1.0
    cuts, precision, recall, kept = _curve(values * direction, labels)
    f1 = _f1(precision, recall)
    at = int(np.argmax(f1))
    rng, found = np.random.default_rng(seed), []
    for _ in range(_RESAMPLES):
        chosen = rng.integers(0, values.size, values.size)
        if labels[chosen].any():
            again, p, r, _ = _curve(values[chosen] * direction, labels[chosen])
            found.append(again[int(np.argmax(_f1(p, r)))] * direction)
    low, high = np.percentile(found, [2.5, 97.5])
    points = [
        Point(float(c * direction), float(p), float(r), int(k))
        for c, p, r, k in zip(cuts, precision, recall, kept, strict=True)
    ]
    return Cut(
        int(values.size),
        good,
        int((~known).sum()),
        sign,
        max(area, 1 - area),
        points[at],
        float(f1[at]),
        (float(low), float(high)),
        points,
    )


def _curve(
    values: NDArray[np.float64], labels: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Each value as a cut that keeps it and what is larger: the cuts from low to high, precision, recall and clips kept."""
    order = np.argsort(-values, kind="stable")
    sorted_, right = values[order], np.cumsum(labels[order])
    # Of equal values the last: all of them are kept together.
    last = np.flatnonzero(np.append(np.diff(sorted_) != 0, True))
    kept = last + 1
    precision, recall = right[last] / kept, right[last] / max(1, right[-1])
    return sorted_[last][::-1], precision[::-1], recall[::-1], kept[::-1]


def _f1(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> NDArray[np.float64]:
    both = precision + recall
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)


def _area(values: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The area under the ROC curve, equal values counting half (Mann and Whitney 1947)."""
    sorted_ = np.sort(values[~labels])
    below = np.searchsorted(sorted_, values[labels], "left")
    upto = np.searchsorted(sorted_, values[labels], "right")
    return float((below + upto).mean() / 2 / sorted_.size)
