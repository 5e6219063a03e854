"""HDR pictures (PQ and HLG) as SDR ones: one tone map for all of them, so that a picture measures alike in each.

Light is kept up to the reference white of HDR, 203 cd/m2 (ITU-R BT.2408), which is the white of SDR: what stands below it is
what an SDR display (ITU-R BT.1886) shows of the picture that BT.2408 maps into HDR by the light on the display. What is
brighter is drawn in, from a knee near white on, as BT.2390 does for a display that is darker than the master's; where the
knee lies, and its shape, are ours. Only the numbers of the format decide: the mastering display and MaxCLL, which one file
states and the next does not, move nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace

from video_assets.measure.types import Picture

_Matrix: TypeAlias = npt.NDArray[np.float32]

PQ, HLG = 16, 18
"""Transfer characteristics of HDR (ITU-T H.273)."""
REFERENCE_WHITE = 203.0
"""Luminance of a white that is no highlight, in cd/m2 (ITU-R BT.2408, table 1): 58 % PQ, 75 % HLG on a display of 1000 cd/m2."""
HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
"""The display that HLG is shown on: its peak in cd/m2, and the system gamma at that peak (ITU-R BT.2100, table 5).

The gamma works on R, G and B each, as that of SDR does (a BT.709 camera on a BT.1886 display) and as FFmpeg's zscale has it:
on luminance alone, as BT.2100 defines it for HLG's own look, colours would be a sixth less saturated than the same scene's in SDR.
"""
KNEE = 0.97
"""Share of the SDR signal from which on light is drawn in: luma 247 stays, white comes out at 251 and 1000 cd/m2 at 255.

White is over-exposed then, as it is in SDR (:mod:`video_assets.measure.samples`).
"""

_SDR_GAMMA = 2.4  # ITU-R BT.1886
_LEVELS = 1 << 12  # of a table: 12 bits, as fine as PQ needs (BT.2100)
# H.273's matrices by their Kr and Kb; what names none, or one that swscale does not take, is BT.2020, as HDR is.
_KR_KB = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}
_KR_KB_2020 = (0.2627, 0.0593)
# Linear light in other primaries (H.273) to BT.709's: BT.2020 by ITU-R BT.2407, P3-D65 by SMPTE EG 432-1.
_FROM_2020 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_FROM_P3 = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]], np.float32)
_TO_709: dict[int, _Matrix | None] = {1: None, 12: _FROM_P3}
# R', G', B' in 0-1 to codes of Y', Cb, Cr in full range (ITU-R BT.709).
_YCC_709 = np.array(
    [
        [0.2126, 0.7152, 0.0722, 0.0],
        [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5, 128 / 255],
        [0.5, -0.7152 / 1.5748, -0.0722 / 1.5748, 128 / 255],
    ],
    np.float32,
) * np.float32(255)


def is_hdr(frame: VideoFrame) -> bool:
    """Whether a frame's transfer is PQ or HLG."""
    return frame.color_trc in (PQ, HLG)


def as_sdr(small: VideoFrame, source: VideoFrame, full_range: bool) -> VideoFrame:
    """A small HDR picture in SDR: BT.709 (gamma 2.4), 4:2:0, 8 bits, full range.

    Args:
        small: The picture, planar 4:2:0 of 8 to 16 bits, even sides.
        source: The decoded frame that it was scaled from, which says transfer and primaries.
        full_range: Whether the small picture is in full range.
    """
    bits = small.format.components[0].bits
    rgb = cv2.transform(_samples(small, bits), _rgb_of(small.colorspace, bits, full_range))
    light = _light(rgb, source.color_trc)
    gamut = _TO_709.get(source.color_primaries, _FROM_2020)
    if gamut is not None:
        light = cv2.transform(light, gamut)
    luma, *chroma = cv2.split(cv2.convertScaleAbs(cv2.transform(_shown(light), _YCC_709)))
    half = small.width // 2, small.height // 2
    picture = VideoFrame(small.width, small.height, "yuv420p")
    halved = (cv2.resize(c, half, interpolation=cv2.INTER_AREA) for c in chroma)
    for plane, values in zip(picture.planes, (luma, *halved), strict=True):
        _pixels(plane, 8)[:] = values
    picture.colorspace, picture.color_range = Colorspace.ITU709, ColorRange.JPEG
    return picture


def _samples(small: VideoFrame, bits: int) -> Picture:
    """Y', Cb and Cr codes at full size, float32 (h, w, 3)."""
    luma, *chroma = (_pixels(plane, bits).astype(np.float32) for plane in small.planes)
    size = small.width, small.height
    return cv2.merge([luma, *(cv2.resize(c, size, interpolation=cv2.INTER_LINEAR) for c in chroma)])


def _pixels(plane: VideoPlane, bits: int) -> Picture:
    """A plane's pixels where they lie, uint8 or uint16 (h, w)."""
    rows = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16)  # type: ignore[call-overload]
    pixels: Picture = rows.reshape(plane.height, -1)[:, : plane.width]
    return pixels


def _rgb_of(matrix: int, bits: int, full_range: bool) -> _Matrix:
    """Codes to R', G', B' in 0-1: a (3, 4) matrix (ITU-R BT.2100, tables 6 and 9)."""
    kr, kb = _KR_KB.get(matrix, _KR_KB_2020)
    kg, unit = 1 - kr - kb, 1 << (bits - 8)
    black, luma, chroma = (0, 256 * unit - 1, 256 * unit - 1) if full_range else (16 * unit, 219 * unit, 224 * unit)
    u, v = 2 * (1 - kb), 2 * (1 - kr)
    turn = np.array([[1, 0, v], [1, -u * kb / kg, -v * kr / kg], [1, u, 0]]) / [luma, chroma, chroma]
    return np.column_stack([turn, turn @ [-black, -128 * unit, -128 * unit]]).astype(np.float32)


def _light(rgb: Picture, transfer: int) -> Picture:
    """Light on the display in shares of the reference white, of R', G', B' in 0-1; float32 (h, w, 3)."""
    codes = np.clip(rgb * (_LEVELS - 1) + 0.5, 0, _LEVELS - 1).astype(np.uint16)
    light: Picture = _table(transfer)[codes]
    return light


@cache
def _table(transfer: int) -> npt.NDArray[np.float32]:
    """Light of each level of a signal, in shares of the reference white (ITU-R BT.2100, tables 4 and 5)."""
    signal = np.arange(_LEVELS) / (_LEVELS - 1)
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = signal ** (1 / m2)
        light = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        light = HLG_PEAK * scene**_HLG_GAMMA
    return (light / REFERENCE_WHITE).astype(np.float32)


def _shown(light: Picture) -> Picture:
    """R', G', B' of SDR in 0-1, of light in shares of the reference white; float32 (h, w, 3)."""
    signal = cv2.pow(np.maximum(light, 0), 1 / _SDR_GAMMA)
    bright = signal > KNEE
    over, room = signal[bright] - KNEE, 1 - KNEE
    signal[bright] = KNEE + room * over / (over + room)
    return signal
