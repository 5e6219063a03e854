"""The file that a clip becomes: MP4 with its index first, no edit list, no library's version, whole or not there at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from video_assets.lake.files import atomic_path
from video_assets.media.containers import MediaError
from video_assets.media.cut_picture import PIXELS, Colours
from video_assets.media.cut_sound import RATE, Samples
from video_assets.media.cut_values import CutSettings
from video_assets.reasons import Reason

# Without an edit list every reader counts the same frames; B frames need negative offsets for that.
_MP4 = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "fflags": "+bitexact"}
# FFmpeg gives these as errors of its own, which are no OSError.
_NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A file to write beside the target, which takes its place when all of it is on the disk; nothing is left on an error.

    Raises:
        MediaError: WRITE_ERROR, or ENCODE_FAILED where FFmpeg refuses what it is given.
    """
    try:
        with atomic_path(target) as temporary:
            yield temporary
    except BaseException as error:
        if isinstance(error, MemoryError) or not isinstance(error, (OSError, av.error.FFmpegError)):
            raise
        if isinstance(error, OSError) or error.errno in _NOT_WRITTEN:
            raise MediaError(Reason.WRITE_ERROR, f"{target.name} could not be written: {error.strerror}.") from error
        raise MediaError(Reason.ENCODE_FAILED, f"FFmpeg could not make {target.name}: {error.strerror}.") from error


@contextmanager
def mp4(path: Path) -> Iterator[OutputContainer]:
    """An MP4 to be written.

    Raises:
        OSError: it could not be written.
    """
    with av.open(f"file:{path}", "w", format="mp4", options=_MP4) as output:
        yield output


def add_pictures(
    output: OutputContainer, size: tuple[int, int], time_base: Fraction, rate: Fraction, colours: Colours, settings: CutSettings
) -> VideoStream:  # fmt: skip
    """An H.264 stream that comes out the same, byte by byte, on every machine with this version of x264.

    Args:
        output: where to.
        size: width and height, even.
        time_base: seconds of a unit of the frames' pts.
        rate: about how many frames/s there are, by which x264 judges how long a picture is seen.
        colours: what the pictures' numbers mean.
        settings: quality.
    """
    quality = {"qp": "0"} if settings.lossless else {"crf": str(settings.crf)}
    options = {
        "preset": settings.preset,
        "g": str(settings.gop),
        # Captions of the broadcast would come along in the stream.
        "a53cc": "0",
        # Other pictures come of more threads, and of other instructions of a CPU.
        "x264-params": "threads=1:cpu-independent=1",
    }
    stream = output.add_stream("libx264", rate=rate, options=options | quality)
    stream.width, stream.height = size
    stream.pix_fmt = PIXELS
    context = stream.codec_context
    context.thread_count = 1
    context.time_base = stream.time_base = time_base
    context.sample_aspect_ratio = Fraction(1)
    context.color_range = {True: 2, False: 1, None: 0}[colours.full]
    context.color_primaries, context.color_trc = colours.primaries, colours.transfer
    context.colorspace = colours.matrix
    return stream


class SoundWriter:
    """Writes a clip's sound as AAC beside its pictures.

    Args:
        output: where to; nothing is written to it yet.
        samples: float32 (channels, n) at :data:`RATE`.
        bit_rate: in bits/s.
    """

    def __init__(self, output: OutputContainer, samples: Samples, bit_rate: int) -> None:
        self._layout = "mono" if len(samples) == 1 else "stereo"
        self._output, self._samples = output, samples
        options = {"flags": "+bitexact"}
        self._stream: AudioStream = output.add_stream("aac", rate=RATE, layout=self._layout, options=options)
        self._stream.bit_rate = bit_rate
        self._at = 0

    def write_until(self, seconds: Fraction) -> None:
        """Write what is heard before a time, in s from the clip's start."""
        while self._at < self._samples.shape[1] and self._at < seconds * RATE:
            self._write(self._at)

    def close(self) -> None:
        """Write the rest."""
        self.write_until(Fraction(self._samples.shape[1], RATE))
        self._mux(self._stream.encode(None))

    def _write(self, at: int) -> None:
        size = self._stream.codec_context.frame_size or 1024
        values = np.ascontiguousarray(self._samples[:, at : at + size])
        frame = AudioFrame.from_ndarray(values, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        self._at = at + values.shape[1]
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            # What AAC puts before the first sample would need an edit list, or move the pictures.
            if packet.pts is not None and packet.pts >= 0:
                self._output.mux(packet)
