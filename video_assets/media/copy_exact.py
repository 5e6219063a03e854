"""A clip whose packets can be taken as they are: no new generation of the pictures, and hardly any work.

That is so only where the clip begins at a key frame and is decoded from its own packets alone. Nothing is believed: packets are
looked at, and the first and the last picture of the copy are compared with those of the footage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.media.containers import MediaError, open_video
from video_assets.media.cut_file import SoundWriter, mp4, whole_file
from video_assets.media.cut_picture import HDR
from video_assets.media.cut_sound import Sound, sound_of
from video_assets.media.cut_values import Cut, CutMade, CutSettings, SoundMade
from video_assets.media.identity import sha256_of
from video_assets.media.orientation import UPRIGHT
from video_assets.media.pyav import exact
from video_assets.media.seek import Span, can_seek, open_span
from video_assets.media.streams import geometry, video_stream
from video_assets.reasons import Reason

Packets: TypeAlias = "list[Packet[VideoStream]]"

_CODECS = frozenset({"h264", "hevc", "vp9", "libvpx-vp9", "av1", "libdav1d", "libaom-av1"})
_PIXELS = ("yuv420p", "yuvj420p")


def copy_exact(source: Path, wanted: Cut, settings: CutSettings, target: Path) -> CutMade | None:
    """Copy a clip's packets into an MP4, with its sound as :func:`cut` makes it, if they are exactly the clip.

    Quality and distance of key frames are the source's, whatever the settings say.

    Args:
        source: the footage, a local file.
        wanted: the clip.
        settings: a frame rate rules a copy out.
        target: the file to write, in a folder that exists; it is whole or not there.

    Returns:
        What was made; None, and no file, where the clip must be encoded.

    Raises:
        MediaError: as :func:`open_span`; WRITE_ERROR.
    """
    span = wanted.span
    if settings.fps is not None or not wanted.whole or not can_seek(source, span, settings.max_pixels):
        return None
    with open_video(source, settings.max_pixels) as container:
        stream = video_stream(container, span.stream)
        packets = _packets(container, stream, span) if stream.codec_context.name in _CODECS else None
        if not packets or span.frames not in (None, len(packets)):
            return None
        last = max(packet.pts or 0 for packet in packets)
        try:
            ends = [
                _picture_at(source, replace(span, start_pts=pts), settings, wanted) for pts in (span.start_pts, last)
            ]
            if None in ends:
                return None
            sound = Sound(None, note="The settings leave it out.")
            if settings.sound:
                sound = sound_of(source, span, 0, settings.max_pixels, from_start=False)
            with whole_file(target) as temporary:
                base = _write(temporary, stream, packets, span, sound, settings)
                _prove(temporary, base, (0, (last - span.start_pts) * span.time_base / base), ends, settings, wanted)
        except _InexactError:
            return None
        except MediaError as error:
            if error.reason is Reason.ENCODE_FAILED:  # MP4 does not take these packets
                return None
            raise
    return CutMade(
        frames=len(packets),
        width=wanted.width,
        height=wanted.height,
        time_base=base,
        end_pts=round(span.duration / base),
        size_bytes=target.stat().st_size,
        sha256=sha256_of(target),
        sound=SoundMade(sound.samples is not None, sound.offset_s, sound.note),
        copied=True,
        tries=1,
    )


class _InexactError(Exception):
    """The copy does not show what the footage shows."""


def _packets(container: InputContainer, stream: VideoStream, span: Span) -> Packets | None:
    """The span's packets in the order of decoding, if they are decoded alone and give nothing else."""
    try:
        container.seek(span.start_pts, stream=stream)
        found = list(_up_to(container.demux(stream), span))
    except MemoryError:
        raise
    except (av.error.FFmpegError, OverflowError):
        return None
    start = next((n for n, p in enumerate(found) if p.pts == span.start_pts), None)
    if start is None or not found[start].is_keyframe:
        return None
    inside = [n for n, p in enumerate(found) if n >= start and p.pts is not None and p.pts < span.end_pts]
    packets = found[start : inside[-1] + 1]
    return packets if alone(packets, span) else None


def _up_to(packets: Iterator[Packet[VideoStream]], span: Span) -> Iterator[Packet[VideoStream]]:
    """Packets up to the first after which none can be shown inside the span: none is shown before it is decoded."""
    for packet in packets:
        if packet.size:
            yield packet
        if packet.dts is not None and packet.dts >= span.end_pts:
            return


def alone(packets: Sequence[Packet[VideoStream]], span: Span) -> bool:
    """Whether packets, from a key frame on, are all shown inside a span, each at a time of its own."""
    times = [p.pts for p in packets if p.pts is not None]
    sound = not any(p.is_discard or p.is_corrupt for p in packets)
    inside = all(span.start_pts <= pts < span.end_pts for pts in times)
    return sound and inside and len(set(times)) == len(packets)


def decoding_times(times: Sequence[int]) -> list[int]:
    """When pictures are decoded, of when they are shown, in the order of decoding: rising, none later than it is shown.

    Containers round these, or have none.
    """
    rising = sorted(times)
    early = max(d - p for d, p in zip(rising, times, strict=True))
    return [dts - early for dts in rising]


def _picture_at(path: Path, span: Span, settings: CutSettings, wanted: Cut) -> str | None:
    """The hash of the first picture of a span; None where it is not displayed just as it is coded, or must be converted."""
    with open_span(path, replace(span, frames=None), settings.max_pixels) as frames:
        frame = frames.first.frame
        shape = geometry(frames.stream, frame, frames.optional)
        as_coded = shape.region is None and shape.orientation == UPRIGHT
        whole = as_coded and (shape.coded_width, shape.coded_height) == wanted.display
        interlaced = frame.interlaced_frame and settings.interlaced != "keep"
        plain = frame.format.name in _PIXELS and frame.color_trc not in HDR and not interlaced
        return picture_hash(frame) if whole and plain else None


def picture_hash(frame: VideoFrame) -> str:
    """SHA-256 of a planar picture's samples, 64 hex digits: of what is seen, not of how its rows are padded."""
    digest = hashlib.sha256(f"{frame.width}x{frame.height} {frame.format.name}".encode())
    size = (frame.format.components[0].bits + 7) // 8
    for plane in frame.planes:
        rows = memoryview(plane).cast("B")
        for row in range(plane.height):
            digest.update(rows[row * plane.line_size : row * plane.line_size + plane.width * size])
    return digest.hexdigest()


def _write(
    path: Path, stream: VideoStream, packets: Packets, span: Span, sound: Sound, settings: CutSettings
) -> Fraction:
    """Write the packets, the first of them at 0; the time base of the file."""
    with mp4(path) as output:
        track = output.add_stream_from_template(stream)
        track.time_base = span.time_base
        heard = None if sound.samples is None else SoundWriter(output, sound.samples, settings.audio_bit_rate)
        times = [(packet.pts or 0) - span.start_pts for packet in packets]
        for packet, pts, dts in zip(packets, times, decoding_times(times), strict=True):
            packet.stream, packet.time_base = track, span.time_base
            packet.pts, packet.dts = pts, dts
            if heard:
                heard.write_until(dts * span.time_base)
            output.mux(packet)
        if heard:
            heard.close()
        return exact(track.time_base) or span.time_base


def _prove(
    path: Path, base: Fraction, at: tuple[int, Fraction], ends: list[str | None], settings: CutSettings, wanted: Cut
) -> None:
    """Compare the first and the last picture of a copy with the footage's.

    Raises:
        _InexactError: they are others.
    """
    found = []
    for pts in at:
        if pts != int(pts):
            raise _InexactError
        try:
            found.append(_picture_at(path, Span(0, int(pts), int(pts) + 1, base), settings, wanted))
        except MediaError as error:
            raise _InexactError from error
    if found != ends:
        raise _InexactError
