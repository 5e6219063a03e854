"""What a file declares of its video, checked by decoding one frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.media.containers import MediaError, open_video
from video_assets.media.frames import FrameReader
from video_assets.media.programmes import programmes_of
from video_assets.media.pyav import exact
from video_assets.media.side_data import content_light_level, mastering_luminance, projection, stereo_mode
from video_assets.media.streams import (
    best_video_stream,
    check_dimensions,
    codec_name,
    container_start,
    declared_duration,
    declared_rate,
    geometry,
    has_sound,
    not_read,
)
from video_assets.reasons import Reason

# FFmpeg's names of ITU-T H.273 code points.
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_MATRICES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}  # fmt: skip
# AVFieldOrder. The last two are the interleaved fields of QuickTime's "fiel" (9 and 14), which FFmpeg and cameras write for
# top first and bottom first, whatever the names say.
_FIELD_ORDERS = {2: "top", 3: "bottom", 4: "top", 5: "bottom"}
_RANGES = {1: "tv", 2: "pc"}


@dataclass(frozen=True)
class Probe:
    """The columns of ``raw_videos`` that come from the container and its first frame; see ``lake/schemas``."""

    container: str
    codec: str
    pixel_format: str
    stream: int
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    mirrored: bool
    sample_aspect: float
    time_base_num: int
    time_base_den: int
    start_pts: int | None
    container_start_s: float | None
    duration_s: float | None
    declared_frames: int | None
    average_fps: float | None
    bit_rate: int | None
    bit_depth: int
    colour_primaries: str | None
    colour_transfer: str | None
    colour_matrix: str | None
    colour_range: str | None
    max_luminance: float | None
    max_cll: int | None
    field_order: str | None
    stereo_mode: str | None
    projection: str | None
    has_audio: bool
    other_videos: str | None
    unread: str | None


def probe(path: Path, max_pixels: int) -> Probe:
    """Read a file's header and first frame.

    Raises:
        MediaError: as :func:`open_video`; NO_VIDEO_STREAM, UNSUPPORTED_CODEC; ABSURD_DIMENSIONS when the declared
            picture has no pixels or more than ``max_pixels`` (no picture is allocated); NO_FRAMES when none decodes.
    """
    with open_video(path, max_pixels) as container:
        stream = best_video_stream(container)
        check_dimensions(stream, max_pixels)
        reader = FrameReader(container, stream, max_pixels)
        frame = _first_frame(reader, stream)
        read = reader.optional.read
        shape = geometry(stream, frame, reader.optional)
        width, height = shape.display
        base = exact(stream.time_base)
        if base is None:
            raise MediaError(Reason.NOT_A_VIDEO, f"Stream {stream.index} of {path.name} has no time base.")
        transport = container.format.name == "mpegts"
        programmes = (read("programmes", programmes_of, path) if transport else None) or ()
        duration = read("declared duration", declared_duration, container, stream)
        bit_rate = read("bit rate", lambda: stream.bit_rate)
        return Probe(
            container=container.format.name,
            codec=codec_name(stream),
            pixel_format=frame.format.name,
            stream=stream.index,
            width=width,
            height=height,
            coded_width=shape.coded_width,
            coded_height=shape.coded_height,
            rotation=shape.orientation.rotation,
            mirrored=shape.orientation.mirrored,
            sample_aspect=shape.sample_aspect,
            time_base_num=base.numerator,
            time_base_den=base.denominator,
            start_pts=read("declared start", lambda: stream.start_time),
            container_start_s=read("container's start", container_start, container),
            duration_s=duration,
            declared_frames=read("declared frames", lambda: stream.frames or None),
            average_fps=read("declared rate", lambda: float(rate) if (rate := declared_rate(stream)) else None),
            bit_rate=bit_rate or (round(path.stat().st_size * 8 / duration) if duration else None),
            bit_depth=frame.format.components[0].bits,
            colour_primaries=read("colour primaries", lambda: _PRIMARIES.get(frame.color_primaries)),
            colour_transfer=read("colour transfer", lambda: _TRANSFERS.get(frame.color_trc)),
            colour_matrix=read("colour matrix", _matrix, frame, stream),
            colour_range=read("colour range", lambda: _RANGES.get(frame.color_range)),
            max_luminance=read("mastering display", mastering_luminance, frame),
            max_cll=read("content light level", content_light_level, frame),
            field_order=read("field order", lambda: _FIELD_ORDERS.get(stream.codec_context.field_order)),
            stereo_mode=read("stereo mode", stereo_mode, frame) or read("stereo mode", _anaglyph, stream),
            projection=read("projection", projection, frame),
            has_audio=has_sound(container, stream, programmes),
            other_videos=read("other streams", not_read, container, stream),
            unread=reader.optional.unread,
        )


def _matrix(frame: VideoFrame, stream: VideoStream) -> str | None:
    # The reader takes those away from frames that swscale does not know.
    return _MATRICES.get(frame.colorspace) or _MATRICES.get(stream.codec_context.colorspace)


def _anaglyph(stream: VideoStream) -> str | None:
    """Matroska's StereoMode of two eyes in two colours, which FFmpeg gives as a tag alone."""
    return "anaglyph" if str(stream.metadata.get("stereo_mode", "")).startswith("anaglyph") else None


def _first_frame(reader: FrameReader, stream: VideoStream) -> VideoFrame:
    for shown in reader:
        return shown.frame
    raise MediaError(Reason.NO_FRAMES, f"Not one frame of stream {stream.index} could be decoded.")
