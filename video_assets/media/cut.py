"""Cuts a clip out of its footage into a file of its own, exactly: these frames, this part of the picture, this sound.

Frames are found by their pts, as the decode of the whole footage has them (:mod:`video_assets.media.seek`), and encoded anew, for
packets can be taken as they are only now and then (:mod:`video_assets.media.copy_exact`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer
from av.video.frame import VideoFrame

from video_assets.media.copy_exact import copy_exact
from video_assets.media.cut_file import SoundWriter, add_pictures, mp4, whole_file
from video_assets.media.cut_picture import Pictures, deinterlaced
from video_assets.media.cut_sound import Sound, sound_of
from video_assets.media.cut_times import at_rate
from video_assets.media.cut_values import Cut, CutJob, CutMade, CutSettings, SoundMade
from video_assets.media.identity import sha256_of
from video_assets.media.pyav import exact
from video_assets.media.seek import LostTrackError, SpanFrames, open_span
from video_assets.media.streams import declared_rate, geometry

Timed = tuple[VideoFrame, int]
"""A picture and its pts in the clip."""

_USUAL_RATE = Fraction(25)


def cut_job(job: CutJob) -> CutMade:
    """Cut one clip; for worker processes.

    Raises:
        MediaError: as :func:`cut`.
    """
    if job.copy:
        made = copy_exact(job.source, job.wanted, job.settings, job.target)
        if made is not None:
            return made
    return cut(job.source, job.wanted, job.settings, job.target)


def cut(source: Path, wanted: Cut, settings: CutSettings, target: Path) -> CutMade:
    """Encode a clip into an MP4 of H.264 and AAC.

    The same source, clip and settings give the same bytes with the same versions of PyAV and numpy; of a clip with a tone map,
    or with sound, on CPUs with the same instructions.

    Args:
        source: the footage, a local file.
        wanted: the clip.
        settings: how it is made.
        target: the file to write, in a folder that exists; it is whole or not there.

    Raises:
        MediaError: as :func:`open_span`; NOT_SDR and INTERLACED, refused by rule; CUT_MISMATCH when the frames are not those
            that the clip was found in; ENCODE_FAILED; WRITE_ERROR.
    """
    try:
        return _cut(source, wanted, settings, target, from_start=False)
    except LostTrackError:
        return _cut(source, wanted, settings, target, from_start=True)


def _cut(source: Path, wanted: Cut, settings: CutSettings, target: Path, *, from_start: bool) -> CutMade:
    with open_span(source, wanted.span, settings.max_pixels, from_start=from_start) as frames:
        sound = Sound(None, note="The settings leave it out.")
        if settings.sound:
            sound = sound_of(source, wanted.span, frames.piece, settings.max_pixels, from_start=not frames.sought)
        base = wanted.span.time_base if settings.fps is None else 1 / settings.fps
        with whole_file(target) as temporary, mp4(temporary) as output:
            count, unit = _encode(output, frames, wanted, settings, sound, base)
        tries = frames.tries
    length = wanted.span.duration / unit if settings.fps is None else count * base / unit
    return CutMade(
        frames=count,
        width=wanted.width,
        height=wanted.height,
        time_base=unit,
        end_pts=round(length),
        size_bytes=target.stat().st_size,
        sha256=sha256_of(target),
        sound=SoundMade(sound.samples is not None, sound.offset_s, sound.note),
        copied=False,
        tries=tries,
    )


def _encode(
    output: OutputContainer, frames: SpanFrames, wanted: Cut, settings: CutSettings, sound: Sound, base: Fraction
) -> tuple[int, Fraction]:
    """Write all pictures and the sound; how many pictures there are, and the time base that the file has."""
    first = frames.first.frame
    shape = geometry(frames.stream, first, frames.optional)
    pictures = Pictures(first, shape, frames.stream.codec_context, wanted, settings, frames.optional)
    rate = settings.fps or declared_rate(frames.stream) or _USUAL_RATE
    stream = add_pictures(output, (wanted.width, wanted.height), base, rate, pictures.colours, settings)
    heard = None if sound.samples is None else SoundWriter(output, sound.samples, settings.audio_bit_rate)
    count = 0
    done: tuple[VideoFrame, VideoFrame] | None = None
    for frame, pts in _timed(frames, wanted, settings):
        # A frame that is shown again is the same picture.
        picture = done[1] if done and done[0] is frame else pictures.made(frame)
        done = frame, picture
        picture.pts, picture.time_base = pts, base
        picture.pict_type = 0  # Else x264 makes a B frame of what the source had as one.
        if heard:
            heard.write_until(pts * base)
        output.mux(stream.encode(picture))
        count += 1
    output.mux(stream.encode(None))
    if heard:
        heard.close()
    return count, exact(stream.time_base) or base


def _timed(frames: SpanFrames, wanted: Cut, settings: CutSettings) -> Iterator[Timed]:
    """The frames of the clip and when they are shown in it, in units of its time base."""
    start, base = wanted.span.start_pts, wanted.span.time_base
    shown = _relative(frames, start, base)
    pictures = deinterlaced(shown) if settings.interlaced == "deinterlace" else shown
    if settings.fps is None:
        return ((frame, round(_begins(frame) / base)) for frame in pictures)
    timed = ((frame, _begins(frame)) for frame in pictures)
    return at_rate(timed, settings.fps, wanted.span.duration)


def _relative(frames: SpanFrames, start: int, base: Fraction) -> Iterator[VideoFrame]:
    for shown in frames:
        shown.frame.pts, shown.frame.time_base = shown.pts - start, base
        yield shown.frame


def _begins(frame: VideoFrame) -> Fraction:
    """When a frame is shown, in s from the clip's start."""
    return (frame.pts or 0) * (exact(frame.time_base) or Fraction(1))
