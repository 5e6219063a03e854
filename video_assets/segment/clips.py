"""Shots to clips: windows of training length, bars cropped, starting at a clear frame.

A clip is virtual: a source, a span and a crop. Every boundary is the pts of a real frame, and lengths are judged on
exact rational times, so neither a variable frame rate nor a rounded second moves a clip over a limit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from statistics import median

import polars as pl

from video_assets.lake.schemas import CLIPS
from video_assets.media.identity import clip_id
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import ClipSettings

Span = tuple[int, int]
Crop = tuple[int, int, int, int]
_CLEAR = 0.9  # Sharpness that counts as clear, over the shot's median: half of the frames are a little under it.
BARS = ("bar_left", "bar_right", "bar_top", "bar_bottom")


def cut_clips(shots: pl.DataFrame, signals: pl.DataFrame, video: VideoFacts, settings: ClipSettings) -> pl.DataFrame:
    """Cut one video's shots to clips.

    Args:
        shots: the video's rows of SHOTS.
        signals: the video's rows of FRAME_SIGNALS, sorted by frame, frames numbered from 0 without gaps.
        video: the video.
        settings: lengths, trimming and bars.

    Returns:
        Rows of CLIPS without batch and version, in order. Clips are disjoint and each lies inside one shot.
    """
    pts = [*signals["pts"].to_list(), video.end_pts]
    sharpness = signals["sharpness"].to_list()
    limits = _Limits.of(settings, video.time_base)
    rows = []
    for shot in shots.sort("start_frame").iter_rows(named=True):
        clear = _clear_frames(sharpness, shot["start_frame"], shot["end_frame"])
        start, end = _trimmed(shot, pts, limits)
        if settings.windows == "cover":
            windows = list(_tiles(pts, start, end, limits))
        else:
            windows = _one(pts, start, end, limits, _draw(shot["shot_id"]))
        offset = signals["pts_offset"][shot["start_frame"]]
        for window in windows:
            span = _clear_start(window, clear, sharpness, pts, limits)
            frames = signals[span[0] : span[1]]
            size = frames["width"][0] or video.width, frames["height"][0] or video.height
            crop = _crop(frames, size, settings.min_bar_share)
            rows.append(_row(video, shot, span, pts, offset, size, crop))
    columns = [c for c in CLIPS.schema if c not in ("batch", "version")]
    return CLIPS.frame(rows).select(columns) if rows else CLIPS.empty().select(columns)


@dataclass(frozen=True)
class _Limits:
    """Lengths in time base units, exact."""

    shortest: Fraction
    longest: Fraction
    start_moves: Fraction
    trimmed: Fraction

    @classmethod
    def of(cls, settings: ClipSettings, time_base: Fraction) -> _Limits:
        seconds = (settings.min_seconds, settings.max_seconds, settings.sharp_start_seconds, settings.trim_seconds)
        return cls(*(Fraction(str(s)) / time_base for s in seconds))


def _row(
    video: VideoFacts,
    shot: dict[str, object],
    span: Span,
    pts: list[int],
    offset: int,
    size: tuple[int, int],
    crop: Crop,
) -> dict[str, object]:
    start, end = span
    duration = (pts[end] - pts[start]) * video.time_base
    return {
        "clip_id": clip_id(video.video_id, video.stream, pts[start], pts[end], crop),
        "video_id": video.video_id,
        "shot_id": shot["shot_id"],
        "stream": video.stream,
        "start_frame": start,
        "end_frame": end,
        "start_pts": pts[start],
        "end_pts": pts[end],
        "pts_offset": offset,
        **video.seconds(pts[start], pts[end]),
        "duration_s": float(duration),
        "frames": end - start,
        "fps": float((end - start) / duration),
        "width": size[0],
        "height": size[1],
        **dict(zip(("crop_x", "crop_y", "crop_width", "crop_height"), crop, strict=True)),
        "from_source_start": shot["shot"] == 0,
        "source_truncated": video.truncated,
    }


def _trimmed(shot: dict[str, int | str], pts: list[int], limits: _Limits) -> tuple[int, int]:
    """Drop the frames that begin or end too near to the shot's boundaries; the video's own start and end are none."""
    start, end = int(shot["start_frame"]), int(shot["end_frame"])
    first = start if shot["begins"] == "start" else bisect_left(pts, pts[start] + limits.trimmed, start, end)
    last = end if shot["ends"] == "end" else bisect_right(pts, pts[end] - limits.trimmed, start, end + 1) - 1
    return first, max(last, first)


def _tiles(pts: list[int], start: int, end: int, limits: _Limits) -> Iterator[Span]:
    """Tile the shot with the fewest equal windows that are not too long; only rounding to frames wastes anything.

    Where those would be too short, one fewer of the longest length.
    """
    length = pts[end] - pts[start]
    count = min(ceil(length / limits.longest), floor(length / limits.shortest))
    for left in range(count, 0, -1):
        window = _window(pts, start, end, Fraction(pts[end] - pts[start], left), limits)
        if window is None:
            return
        yield window
        start = window[1]


def _one(pts: list[int], start: int, end: int, limits: _Limits, draw: Fraction) -> list[Span]:
    """Take one window, as long as allowed, at a random place (``draw``, 0 to under 1): Movie Gen, arXiv 2410.13720."""
    slack = max(pts[end] - pts[start] - limits.longest, Fraction(0))
    first = bisect_right(pts, pts[start] + slack * draw, start, end + 1) - 1
    window = _window(pts, first, end, limits.longest, limits)
    return [] if window is None else [window]


def _draw(shot_id: str) -> Fraction:
    """Draw a number from 0 to under 1 that the shot alone decides, so that every run takes the same window."""
    return Fraction(int(shot_id, 16), 16 ** len(shot_id))


def _window(pts: list[int], start: int, stop: int, wanted: Fraction, limits: _Limits) -> Span | None:
    """Find the first window from ``start`` on whose length is allowed, as near over ``wanted`` as its frames allow.

    It begins later than ``start`` only where one frame lasts so long that no frame boundary is in reach.
    """
    for first in range(start, stop):
        least = bisect_left(pts, pts[first] + limits.shortest, first, stop + 1)
        most = bisect_right(pts, pts[first] + limits.longest, first, stop + 1) - 1
        if least <= most:
            return first, min(max(bisect_left(pts, pts[first] + wanted, first, stop + 1), least), most)
    return None


def _clear_frames(sharpness: list[float | None], start: int, end: int) -> list[int]:
    """List the shot's sampled frames that are about as sharp as its median one, or sharper."""
    sampled = {frame: value for frame in range(start, end) if (value := sharpness[frame]) is not None}
    least = _CLEAR * median(sampled.values()) if sampled else 0.0
    return [frame for frame, value in sampled.items() if value >= least]


def _clear_start(
    window: Span, clear: list[int], sharpness: list[float | None], pts: list[int], limits: _Limits
) -> Span:
    """Begin at the first clear frame in reach, else at the sharpest one (HunyuanVideo, arXiv 2412.03603)."""
    start, end = window
    latest = min(pts[start] + limits.start_moves, pts[end] - limits.shortest)
    reach = range(start, bisect_right(pts, latest, start, end))
    sampled = {frame: value for frame in reach if (value := sharpness[frame]) is not None}
    if not sampled:
        return window
    return next((frame for frame in clear if frame in sampled), max(sampled, key=lambda f: (sampled[f], -f))), end


def _crop(frames: pl.DataFrame, size: tuple[int, int], min_bar_share: float) -> Crop:
    """Crop the bars that more than half of the sampled frames have: x, y, width, height, all even.

    The full picture where no bar is as wide as ``min_bar_share``, or where bars would leave nothing.
    """
    shares = frames.select(pl.col(BARS).cast(pl.Float64).quantile(0.5, "lower")).row(0)
    left, right, top, bottom = (
        # An even pixel that lies wholly inside the picture; the shares are float32, hence the rounding.
        2 * ceil(round(share * side, 2) / 2) if share is not None and share >= min_bar_share else 0
        for share, side in zip(shares, (size[0], size[0], size[1], size[1]), strict=True)
    )
    width, height = size[0] - left - right, size[1] - top - bottom
    if not left + right + top + bottom or width < 2 or height < 2:
        return 0, 0, *size
    return left, top, width // 2 * 2, height // 2 * 2
