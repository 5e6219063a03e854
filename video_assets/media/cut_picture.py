"""From a decoded frame to a picture of a clip: turned and mirrored as displayed, square pixels, cropped, scaled, 8 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av.error
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from video_assets.media.containers import MediaError
from video_assets.media.cropping import Region
from video_assets.media.cut_values import Cut, CutSettings, ToneMap
from video_assets.media.frames import UNSPECIFIED_MATRIX
from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.orientation import UPRIGHT, Orientation
from video_assets.media.pyav import exact
from video_assets.media.streams import Geometry, orientation
from video_assets.reasons import Reason

PIXELS = "yuv420p"
_DEEP_PIXELS = "yuv420p10le"
# Without one of these, swscale gives other pictures on CPUs with other instructions.
_EXACT = "flags=bicubic+accurate_rnd+bitexact:sws_dither=none"
HDR = (16, 18)
"""Transfer characteristics of HDR, PQ and HLG (ITU-T H.273)."""
_BT709, _BT601 = 1, 6
_HD_LINES = 720
_TURNS: dict[int, tuple[tuple[str, str], ...]] = {
    0: (),
    90: (("transpose", "clock"),),
    180: (("hflip", ""), ("vflip", "")),
    270: (("transpose", "cclock"),),
}

Step = tuple[str, str]
"""A filter of FFmpeg's and its arguments."""


@dataclass(frozen=True)
class Colours:
    """What the pictures' numbers mean, by ITU-T H.273; 2 where nothing says. ``full`` is their range, None where nothing says."""

    primaries: int
    transfer: int
    matrix: int
    full: bool | None


class Pictures:
    """Makes the pictures of one clip, whose frames are all of one kind.

    Attributes:
        colours: of the pictures.

    Args:
        first: a frame of the clip.
        shape: its geometry.
        context: its decoder, which knows a colour matrix where the frame has none, and a shape of pixels that has changed.
        optional: reads what the file may say of its frames.
        wanted: the clip.
        settings: what is refused and what is converted.

    Raises:
        MediaError: NOT_SDR, refused by rule; CUT_MISMATCH when it is not displayed as the clip says.
    """

    def __init__(
        self,
        first: VideoFrame,
        shape: Geometry,
        context: VideoCodecContext,
        wanted: Cut,
        settings: CutSettings,
        optional: OptionalSignals,
    ) -> None:
        self._kind = _kind(first)
        self._tone_map = _allowed(first, settings)
        self._interlaced = settings.interlaced
        self._source = _colours(first, context.colorspace)
        self.colours = Colours(_BT709, _BT709, _BT709, full=True) if self._tone_map else self._source
        self._shape, self._wanted, self._optional = shape, wanted, optional
        self._aspects = shape.sample_aspect, float(exact(context.sample_aspect_ratio) or 1)
        self._graph = self._graph_for(first)

    def made(self, frame: VideoFrame) -> VideoFrame:
        """The picture of a frame.

        Raises:
            MediaError: INTERLACED, refused by rule; CUT_MISMATCH when the frame is not of the kind of the first.
        """
        self._check(frame)
        if frame.key_frame:
            self._turn(frame)
        picture = frame
        if self._graph:
            self._graph.vpush(frame)
            picture = self._graph.vpull()
        if self._tone_map:
            picture.colorspace = frame.colorspace
            picture = self._tone_map(picture, frame, self._source.full is True)
        return picture

    def _turn(self, frame: VideoFrame) -> None:
        """A phone that is turned says so in the middle of its stream."""
        turned = self._optional.read("display matrix", orientation, frame) or UPRIGHT
        if turned != self._shape.orientation:
            self._shape = replace(self._shape, orientation=turned)
            self._graph = self._graph_for(frame)

    def _graph_for(self, frame: VideoFrame) -> Graph | None:
        """The filters that make a picture of a frame of this shape; None when it is one already."""
        wanted = self._wanted
        steps = [*display_steps(self._shape, self._aspects, wanted), *crop_steps(self._shape, wanted)]
        pixels = _DEEP_PIXELS if self._tone_map else PIXELS
        if frame.format.name != pixels and not (steps and steps[-1][0] == "scale"):
            steps.append(("scale", f"{wanted.width}:{wanted.height}"))
        return _graph(frame, [self._exact(step, frame) for step in steps], pixels) if steps else None

    def _check(self, frame: VideoFrame) -> None:
        if self._interlaced == "refuse" and frame.interlaced_frame:
            raise MediaError(Reason.INTERLACED, "The file calls frames of the clip interlaced.")
        if _kind(frame) != self._kind:
            message = f"Inside the clip the picture changes from {self._kind} to {_kind(frame)}."
            raise MediaError(Reason.CUT_MISMATCH, message)

    def _exact(self, step: Step, first: VideoFrame) -> Step:
        """A scale step with all said that FFmpeg would guess: from a named matrix, for one, it would convert to an unnamed one."""
        name, arguments = step
        if name != "scale":
            return step
        span = "pc" if self._source.full else "tv"
        if _is_rgb(first):
            kept = f"out_range={span}:out_color_matrix={'bt709' if self._source.matrix == _BT709 else 'smpte170m'}"
        else:
            kept = f"in_range={span}:out_range={span}:in_color_matrix=bt709:out_color_matrix=bt709"
        return name, f"{arguments}:{_EXACT}:{kept}"


def deinterlaced(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Each frame that is flagged interlaced, made of its first field with bwdif; the others as they are. Pts stay, in a time base of the filter's."""
    graph: Graph | None = None
    for frame in frames:
        graph = graph or _graph(frame, [("bwdif", "mode=send_frame:deint=interlaced")], frame.format.name)
        graph.vpush(frame)
        yield from _pulled(graph)
    if graph:
        graph.vpush(None)
        yield from _pulled(graph)


def display_steps(shape: Geometry, aspects: Sequence[float], wanted: Cut) -> list[Step]:
    """The steps from a coded picture to all of it as displayed.

    Where pixels are not square, the picture is widened, but not when nothing is cropped: the size of the clip comes in one step.

    Args:
        shape: of the picture.
        aspects: what the file says, in one place or another, of the shape of its pixels.
        wanted: the clip, which says which of them it is.

    Raises:
        MediaError: CUT_MISMATCH when it is not displayed as the clip says.
    """
    part = shape.region or Region(0, 0, shape.coded_width, shape.coded_height)
    turned = shape.orientation.turned
    width, height = reversed(wanted.display) if turned else wanted.display
    if part.height != height or width not in {max(1, round(part.width * aspect)) for aspect in aspects}:
        message = f"The file's pictures are displayed at {shape.display}, those of the clip at {wanted.display}."
        raise MediaError(Reason.CUT_MISMATCH, message)
    steps: list[Step] = [("crop", _area(part))] if shape.region else []
    if part.width != width:
        whole = wanted.crop == (0, 0, *wanted.display)
        size = (wanted.height, wanted.width) if turned else (wanted.width, wanted.height)
        steps.append(("scale", "{}:{}".format(*(size if whole else (width, height)))))
    return [*steps, *_turning(shape.orientation)]


def crop_steps(shape: Geometry, wanted: Cut) -> list[Step]:
    """The steps from the picture as displayed to the size of the clip; an odd last column or row is left out, not scaled away."""
    x, y, width, height = wanted.crop
    part = shape.region or Region(0, 0, shape.coded_width, shape.coded_height)
    shown = (part.height, part.width) if shape.orientation.turned else (part.width, part.height)
    if shown != wanted.display and wanted.crop == (0, 0, *wanted.display):
        return []  # display_steps has scaled it
    size = wanted.width, wanted.height
    if width - 1 <= size[0] and height - 1 <= size[1]:
        kept = Region(x, y, *size)
        return [] if kept == (0, 0, *wanted.display) else [("crop", _area(kept))]
    crop: list[Step] = [] if wanted.crop == (0, 0, *wanted.display) else [("crop", _area(wanted.crop))]
    return [*crop, ("scale", "{}:{}".format(*size))]


def _turning(orientation: Orientation) -> list[Step]:
    return [*_TURNS[orientation.rotation], *([("hflip", "")] if orientation.mirrored else [])]


def _area(part: Region) -> str:
    # Without "exact", crop moves odd offsets to even ones without a word.
    return f"{part.width}:{part.height}:{part.x}:{part.y}:exact=1"


def _is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb or frame.format.has_palette


def _kind(frame: VideoFrame) -> str:
    return f"{frame.width}x{frame.height} {frame.format.name}"


def _allowed(first: VideoFrame, settings: CutSettings) -> ToneMap | None:
    """The tone map that a frame needs, if any.

    Raises:
        MediaError: NOT_SDR.
    """
    bits, hdr = first.format.components[0].bits, first.color_trc in HDR
    if not settings.reduce and (hdr or bits > 8):
        what = f"{bits} bits{', HDR (PQ or HLG)' if hdr else ''}"
        raise MediaError(Reason.NOT_SDR, f"The clip's pictures have {what}; clips are made in SDR of 8 bits.")
    if hdr and settings.tone_map is None:
        raise MediaError(Reason.NOT_SDR, "The clip is HDR (PQ or HLG), and no tone map was given.")
    return settings.tone_map if hdr else None


def _colours(first: VideoFrame, declared_matrix: int) -> Colours:
    named = declared_matrix if first.colorspace == UNSPECIFIED_MATRIX else first.colorspace
    full = first.color_range == ColorRange.JPEG or first.format.name.startswith("yuvj")
    if _is_rgb(first):
        # It becomes luma and chroma here, by the usual matrix of its size.
        matrix = _BT709 if first.height >= _HD_LINES else _BT601
        return Colours(first.color_primaries, first.color_trc, matrix, full=False)
    known = full or first.color_range == ColorRange.MPEG
    return Colours(first.color_primaries, first.color_trc, named, full if known else None)


def _graph(first: VideoFrame, steps: Sequence[Step], pixels: str) -> Graph:
    graph = Graph()
    graph.threads = 1
    base = first.time_base or Fraction(1, 1_000_000)
    source = graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=base)
    nodes = [source, *(graph.add(name, arguments) for name, arguments in steps)]
    graph.link_nodes(*nodes, graph.add("format", pixels), graph.add("buffersink")).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
