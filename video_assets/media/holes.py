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
# A picture that is shown so long stood there, where what follows was coded from it: cameras stall for less.
_STOOD_S = 1.0
_ABSURD_S = 60.0  # A frame that is shown so long, and so many times as long as usual, is a fault of its timestamps.
_ABSURD = 20.0


def longest_s(usual: float) -> float:
    """How long a frame can be shown at most, in s, where one is usually shown so long; what is said to be longer is a fault."""
    return max(_ABSURD_S, _ABSURD * usual)


def holes(seconds: Floats, difference: Floats, damaged: Booleans, key: Booleans) -> Integers:
    """The frames before which time is missing: packets were lost, or a timestamp is wrong.

    An interval much longer than usual is a hole when the picture has moved on meanwhile. Where it has not, nothing was
    to be seen: recordings of screens store no frame while nothing changes. Beside a damaged frame that is no sign: after
    lost packets a decoder makes pictures out of the last one that it had.

    Nor is it a hole where a screen stood for a second or more and then changed by more at once: the next frame is coded from the
    one that stood, and nothing is damaged. A key frame is coded from none, so that it may be where a recorder went on after a
    pause as well as a new page; it is a page where at least as many other pictures of the stream are known to have stood. A
    stream that says of none looks like one with holes, and is told as one.

    Args:
        seconds: when each frame is shown, rising.
        difference: from the frame before, mean luma 0-255; NaN on the first.
        damaged: whether each frame is.
        key: whether each frame is a key frame, or may be.

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
    broken = damaged[1:] | damaged[:-1]
    stood = long & (steps >= _STOOD_S) & ~absurd & ~broken
    coded_from_it = stood & ~key[1:]
    new_page = stood & moved & key[1:]
    if np.count_nonzero(coded_from_it) < np.count_nonzero(new_page):
        new_page[:] = False
    return np.flatnonzero(long & (moved | absurd | broken) & ~coded_from_it & ~new_page) + 1
