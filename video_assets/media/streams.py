"""The video stream of a container: which one it is, how its picture is turned for display, how long it says it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
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
_MOST_OF_A_STILL = 2
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
    """The stream a player would show: moving, decodable, marked default, largest. Cover art and thumbnails are none.

    A track of one or two pictures is a still (the large one of a motion photo), wherever another track has more.

    Raises:
        MediaError: NO_VIDEO_STREAM or UNSUPPORTED_CODEC.
    """
    moving = [s for s in container.streams.video if not s.disposition & _STILL]
    if not moving:
        raise MediaError(Reason.NO_VIDEO_STREAM, f"None of the {len(container.streams)} streams is moving video.")
    decodable = [s for s in moving if s.codec_context is not None]
    if not decodable:
        raise MediaError(Reason.UNSUPPORTED_CODEC, f"No decoder for stream {moving[0].index}.")
    films = [s for s in decodable if not 0 < _pictures(s) <= _MOST_OF_A_STILL] or decodable
    return max(films, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index))


def _pictures(stream: VideoStream) -> int:
    """How many pictures a stream has by its file's own word; 0 when that does not say."""
    if stream.frames:
        return stream.frames
    counted = _tag(stream.metadata, "NUMBER_OF_FRAMES")  # as mkvmerge writes it
    return int(counted) if counted.isdecimal() else 0


def not_read(container: InputContainer, stream: VideoStream) -> str | None:
    """The video streams beside the chosen one, for a person; None when it is the only one."""
    others = [s for s in container.streams.video if s.index != stream.index]
    return "; ".join(f"stream {s.index}: {_described(s)}" for s in others) or None


def _described(stream: VideoStream) -> str:
    if stream.codec_context is None:
        return "no decoder"
    kind = " still" if stream.disposition & _STILL or 0 < _pictures(stream) <= _MOST_OF_A_STILL else ""
    return f"{codec_name(stream)}{kind} {stream.width}x{stream.height}"


def has_sound(container: InputContainer, stream: VideoStream, programmes: Sequence[frozenset[int]]) -> bool:
    """Whether a player would play sound with the stream.

    Args:
        container: the file.
        stream: its chosen video stream.
        programmes: of a transport stream the ids of each programme's streams, as :func:`programmes_of` gives them.
    """
    own = [ids for ids in programmes if stream.id in ids]
    return any(not own or any(audio.id in ids for ids in own) for audio in container.streams.audio)


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


def codec_name(stream: VideoStream) -> str:
    """FFmpeg's name of the codec, whichever decoder reads it (``av1`` by libdav1d)."""
    name: str = stream.codec_context.codec.canonical_name
    return name


def declared_rate(stream: VideoStream) -> Fraction | None:
    """The average frame rate by the file's own word, in frames/s; None where it says none.

    FFmpeg 8 gives a DV file's clock for its rate, 60,000 frames/s: one frame a tick is none where its timestamps ask for less.
    """
    average, base = exact(stream.average_rate), exact(stream.base_rate)
    if average and base and base < average and average * (exact(stream.time_base) or 0) == 1:
        return base
    return average or None


def declared_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """What the file says of the stream's length, in s: of the stream, of its Matroska DURATION tag, of the container."""
    own = own_duration(stream)
    return own or (container.duration / 1_000_000 if container.duration else None)


def own_duration(stream: VideoStream) -> float | None:
    """What the file says of the length of this very stream, in s: sound or subtitles may go on for longer."""
    base = exact(stream.time_base)
    if stream.duration and base:
        return float(stream.duration * base)
    clock = _CLOCK.match(_tag(stream.metadata, "DURATION"))
    if clock:
        hours, minutes, seconds = clock.groups()
        end = int(hours) * 3600 + int(minutes) * 60 + float(seconds)  # counted from 0, not from the first frame
        return max(0.0, end - float((stream.start_time or 0) * (base or 0))) or None
    return None


@dataclass(frozen=True)
class Declared:
    """When a video stream begins and ends by its file's own word, in s from pts zero; None where that does not say.

    Where nothing is said of this stream's own end, that of the file counts.
    """

    start: float | None
    end: float | None

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream, optional: OptionalSignals) -> Declared:
        """What a file declares."""
        start = optional.read("declared start", _start, stream)
        length = optional.read("declared duration", own_duration, stream)
        if length is not None and start is not None:
            return cls(start, start + length)
        length = optional.read("declared duration of the file", lambda: container.duration)
        return cls(start, (container_start(container) or 0.0) + length / 1_000_000 if length else None)

    def missing_start(self, first: float) -> float | None:
        """Seconds that are missing before the first frame."""
        return None if self.start is None else max(0.0, first - self.start)

    def missing_end(self, end: float) -> float | None:
        """Seconds that are missing after the end of the last frame."""
        return None if self.end is None else max(0.0, self.end - end)


def _start(stream: VideoStream) -> float | None:
    base = exact(stream.time_base)
    return None if stream.start_time is None or base is None else float(stream.start_time * base)


def _tag(metadata: dict[str, Any], name: str) -> str:
    return next((str(value) for key, value in metadata.items() if key.upper().startswith(name)), "")
