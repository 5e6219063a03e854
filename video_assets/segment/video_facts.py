"""What segmentation must know of a video beside its frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

_MICROSECONDS = 1_000_000  # in which FFmpeg counts a container's start


@dataclass(frozen=True)
class VideoFacts:
    """Facts of one video stream, from its probe and its decode.

    Attributes:
        video_id: the video.
        stream: index of the video stream in the container.
        time_base: seconds of one pts unit.
        width: display width of the first frame after rotation and sample aspect, in pixels.
        height: display height of the first frame after rotation, in pixels.
        truncated: whether the file broke off before its declared end.
        end_pts: pts at which the last frame ends (exclusive), in time base units.
        container_start_s: where a player's clock stands at 0, in s from pts zero; None when nobody knows, which is there.
    """

    video_id: str
    stream: int
    time_base: Fraction
    width: int
    height: int
    truncated: bool
    end_pts: int
    container_start_s: float | None

    def seconds(self, start_pts: int, end_pts: int) -> dict[str, float]:
        """A span's columns in seconds: from pts zero, and on a player's clock."""
        start, end = start_pts * self.time_base, end_pts * self.time_base
        return {
            "start_s": float(start),
            "end_s": float(end),
            "player_start_s": self._on_a_players_clock(start),
            "player_end_s": self._on_a_players_clock(end),
        }

    def _on_a_players_clock(self, at: Fraction) -> float:
        """Cut to microseconds as ffmpeg cuts what it is told: rounded up, a seek would miss the frame itself."""
        zero = round((self.container_start_s or 0.0) * _MICROSECONDS)
        microseconds = floor(at * _MICROSECONDS - zero)
        # The container's start is itself rounded, up to half of one beyond its first frame.
        return 0.0 if microseconds == -1 else microseconds / _MICROSECONDS
