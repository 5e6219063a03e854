"""Parts of decoded frames, of any pixel format: FFmpeg scales whole frames alone, so what is left out is left out first."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame

from video_assets.media.cropping import Region


def copied(frame: VideoFrame, region: Region | None = None, step: int = 1) -> VideoFrame:
    """A copy of a part of a frame, with its colours and without its flags.

    Args:
        frame: the frame.
        region: what is copied, in whole samples of chroma; None for all of it.
        step: of so many lines one is copied: 2 gives the top field.
    """
    x, y, width, height = region or (0, 0, frame.width, frame.height)
    copy = VideoFrame(width, height // step, frame.format.name)
    for number, (target, source) in enumerate(zip(copy.planes, frame.planes, strict=True)):
        rows = np.frombuffer(source, np.uint8).reshape(source.height, -1)  # type: ignore[call-overload]
        lines = np.frombuffer(target, np.uint8).reshape(target.height, -1)  # type: ignore[call-overload]
        size = _bytes_of_a_column(frame, number)
        left, top = x * source.width // frame.width * size, y * source.height // frame.height
        taken = rows[top::step, left : left + target.width * size]
        lines[:, : target.width * size] = taken[: target.height]
    copy.colorspace, copy.color_range = frame.colorspace, frame.color_range
    copy.color_primaries, copy.color_trc = frame.color_primaries, frame.color_trc
    return copy


def _bytes_of_a_column(frame: VideoFrame, plane: int) -> int:
    components = frame.format.components
    if len(frame.planes) == 1:  # of packed samples too
        return max(1, frame.format.padded_bits_per_pixel // 8)
    there = [c for c in components if c.plane == plane]
    return max(1, len(there)) * (2 if components[0].bits > 8 else 1)
