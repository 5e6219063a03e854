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

# ITU-R BT.601 and BT.709: luma 16-235 and chroma 16-240 are the limited range.
_CODES = np.arange(256, dtype=np.float64)
_FULL_LUMA: Picture = np.clip(np.rint((_CODES - 16) * 255 / 219), 0, 255).astype(np.uint8)
_FULL_CHROMA: Picture = np.clip(np.rint((_CODES - 128) * 255 / 224 + 128), 0, 255).astype(np.uint8)


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
    """Scales frames to one size with swscale's area average, and to full range.

    The output size stays as it is when the coded size changes in mid-stream.
    """

    def __init__(self, geometry: Geometry, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self._coded_size = (self.height, self.width) if geometry.turned else size
        self._turn = _TURNS.get(geometry.rotation)
        self._reformatter = VideoReformatter()

    def planes(self, frame: VideoFrame) -> Planes:
        """The whole picture as :class:`Planes`."""
        luma, cb, cr = (self._turned(plane) for plane in self._yuv(frame))
        if _is_full_range(frame):
            return Planes(luma, cb, cr)
        return Planes(cv2.LUT(luma, _FULL_LUMA), cv2.LUT(cb, _FULL_CHROMA), cv2.LUT(cr, _FULL_CHROMA))

    def luma(self, frame: VideoFrame) -> Picture:
        """Full-range luma alone, uint8 (h, w)."""
        luma = self._turned(self._yuv(frame)[0])
        return luma if _is_full_range(frame) else cv2.LUT(luma, _FULL_LUMA)

    def bgr(self, frame: VideoFrame) -> Picture:
        """The picture in B, G, R, uint8 (h, w, 3), by the stream's matrix; BT.709 from 720 lines where it names none."""
        guess_hd = frame.colorspace == _UNSPECIFIED_COLOURSPACE and frame.height >= _HD_LINES
        image = self._reformat(frame, "bgr24", src_colorspace=Colorspace.ITU709 if guess_hd else None)
        return self._turned(image.to_ndarray())

    def _yuv(self, frame: VideoFrame) -> list[Picture]:
        # A change of range inside swscale costs a tenth of a 720p decode; on the small picture it is a table look-up.
        full = _is_full_range(frame)
        image = self._reformat(
            frame,
            "yuv420p",
            dst_colorspace=Colorspace.ITU601 if frame.format.is_rgb else None,
            dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        )
        return [_view(plane) for plane in image.planes]

    def _reformat(self, frame: VideoFrame, pixel_format: str, **conversion: int | None) -> VideoFrame:
        width, height = self._coded_size
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            interpolation=Interpolation.AREA,
            threads=1,
            **conversion,
        )

    def _turned(self, picture: Picture) -> Picture:
        return picture if self._turn is None else np.asarray(cv2.rotate(picture, self._turn), np.uint8)


def _is_full_range(frame: VideoFrame) -> bool:
    return frame.color_range == ColorRange.JPEG or frame.format.is_rgb or frame.format.name.startswith("yuvj")


def _view(plane: object) -> Picture:
    """A plane's pixels without a copy; rows may be padded, so the array need not be contiguous."""
    rows: Picture = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)  # type: ignore[attr-defined,call-overload]
    return rows[:, : plane.width]  # type: ignore[attr-defined]
