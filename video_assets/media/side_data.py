"""What FFmpeg says of a frame beside its pixels (AVFrameSideData)."""

from __future__ import annotations

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
    """The bytes of a kind (``MOTION_VECTORS``, ``DISPLAYMATRIX``, ...) that the frame has; None where it has none."""
    # frame.side_data would tie the frame into a reference cycle, and whole pictures would wait for the collector.
    found = SideDataContainer(frame).get(kind)  # type: ignore[call-arg]
    return None if found is None else memoryview(found)
