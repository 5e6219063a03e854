"""Where time is missing in a stream: packets were lost, or a timestamp is wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_USUAL = 0.9  # This share of the intervals is no longer than what counts as usual.
_LEAST_HOLE_S = 0.2
_LEAST_HOLE = 3.5  # A hole is at least so many times as long as usual ...
_STANDS_STILL = 2.0  # ... and the picture after it has changed by more than this, mean luma 0-255: else it stood still.
_ABSURD_S = 60.0  # A frame that is shown so long, and so many times as long as usual, is a fault of its timestamps.
_ABSURD = 20.0


def longest_s(usual: float) -> float:
    """How long a frame can be shown at most, in s, where one is usually shown so long; what is said to be longer is a fault."""
    return max(_ABSURD_S, _ABSURD * usual)


def holes(seconds: Floats, difference: Floats, damaged: Booleans) -> Integers:
    """The frames before which time is missing: packets were lost, or a timestamp is wrong.

    An interval much longer than usual is a hole when the picture has moved on meanwhile. Where it has not, nothing was
    to be seen: recordings of screens store no frame while nothing changes. Beside a damaged frame that is no sign: after
    lost packets a decoder makes pictures out of the last one that it had. A screen that stood still and then changes by more
    at once looks like a hole, and is told as one.

    Args:
        seconds: when each frame is shown, rising.
        difference: from the frame before, mean luma 0-255; NaN on the first.
        damaged: whether each frame is.

    Returns:
        Numbers of the frames after the holes, rising, from 1.
    """
    steps = np.diff(seconds)
    if not len(steps):
        return np.empty(0, np.int64)
    usual = float(np.quantile(steps, _USUAL, method="lower"))
    moved = ~(difference[1:] <= _STANDS_STILL)
    long = steps > max(_LEAST_HOLE_S, _LEAST_HOLE * usual)
    absurd = steps > longest_s(usual)
    return np.flatnonzero(long & (moved | absurd | damaged[1:] | damaged[:-1])) + 1
