"""The sound of a clip: the same time as its pictures, placed by the file's own clock, at 48 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av.error
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from video_assets.media.containers import open_video
from video_assets.media.programmes import programmes_of
from video_assets.media.pyav import exact
from video_assets.media.seek import Span

RATE = 48_000
Samples = npt.NDArray[np.float32]

_AHEAD_S = 1  # Decoders of sound need the packets before to be right.
_BACK_S = (1, 4, 16)
_BACK_IN_TIME_S = Fraction(1, 4)  # As in FrameReader: so far back time has started again.
_DRIFT_S = 0.02  # Sound that is off by more than its samples say is placed anew.


@dataclass(frozen=True)
class Sound:
    """The sound of a span.

    Attributes:
        samples: float32 (channels, n), one or two channels at :data:`RATE`; None when there is none.
        offset_s: when it begins after the span does, in s; zeros stand before it.
        note: why there is none, or what is missing; None when there is nothing to say.
    """

    samples: Samples | None
    offset_s: float = 0.0
    note: str | None = None


def sound_of(path: Path, span: Span, piece: int, max_pixels: int, *, from_start: bool) -> Sound:
    """The sound of a span of pictures; whatever is wrong with it is said in the note.

    Args:
        path: a local file.
        span: the pictures' span.
        piece: number of the piece of the file, from 0, that the span lies in: time begins anew in each.
        max_pixels: as in :func:`open_video`.
        from_start: whether only reading from the start finds the span.

    Raises:
        MediaError: as :func:`open_video`.
        OSError: the file could not be read.
    """
    with open_video(path, max_pixels) as container:
        video = container.streams[span.stream]
        stream = own_sound(container, cast("VideoStream", video), path)
        if stream is None:
            return Sound(None, note="The file has no sound that belongs to the pictures.")
        if stream.codec_context is None:
            return Sound(None, note="This build of FFmpeg has no decoder for the sound.")
        packets = _packets(container, stream, span.start_s, piece, from_start=from_start)
        return _read(stream, packets, span.start_s, span.duration)


def own_sound(container: InputContainer, video: VideoStream, path: Path) -> AudioStream | None:
    """The sound that a player plays with a video stream: of its own programme, marked default, the first."""
    programmes = programmes_of(path) if container.format.name == "mpegts" else []
    own = [ids for ids in programmes if video.id in ids]
    fitting = [s for s in container.streams.audio if not own or any(s.id in ids for ids in own)]
    return max(fitting, key=lambda s: (bool(s.disposition & Disposition.default), -s.index), default=None)


def _packets(
    container: InputContainer, stream: AudioStream, start: Fraction, piece: int, *, from_start: bool
) -> Iterator[Packet[AudioStream]]:
    """The stream's packets from a little before a time on, in one piece of the file."""
    base = exact(stream.time_base) or Fraction(1, RATE)
    if not from_start and piece == 0:
        for back in _BACK_S:
            with suppress(av.error.FFmpegError, OverflowError):
                container.seek(round((start - back) / base), stream=stream)
                packets = _in_piece(container, stream, base, 0)
                first = next(packets, None)
                if first is not None and first.pts is not None and first.pts * base <= start:
                    yield first
                    yield from packets
                    return
        container.seek(0)
    for packet in _in_piece(container, stream, base, piece):
        if packet.pts is None or packet.pts * base >= start - _AHEAD_S:
            yield packet


def _in_piece(
    container: InputContainer, stream: AudioStream, base: Fraction, piece: int
) -> Iterator[Packet[AudioStream]]:
    now, last = 0, None
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.dts is not None:
                now += last is not None and packet.dts < last - _BACK_IN_TIME_S / base
                last = packet.dts
            if now > piece:
                return
            if now == piece:
                yield packet
    except MemoryError:
        raise
    except av.error.FFmpegError:  # what was read is the sound
        return


def _read(stream: AudioStream, packets: Iterator[Packet[AudioStream]], start: Fraction, duration: Fraction) -> Sound:
    channels = 1 if stream.codec_context.layout.nb_channels == 1 else 2
    track = _Track(channels, start, round(duration * RATE))
    errors = 0
    for packet in packets:
        try:
            frames = stream.decode(packet)
        except MemoryError:
            raise
        except av.error.FFmpegError:
            # What cannot be decoded before the span is a packet of which a seek found the rest.
            errors += packet.pts is None or packet.pts * (exact(stream.time_base) or 0) >= start
            continue
        for frame in frames:
            track.add(frame)
        if track.full:
            break
    else:
        with suppress(av.error.FFmpegError):
            for frame in stream.decode(None):
                track.add(frame)
    track.close()
    if track.first is None:
        note = "The sound could not be decoded." if errors else "The sound has nothing at this time."
        return Sound(None, note=note)
    missing = f"{errors} packets of the sound could not be decoded; there it is silent."
    return Sound(track.samples, track.first / RATE, missing if errors else None)


class _Track:
    """Samples of a span, into which decoded sound is placed by its pts; silent where there is none."""

    def __init__(self, channels: int, start: Fraction, length: int) -> None:
        self.samples: Samples = np.zeros((channels, length), np.float32)
        self.first: int | None = None
        self.full = False
        self._layout = "mono" if channels == 1 else "stereo"
        self._start = start
        self._resampler: AudioResampler | None = None
        self._kind: tuple[object, ...] = ()
        self._next = 0
        self._read_until: float | None = None

    def add(self, frame: AudioFrame) -> None:
        """Place a frame; one that does not follow the last one, or is of another kind, begins anew."""
        base = exact(frame.time_base) or Fraction(1, frame.sample_rate)
        told = None if frame.pts is None else float(frame.pts * base - self._start)
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        begins = self._read_until if told is None else told
        if begins is None:  # nothing says when it is heard
            return
        off = self._read_until is None or abs(begins - self._read_until) > _DRIFT_S
        if self._resampler is None or kind != self._kind or off:
            self.close()
            self._resampler = AudioResampler("fltp", self._layout, RATE)
            self._kind, self._next, self._read_until = kind, round(begins * RATE), begins
        for piece in self._resampler.resample(frame):
            self._place(piece)
        self._read_until = (self._read_until or 0.0) + frame.samples / frame.sample_rate
        self.full = self._next >= self.samples.shape[1]

    def close(self) -> None:
        """Place what the resampler holds back."""
        if self._resampler:
            for piece in self._resampler.resample(None):
                self._place(piece)
        self._resampler = None

    def _place(self, piece: AudioFrame) -> None:
        values = piece.to_ndarray()
        at, self._next = self._next, self._next + values.shape[1]
        first, last = max(at, 0), min(self._next, self.samples.shape[1])
        if first < last:
            self.samples[:, first:last] = values[:, first - at : last - at]
            self.first = first if self.first is None else min(self.first, first)
