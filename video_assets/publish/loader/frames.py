"""The frames of a sample: so many, at a wanted rate by time, from a place in the clip that hangs on seed, epoch and clip alone.

What is shown at a time is the last frame that has begun by then, as in every player. PyAV reads our shards and the sources; ``decord``
and ``torchcodec`` read our shards too, which have no edit list and no leading pictures. Of MP4 with an edit
list and of MPEG-TS decord gives wrong frames without a word, so that it is no choice for sources.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from video_assets.media.containers import MediaError
from video_assets.media.cropping import Region
from video_assets.media.cut_picture import Pictures as Cutter
from video_assets.media.cut_times import at_rate
from video_assets.media.cut_values import Cut, CutSettings
from video_assets.media.frames import Shown
from video_assets.media.pyav import exact
from video_assets.media.seek import LostTrackError, Span, SpanFrames, open_span
from video_assets.media.streams import geometry
from video_assets.publish.loader.errors import BadSampleError

if TYPE_CHECKING:
    from video_assets.publish.loader.release_folder import ReleaseFolder

Pictures = npt.NDArray[np.uint8]
"""Pictures in R, G, B: (frames, 3, height, width)."""

Decoder = Literal["pyav", "decord", "torchcodec"]
_UNSPECIFIED, _BT709_FROM_LINES = 2, 720
_PARTS = 1_000_000
_LATE_S = Fraction(1, 1000)  # as in media.cut_times


@dataclass(frozen=True)
class Window:
    """What is shown of a clip.

    Attributes:
        start: of the first frame, in s from the clip's start.
        frames: how many.
        fps: frames/s.
    """

    start: Fraction
    frames: int
    fps: Fraction

    @property
    def times(self) -> list[Fraction]:
        """When each frame is shown, in s from the clip's start."""
        return [self.start + k / self.fps for k in range(self.frames)]


def window(clip_id: str, seed: int, epoch: int, duration: Fraction, frames: int, fps: Fraction) -> Window:
    """The window of a clip in an epoch: anywhere in it, to a microsecond; the same on every machine.

    Args:
        clip_id: the clip.
        seed: another one gives other windows.
        epoch: every epoch gives others too.
        duration: of the clip, in s.
        frames: how many are wanted.
        fps: frames/s.

    Raises:
        ValueError: the clip is too short.
    """
    room = duration - (frames - 1) / fps
    if room <= 0:
        raise ValueError(f"Clip {clip_id} of {float(duration):.3f} s has not {frames} frames at {fps}/s.")
    key = json.dumps([clip_id, seed, epoch, "window"])
    drawn = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return Window(Fraction(drawn % math.ceil(room * _PARTS), _PARTS), frames, fps)


class FrameSource(ABC):
    """Gives a sample's frames. Picklable: worker processes have it too."""

    @abstractmethod
    def read(self, row: Mapping[str, Any], wanted: Window, into: Pictures) -> None:
        """Read the frames of a window.

        Args:
            row: the clip's row of the manifest.
            wanted: what of it.
            into: where they go: uint8 (frames, 3, height, width), R, G, B, of the size that the manifest says.

        Raises:
            BadSampleError: it cannot be used.
            ShardError: its shard is not as it was made.
        """


@dataclass(frozen=True)
class ShardFrames(FrameSource):
    """Frames out of a release's shards."""

    release: ReleaseFolder
    decoder: Decoder = "pyav"

    def read(self, row: Mapping[str, Any], wanted: Window, into: Pictures) -> None:
        decode(self.release.media(row["clip_id"]), wanted, into, self.decoder)


@dataclass(frozen=True)
class SourceFrames(FrameSource):
    """Frames out of the sources, by the checked seek; each is cropped and scaled as the manifest says.

    A window is read from its clip's start on, so that shards with their key frames are the cheaper to read.

    Attributes:
        paths: local file of each video.
        max_pixels: largest picture that is opened.
    """

    paths: Mapping[str, Path]
    max_pixels: int = 8192 * 8192

    def read(self, row: Mapping[str, Any], wanted: Window, into: Pictures) -> None:
        path = self.paths.get(row["video_id"])
        if path is None:
            raise BadSampleError("source", f"No file is named for the video {row['video_id']}.")
        try:
            try:
                self._read(path, row, wanted, into, from_start=False)
            except LostTrackError:
                self._read(path, row, wanted, into, from_start=True)
        except MediaError as error:
            raise BadSampleError("source", f"{path.name}: {error.message}") from error
        except OSError as error:
            raise BadSampleError("source", f"{path.name}: {error}") from error

    def _read(self, path: Path, row: Mapping[str, Any], wanted: Window, into: Pictures, *, from_start: bool) -> None:
        base = Fraction(row["time_base_num"], row["time_base_den"])
        span = Span(row["stream"], row["start_pts"], row["end_pts"], base, row["pts_offset"])
        with open_span(path, span, self.max_pixels, from_start=from_start) as frames:
            first = frames.first.frame
            shape = geometry(frames.stream, first, frames.optional)
            crop = Region(row["crop_x"], row["crop_y"], row["crop_width"], row["crop_height"])
            cut = Cut(span, shape.display, crop, row["width"], row["height"])
            made = Cutter(first, shape, frames.stream.codec_context, cut, CutSettings(), frames.optional)
            timed = ((shown.frame, (shown.pts - span.start_pts) * base) for shown in _followed(frames, made))
            _fill(into, ((frame, made.made(frame)) for frame in _sampled(timed, wanted)))


def _followed(frames: SpanFrames, made: Cutter) -> Iterator[Shown]:
    """The frames; how a phone is turned in the middle of them is said by key frames, which are looked at though nobody shows them."""
    for shown in frames:
        yield shown
        # Only now: the frame before it may be made into a picture after it has come.
        if shown.frame.key_frame:
            made.made(shown.frame)


def decode(media: bytes, wanted: Window, into: Pictures, decoder: Decoder = "pyav") -> None:
    """Decode a window of a clip's media file.

    Args:
        media: the file; its first picture is shown at 0.
        wanted: what of it.
        into: where it goes: uint8 (frames, 3, height, width), R, G, B, of the size that its pictures must have.
        decoder: what decodes it.

    Raises:
        BadSampleError: it cannot be decoded, or its pictures have another size.
        ModuleNotFoundError: the decoder is not installed.
    """
    if decoder != "pyav":
        found = {"decord": _by_decord, "torchcodec": _by_torchcodec}[decoder](media, wanted)
        _check_size(found.shape[3], found.shape[2], into)
        into[:] = found
        return
    with _opened(media) as container:
        try:
            _fill(into, ((frame, frame) for frame in _sampled(_from_key_frame(container, wanted.start), wanted)))
        except MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise BadSampleError("decode", f"PyAV: {error.strerror}") from error


@contextmanager
def _opened(media: bytes) -> Iterator[InputContainer]:
    try:
        container: InputContainer = av.open(io.BytesIO(media), "r")
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise BadSampleError("decode", f"PyAV: {error.strerror}") from error
    with container:
        yield container


def _from_key_frame(container: InputContainer, start: Fraction) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Frames and when they are shown, in s, from one on that is shown at ``start`` or before."""
    if not container.streams.video:
        raise BadSampleError("decode", "There is no video in it.")
    stream = container.streams.video[0]
    # Several samples at a time on one thread each cost less CPU than one on several threads.
    stream.codec_context.thread_count = 1
    base = exact(stream.time_base) or Fraction(1, _PARTS)
    container.seek(math.floor(start / base), stream=stream)
    frames = container.decode(stream)
    first = next(frames, None)
    if first is None or first.pts is None or first.pts * base > start:
        # A seek may land too late: then all of it is read.
        container.seek(0, stream=stream)
        frames = container.decode(stream)
        first = next(frames, None)
    if first is None:
        raise BadSampleError("decode", "No picture came out of it.")
    yield first, (first.pts or 0) * base
    for frame in frames:
        yield frame, (frame.pts or 0) * base


def _sampled(frames: Iterable[tuple[VideoFrame, Fraction]], wanted: Window) -> Iterator[VideoFrame]:
    """What is shown at the window's times."""
    moved = ((frame, begins - wanted.start) for frame, begins in frames)
    return (frame for frame, _ in islice(at_rate(moved, wanted.fps, wanted.frames / wanted.fps), wanted.frames))


def _fill(into: Pictures, frames: Iterable[tuple[VideoFrame, VideoFrame]]) -> None:
    """Put frames, each with the picture that is made of it, where they go; one that is shown again is converted once."""
    # One for all of them: to make ready takes longer than to convert.
    converter = VideoReformatter()
    last: VideoFrame | None = None
    count = 0
    for count, (frame, picture) in enumerate(frames, 1):
        if frame is last:
            into[count - 1] = into[count - 2]
            continue
        _check_size(picture.width, picture.height, into)
        _copy_rgb(converter, picture, into[count - 1])
        last = frame
    if count < len(into):
        raise BadSampleError("decode", f"{count} of {len(into)} frames came out of it.")


def _copy_rgb(converter: VideoReformatter, picture: VideoFrame, into: Pictures) -> None:
    """Copy a picture to uint8 (3, height, width), by the matrix that it names; where it names none, by the usual one of its size.

    Planes cost half of what pixels cost that are taken apart, and are the same.
    """
    unnamed = picture.colorspace == _UNSPECIFIED and picture.height >= _BT709_FROM_LINES
    planar = converter.reformat(picture, format="gbrp", src_colorspace=Colorspace.ITU709 if unnamed else None)
    for channel, plane in enumerate(planar.planes[number] for number in (2, 0, 1)):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        into[channel] = lines[: picture.height, : picture.width]


def _check_size(width: int, height: int, into: Pictures) -> None:
    if (height, width) != into.shape[2:]:
        wanted = f"{into.shape[3]}x{into.shape[2]}"
        raise BadSampleError("size", f"Its pictures have {width}x{height} pixels; the manifest says {wanted}.")


def _by_decord(media: bytes, wanted: Window) -> Pictures:
    import decord

    try:
        reader = decord.VideoReader(io.BytesIO(media), num_threads=1)
        begins = [Fraction(float(t)) for t in reader.get_frame_timestamp(range(len(reader)))[:, 0]]
        found = reader.get_batch(_indices(begins, wanted)).asnumpy()
    except (decord.DECORDError, RuntimeError) as error:
        raise BadSampleError("decode", f"decord: {error}") from error
    return np.ascontiguousarray(found.transpose(0, 3, 1, 2))


def _by_torchcodec(media: bytes, wanted: Window) -> Pictures:
    from torchcodec.decoders import VideoDecoder

    late = _late(wanted.fps)
    try:
        decoder = VideoDecoder(media, seek_mode="exact", num_ffmpeg_threads=1)
        # A file that does not say how long its last picture is shown ends for torchcodec where that begins.
        end = decoder.metadata.end_stream_seconds
        inside = [time for t in wanted.times if (time := float(t + late)) < end]
        pictures = [*decoder.get_frames_played_at(inside).data.numpy()] if inside else []
        if len(inside) < wanted.frames:
            last = decoder.get_frame_at(decoder.metadata.num_frames - 1).data.numpy()
            pictures += [last] * (wanted.frames - len(inside))
    except (RuntimeError, ValueError, IndexError) as error:
        raise BadSampleError("decode", f"torchcodec: {error}") from error
    return np.stack(pictures)


def _indices(begins: list[Fraction], wanted: Window) -> list[int]:
    """Of the frames that begin then, in s, the numbers of those that are shown at the window's times."""
    moved = ((number, time - wanted.start) for number, time in enumerate(begins))
    return [n for n, _ in islice(at_rate(moved, wanted.fps, wanted.frames / wanted.fps), wanted.frames)]


def _late(fps: Fraction) -> Fraction:
    """As :func:`at_rate` counts what begins a little late."""
    return min(_LATE_S, 1 / fps / 4)
