"""The video stream of a container: which one it is, how its picture is turned for display, how long it says it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.media.containers import MediaError
from video_assets.media.cropping import Region, container_region
from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.orientation import UPRIGHT, Orientation, orientation_of
from video_assets.media.pyav import exact
from video_assets.media.side_data import side_data
from video_assets.media.stream_notes import stream_notes
from video_assets.reasons import Reason

_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True)
class Geometry:
    """How coded pixels become the displayed picture: take the region, widen by the sample aspect, turn and mirror.

    ``region`` is the part that the container asks for; None for all of it.
    """

    coded_width: int
    coded_height: int
    sample_aspect: float = 1.0
    orientation: Orientation = UPRIGHT
    region: Region | None = None

    @property
    def display(self) -> tuple[int, int]:
        """Width and height as displayed, in pixels."""
        width, height = (
            (self.region.width, self.region.height) if self.region else (self.coded_width, self.coded_height)
        )
        width = max(1, round(width * self.sample_aspect))
        return (height, width) if self.orientation.turned else (width, height)


def best_video_stream(container: InputContainer) -> VideoStream:
    """The stream a player would show: decodable, marked default, largest. Cover art and thumbnails are none.

    Raises:
        MediaError: NO_VIDEO_STREAM or UNSUPPORTED_CODEC.
    """
    moving = [s for s in container.streams.video if not s.disposition & _STILL]
    if not moving:
        raise MediaError(Reason.NO_VIDEO_STREAM, f"None of the {len(container.streams)} streams is moving video.")
    decodable = [s for s in moving if s.codec_context is not None]
    if not decodable:
        raise MediaError(Reason.UNSUPPORTED_CODEC, f"No decoder for stream {moving[0].index}.")
    return max(decodable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index))


def video_stream(container: InputContainer, index: int) -> VideoStream:
    """The video stream with this index in the container.

    Raises:
        MediaError: NO_VIDEO_STREAM.
    """
    for stream in container.streams.video:
        if stream.index == index and stream.codec_context is not None:
            return stream
    raise MediaError(Reason.NO_VIDEO_STREAM, f"Stream {index} is not video that can be decoded.")


def check_dimensions(stream: VideoStream, max_pixels: int) -> None:
    """Refuse a picture that is empty or too large to open.

    Raises:
        MediaError: ABSURD_DIMENSIONS.
    """
    width, height = stream.width, stream.height
    if width <= 0 or height <= 0 or width * height > max_pixels:
        message = f"The declared picture is {width}x{height}; at most {max_pixels} pixels are opened."
        raise MediaError(Reason.ABSURD_DIMENSIONS, message)


def geometry(stream: VideoStream, frame: VideoFrame, optional: OptionalSignals) -> Geometry:
    """The geometry of a decoded frame: not only containers turn a picture, but H.264's SEI and a JPEG's EXIF too."""
    aspect = optional.read("sample aspect", lambda: float(exact(stream.sample_aspect_ratio) or 1))
    turned = optional.read("display matrix", orientation, frame) or UPRIGHT
    return Geometry(frame.width, frame.height, aspect or 1.0, turned, optional.read("cropping", _region, stream, frame))


def _region(stream: VideoStream, frame: VideoFrame) -> Region | None:
    notes = stream_notes(cast("InputContainer", stream.container), stream.index)
    return container_region(notes, frame.width, frame.height, frame.format)


def orientation(frame: VideoFrame) -> Orientation:
    """How a decoded frame says that it is turned; upright where it says nothing.

    Raises:
        ValueError: what it says is no display matrix.
    """
    matrix = side_data(frame, "DISPLAYMATRIX")
    return UPRIGHT if matrix is None else orientation_of(bytes(matrix))


def container_start(container: InputContainer) -> float | None:
    """Pts, in s, at which a player's clock stands at 0: the first of any stream, to a microsecond; None when unknown."""
    return None if container.start_time is None else container.start_time / 1_000_000


def declared_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """What the file says of the stream's length, in s: of the stream, of its Matroska DURATION tag, of the container."""
    base = exact(stream.time_base)
    if stream.duration and base:
        return float(stream.duration * base)
    clock = _CLOCK.match(_tag(stream.metadata, "DURATION"))
    if clock:
        hours, minutes, seconds = clock.groups()
        end = int(hours) * 3600 + int(minutes) * 60 + float(seconds)  # counted from 0, not from the first frame
        return max(0.0, end - float((stream.start_time or 0) * (base or 0))) or None
    return container.duration / 1_000_000 if container.duration else None


def _tag(metadata: dict[str, Any], name: str) -> str:
    return next((str(value) for key, value in metadata.items() if key.upper().startswith(name)), "")
