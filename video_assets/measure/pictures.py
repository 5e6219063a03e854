"""From a decoded frame, of any pixel format and size, to the small pictures that are measured, as displayed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from video_assets.media.streams import Geometry
from video_assets.measure.types import Picture

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_LEAST_SIDE = 16
_UNSPECIFIED_COLOURSPACE = 2
_HD_LINES = 720


@dataclass(frozen=True)
class Planes:
    """A picture as three uint8 planes in full range (0-255): luma (h, w), and Cb and Cr at half size (h/2, w/2)."""

    luma: Picture
    cb: Picture
    cr: Picture


def size_by_long_side(display: tuple[int, int], long_side: int) -> tuple[int, int]:
    """The even (width, height) with this long side and the display's aspect; no side under 16."""
    return _scaled(display, long_side / max(display))


def size_by_short_side(display: tuple[int, int], short_side: int) -> tuple[int, int]:
    """The even (width, height) with this short side and the display's aspect, the long side at most 4 times as long."""
    return _scaled(display, min(short_side / min(display), 4 * short_side / max(display)))


def _scaled(display: tuple[int, int], scale: float) -> tuple[int, int]:
    width, height = (max(_LEAST_SIDE, 2 * round(side * scale / 2)) for side in display)
    return width, height


class Scaler:
    """Scales frames to one size with swscale's area average, in one pass with conversion to full-range 4:2:0.

    The output size stays as it is when the coded size changes in mid-stream.
    """

    def __init__(self, geometry: Geometry, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self._coded_size = (self.height, self.width) if geometry.turned else size
        self._turn = _TURNS.get(geometry.rotation)
        self._reformatter = VideoReformatter()

    def planes(self, frame: VideoFrame) -> Planes:
        """The whole picture as :class:`Planes`."""
        luma, cb, cr = (_view(plane) for plane in self._reformat(frame, "yuv420p").planes)
        return Planes(self._turned(luma), self._turned(cb), self._turned(cr))

    def luma(self, frame: VideoFrame) -> Picture:
        """Full-range luma alone, uint8 (h, w)."""
        return self.planes(frame).luma

    def bgr(self, frame: VideoFrame) -> Picture:
        """The picture in B, G, R, uint8 (h, w, 3), by the stream's matrix; BT.709 from 720 lines where it names none."""
        image = self._reformat(frame, "bgr24")
        plane = image.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        return self._turned(np.ascontiguousarray(rows[:, : plane.width * 3]).reshape(plane.height, plane.width, 3))

    def _reformat(self, frame: VideoFrame, pixel_format: str) -> VideoFrame:
        width, height = self._coded_size
        from_rgb, to_rgb = frame.format.is_rgb, pixel_format == "bgr24"
        guess_hd = to_rgb and frame.colorspace == _UNSPECIFIED_COLOURSPACE and frame.height >= _HD_LINES
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=Colorspace.ITU709 if guess_hd else None,
            dst_colorspace=Colorspace.ITU601 if from_rgb and not to_rgb else None,
            interpolation=Interpolation.AREA,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )

    def _turned(self, picture: Picture) -> Picture:
        return picture if self._turn is None else cv2.rotate(picture, self._turn)


def _view(plane: object) -> Picture:
    """A plane's pixels without a copy; rows may be padded, so the array need not be contiguous."""
    rows: Picture = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)  # type: ignore[attr-defined,call-overload]
    return rows[:, : plane.width]  # type: ignore[attr-defined]
