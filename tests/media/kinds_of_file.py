"""Small files of every kind that a seek or a cut has gone wrong on, and what a whole decode gives of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from tests.media.video_files import ffmpeg, synthetic
from video_assets.media.containers import open_video
from video_assets.media.cropping import Region
from video_assets.media.cut_values import Cut, CutSettings
from video_assets.media.frames import FrameReader
from video_assets.media.seek import Span
from video_assets.media.streams import best_video_stream, geometry

MOST_PIXELS = 1 << 20
EXACT = CutSettings(lossless=True, preset="ultrafast", interlaced="keep", sound=False)
MOVING = "testsrc2=size=160x120:rate=25:duration=2.4"
CLOSED = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "15", "-bf", "2")
Luma = npt.NDArray[np.uint8]


def _closed(path: Path) -> None:
    synthetic(path, MOVING, *CLOSED)


def _edit_list(path: Path) -> None:
    whole = synthetic(path.with_name("whole.mp4"), MOVING, *CLOSED)
    ffmpeg("-ss", "0.36", "-i", whole, "-c", "copy", path)


def _open_group(path: Path) -> None:
    synthetic(path, MOVING, *CLOSED, "-x264-params", "open-gop=1:b-pyramid=normal:bframes=3")


def _hevc(path: Path) -> None:
    params = "keyint=15:min-keyint=15:open-gop=1:bframes=3:log-level=none"
    synthetic(path, MOVING, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", params)


def _refreshed(path: Path) -> None:
    synthetic(path, MOVING, *CLOSED, "-x264-params", "intra-refresh=1")


def _vp9(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "libvpx-vp9", "-g", "15", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k")


def _variable(path: Path) -> None:
    synthetic(path, MOVING, "-vf", "select='not(mod(n,7)*mod(n,5))+lt(n,20)'", "-fps_mode", "vfr", *CLOSED)


def _rotated(path: Path) -> None:
    whole = synthetic(path.with_name("upright.mp4"), MOVING, *CLOSED)
    ffmpeg("-display_rotation", "90", "-i", whole, "-c", "copy", path)


def _mpeg2(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "mpeg2video", "-q:v", "4", "-g", "12", "-bf", "2")


def _dts_alone(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "mpeg4", "-q:v", "4", "-g", "12", "-bf", "2")


def _joined(path: Path) -> None:
    parts = [
        synthetic(path.with_name(f"{n}.ts"), MOVING, "-vf", f"hue=h={90 * n}", *CLOSED).read_bytes() for n in (0, 1)
    ]
    path.write_bytes(b"".join(parts))


def _before_zero(path: Path) -> None:
    # Matroska has no times before zero: what is there comes without any.
    late = ("-output_ts_offset", "-0.8", "-avoid_negative_ts", "disabled")
    ffmpeg("-f", "lavfi", "-i", MOVING, *CLOSED, *late, path)


KINDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "H.264, closed groups": ("closed.mp4", _closed),
    "an edit list": ("edited.mp4", _edit_list),
    "Matroska": ("closed.mkv", _closed),
    "VP9 in WebM": ("vp9.webm", _vp9),
    "a variable frame rate": ("variable.mp4", _variable),
    "rotated": ("rotated.mp4", _rotated),
    "H.264, open groups": ("open.mp4", _open_group),
    "H.264 without key frames": ("refreshed.mp4", _refreshed),
    "HEVC, open groups": ("hevc.mp4", _hevc),
    "a transport stream": ("closed.ts", _closed),
    "open groups in a transport stream": ("open.ts", _open_group),
    "HEVC in a transport stream": ("hevc.ts", _hevc),
    "MPEG-2 in a transport stream": ("mpeg2.ts", _mpeg2),
    "MPEG-2 in a programme stream": ("mpeg2.mpg", _mpeg2),
    "AVI, which has no pts": ("dts.avi", _dts_alone),
    "two transport streams joined": ("joined.ts", _joined),
    "Matroska that begins before zero": ("before.mkv", _before_zero),
}


class Whole(NamedTuple):
    """What a whole decode gives: of each frame its pts, its offset, and, of 8 bits, its planes (:func:`planes`)."""

    path: Path
    stream: int
    time_base: Fraction
    display: tuple[int, int]
    pts: list[int]
    offsets: list[int]
    planes: list[bytes]
    lumas: list[Luma]
    pieces: int

    def span(self, first: int, after: int) -> Span:
        """The span from one frame to before another; the last frame lasts as long as the one before it."""
        ends = [*self.pts, 2 * self.pts[-1] - self.pts[-2]]
        offset = self.offsets[first]
        return Span(
            self.stream, self.pts[first], ends[after], self.time_base, offset, self.pieces, min(after, len(self.pts)) - first
        )  # fmt: skip

    def cut(self, first: int, after: int, crop: Region | None = None) -> Cut:
        """A clip of these frames, not scaled."""
        crop = crop or Region(0, 0, *self.display)
        return Cut(self.span(first, after), self.display, crop, crop.width // 2 * 2, crop.height // 2 * 2)


def made(kind: str, folder: Path) -> Whole:
    """A file of a kind, and its whole decode."""
    name, make = KINDS[kind]
    make(folder / name)
    return whole(folder / name)


def whole(path: Path) -> Whole:
    """Decode all of a file."""
    with open_video(path) as container:
        stream = best_video_stream(container)
        reader = FrameReader(container, stream, MOST_PIXELS)
        frames = list(reader)
        shallow = [shown.frame for shown in frames if shown.frame.format.components[0].bits == 8]
        return Whole(
            path=path,
            stream=stream.index,
            time_base=reader.time_base,
            display=geometry(stream, frames[0].frame, reader.optional).display,
            pts=[shown.pts for shown in frames],
            offsets=[shown.offset for shown in frames],
            planes=[planes(frame) for frame in shallow],
            lumas=[luma(frame) for frame in shallow],
            pieces=reader.pieces,
        )


def luma(frame: VideoFrame) -> Luma:
    """A picture's luma as coded, uint8 (h, w)."""
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width].copy()  # type: ignore[call-overload, no-any-return]


def planes(frame: VideoFrame) -> bytes:
    """All samples of a planar picture of 8 bits, without what pads its rows."""
    rows = (np.frombuffer(p, np.uint8).reshape(p.height, -1)[:, : p.width] for p in frame.planes)  # type: ignore[call-overload]
    return b"".join(r.tobytes() for r in rows)
