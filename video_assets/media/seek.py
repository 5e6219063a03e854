"""The frames of a span of a stream, exactly those of a whole decode, without reading all that comes before them.

A seek is taken only when what came of it proves right. FFmpeg's lands on a later key frame in transport streams, and the leading
pictures of an open group of pictures never come after one: then the seek is tried again from further back, at last from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from video_assets.media.containers import MediaError, open_video
from video_assets.media.frames import FrameReader, Shown
from video_assets.media.streams import check_dimensions, video_stream
from video_assets.reasons import Reason

_BACK_S = (0, 1, 2, 4, 8, 16)
# Their decoders begin at a key frame with nothing but it. What others keep from before is not known.
_SEEKABLE_CODECS = frozenset({
    "h264", "hevc", "vp8", "vp9", "libvpx-vp9", "av1", "libdav1d", "libaom-av1", "mpeg1video", "mpeg2video", "mpeg4", "mjpeg",
    "prores", "dnxhd", "ffv1", "rawvideo",
})  # fmt: skip
# Their index has each time once. In others the same pts may come again, and a seek would find any of them.
_INDEXED = ("mov", "matroska")
# Programme streams give pts to some frames; to the others FFmpeg counts on from them. In AVI with B frames a dts says nothing.
_STAMPED_NOW_AND_THEN = "mpeg"


class LostTrackError(Exception):
    """What was decoded after a seek may not be what a whole decode gives: the span must be read from the start of the file."""


@dataclass(frozen=True)
class Span:
    """The frames with ``start_pts`` <= pts < ``end_pts``, as CLIPS has them.

    Attributes:
        stream: index of the video stream in the container.
        start_pts: pts of the first frame, in units of ``time_base``.
        end_pts: pts at which the last frame ends.
        time_base: seconds of a unit.
        pts_offset: by how much both are more than in the file.
        pieces: how many times time begins in the stream, by the decode of the whole; None when nobody has counted.
        frames: how many frames the span has by that decode; None when nobody has counted.
    """

    stream: int
    start_pts: int
    end_pts: int
    time_base: Fraction
    pts_offset: int = 0
    pieces: int | None = None
    frames: int | None = None

    @property
    def duration(self) -> Fraction:
        """Length in s, exactly."""
        return (self.end_pts - self.start_pts) * self.time_base

    @property
    def start_s(self) -> Fraction:
        """When it starts on the file's own clock, in s."""
        return (self.start_pts - self.pts_offset) * self.time_base


class SpanFrames:
    """Iterates once over the frames of a span, as :class:`Shown`.

    Attributes:
        container: the open file.
        stream: the video stream in it.
        optional: what could not be read beside pixels and times.
        first: the span's first frame.
        tries: seeks that were made.
        sought: whether one of them was taken; else the file was read from its start.
        piece: number of the piece of the stream that the span lies in, from 0.
    """

    def __init__(
        self, container: InputContainer, reader: FrameReader, stream: VideoStream, span: Span, found: _Found, tries: int
    ) -> None:
        self.container, self.stream, self.optional = container, stream, reader.optional
        self.first, self._rest, self.sought = found.first, found.rest, found.sought
        self.tries, self.piece = tries, reader.pieces - 1
        self._reader, self._span = reader, span

    def __iter__(self) -> Iterator[Shown]:
        """The frames.

        Raises:
            LostTrackError: after a seek only: a frame came whose place or picture a whole decode may give otherwise, or not as
                many came as the span has.
            MediaError: when not as many frames as the span has came of a decode from the start: READ_ERROR where reading
                broke off, else CUT_MISMATCH.
        """
        count = 0
        shown: Shown | None = self.first
        while shown is not None and shown.pts < self._span.end_pts:
            yield shown
            count += 1
            shown = next(self._rest, None)
            if self.sought and _unsure(self._reader, self.stream, shown):
                raise LostTrackError
        if self._span.frames not in (None, count):
            if self.sought:
                raise LostTrackError
            message = f"The span has {count} frames; {self._span.frames} were counted when it was found."
            raise MediaError(Reason.READ_ERROR if self._reader.broken else Reason.CUT_MISMATCH, message)


@dataclass(frozen=True)
class _Found:
    first: Shown
    rest: Iterator[Shown]
    sought: bool


@contextmanager
def open_span(path: Path, span: Span, max_pixels: int, *, from_start: bool = False) -> Iterator[SpanFrames]:
    """Open a file at a span.

    Args:
        path: a local file.
        span: what is wanted of it.
        max_pixels: largest picture that is opened.
        from_start: whether to read from the start without trying a seek, as after :class:`LostTrackError`.

    Raises:
        MediaError: as :func:`open_video`; NO_VIDEO_STREAM, ABSURD_DIMENSIONS; CUT_MISMATCH when the file has no frame with
            the span's first pts, or counts time in other units.
    """
    tries = 0
    if not from_start and span.pts_offset == 0 and span.pieces in (None, 1):
        with ExitStack() as stack:
            container, stream, reader = _opened(stack, path, span, max_pixels)
            if _can_seek(container, stream, span):
                found, tries = _seek(container, stream, reader, span)
                if found:
                    yield SpanFrames(container, reader, stream, span, found, tries)
                    return
    with ExitStack() as stack:
        container, stream, reader = _opened(stack, path, span, max_pixels)
        yield SpanFrames(container, reader, stream, span, _read_up_to(reader, span, path), tries)


def can_seek(path: Path, span: Span, max_pixels: int) -> bool:
    """Whether a seek can find the span at all: time begins once in the file, and its decoder can begin anywhere.

    Raises:
        MediaError: as :func:`open_span`.
    """
    with ExitStack() as stack:
        container, stream, _ = _opened(stack, path, span, max_pixels)
        return _can_seek(container, stream, span)


def _opened(
    stack: ExitStack, path: Path, span: Span, max_pixels: int
) -> tuple[InputContainer, VideoStream, FrameReader]:
    container = stack.enter_context(open_video(path, max_pixels))
    stream = video_stream(container, span.stream)
    check_dimensions(stream, max_pixels)
    reader = FrameReader(container, stream, max_pixels)
    if reader.time_base != span.time_base:
        message = f"{path.name} counts time in {reader.time_base} s, the span in {span.time_base} s."
        raise MediaError(Reason.CUT_MISMATCH, message)
    return container, stream, reader


def _can_seek(container: InputContainer, stream: VideoStream, span: Span) -> bool:
    one_time = span.pieces == 1 or (span.pieces is None and container.format.name.startswith(_INDEXED))
    return span.pts_offset == 0 and one_time and stream.codec_context.name in _SEEKABLE_CODECS


def _seek(container: InputContainer, stream: VideoStream, reader: FrameReader, span: Span) -> tuple[_Found | None, int]:
    """The span's first frame by the first seek that is right, and how many were tried."""
    for tries, back in enumerate(_BACK_S, 1):
        try:
            container.seek(round(span.start_pts - back / span.time_base), stream=stream)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OverflowError):
            return None, tries
        reader.from_key = True
        frames = iter(reader)
        for shown in frames:
            if _unsure(reader, stream, shown) or shown.pts > span.start_pts:
                break
            if shown.pts == span.start_pts:
                return _Found(shown, frames, sought=True), tries
        if _own_rules(reader):
            return None, tries
    return None, len(_BACK_S)


def _unsure(reader: FrameReader, stream: VideoStream, shown: Shown | None) -> bool:
    """Whether a frame, or the end of the frames, came after a seek that a whole decode may give otherwise."""
    if _own_rules(reader) or (reader.all_alike and stream.codec_context.has_b_frames):
        return True
    if shown is None:
        return False
    # What is concealed is concealed with what came before, which a whole decode has more of.
    corrupt = shown.damaged and reader.optional.read("damage", lambda f: f.is_corrupt, shown.frame)
    own = shown.frame.pts
    if own is None and (stream.container.format.name == _STAMPED_NOW_AND_THEN or not stream.codec_context.has_b_frames):
        own = shown.frame.dts
    return bool(corrupt) or shown.pts != own


def _own_rules(reader: FrameReader) -> bool:
    """Whether the reader has found that pts are not simply the file's."""
    return reader.pieces > 1 or reader.left_out > 0


def _read_up_to(reader: FrameReader, span: Span, path: Path) -> _Found:
    frames = iter(reader)
    for shown in frames:
        if shown.pts == span.start_pts and shown.offset == span.pts_offset:
            return _Found(shown, frames, sought=False)
        if shown.pts >= span.start_pts:
            break
    message = f"{path.name} has no frame with pts {span.start_pts} (offset {span.pts_offset}) in stream {span.stream}."
    raise MediaError(Reason.CUT_MISMATCH, message)
