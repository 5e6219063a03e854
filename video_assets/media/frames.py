"""Every frame of a stream, once, in display order, on one thread, past whatever damage the file has."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple, cast

import av.error
from av.container import Flags, InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.pyav import exact
from video_assets.media.streams import declared_rate, own_duration

UNSPECIFIED_MATRIX = 2
"""A picture whose colour matrix nobody names (ITU-T H.273)."""

# H.273's matrices that swscale takes (libswscale/format.c, sws_test_colorspace).
_KNOWN_MATRICES = frozenset({0, 1, UNSPECIFIED_MATRIX, 4, 5, 6, 7, 9})
_MOST_READ_ERRORS = 100
_UNKNOWN_TIME_BASE = Fraction(1, 1_000_000)
_LEAST_BACK_S = Fraction(1, 4)  # So far back time has started again; what is nearer is out of order.


class Shown(NamedTuple):
    """A frame and when it is shown.

    Attributes:
        frame: The picture.
        pts: When it is shown, in time base units: the file's own pts plus ``offset``.
        damaged: What the decoder says of it (concealed errors), or that packets just before it could not be decoded at
            all, or were lost with pictures in them; None when the decoder's word cannot be read.
        offset: By how much its piece was moved, in time base units; 0 in the first piece.
        restarts: Whether a piece begins with it that is not the first.
    """

    frame: VideoFrame
    pts: int
    damaged: bool | None
    offset: int
    restarts: bool


class FrameReader:
    """Iterates over a stream's frames as :class:`Shown`; the counts are final when the iteration is over.

    Pts are strictly increasing. A frame without one gets its dts, as in FFmpeg's own players, or the last pts plus the
    last interval. Where time starts again, as in files that were joined or recorded by an encoder that was restarted, a
    new piece begins, which is moved to where the one before it ends; so it does where the first frames have no time at all,
    as those before a Matroska file's zero, and time begins behind them. Any other frame that would not come after the one
    before it, which no player shows, is left out.

    Attributes:
        time_base: Seconds of one unit of pts.
        pieces: Stretches of the stream with a time of their own, so far; 1 in a sound file.
        left_out: Frames that would not have come after the one before them.
        all_alike: Whether every packet so far had its dts for a pts, or neither.
        others_end: When the last packet of another stream ended, in s, where the file says nothing of this stream's own
            length; 0.0 before the first such packet, and where the file does.
        nominal_step: The declared average frame interval, in time base units; 1 when there is none.
        from_key: Whether packets are left out until a key frame comes, as after a seek; what is decoded before it is no picture.
        optional: Reads what the file may say of its frames, for whoever measures them too.
        errors: Packets that could not be decoded.
        broken: Whether reading stopped at an error and not at the end of the file.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        max_pixels: int,
        profile: Literal["exact", "fast"] = "exact",
    ) -> None:
        self._container = container
        self._stream = stream
        self.optional = OptionalSignals()
        self.errors = 0
        self.pieces = 1
        self.left_out = 0
        self.broken = False
        self.from_key = False
        self.others_end = 0.0
        self._packets_back = False
        self.all_alike = True
        self._pts_are_dts = False
        self._losses: list[int] = []
        self.time_base = exact(stream.time_base) or _UNKNOWN_TIME_BASE
        self.nominal_step = self._nominal_step()
        # GENPTS, which PyAV asks for, invents wrong pts where a container has only dts (AVI with B frames).
        container.flags &= ~cast("int", Flags.gen_pts.value)
        context = stream.codec_context
        # Several files at a time on one thread each cost less CPU than one file on several threads.
        context.thread_count = 1
        context.options = {"max_pixels": str(max_pixels)}
        if profile == "fast":
            context.options |= {"skip_loop_filter": "all"}

    def __iter__(self) -> Iterator[Shown]:
        last: int | None = None
        step = self.nominal_step
        offset = 0
        errors_seen = 0
        timeless = True  # No frame so far had a time.
        for frame in self._frames():
            own = None if last is None else last - offset
            if own is not None and not timeless and frame.pts is not None and frame.pts <= own:
                # Some files have nothing but decoding times, and give them out as pts: frames that were reordered go back.
                self._pts_are_dts |= self.all_alike and not self._packets_back
            told = None if self._pts_are_dts else frame.pts
            pts = _guess(frame.dts, own, step) if told is None else told
            lost = own is not None and pts - own >= 2 * self.nominal_step and self._lost_between(own, pts)
            if lost:  # A key frame needs no picture before it.
                lost = self.optional.read("key frame", lambda f: f.key_frame, frame) is not True
            restarts, begins = False, timeless and (told is not None or frame.dts is not None)
            timeless &= not begins
            if last is not None and pts + offset <= last:
                if not (self._packets_back or begins):  # what a decoder puts out of order around damage
                    self.left_out += 1
                    continue
                offset, restarts = last + step - pts, True
                self.pieces += 1
            if restarts:
                self._packets_back = False
            elif last is not None:
                step = pts + offset - last
            last = pts + offset
            damaged = self.optional.read("damage", lambda f: f.is_corrupt, frame)
            self.optional.read("colour matrix", self._mend_colours, frame)
            yield Shown(frame, last, self.errors > errors_seen or lost or damaged, offset, restarts)
            errors_seen = self.errors

    def _lost_between(self, before: int, after: int) -> bool:
        """Whether packets were lost behind a picture that is shown from ``before`` on and before ``after``, in pts of the file."""
        return any(before <= loss < after for loss in self._losses)

    def _mend_colours(self, frame: VideoFrame) -> None:
        """Take the matrix away that swscale would refuse the whole picture for: luma is the same without it."""
        if frame.colorspace not in _KNOWN_MATRICES:
            self.optional.unusable("colour matrix", f"FFmpeg's scaler does not know H.273's {frame.colorspace}")
            frame.colorspace = UNSPECIFIED_MATRIX

    def _frames(self) -> Iterator[VideoFrame]:
        last_dts: int | None = None
        latest: int | None = None
        told = False
        back = _LEAST_BACK_S / self.time_base
        for packet in self._packets():
            if packet is not None and packet.dts is not None:
                # Within a piece packets come in the order of their dts.
                if last_dts is not None and packet.dts < last_dts - back:
                    self._packets_back, latest = True, None
                last_dts = packet.dts
                self.all_alike &= packet.pts == packet.dts
            if packet is not None and packet.pts is not None:
                latest = packet.pts if latest is None else max(latest, packet.pts)
                # A transport stream's count of packets goes on wrongly behind this one, or the next: a parser may tell it early.
                if packet.is_corrupt or told:
                    self._losses.append(latest)
                told = packet.is_corrupt
            if self.from_key and packet is not None:
                if not packet.is_keyframe:
                    continue
                self.from_key = False
            try:
                yield from self._stream.decode(packet)
            except av.error.EOFError:
                return
            except MemoryError:  # a limit of this process, not damage to the file
                raise
            except av.error.FFmpegError:
                self.errors += 1

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """The stream's packets and a last None that flushes the decoder; read errors are stepped over."""
        read_errors = 0
        # How long the file is then, is to be seen at its other streams.
        watched = (self._stream,) if own_duration(self._stream) else self._container.streams
        while read_errors < _MOST_READ_ERRORS:
            try:
                for packet in self._container.demux(*watched):
                    if packet.stream.index != self._stream.index:
                        self.others_end = max(self.others_end, _end(packet))
                    elif packet.size:
                        read_errors = 0
                        self.broken = False
                        yield cast("Packet[VideoStream]", packet)
                break
            except MemoryError:
                raise
            except av.error.FFmpegError:
                read_errors += 1
                self.broken = True
        yield None

    def _nominal_step(self) -> int:
        rate = declared_rate(self._stream)
        return max(1, round(1 / (rate * self.time_base))) if rate else 1


def _end(packet: Packet[Stream]) -> float:
    """When what is in a packet ends, in s; 0.0 when it does not say."""
    base = exact(packet.time_base)
    return 0.0 if packet.pts is None or base is None else float((packet.pts + (packet.duration or 0)) * base)


def _guess(dts: int | None, last: int | None, step: int) -> int:
    """A pts for a frame without one; a decoder puts out frames in display order, so their dts rise as their pts do."""
    if dts is not None and (last is None or dts > last):
        return dts
    return 0 if last is None else last + step
