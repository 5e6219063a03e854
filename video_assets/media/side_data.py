"""What FFmpeg says of a frame beside its pixels (AVFrameSideData)."""

from __future__ import annotations

import struct
from typing import Any, cast

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame


def _unnamed_kind(kinds: type[Type], value: object) -> Type:
    """A kind for a number that PyAV has no name for."""
    kind: Any = object.__new__(kinds)
    kind._name_, kind._value_ = f"UNKNOWN_{value}", value
    return cast("Type", kind)


# FFmpeg gives kinds that PyAV 18 has no name for (LCEVC, EXIF), and one of them made all of a frame's unreadable.
# PyAV 19 names those that it does not know in the same way.
if "_missing_" not in vars(Type):
    Type._missing_ = classmethod(_unnamed_kind)  # type: ignore[assignment]


def side_data(frame: VideoFrame, kind: str) -> memoryview | None:
    """The bytes of a kind (``DISPLAYMATRIX``, ``STEREO3D``, ...) that the frame has; None where it has none."""
    # frame.side_data would tie the frame into a reference cycle, and whole pictures would wait for the collector.
    found = SideDataContainer(frame).get(kind)  # type: ignore[call-arg]
    return None if found is None else memoryview(found)


# libavutil/mastering_display_metadata.h: eight rationals of primaries and white point, the least and the most luminance, and
# whether primaries and luminance are there.
_MASTERING_DISPLAY = struct.Struct("=16i 2i 2i 2i")
_LIGHT_LEVEL = struct.Struct("=2I")  # MaxCLL, MaxFALL


def mastering_luminance(frame: VideoFrame) -> float | None:
    """Peak of the display on which the footage was mastered, in cd/m2 (SMPTE ST 2086); None where the file says none.

    Raises:
        struct.error: the side data is shorter than FFmpeg writes it.
    """
    found = side_data(frame, "MASTERING_DISPLAY_METADATA")
    if found is None:
        return None
    *_, numerator, denominator, _, has_luminance = _MASTERING_DISPLAY.unpack_from(found)
    return numerator / denominator if has_luminance and denominator else None


def content_light_level(frame: VideoFrame) -> int | None:
    """MaxCLL, the brightest pixel of the footage in cd/m2 (CTA-861.3); None where the file says none.

    Raises:
        struct.error: as :func:`mastering_luminance`.
    """
    found = side_data(frame, "CONTENT_LIGHT_LEVEL")
    return None if found is None else _LIGHT_LEVEL.unpack_from(found)[0] or None


# libavutil/stereo3d.h (AVStereo3DType) and libavutil/spherical.h (AVSphericalProjection): the first number of each structure.
_KIND = struct.Struct("=i")
_STEREO_MODES = (
    "mono", "side_by_side", "top_bottom", "frame_alternate", "checkerboard", "side_by_side_quincunx", "interleaved_lines",
    "interleaved_columns", "unspecified",
)  # fmt: skip
_PROJECTIONS = (
    "equirectangular", "cubemap", "tiled_equirectangular", "half_equirectangular", "rectilinear", "fisheye",
    "parametric_immersive",
)  # fmt: skip


def stereo_mode(frame: VideoFrame) -> str | None:
    """How the pictures of two eyes lie in the frame, or ``mono``; None where the file says nothing.

    Raises:
        struct.error: as :func:`mastering_luminance`.
    """
    return _kind(frame, "STEREO3D", _STEREO_MODES)


def projection(frame: VideoFrame) -> str | None:
    """How the frame is a picture of all directions, or ``rectilinear`` as of a camera; None where the file says nothing.

    Raises:
        struct.error: as :func:`mastering_luminance`.
    """
    return _kind(frame, "SPHERICAL", _PROJECTIONS)


def _kind(frame: VideoFrame, name: str, kinds: tuple[str, ...]) -> str | None:
    found = side_data(frame, name)
    if found is None:
        return None
    (kind,) = _KIND.unpack_from(found)
    return kinds[kind] if 0 <= kind < len(kinds) else "unspecified"
