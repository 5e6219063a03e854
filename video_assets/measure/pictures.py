"""From a decoded frame, of any pixel format and size, to the small pictures that are measured, as displayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from video_assets.measure.tone_map import as_sdr, is_hdr
from video_assets.measure.types import Picture
from video_assets.media.frames import UNSPECIFIED_MATRIX
from video_assets.media.orientation import Orientation
from video_assets.media.streams import Geometry

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_LEAST_SIDE = 16
_HD_LINES = 720
# What OpenCV averages faster than swscale: squares of so many pixels, of 8 bits.
_AVERAGED_SQUARES = frozenset({2, 3, 4, 6, 8, 12, 16, 24})
_AVERAGED_FORMATS = frozenset({"yuv420p", "yuvj420p"})

# ITU-R BT.601 and BT.709: luma 16-235 and chroma 16-240 are the limited range.
_LUMA_GAIN, _CHROMA_GAIN = 255 / 219, 255 / 224


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


def oriented(picture: Picture, orientation: Orientation) -> Picture:
    """A coded picture as displayed; the same one when it is upright."""
    if orientation.rotation:
        picture = cv2.rotate(picture, _TURNS[orientation.rotation])
    return cv2.flip(picture, 1) if orientation.mirrored else picture


class Scaler:
    """Scales frames of one geometry to one size by area.

    :meth:`scale` gives a 4:2:0 picture as coded; the other methods turn and mirror it for display and give it full range.
    """

    def __init__(self, geometry: Geometry, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self._coded_size = (self.height, self.width) if geometry.orientation.turned else size
        self._orientation = geometry.orientation
        self._usual_matrix = Colorspace.ITU709 if geometry.coded_height >= _HD_LINES else Colorspace.ITU601
        self._to_small, self._to_bgr = VideoReformatter(), VideoReformatter()

    def scale(self, frame: VideoFrame) -> VideoFrame:
        """A decoded frame of any format at this scaler's size by swscale, 4:2:0: of 8 bits, or of 10 when it has more than 8.

        An HDR one comes out in SDR (:mod:`video_assets.measure.tone_map`).
        """
        # A change of range inside swscale costs a tenth of a 720p decode; on the small picture it is nothing.
        width, height = self._coded_size
        full_range = _is_full_range(frame)
        small = self._to_small.reformat(
            frame,
            width=width,
            height=height,
            # To 8 bits swscale would dither, which reads as sharpness.
            format="yuv420p10le" if frame.format.components[0].bits > 8 else "yuv420p",
            dst_colorspace=Colorspace.ITU601 if frame.format.is_rgb else None,
            interpolation=Interpolation.AREA,
            dst_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
            threads=1,
        )
        # As with the range: on the small picture.
        return as_sdr(small, frame, full_range) if is_hdr(frame) else small

    def planes(self, frame: VideoFrame) -> Planes:
        """A decoded frame of any format as :class:`Planes`.

        Where whole squares of its pixels become one, they are averaged without swscale, to the same in 0.6 of the time. Where the
        file says that chroma stands at the left of the luma that it colours, as H.264 and HEVC do, swscale would leave it there.
        """
        square = self._square(frame)
        picture = frame if square > 1 else self.scale(frame)
        luma, cb, cr = self._pictures(picture, square)
        if _is_full_range(picture):
            return Planes(luma, cb, cr)
        return Planes(_full_luma(luma), _full_chroma(cb), _full_chroma(cr))

    def luma(self, small: VideoFrame) -> Picture:
        """A scaled frame's luma alone, uint8 (h, w)."""
        luma = next(self._pictures(small))
        return luma if _is_full_range(small) else _full_luma(luma)

    def bgr(self, small: VideoFrame) -> Picture:
        """A scaled frame in B, G, R, uint8 (h, w, 3), by its own matrix, or the usual one of its size (BT.709 for HD)."""
        unnamed = small.colorspace == UNSPECIFIED_MATRIX
        matrix = self._usual_matrix if unnamed else None
        image = self._to_bgr.reformat(small, format="bgr24", src_colorspace=matrix, threads=1)
        return self._turned(image.to_ndarray())

    def _square(self, frame: VideoFrame) -> int:
        """The side of the squares of a frame's pixels that are averaged to one each; 1 where swscale scales it."""
        width, height = self._coded_size
        side = frame.width // width
        whole = side in _AVERAGED_SQUARES and (frame.width, frame.height) == (side * width, side * height)
        return side if whole and frame.format.name in _AVERAGED_FORMATS and not is_hdr(frame) else 1

    def _pictures(self, picture: VideoFrame, square: int = 1) -> Iterator[Picture]:
        bits = picture.format.components[0].bits
        return (self._turned(_averaged(_view(plane, bits), square)) for plane in picture.planes)

    def _turned(self, picture: Picture) -> Picture:
        return oriented(picture, self._orientation)


def _averaged(picture: Picture, square: int) -> Picture:
    """A picture of which squares of a side out of :data:`_AVERAGED_SQUARES` become a pixel each."""
    while square % 2 == 0:
        picture, square = cv2.resize(picture, None, fx=1 / 2, fy=1 / 2, interpolation=cv2.INTER_AREA), square // 2
    if square == 3:
        # OpenCV's area average is fast for halves alone.
        means = cv2.blur(picture, (3, 3))
        picture = cv2.resize(means, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_NEAREST_EXACT)
    return picture


def _full_luma(limited: Picture) -> Picture:
    # Twice as fast as a table, to the same bytes.
    return cv2.addWeighted(limited, _LUMA_GAIN, limited, 0.0, -16 * _LUMA_GAIN)


def _full_chroma(limited: Picture) -> Picture:
    return cv2.addWeighted(limited, _CHROMA_GAIN, limited, 0.0, 128 - 128 * _CHROMA_GAIN)


def _is_full_range(frame: VideoFrame) -> bool:
    return frame.color_range == ColorRange.JPEG or frame.format.is_rgb or frame.format.name.startswith("yuvj")


def _view(plane: VideoPlane, bits: int) -> Picture:
    """A plane's pixels in 8 bits, without a copy when it has them; rows may be padded, so it need not be contiguous."""
    rows = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16).reshape(plane.height, -1)  # type: ignore[call-overload]
    pixels: Picture = rows[:, : plane.width]
    return pixels if bits == 8 else cv2.convertScaleAbs(pixels, alpha=2.0 ** (8 - bits))
