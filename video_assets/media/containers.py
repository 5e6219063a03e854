"""Opening a file as video: only local bytes, only real containers, and a reason when it is neither."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error
from av.container import InputContainer

from video_assets.media.pyav import open_input
from video_assets.reasons import Reason

# FFmpeg demuxers of containers that hold their own media. Playlists and scripts (hls, dash, concat, sdp, ...) can name
# any other file or address, and image or text demuxers would make "video" out of anything: none of them is here.
ALLOWED_DEMUXERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mxf", "dv", "ivf", "gif", "rm",
)  # fmt: skip

_MIB = 2**20
_HEAD_MIB = 64
_ISO_BOX_HEADER = 8
_ISO_FIRST_BOXES = frozenset({b"ftyp", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moov"})


class MediaError(Exception):
    """Why a file gives no measurement: a closed-list reason, and what was seen, for a person."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} {self.reason.advice}"


@contextmanager
def open_video(path: Path, max_pixels: int | None = None) -> Iterator[InputContainer]:
    """Open a local file with FFmpeg, whatever its name, restricted to :data:`ALLOWED_DEMUXERS`.

    Args:
        path: The file.
        max_pixels: Pictures larger than this many pixels are refused by the decoders that FFmpeg starts to learn the
            streams' parameters, before it allocates them; None leaves FFmpeg's own limit.

    Raises:
        MediaError: EMPTY_FILE, TRUNCATED (an MP4 without its index), FORMAT_NOT_ALLOWED, NOT_A_VIDEO, SOURCE_MISSING or
            READ_ERROR.
    """
    _check_bytes(path)
    try:
        container = open_input(
            path,
            {"protocol_whitelist": "file", "format_whitelist": ",".join(ALLOWED_DEMUXERS)},
            {} if max_pixels is None else {"max_pixels": str(max_pixels)},
        )
    except MemoryError:  # a limit of this process, not a fault of the file
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise _reason_for(path, error) from error
    with container:
        yield container


def _check_bytes(path: Path) -> None:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise MediaError(Reason.SOURCE_MISSING, f"{path.name} does not exist.") from error
    except OSError as error:
        raise MediaError(Reason.READ_ERROR, f"{path.name} could not be read: {error.strerror}.") from error
    if size == 0:
        raise MediaError(Reason.EMPTY_FILE, f"{path.name} has 0 bytes.")


def _reason_for(path: Path, error: Exception) -> MediaError:
    code = getattr(error, "errno", None)
    if code == errno.EINVAL:
        return MediaError(Reason.FORMAT_NOT_ALLOWED, f"FFmpeg recognised {path.name} as a format that is not allowed.")
    # Demuxers say "input/output error" of bytes that make no sense to them, too.
    damaged = code == errno.EIO and _can_be_read(path)
    if isinstance(error, OSError) and not isinstance(error, av.error.EOFError) and not damaged:
        return MediaError(Reason.READ_ERROR, f"{path.name} could not be read: {error.strerror}.")
    if _lacks_iso_index(path):
        return MediaError(Reason.TRUNCATED, f"{path.name} is an MP4 or QuickTime file without its index (moov box).")
    return MediaError(Reason.NOT_A_VIDEO, f"FFmpeg could not open {path.name}: {getattr(error, 'strerror', error)}.")


def _can_be_read(path: Path) -> bool:
    """Whether the disk gives what a demuxer looks at first: the head and the tail of a file."""
    try:
        with path.open("rb") as file:
            for _ in range(_HEAD_MIB):
                if not file.read(_MIB):
                    return True
            file.seek(-_MIB, os.SEEK_END)
            file.read(_MIB)
    except OSError:
        return False
    return True


def _lacks_iso_index(path: Path) -> bool:
    """Whether the file is a sequence of ISO/IEC 14496-12 boxes in which ``moov`` is missing or cut short."""
    size = path.stat().st_size
    offset = 0
    with path.open("rb") as file:
        while offset + _ISO_BOX_HEADER <= size:
            file.seek(offset)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4]), header[4:8]
            if offset == 0 and kind not in _ISO_FIRST_BOXES:
                return False
            if length == 1:  # a 64-bit length follows the type
                length = int.from_bytes(header[8:16])
            if kind == b"moov":
                return offset + length > size
            if length < _ISO_BOX_HEADER:  # 0 means "up to the end of the file"
                return True
            offset += length
    return offset > 0
