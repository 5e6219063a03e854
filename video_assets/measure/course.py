"""The course of a clip: how its light and motion go on in time, by which a copy is known whose start was cut off.

A copy that starts at another moment has other keyframes, so that the change in its signature is another's. Its curves
are the same, only shifted: where two clips of one scene go on differently, a copy goes on alike at one shift. Means over
the whole picture are the same in a mirror and at any size, and a correlation is the same at any brightness and contrast.
They are of the clip's crop: dark bars that were added would make the deviation of light follow its mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Curves = NDArray[np.float32]

SIGNALS = ["luma_mean", "luma_std", "vmaf_motion"]
"""Columns of FRAME_SIGNALS of which there is a curve each."""
RATE = 12.5
"""Values a second."""
# Cells of 1/RATE s whose mean is a value: frame rates differ, and encoders repeat or blend frames.
_CELLS = 3
LAG = 4
"""Values over which a change is taken. Levels tell slow courses apart and changes quick ones: each alone joins more clips."""
# Least overlap: of the shorter clip, and in s (ours). Over shorter ones, clips of one scene correlate by chance.
_LEAST_SHARE, _LEAST_S = 0.5, 3.0
# Least time over which motion is spread: in s, and as a share of the overlap. One slide's change goes like another's, one
# title fades like another, and who walks past a fixed camera walks like the next one. These reach 0.42, copies 0.5 and more.
_LEAST_MOVING_S, _LEAST_MOVING = 1.0, 0.45
NOISE = np.array([0.001, 0.04, 0.004] * 2)
"""Variances that encoding alone makes in levels and changes of the three curves, in squared luma levels: those of stills whose
sharpness goes up and down with an encoder's groups of pictures."""
FLAT = 1e-4
"""Variance, likewise, of what does not change at all, by which nothing is divided."""


@dataclass(frozen=True)
class Shift:
    """Where two clips go on most alike.

    Attributes:
        offset_s: how much later in the first clip than in the second the same moment is, in s.
        correlation: mean over levels and changes of the three curves, -1 to 1, weighed by :func:`told`.
        shared_s: how long both last at this shift, in s.
    """

    offset_s: float
    correlation: float
    shared_s: float


def courses(clips: pl.DataFrame, frames: pl.DataFrame) -> pl.DataFrame:
    """The course of each clip whose frames have their signals.

    Args:
        clips: rows of CLIPS.
        frames: of :func:`video_assets.measure.clip_frames.clip_frames` with time_s and :data:`SIGNALS`.

    Returns:
        clip_id and time_course: the curves of luma_mean, luma_std and vmaf_motion, one after the other.
    """
    end_of = dict(clips.select("clip_id", "end_s").iter_rows())
    # The first frame's motion is from a frame outside the clip: it goes on as it begins.
    motion = pl.when("step").then("vmaf_motion").fill_null(strategy="backward").over("clip_id")
    whole = frames.with_columns(motion.alias("vmaf_motion")).drop_nulls(["time_s", *SIGNALS])
    found = [
        (clip, course(part["time_s"].to_numpy(), end_of[clip], part.select(SIGNALS).to_numpy().T).ravel().tolist())
        for (clip,), part in whole.group_by("clip_id", maintain_order=True)
    ]
    return pl.DataFrame(found, schema={"clip_id": pl.String, "time_course": pl.List(pl.Float32)}, orient="row")


def course(starts: NDArray[np.float64], end: float, values: NDArray[np.float64]) -> Curves:
    """A clip's curves at :data:`RATE`, each value a mean over 0.24 s.

    Args:
        starts: the frames' times in s, (frames,), rising; a frame is shown until the next one is.
        end: when the last frame ends, in s.
        values: of the frames, (curves, frames).

    Returns:
        float32 (curves, n); n is 0 when the clip is shorter than a value's 0.24 s.
    """
    shown = np.append(starts, end)
    summed = np.pad(np.cumsum(values * np.diff(shown), axis=1), ((0, 0), (1, 0)))
    edges = starts[0] + np.arange(int((end - starts[0]) * RATE + 1e-6) + 1) / RATE
    at_edges = np.stack([np.interp(edges, shown, curve) for curve in summed])
    return np.asarray((at_edges[:, _CELLS:] - at_edges[:, :-_CELLS]) * (RATE / _CELLS), np.float32)


def at_speed(curves: Curves, speed: float) -> Curves:
    """The course of a clip that is played so many times as fast: float32 (curves, about n / speed)."""
    n = curves.shape[1]
    if speed == 1 or not n:
        return curves
    moments = np.arange(int((n - 1) / speed + 1e-6) + 1) * speed
    return np.stack([np.interp(moments, np.arange(n), curve) for curve in curves]).astype(np.float32)


def best_shift(one: Curves, other: Curves) -> Shift | None:
    """The shift at which two courses correlate most; None when no overlap is long enough and moves enough.

    Args:
        one: float32 (curves, n), of :func:`course`; the last is the amount of motion, at least 0.
        other: likewise (curves, m).
    """
    least = max(_LEAST_SHARE * min(one.shape[1], other.shape[1]), _LEAST_S * RATE - _CELLS)
    if min(one.shape[1], other.shape[1]) <= max(least, LAG):
        return None
    a, b = levels_and_changes(one), levels_and_changes(other)
    n, m = a.shape[1], b.shape[1]
    # At lag k, value i + k of the one is beside value i of the other.
    lags = np.arange(-(m - 1), n)
    first, last = np.maximum(lags, 0), np.minimum(n, m + lags)
    count = last - first
    sum_a, squares_a = _sums(a, first, last)
    sum_b, squares_b = _sums(b, first - lags, last - lags)
    products = np.stack([np.correlate(x, y, "full") for x, y in zip(a, b, strict=True)])
    variance_a = np.maximum(squares_a / count - (sum_a / count) ** 2, FLAT)
    variance_b = np.maximum(squares_b / count - (sum_b / count) ** 2, FLAT)
    each = (products / count - sum_a * sum_b / count**2) / np.sqrt(variance_a * variance_b)
    correlation = (each * told(variance_a) * told(variance_b)).sum(axis=0)
    motion = len(one) - 1
    moving = np.minimum(_spread(sum_a[motion], squares_a[motion]), _spread(sum_b[motion], squares_b[motion]))
    usable = (count >= least - LAG) & (moving >= np.maximum(_LEAST_MOVING_S * RATE, _LEAST_MOVING * count))
    if not usable.any():
        return None
    best = int(np.argmax(np.where(usable, correlation, -np.inf)))
    return Shift(float(lags[best] / RATE), float(correlation[best]), seconds(int(count[best]) + LAG))


def told(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each curve says, by its variance: little where an encoder may have made it.

    In a slow shot nothing but the mean light changes by more than encoding does, and how the rest goes on is another's in each copy.

    Args:
        variance: of levels and changes, (curves, ...), in squared luma levels.

    Returns:
        As ``variance``, of length 1 along the first axis: the products of two clips' weights add up to 1 where those are alike.
    """
    signal = _heard(variance)
    return np.asarray(signal / np.linalg.norm(signal, axis=0), np.float64)


def _heard(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of the share of each curve's variance that is no encoder's: as ``variance``, 0 to 1."""
    some = np.maximum(variance, FLAT)
    noise = NOISE.reshape(-1, *(1,) * (variance.ndim - 1))
    return np.asarray(np.sqrt(some / (some + noise)), np.float64)


def heard_share(one: Curves, other: Curves, offset_s: float) -> float:
    """How much of the overlap of two courses is no encoder's, 0 to 1; the arguments are those of :func:`moments`."""
    return float(_both_heard(*_overlap(one, other, offset_s)).mean())


def moments(one: Curves, other: Curves, offset_s: float) -> float:
    """How many independent values the overlap of two courses holds: the mean over levels and changes, weighed as in :func:`told`.

    A camera that eases from one place to another makes smooth courses, which hold three or four however long they are: any two of
    them correlate. Courses that correlate by chance are as many values as the product of their autocorrelations leaves (Bartlett,
    On the theoretical specification of sampling properties of autocorrelated time series, 1946).

    Args:
        one: float32 (curves, n).
        other: likewise, at the speed at which it was compared.
        offset_s: of their :class:`Shift`.
    """
    ones, others = _overlap(one, other, offset_s)
    count = ones.shape[1]
    held = []
    for x, y in zip(ones, others, strict=True):
        like_itself = [np.correlate(v - v.mean(), v - v.mean(), "full")[count - 1 :] for v in (x, y)]
        each = [of / max(of[0], FLAT * count) for of in like_itself]
        product = each[0] * each[1]
        held.append(count / max(float(product[0] + 2 * product[1:].sum()), 1.0))
    return float(np.average(held, weights=_both_heard(ones, others)))


def _overlap(one: Curves, other: Curves, offset_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels and changes of two courses where both last, each (2 k, n)."""
    a, b = levels_and_changes(one), levels_and_changes(other)
    lag = round(offset_s * RATE)
    first, last = max(lag, 0), min(a.shape[1], b.shape[1] + lag)
    return a[:, first:last], b[:, first - lag : last - lag]


def _both_heard(ones: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    return _heard(ones.var(axis=1)) * _heard(others.var(axis=1))


def seconds(values: int) -> float:
    """How long so many values of a course last, in s."""
    return (values + _CELLS - 1) / RATE


def levels_and_changes(curves: Curves) -> NDArray[np.float64]:
    """Curves (k, n) and their changes around the same moments, (2 k, n - lag); n is more than the lag."""
    exact = curves.astype(np.float64)
    return np.concatenate([exact[:, LAG // 2 : -LAG // 2], exact[:, LAG:] - exact[:, :-LAG]])


def _sums(
    values: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of (k, n) values and of their squares over some spans, each (k, spans)."""
    summed = np.zeros((2 * len(values), values.shape[1] + 1))
    np.cumsum(np.concatenate([values, values * values]), axis=1, out=summed[:, 1:])
    over = summed[:, last] - summed[:, first]
    return over[: len(values)], over[len(values) :]


def _spread(total: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over how many values an amount is spread: all when it is even, one when it is all at once."""
    return np.asarray(total**2 / np.maximum(squares, FLAT))
