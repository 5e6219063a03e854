"""The part of a stream's coded picture that its container asks players to show.

Matroska's PixelCrop elements and MP4's clean aperture (``clap``) come out of FFmpeg as side data of the stream, which its own tools
apply and its decoders do not. What the codec itself crops (H.264, HEVC) its decoder has cropped already.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from av.video.format import VideoFormat

from video_assets.media.stream_notes import StreamNotes

_SAID = re.compile(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)")
_PROBE = 64  # pixels, of which a subsampled plane has a whole number


class Region(NamedTuple):
    """A part of a coded picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int


def container_region(notes: StreamNotes, width: int, height: int, pixel_format: VideoFormat) -> Region | None:
    """The part of a decoded picture that the container asks for, in whole samples of chroma as FFmpeg's ``crop`` has it.

    Args:
        notes: what FFmpeg says of the stream.
        width: of the decoded picture, in pixels.
        height: likewise.
        pixel_format: of the decoded picture.

    Returns:
        The region; None when it is the whole picture, as it nearly always is.

    Raises:
        ValueError: the container asks for a part that the picture does not have.
    """
    said = notes.find(_SAID)
    if said is None:
        return None
    left, right, top, bottom = map(int, said.groups())
    across = _PROBE // (pixel_format.chroma_width(_PROBE) or _PROBE)
    along = _PROBE // (pixel_format.chroma_height(_PROBE) or _PROBE)
    region = Region(
        left // across * across,
        top // along * along,
        (width - left - right) // across * across,
        (height - top - bottom) // along * along,
    )
    if min(region.width, region.height) <= 0:
        raise ValueError(f"left, right, top, bottom {left}, {right}, {top}, {bottom} leave nothing of {width}x{height}")
    return None if region == (0, 0, width, height) else region
