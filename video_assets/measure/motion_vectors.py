"""Motion as the encoder coded it: free, because it is in the bitstream."""

from __future__ import annotations

import numpy as np
from av.video.frame import PictureType, VideoFrame

from video_assets.measure.types import Signals
from video_assets.media.side_data import side_data
from video_assets.media.streams import Geometry

# libavutil/motion_vector.h, AVMotionVector: 40 bytes, w and h at bytes 4 and 5, motion_x and motion_y in words 6 and 7,
# motion_scale in the half word at byte 32.
_BYTES, _WORDS, _SCALE = 40, 10, 16


class MotionVectorReader:
    """Reads the vectors of P frames.

    FFmpeg does not say which frame a vector refers to. A P frame's is nearly always the I or P frame shown before it,
    so the vector over the frames between them is motion per frame step; a B frame's may be any of several in both
    directions, and its vectors are not used. Means are weighted by block area.

    Attributes:
        geometry: of the next frame.
        found: whether any frame had vectors.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self._steps = 0
        self.found = False

    def read(self, frame: VideoFrame) -> Signals:
        """``mv_mean``, ``mv_x`` and ``mv_y`` of the next frame in display order; empty unless it is P with vectors."""
        self._steps += 1
        kind = frame.pict_type
        if kind == PictureType.B:
            return {}
        steps, self._steps = self._steps, 0
        if kind != PictureType.P:
            return {}
        vectors = side_data(frame, "MOTION_VECTORS")
        if not vectors:
            return {}
        self.found = True
        return self._mean(np.frombuffer(vectors, np.uint8), steps)

    def _mean(self, raw: np.ndarray[tuple[int], np.dtype[np.uint8]], steps: int) -> Signals:
        blocks = raw.reshape(-1, _BYTES)
        words = raw.view(np.int32).reshape(-1, _WORDS)
        weight = blocks[:, 4].astype(np.float32) * blocks[:, 5]
        # A vector points from the block to where it was, in 1/scale pixels.
        unit = -1.0 / (float(weight.sum()) * max(1, int(raw.view(np.uint16)[_SCALE])) * steps)
        x, y = words[:, 6].astype(np.float32), words[:, 7].astype(np.float32)
        length = float(np.dot(np.sqrt(x * x + y * y), weight)) * -unit
        right = float(np.dot(x, weight)) * unit * self.geometry.sample_aspect
        down = float(np.dot(y, weight)) * unit
        x_mean, y_mean = self.geometry.orientation.shown(right, down)
        return {"mv_mean": length, "mv_x": x_mean, "mv_y": y_mean}
