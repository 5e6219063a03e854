"""The small pictures that a shot boundary network looks at, kept only where the cheap numbers leave doubt.

Such a network costs many times the decode on a CPU, and most footage has no transition for minutes. 25 frames are in
doubt when adjacent ones differ enough, or two that are 24 frames apart around one of them; the rest goes to no network.
What is in doubt is kept with 25 frames of context on either side, so that nothing opens the video again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np

from video_assets.measure.streamed_table import Row
from video_assets.measure.types import Picture, Signals
from video_assets.settings import DecodeSettings

WIDTH, HEIGHT = 48, 27
"""Size of a small picture: what TransNetV2 (arXiv 2008.04838) was trained on, whatever the aspect of the video."""
CHUNK = 25
"""Frames that are in doubt together, and that make a row; the context on either side of them, too."""
REACH = 12
"""Frames on either side of the one at which a gradual change is looked for."""

_NEAR = 2  # A network can place a change this many frames off.
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

    Holds 25 histograms and at most four chunks of pictures (0.4 MB), however long the video.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        self._frames = 0
        self._hsv: Picture | None = None
        self._before: deque[tuple[Picture, Picture]] = deque(maxlen=2 * REACH + 1)
        self._waiting: deque[tuple[int, list[Picture]]] = deque()
        self._doubtful: set[int] = set()

    def measure(self, bgr: Picture) -> Signals:
        """Take the next frame's half-size colour picture; its ``small_change``, ``wide_histogram`` and ``wide_distance``."""
        frame, small = self._frames, small_picture(bgr)
        self._frames += 1
        if frame % CHUNK == 0:
            self._waiting.append((frame // CHUNK, []))
        self._waiting[-1][1].append(small)
        change = self._change(small)
        if change is not None and change >= self._settings.doubt_change:
            self._doubtful |= {(frame - _NEAR) // CHUNK, (frame + _NEAR) // CHUNK}
        colours, pixels = self._wide_change(small)
        if (
            colours is not None
            and pixels is not None
            and colours >= self._settings.doubt_histogram
            and pixels >= self._settings.doubt_distance
        ):
            self._doubtful.add((frame - REACH) // CHUNK)
        return {"small_change": change, "wide_histogram": colours, "wide_distance": pixels}

    def _change(self, small: Picture) -> float | None:
        before, self._hsv = self._hsv, cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
        return None if before is None else _distance(self._hsv, before)

    def _wide_change(self, small: Picture) -> tuple[float | None, float | None]:
        histogram = cv2.calcHist([small], [0, 1, 2], None, [_LEVELS] * 3, [0, 256] * 3)
        self._before.append((small, histogram))
        if len(self._before) <= 2 * REACH:
            return None, None
        small_before, histogram_before = self._before[0]
        moved = cv2.norm(histogram, histogram_before, cv2.NORM_L1) / 2
        return moved / (WIDTH * HEIGHT), _distance(small, small_before)

    def ready(self) -> Iterator[Row]:
        """The chunks to keep of which enough has been seen; each is handed out once, in order."""
        # Its neighbours are its context, so doubt about the next one keeps it.
        while self._waiting and self._frames >= (self._waiting[0][0] + 2) * CHUNK + REACH:
            yield from self._kept(*self._waiting.popleft())

    def rest(self) -> Iterator[Row]:
        """The chunks to keep that remain when the video has ended."""
        while self._waiting:
            yield from self._kept(*self._waiting.popleft())

    def _kept(self, chunk: int, pictures: list[Picture]) -> Iterator[Row]:
        if self._doubtful & {chunk - 1, chunk, chunk + 1}:
            yield {
                "first_frame": chunk * CHUNK,
                "frames": len(pictures),
                "doubtful": chunk in self._doubtful,
                "rgb": np.stack(pictures).tobytes(),
            }
        self._doubtful.discard(chunk - 1)


def _distance(a: Picture, b: Picture) -> float:
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size
