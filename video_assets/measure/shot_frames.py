"""The small pictures that a shot boundary network looks at, kept only where the cheap numbers leave doubt.

Such a network costs many times the decode on a CPU, and most footage has no transition for minutes. 15 pictures are in
doubt when adjacent ones differ enough, small or as the detectors see them, or two steps together in which a cut is blended, or two pictures that are 24 apart around one of them, or where a picture is made of the one
0.6 s before and the one 0.6 s after it; the rest goes to no network. What is in doubt is kept with 15 pictures of context
on either side, so that nothing opens the video again. There is a picture of every step (see ``measure/pace.py``): 24 to 34
a second, as in the films that the network was trained on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np

from video_assets.measure.long_dissolves import LongDissolves
from video_assets.measure.mixtures import Between, Grey, Mixture, grey
from video_assets.measure.samples import SampleClock, nearest_to
from video_assets.measure.streamed_table import Row
from video_assets.measure.types import Picture, Signals
from video_assets.segment.detectors import LEAST_SINGLE, LESS, is_spread, weighed_change
from video_assets.settings import DecodeSettings

WIDTH, HEIGHT = 48, 27
"""Size of a small picture: what TransNetV2 (arXiv 2008.04838) was trained on, whatever the aspect of the video."""
_PIXELS = WIDTH * HEIGHT
CHUNK = 15
"""Pictures that are in doubt together, and that make a row; the context on either side of them, too."""
REACH = 12
"""Pictures on either side of the one at which a gradual change is looked for."""
MIXED_S = 0.6
"""Time on either side of a picture in which the two lie that it may be made of: a transition of 1.2 s fits between."""

_NEAR = 2  # A network can place a change this many pictures off.
_SPREAD = 2.0  # How often a cut over two steps is as much as what is beside it: less than detectors ask.
_MIXED = 40  # Most pictures in twice 0.6 s, and the steps to what one of them leaves in doubt.
_MIXED_HZ = 10.0  # Moments a second at which it is asked: a few in the middle of a transition of half a second.
_MIXED_OFF_S = 0.1  # A variable frame rate may have no picture that near to where one is needed.
_LEAST_MIXED_DISTANCE = 30.0  # Under this mean RGB distance the two are one scene.
_LEVELS = 8  # of each of R, G, B in a histogram: TransNetV2's 512 colours.


def small_picture(bgr: Picture) -> Picture:
    """A uint8 (h, w, 3) picture in B, G, R order as a uint8 (27, 48, 3) one in R, G, B order, stretched to fit."""
    # Half by an average and the rest by interpolation: as good for a network and four times cheaper than one average.
    height, width = bgr.shape[:2]
    half = cv2.resize(bgr, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB)


class ShotFrames:
    """Measures the small pictures of one video in their order, and hands out the chunks that are kept.

    Holds 25 histograms, 83 smaller pictures and at most six chunks of pictures (0.5 MB), however long the video.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        self._pictures = 0
        self._hsv: Picture | None = None
        self._contents = deque([0.0] * 4, maxlen=4)
        self._before: deque[tuple[Picture, Picture]] = deque(maxlen=2 * REACH + 1)
        self._mixed_clock = SampleClock(_MIXED_HZ)
        self._seen: deque[tuple[float, Picture, Grey]] = deque(maxlen=_MIXED + 1)
        self._long = LongDissolves()
        self._waiting: deque[tuple[int, list[int], list[Picture]]] = deque()
        self._doubtful: set[int] = set()

    def measure(self, bgr: Picture, frame: int, elapsed: float, content: float | None = None) -> Signals:
        """Take the next step's half-size colour picture; its ``small_*``, ``wide_*``, ``mixture_*`` and ``long_*`` columns.

        Args:
            bgr: uint8 (h, w, 3) in B, G, R order.
            frame: The number of its frame.
            elapsed: The frame's time from the first, in s.
            content: The content value that the detectors see of the step, 0-255: where they may find a cut, the network looks.
        """
        number, small = self._pictures, small_picture(bgr)
        self._pictures += 1
        if number % CHUNK == 0:
            self._waiting.append((number // CHUNK, [], []))
        self._waiting[-1][1].append(frame)
        self._waiting[-1][2].append(small)
        change = self._change(small)
        if change is not None and max(change, content or 0.0) >= self._settings.doubt_change:
            self._doubtful |= {(number - _NEAR) // CHUNK, (number + _NEAR) // CHUNK}
        self._contents.append(content or 0.0)
        before, first, second, after = self._contents
        if is_spread(before, first, second, after, self._settings.doubt_change, _SPREAD):
            self._doubtful |= {(number - 2 - _NEAR) // CHUNK, (number - 1 + _NEAR) // CHUNK}
        colours, pixels = self._wide_change(small)
        if (
            colours is not None
            and pixels is not None
            and colours >= self._settings.doubt_histogram
            and pixels >= self._settings.doubt_distance
        ):
            self._doubtful.add((number - REACH) // CHUNK)
        signals: Signals = {"small_change": change, "wide_histogram": colours, "wide_distance": pixels}
        mixed, middle = self._mixed(small, number, elapsed)
        return signals | mixed | self._long.measure(small, self._seen[-1][2], elapsed, middle)

    def _mixed(self, small: Picture, number: int, elapsed: float) -> tuple[Signals, float | None]:
        """Whether the picture 0.6 s ago is made of this one and of the one 1.2 s ago, and its time where it is."""
        self._seen.append((elapsed, small, grey(small)))
        if not self._mixed_clock.due(elapsed):
            return {}, None
        middle, before = self._ago(elapsed - MIXED_S), self._ago(elapsed - 2 * MIXED_S)
        if middle is None or before is None or _distance(before[1], small) < _LEAST_MIXED_DISTANCE:
            return {}, None
        found = Between(before[2], middle[2], self._seen[-1][2]).mixture()
        if found is None:
            return {}, None
        is_one = is_mixture(found, self._settings.doubt_mixture)
        if is_one:
            since = sum(seen[0] > before[0] for seen in self._seen)
            self._doubtful |= set(range((number - since) // CHUNK, number // CHUNK + 1))
        signals: Signals = {
            "mixture_residual": found.residual,
            "mixture_single": found.single,
            "mixture_share": None if found.kind == "blend" else found.share,
        }
        return signals, middle[0] if is_one else None

    def _ago(self, elapsed: float) -> tuple[float, Picture, Grey] | None:
        nearest = self._seen[nearest_to(elapsed, self._seen)]
        return nearest if abs(nearest[0] - elapsed) <= _MIXED_OFF_S else None

    def _change(self, small: Picture) -> float | None:
        before, hsv = self._hsv, cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
        self._hsv = hsv
        if before is None:
            return None
        hue, saturation, luma, _ = (change / _PIXELS for change in cv2.sumElems(cv2.absdiff(hsv, before)))
        colour = max(cv2.sumElems(picture)[1] for picture in (hsv, before)) / _PIXELS / 255.0
        return weighed_change(hue, saturation, luma, colour)

    def _wide_change(self, small: Picture) -> tuple[float | None, float | None]:
        histogram = cv2.calcHist([small], [0, 1, 2], None, [_LEVELS] * 3, [0, 256] * 3)
        self._before.append((small, histogram))
        if len(self._before) <= 2 * REACH:
            return None, None
        small_before, histogram_before = self._before[0]
        moved = cv2.norm(histogram, histogram_before, cv2.NORM_L1) / 2
        return moved / _PIXELS, _distance(small, small_before)

    def ready(self) -> Iterator[Row]:
        """The chunks to keep of which enough has been seen; each is handed out once, in order."""
        # Its neighbours are its context, so doubt about the next one keeps it.
        while self._waiting and self._pictures >= (self._waiting[0][0] + 2) * CHUNK + _MIXED:
            yield from self._kept(*self._waiting.popleft())

    def rest(self) -> Iterator[Row]:
        """The chunks to keep that remain when the video has ended."""
        while self._waiting:
            yield from self._kept(*self._waiting.popleft())

    def _kept(self, chunk: int, frames: list[int], pictures: list[Picture]) -> Iterator[Row]:
        if self._doubtful & {chunk - 1, chunk, chunk + 1}:
            yield {
                "first_frame": frames[0],
                "picture": chunk * CHUNK,
                "frame_numbers": frames,
                "frames": len(pictures),
                "doubtful": chunk in self._doubtful,
                "rgb": np.stack(pictures).tobytes(),
            }
        self._doubtful.discard(chunk - 1)


def is_mixture(found: Mixture, most_residual: float) -> bool:
    """Whether a picture is made of two and not of one."""
    if found.residual is None or found.single < LEAST_SINGLE:
        return False
    return found.residual <= min(most_residual, LESS * found.single)


def _distance(a: Picture, b: Picture) -> float:
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size
