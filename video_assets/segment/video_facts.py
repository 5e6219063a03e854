"""What segmentation must know of a video beside its frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class VideoFacts:
    """Facts of one video stream, from its probe and its decode.

    Attributes:
        video_id: the video.
        stream: index of the video stream in the container.
        time_base: seconds of one pts unit.
        width: display width after rotation and sample aspect, in pixels.
        height: display height after rotation, in pixels.
        truncated: whether the file broke off before its declared end.
        end_pts: pts at which the last frame ends (exclusive), in time base units.
    """

    video_id: str
    stream: int
    time_base: Fraction
    width: int
    height: int
    truncated: bool
    end_pts: int
