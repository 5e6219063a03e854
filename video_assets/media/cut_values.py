"""What a cut is asked for and what it says it made: plain values, which go to worker processes and into manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.video.frame import VideoFrame

from video_assets.media.cropping import Region
from video_assets.media.seek import Span

ToneMap = Callable[[VideoFrame, VideoFrame, bool], VideoFrame]
"""An HDR picture (planar 4:2:0, even sides) as one of BT.709, 8 bits, full range, as ``measure.tone_map.as_sdr``: the picture, the
decoded frame that it was scaled from, and whether the picture is in full range. Importable by name, for it goes to workers."""

_DEFAULT_MAX_PIXELS = 8192 * 8192


@dataclass(frozen=True)
class Cut:
    """A clip of a source.

    Attributes:
        span: which frames.
        display: width and height of its frames as displayed, as CLIPS has them: square pixels, turned, bars included.
        crop: the part of that which is kept.
        width: of the pictures that are made, even, at most the crop's.
        height: likewise.
    """

    span: Span
    display: tuple[int, int]
    crop: Region
    width: int
    height: int

    def __post_init__(self) -> None:
        """Refuse what no file can be.

        Raises:
            ValueError: an empty span, a crop that is not inside the picture, an odd size or one above the crop's.
        """
        x, y, width, height = self.crop
        if self.span.start_pts >= self.span.end_pts:
            raise ValueError(f"The span {self.span.start_pts} to {self.span.end_pts} is empty.")
        if min(x, y) < 0 or min(width, height) < 1 or x + width > self.display[0] or y + height > self.display[1]:
            raise ValueError(f"The crop {width}x{height}+{x}+{y} is not inside {self.display[0]}x{self.display[1]}.")
        if self.width % 2 or self.height % 2 or not (2 <= self.width <= width and 2 <= self.height <= height):
            raise ValueError(f"{self.width}x{self.height} is odd, or larger than the crop {width}x{height}.")

    @property
    def whole(self) -> bool:
        """Whether nothing of the picture is cropped or scaled."""
        return self.crop == (0, 0, *self.display) and self.display == (self.width, self.height)


@dataclass(frozen=True)
class CutSettings:
    """How clips are made into files; the same for all of a release.

    Attributes:
        fps: frames/s of what is made; None: every frame of the source at its own time.
        crf: x264's quality; lower is better and larger.
        lossless: pixel-equal pictures (x264 qp 0), whatever ``crf`` says.
        preset: x264's.
        gop: most frames from a key frame to the next.
        sound: whether the sound is cut with the pictures.
        audio_bit_rate: of AAC, in bits/s.
        interlaced: what becomes of pictures that their file calls interlaced: refused, deinterlaced with bwdif (one picture a
            frame), or kept as they are, for who has measured that they are whole.
        reduce: whether pictures of more than 8 bits, and HDR ones, are made into 8 bits of SDR; else they are refused.
        tone_map: how HDR becomes SDR; without it HDR is refused in any case.
        max_pixels: largest picture that is opened.
    """

    fps: Fraction | None = None
    crf: int = 16
    lossless: bool = False
    preset: str = "veryfast"
    gop: int = 24
    sound: bool = True
    audio_bit_rate: int = 128_000
    interlaced: Literal["refuse", "deinterlace", "keep"] = "refuse"
    reduce: bool = False
    tone_map: ToneMap | None = None
    max_pixels: int = _DEFAULT_MAX_PIXELS


@dataclass(frozen=True)
class SoundMade:
    """What became of the sound.

    Attributes:
        kept: whether the file has it.
        offset_s: when it begins after the clip does, in s; silence stands before it. 0.0 when it does not, or is not kept.
        note: why it is not kept, or what is missing in it; None when there is nothing to say.
    """

    kept: bool
    offset_s: float = 0.0
    note: str | None = None


@dataclass(frozen=True)
class CutMade:
    """A file that was made. Its pictures start at 0.

    Attributes:
        frames: pictures in it.
        width: of each, in pixels.
        height: likewise.
        time_base: seconds of a unit of its pictures' pts.
        end_pts: when the last picture ends, in these units: the file itself may not say it.
        size_bytes: of the file.
        sha256: of its bytes, 64 hex digits.
        sound: what became of the sound.
        copied: whether the source's own packets are in it; else the pictures were encoded.
        tries: seeks that were made in the source.
    """

    frames: int
    width: int
    height: int
    time_base: Fraction
    end_pts: int
    size_bytes: int
    sha256: str
    sound: SoundMade
    copied: bool
    tries: int


@dataclass(frozen=True)
class CutJob:
    """One clip for a worker process.

    Attributes:
        source: the footage, a local file.
        wanted: what is cut of it.
        settings: how.
        target: the file to write; its folder exists.
        copy: whether the source's own packets are taken where they are exactly the clip.
    """

    source: Path
    wanted: Cut
    settings: CutSettings
    target: Path
    copy: bool = False
