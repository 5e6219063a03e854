"""The one decode pass: a video in; ``frame_signals``, ``keyframes``, ``shot_frames`` and a ``decoded_videos`` row out.

Where it is asked for, ``flow_frames`` too.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video_assets.lake.schemas import FLOW_FRAMES, FRAME_SIGNALS, KEYFRAMES, SHOT_FRAMES
from video_assets.measure.fields import FieldReader, Fields
from video_assets.measure.frame_signals import FrameSignals
from video_assets.measure.global_motion import GlobalMotion
from video_assets.measure.graphics import looks_drawn
from video_assets.measure.pace import Pace
from video_assets.measure.pictures import Scaler, size_by_long_side, size_by_short_side
from video_assets.measure.regions import copied
from video_assets.measure.samples import SampleClock, encode_jpeg, measure_sample
from video_assets.measure.shot_frames import ShotFrames
from video_assets.measure.streamed_table import Row, StreamedTable
from video_assets.measure.timeline import Timeline
from video_assets.media.containers import MediaError, open_video
from video_assets.media.frames import FrameReader
from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.shapes import Shapes
from video_assets.media.streams import Declared, Geometry, check_dimensions, video_stream
from video_assets.media.tally import Marks
from video_assets.reasons import Reason
from video_assets.settings import DecodeSettings

_SIGNAL_ROWS_PER_GROUP = 4096
_KEYFRAME_ROWS_PER_GROUP = 64
_SHOT_FRAME_ROWS_PER_GROUP = 16

# A stream is taken to be cut off when it is short of its declared duration by both.
_MOST_MISSING_S = 1.0
_MOST_MISSING = 0.02


@dataclass(frozen=True)
class DecodedVideo:
    """The columns of ``decoded_videos`` that the pass finds; see ``lake/schemas``."""

    frames: int
    first_pts: int
    end_pts: int
    duration_s: float
    fps: float
    variable_frame_rate: bool
    corrupt_frames: int
    left_out_frames: int
    pieces: int
    holes: int
    holes_s: float
    missing_start_s: float | None
    missing_end_s: float | None
    truncated: bool
    coverage: float | None
    unread: str | None
    analysis_width: int
    analysis_height: int
    compute_seconds: float


def decode_video(
    path: Path, video_id: str, stream: int, settings: DecodeSettings, signals_path: Path, keyframes_path: Path,
    shot_frames_path: Path, flow_frames_path: Path | None = None, *, marks: Marks | None = None,
) -> DecodedVideo:  # fmt: skip
    """Decode every frame of a stream once, on one thread, and write what was measured.

    Args:
        path: The video, a local file.
        video_id: Goes into every row.
        stream: Index of the video stream in the container.
        settings: Sizes, rates and profile.
        signals_path: Parquet file to write: ``frame_signals`` less ``batch``.
        keyframes_path: Parquet file to write: ``keyframes`` less ``batch``.
        shot_frames_path: Parquet file to write: ``shot_frames`` less ``batch``.
        flow_frames_path: Parquet file to write: ``flow_frames`` less ``batch``; None: nobody measures optical flow.
        marks: Where the whole seconds are counted that are decoded.

    Returns:
        The video's row. ``truncated`` is set when reading ended in an error, or when more than 1 s and more than 2 % of
        the declared duration is missing at its end.

    Raises:
        MediaError: as :func:`open_video`; NO_VIDEO_STREAM, ABSURD_DIMENSIONS; NO_FRAMES when nothing decodes. No file
            is written then.
    """
    started = time.thread_time()
    cv2.setNumThreads(1)
    with (
        ExitStack() as stack,
        open_video(path, settings.max_pixels) as container,
        StreamedTable(signals_path, FRAME_SIGNALS, _SIGNAL_ROWS_PER_GROUP) as signals,
        StreamedTable(keyframes_path, KEYFRAMES, _KEYFRAME_ROWS_PER_GROUP) as keyframes,
        StreamedTable(shot_frames_path, SHOT_FRAMES, _SHOT_FRAME_ROWS_PER_GROUP) as shot_frames,
    ):
        flow_frames = None
        if flow_frames_path is not None:
            flow_frames = stack.enter_context(StreamedTable(flow_frames_path, FLOW_FRAMES, _KEYFRAME_ROWS_PER_GROUP))
        video = video_stream(container, stream)
        check_dimensions(video, settings.max_pixels)
        reader = FrameReader(container, video, settings.max_pixels, settings.profile)
        optional, frames = reader.optional, iter(reader)
        first = next(frames, None)
        if first is None:
            raise MediaError(Reason.NO_FRAMES, f"Not one frame of stream {stream} of {path.name} could be decoded.")
        measures = _Measures(video, first.frame, settings, optional)
        analysis = measures.analysis.width, measures.analysis.height
        timeline = Timeline(reader.time_base, reader.nominal_step)
        corrupt_frames = 0
        image: Row | None = None
        for number, (frame, pts, damaged, offset, restarts) in enumerate(chain([first], frames)):
            elapsed = timeline.add(pts, optional.read("duration", lambda f: f.duration, frame) or 0)
            if marks:
                marks.up_to(int(elapsed))
            identity = {
                "video_id": video_id,
                "frame": number,
                "pts": pts,
                "time_s": pts * timeline.time_base,
            }
            place = {"pts_offset": offset, "breaks": "time" if restarts else None}
            corrupt_frames += damaged is True
            flags: Row = {"keyframe": optional.read("key frame", lambda f: f.key_frame, frame), "corrupt": damaged}
            key = flags["keyframe"] is True
            follows, (numbers, image) = image is not None, measures.measure(frame, elapsed, key)
            if flow_frames is not None and follows:
                flow_frames.append(identity | measures.image())
            timeline.changed(numbers["frame_difference"], damaged, flags["keyframe"])
            signals.append(identity | place | flags | numbers)
            if image is not None:
                keyframes.append(identity | image)
            for chunk in measures.shot_frames.ready():
                shot_frames.append({"video_id": video_id} | chunk)
        for chunk in measures.shot_frames.rest():
            shot_frames.append({"video_id": video_id} | chunk)
        declared = Declared.of(container, video, optional)
        times = timeline.times(declared.end)
    missing_start = None if first.frame.pts is None else declared.missing_start(first.pts * timeline.time_base)
    # What a file of several pieces declares is about one of them, nobody knows which.
    end = max(times.stands_until * timeline.time_base, reader.others_end)
    missing_end = declared.missing_end(end) if reader.pieces == 1 else None
    whole = times.duration_s + times.lost_s + (missing_start or 0.0) + (missing_end or 0.0)
    return DecodedVideo(
        frames=times.frames,
        first_pts=times.first_pts,
        end_pts=times.end_pts,
        duration_s=times.duration_s,
        fps=times.frames / times.duration_s,
        variable_frame_rate=times.variable,
        corrupt_frames=corrupt_frames,
        left_out_frames=reader.left_out,
        pieces=reader.pieces,
        holes=times.holes,
        holes_s=times.holes_s,
        missing_start_s=missing_start,
        missing_end_s=missing_end,
        truncated=reader.broken or (missing_end or 0.0) > max(_MOST_MISSING_S, _MOST_MISSING * whole),
        coverage=None if missing_end is None else times.duration_s / whole,
        unread=optional.unread,
        analysis_width=analysis[0],
        analysis_height=analysis[1],
        compute_seconds=time.thread_time() - started,
    )


class _Measures:
    """Everything that is measured on a frame, with the pictures that it needs."""

    def __init__(
        self, stream: VideoStream, first: VideoFrame, settings: DecodeSettings, optional: OptionalSignals
    ) -> None:
        self._settings, self._optional = settings, optional
        self._shapes = Shapes(stream, first, optional)
        self._shape, self._picture = self._shapes.now, first
        self.shot_frames = ShotFrames(settings)
        self._fields = FieldReader()
        self._woven = False
        self._pace = Pace()
        self._frames = 0
        self._sample_clock = SampleClock(settings.sample_hz)
        self._image_clock = SampleClock(settings.keyframe_hz)
        self._signals = FrameSignals()
        self._motion = GlobalMotion(settings.camera_hz)
        self._make_scalers()

    def _make_scalers(self) -> None:
        display, settings = self._shape.display, self._settings
        self.analysis = Scaler(self._shape, size_by_long_side(display, settings.analysis_long_side))
        self._sample = Scaler(self._shape, size_by_short_side(display, settings.sample_short_side))

    def _reshape(self, shape: Geometry) -> None:
        """Go on with pictures of another geometry; where their size as displayed is another, they are compared with none before."""
        if shape.display != self._shape.display:
            self._signals, self._pace = FrameSignals(), Pace()
            self._motion = GlobalMotion(self._settings.camera_hz)
        self._shape = shape
        self._make_scalers()

    def measure(self, frame: VideoFrame, elapsed: float, key: bool) -> tuple[Row, Row | None]:
        """The columns of ``frame_signals``, and those of ``keyframes`` when the frame is kept as an image."""
        first = frame is self._picture
        if not first and (shape := self._shapes.next(frame, key)) is not self._shape:
            self._reshape(shape)
        sampled = self._sample_clock.due(elapsed)
        interlaced = self._optional.read("interlaced", lambda f: bool(f.interlaced_frame), frame)
        fields = self._optional.read("fields", self._fields.read, frame, sampled, bool(interlaced)) or Fields()
        self._woven = self._fields.woven(fields, bool(interlaced))
        # Of a frame that is flagged as interlaced swscale scales each field for itself, and weaves them again.
        region = self._shape.region
        part = self._optional.read("lines", copied, frame, region) if interlaced or region else None
        self._picture = part or frame
        planes = self.analysis.planes(self._picture)
        since = self._pace.step(elapsed)
        width, height = self._shape.display
        signals: Row = {
            "width": width,
            "height": height,
            "interlaced": interlaced,
            **fields._asdict(),
            **self._signals.measure(planes, since),
        }
        if since is not None:
            change = signals.pop("content_change")
            signals |= self.shot_frames.measure(self._signals.picture, self._frames, elapsed, change)
        self._frames += 1
        signals |= self._motion.measure(planes.luma, elapsed)
        saturation = signals.pop("saturation")
        if not sampled:
            return signals, None
        small = self._small()
        luma = self._sample.luma(small)
        signals |= {"saturation": saturation, **measure_sample(luma)}
        if not self._image_clock.due(elapsed):
            return signals, None
        return signals, self._image(small) | {"large_jpeg": self._large() if looks_drawn(luma) else None}

    def image(self) -> Row:
        """The picture of the frame that was measured last, as the columns of ``flow_frames``."""
        return self._image(self._small())

    def _small(self) -> VideoFrame:
        """The last frame at the sampled size."""
        return self._sample.scale(self._of_one_moment())

    def _of_one_moment(self) -> VideoFrame:
        """The last frame; one field where it is of two moments, so that combing is no detail."""
        return copied(self._picture, step=2) if self._woven else self._picture

    def _image(self, small: VideoFrame) -> Row:
        jpeg = encode_jpeg(self._sample.bgr(small), self._settings.jpeg_quality)
        return {"width": self._sample.width, "height": self._sample.height, "jpeg": jpeg}

    def _large(self) -> bytes | None:
        """The last frame as an image in which small text can be read; None where it would be no larger than the usual one."""
        display = self._shape.display
        side = min(self._settings.drawn_short_side, *display)
        if side <= self._settings.sample_short_side:
            return None
        scaler = Scaler(self._shape, size_by_short_side(display, side))
        return encode_jpeg(scaler.bgr(scaler.scale(self._of_one_moment())), self._settings.jpeg_quality)
