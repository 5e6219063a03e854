"""The geometry of every frame: streams change size, pixel shape and orientation in their middle.

Web calls adapt their size, a phone is turned, and between film and advertisement a broadcast changes its pixels.
"""

from __future__ import annotations

from dataclasses import replace

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.orientation import UPRIGHT
from video_assets.media.pyav import exact
from video_assets.media.streams import Geometry, geometry, orientation

# Their tracks have a pixel shape of their own, which stands for all frames, whatever the codec says (av_guess_sample_aspect_ratio).
_SHAPED = ("mov", "matroska")


class Shapes:
    """Tells the geometry of one stream's frames in their order; the same object as long as nothing changes."""

    def __init__(self, stream: VideoStream, first: VideoFrame, optional: OptionalSignals) -> None:
        self._stream, self._optional = stream, optional
        self._coded = _coded(first)
        self._usual = self.now = geometry(stream, first, optional)
        self._shaped = stream.container.format.name.startswith(_SHAPED)
        self._first_aspect = self._aspect = self._codec_aspect()
        self._waited = 0

    def next(self, frame: VideoFrame, key: bool) -> Geometry:
        """The geometry of a frame after the first.

        Args:
            frame: the frame.
            key: whether it is a key frame. At the same size only there do pixel shape and orientation change.
        """
        coded, reshaped = _coded(frame), self._reshaped(key)
        if coded == self._coded and not key and not reshaped:
            return self.now
        if coded != self._coded:
            self._coded, self._usual = coded, geometry(self._stream, frame, self._optional)
            self._aspect = self._codec_aspect()
        turned = self._optional.read("display matrix", orientation, frame) or UPRIGHT
        aspect = self._usual.sample_aspect if self._aspect == self._first_aspect else self._aspect
        shape = replace(self._usual, sample_aspect=aspect, orientation=turned)
        if shape != self.now:
            self.now = shape
        return self.now

    def _reshaped(self, key: bool) -> bool:
        """Whether the codec has another pixel shape from this frame on.

        A decoder says what it has read, which may be frames ahead of what it gives out: the change is that of the next key
        frame, or, where that is left out, of the frame after as many as the decoder holds back.
        """
        if self._shaped or (aspect := self._codec_aspect()) == self._aspect:
            return False
        self._waited += 1
        if not key and self._waited <= self._stream.codec_context.has_b_frames:
            return False
        self._aspect, self._waited = aspect, 0
        return True

    def _codec_aspect(self) -> float:
        context = self._stream.codec_context
        return self._optional.read("sample aspect", lambda: float(exact(context.sample_aspect_ratio) or 1)) or 1.0


def _coded(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
