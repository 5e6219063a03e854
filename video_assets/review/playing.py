"""Whether a browser plays a source as it is. What it does not is encoded for it (:mod:`video_assets.review.encoded`)."""

from __future__ import annotations

from pathlib import Path

from video_assets.review.clips import Clip

# By container and codec, what is decoded by every browser that people use: Chromium, Firefox and Safari of the last years.
_CODECS = {"mp4": {"h264", "vp9", "av1"}, "webm": {"vp8", "vp9", "av1"}}
_PIXELS = {"yuv420p", "yuvj420p"}
# FFmpeg has one demuxer for MP4 and QuickTime, and one for Matroska and WebM; the file's name tells the type that is sent.
_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".mkv": "video/webm"}


def media_type(clip: Clip) -> str:
    """The type under which a source is sent."""
    return _TYPES.get(Path(str(clip.uri)).suffix.lower(), "video/mp4")


def why_not(clip: Clip) -> str | None:
    """Why a browser does not play the source as it is, in a few words; None where it does."""
    names = {n.strip() for n in str(clip.container or "").split(",")}
    family = "mp4" if names & {"mov", "mp4"} else "webm" if names & {"matroska", "webm"} else None
    if family is None:
        return f"container {clip.container}"
    if clip.codec not in _CODECS[family]:
        return f"codec {clip.codec} in {family}"
    if clip.pixel_format not in _PIXELS:
        return f"pixels {clip.pixel_format}"
    if clip.pieces not in (None, 1) or clip.pts_offset:
        return "time starts again in the source"
    if clip.mirrored:
        return "mirrored"
    if clip.other_videos:
        return "several video streams"
    return None
