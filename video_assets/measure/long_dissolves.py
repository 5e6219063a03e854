"""Dissolves that last for seconds, by pictures two seconds before and after another that are blended in it.

TransNetV2 knows dissolves of about a second: of real shots blended over 4 s it gives no frame more than 0.05, even where it
looks at all of them, and over 2 s 0.1 to 0.36; so nothing is gained by letting it look further. And from one step to the next such
a picture changes less than a moving one does. But two pictures far enough apart tell it: in the middle the one shines through
the other, and all along the pictures between them go from the one to the other at one speed, as no moving picture does.

A slow zoom looks much like it, and one end of it, enlarged, explains its middle.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.mixtures import Between, Grey
from video_assets.measure.samples import SampleClock, nearest_to
from video_assets.measure.types import Picture, Signals
from video_assets.segment.detectors import LEAST_SINGLE

HALF_S = 2.0
"""Time on either side of a picture in which the two lie that it may be blended of: a dissolve of 4 s fits between."""
EXTENT_S = 1.5
"""Time on either side of the middle of a shorter transition in which it is looked for where that begins and ends."""

_EXTENTS_S = (1.0, EXTENT_S)
_KEPT_HZ, _ASKED_HZ = 10.0, 5.0  # Pictures that are kept, and moments at which it is asked, a second.
_OFF_S = 0.1  # A variable frame rate may have no picture that near to where one is needed.
_LEAST_DISTANCE = 40.0  # Mean RGB distance of the two; of those of 4 s of one moving shot it is seldom more.
_MOST_RESIDUAL = 0.5  # What is further from a blend is none whatever the settings.
_SCALES = (1.1, 1.2, 1.35, 1.5, 1.7, 2.0)  # By which a zoom enlarges the middle of a picture in two seconds.
_MOST_OFF = 0.1  # Mean distance of the pictures from their places on the way; by chance it is 0.15 and more.
_WAITS_S = 0.1  # An end that is nearer to the first or last picture than this is none.
_GRID, _LEAST_WAY_S = 21, 0.4  # Moments at which the way may begin and end, and the shortest one.

Times = NDArray[np.float64]


class Way(NamedTuple):
    """When the pictures between two begin to go from the one to the other, and when they have arrived, in s.

    ``off`` is how far they are on the average from where they would be at an even speed, as a share of the whole way.
    """

    begins: float
    ends: float
    off: float

    def is_inside(self, times: Times) -> bool:
        """Whether the pictures at these times wait before and stay after it, so that it may not be longer."""
        return bool(self.begins > times[0] + _WAITS_S and self.ends < times[-1] - _WAITS_S)


class LongDissolves:
    """Measures one video's small pictures in their order. Holds 42 of them, however long the video.

    It also says where shorter transitions begin and end, whose middles others have found, by the same way of the pictures.
    """

    def __init__(self) -> None:
        self._kept_clock, self._asked_clock = SampleClock(_KEPT_HZ), SampleClock(_ASKED_HZ)
        self._seen: deque[tuple[float, Picture, Grey]] = deque(maxlen=int(2 * HALF_S * _KEPT_HZ) + 2)
        self._middles: deque[float] = deque()

    def measure(self, small: Picture, luma: Grey, elapsed: float, middle: float | None = None) -> Signals:
        """The ``long_*`` columns at a step, and those that say where a shorter transition begins and ends.

        Args:
            small: uint8 (27, 48, 3), in R, G, B order.
            luma: the same as of :func:`~video_assets.measure.mixtures.grey`.
            elapsed: its time from the first, in s.
            middle: the time of a picture that others have found to be in the midst of a transition.
        """
        if middle is not None:
            self._middles.append(middle)
        if not self._kept_clock.due(elapsed):
            return {}
        self._seen.append((elapsed, small, luma))
        signals = self._extent(elapsed)
        return signals | self._long(small, elapsed) if self._asked_clock.due(elapsed) else signals

    def _extent(self, elapsed: float) -> Signals:
        """Of the last middle that is as long ago as is looked at behind one."""
        middle = None
        while self._middles and elapsed - self._middles[0] >= EXTENT_S - 1e-6:
            middle = self._middles.popleft()
        seen = [s for s in self._seen if middle is not None and s[0] >= middle - EXTENT_S - 1e-6]
        if middle is None or seen[0][0] > middle - EXTENT_S + _OFF_S:
            return {}
        times, pictures = np.array([s[0] for s in seen]), np.stack([s[2] for s in seen])
        # What moves beside a transition goes on to other pictures, too: so the less of it, the better.
        for half in _EXTENTS_S:
            near = np.abs(times - middle) <= half + 1e-6
            way = way_of(times[near], pictures[near])
            if way.off <= _MOST_OFF and way.is_inside(times[near]):
                return {"mixture_begins_ago": elapsed - way.begins, "mixture_ends_ago": elapsed - way.ends}
        return {}

    def _long(self, small: Picture, elapsed: float) -> Signals:
        first, middle = self._ago(elapsed - 2 * HALF_S), self._ago(elapsed - HALF_S)
        if first is None or middle is None:
            return {}
        if cv2.norm(self._seen[first][1], small, cv2.NORM_L1) / small.size < _LEAST_DISTANCE:
            return {}
        seen = list(self._seen)[first:]
        before, between, after = (seen[number][2] for number in (0, middle - first, -1))
        made = Between(before, between, after)
        # The cheap questions first: most pictures that move are out by them.
        if made.distance < 1.0 or made.alone < LEAST_SINGLE * made.distance:
            return {}
        if made.blended > _MOST_RESIDUAL * made.distance:
            return {}
        way = way_of(np.array([s[0] for s in seen]), np.stack([s[2] for s in seen]))
        if way.off > _MOST_OFF:
            return {}
        found = made.mixture()
        if found is None or found.kind != "blend":
            return {}
        return {
            "long_residual": found.residual,
            "long_single": min(found.single, _zoomed(before, between, after) / made.distance),
            "long_begins_ago": elapsed - way.begins,
            "long_ends_ago": elapsed - way.ends,
        }

    def _ago(self, elapsed: float) -> int | None:
        nearest = nearest_to(elapsed, self._seen)
        return nearest if abs(self._seen[nearest][0] - elapsed) <= _OFF_S else None


def way_of(times: Times, pictures: NDArray[np.float32]) -> Way:
    """How pictures go from the first of them to the last, if they wait, go at one speed, and stay.

    Args:
        times: of the pictures, rising, in s.
        pictures: (pictures, h, w).
    """
    whole = (pictures[-1] - pictures[0]).ravel()
    length = float(whole @ whole)
    if length == 0.0:
        return Way(float(times[0]), float(times[-1]), np.inf)  # there is no way between two that are the same in luma
    gone = (pictures - pictures[0]).reshape(len(pictures), -1) @ whole / length
    span = float(times[-1] - times[0])
    begins, ends = _parts()
    possible = (ends - begins) * span >= _LEAST_WAY_S - 1e-6
    begins, ends = begins[possible], ends[possible]
    even = ((times - times[0]) / span - begins[:, None]) / (ends - begins)[:, None]
    off = np.abs(np.clip(even, 0.0, 1.0, out=even) - gone).mean(axis=1)
    best = int(off.argmin())
    first = float(times[0])
    return Way(first + float(begins[best]) * span, first + float(ends[best]) * span, float(off[best]))


@cache
def _parts() -> tuple[Times, Times]:
    """When ways of all lengths may begin and end, as parts of the time there is."""
    at = np.linspace(0.0, 1.0, _GRID)
    begins, ends = (edge.ravel() for edge in np.meshgrid(at, at, indexing="ij"))
    return begins[begins < ends], ends[begins < ends]


def _zoomed(before: Grey, middle: Grey, after: Grey) -> float:
    """What is left of the middle by the better of the ends, enlarged or made smaller: mean absolute luma."""
    least = np.inf
    for scale in _SCALES:
        for smaller, larger in ((before, middle), (middle, before), (middle, after), (after, middle)):
            least = min(least, float(np.abs(_enlarged(smaller, scale) - larger).mean()))
    return least


def _enlarged(picture: Grey, scale: float) -> Grey:
    """The middle of a picture, as large as all of it."""
    height, width = picture.shape
    aside = np.array([[scale, 0, (1 - scale) * (width - 1) / 2], [0, scale, (1 - scale) * (height - 1) / 2]])
    return np.asarray(cv2.warpAffine(picture, aside, (width, height), flags=cv2.INTER_LINEAR), np.float32)
