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
from video_assets.measure.frame_signals import FrameSignals
from video_assets.measure.global_motion import GlobalMotion
from video_assets.measure.motion_vectors import MotionVectorReader
from video_assets.measure.pace import Pace
from video_assets.measure.pictures import Scaler, size_by_long_side, size_by_short_side
from video_assets.measure.samples import SampleClock, encode_jpeg, measure_sample
from video_assets.measure.shot_frames import ShotFrames
from video_assets.measure.streamed_table import Row, StreamedTable
from video_assets.measure.timeline import Timeline
from video_assets.media.containers import MediaError, open_video
from video_assets.media.frames import FrameReader
from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.streams import check_dimensions, declared_duration, geometry, video_stream
from video_assets.media.tally import Marks
from video_assets.reasons import Reason
from video_assets.settings import DecodeSettings

_SIGNAL_ROWS_PER_GROUP = 4096
_KEYFRAME_ROWS_PER_GROUP = 64
_SHOT_FRAME_ROWS_PER_GROUP = 16

# A stream is taken to be cut off when it is short of its declared duration by both.
_MOST_MISSING_S = 1.0
_LEAST_COVERAGE = 0.98


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
    truncated: bool
    coverage: float | None
    motion_vectors: bool
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
        the declared duration is missing.

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
        reader = FrameReader(container, video, settings.max_pixels, settings.profile, motion_vectors=True)
        optional, frames = reader.optional, iter(reader)
        first = next(frames, None)
        if first is None:
            raise MediaError(Reason.NO_FRAMES, f"Not one frame of stream {stream} of {path.name} could be decoded.")
        measures = _Measures(video, first[0], settings, optional)
        timeline = Timeline(reader.time_base, reader.nominal_step)
        corrupt_frames = 0
        image: Row | None = None
        for number, (frame, pts, damaged) in enumerate(chain([first], frames)):
            elapsed = timeline.add(pts, optional.read("duration", lambda f: f.duration, frame) or 0)
            if marks:
                marks.up_to(int(elapsed))
            identity = {
                "video_id": video_id,
                "frame": number,
                "pts": pts,
                "time_s": pts * timeline.time_base,
            }
            corrupt_frames += damaged is True
            flags = {"keyframe": optional.read("key frame", lambda f: f.key_frame, frame), "corrupt": damaged}
            if flow_frames is not None and image is not None:
                flow_frames.append(identity | measures.image(frame))
            numbers, image = measures.measure(frame, elapsed)
            signals.append(identity | flags | numbers)
            if image is not None:
                keyframes.append(identity | image)
            for chunk in measures.shot_frames.ready():
                shot_frames.append({"video_id": video_id} | chunk)
        for chunk in measures.shot_frames.rest():
            shot_frames.append({"video_id": video_id} | chunk)
        declared = optional.read("declared duration", declared_duration, container, video)
    coverage = min(1.0, timeline.duration_s / declared) if declared else None
    missing = max(0.0, declared - timeline.duration_s) if declared else 0.0
    return DecodedVideo(
        frames=timeline.frames,
        first_pts=timeline.first_pts,
        end_pts=timeline.end_pts,
        duration_s=timeline.duration_s,
        fps=timeline.frames / timeline.duration_s,
        variable_frame_rate=timeline.variable,
        corrupt_frames=corrupt_frames,
        truncated=reader.broken or (missing > _MOST_MISSING_S and coverage is not None and coverage < _LEAST_COVERAGE),
        coverage=coverage,
        motion_vectors=measures.vectors.found,
        unread=optional.unread,
        analysis_width=measures.analysis.width,
        analysis_height=measures.analysis.height,
        compute_seconds=time.thread_time() - started,
    )


class _Measures:
    """Everything that is measured on a frame, with the pictures that it needs."""

    def __init__(
        self, stream: VideoStream, first: VideoFrame, settings: DecodeSettings, optional: OptionalSignals
    ) -> None:
        shape = geometry(stream, first, optional)
        self._optional = optional
        self.analysis = Scaler(shape, size_by_long_side(shape.display, settings.analysis_long_side))
        self.vectors = MotionVectorReader(shape)
        self.shot_frames = ShotFrames(settings)
        self._signals = FrameSignals()
        self._pace = Pace()
        self._frames = 0
        self._motion = GlobalMotion(settings.camera_hz)
        self._sample = Scaler(shape, size_by_short_side(shape.display, settings.sample_short_side))
        self._sample_clock = SampleClock(settings.sample_hz)
        self._image_clock = SampleClock(settings.keyframe_hz)
        self._jpeg_quality = settings.jpeg_quality

    def measure(self, frame: VideoFrame, elapsed: float) -> tuple[Row, Row | None]:
        """The columns of ``frame_signals``, and those of ``keyframes`` when the frame is kept as an image."""
        planes = self.analysis.planes(self.analysis.scale(frame))
        vectors = self._optional.read("motion vectors", self.vectors.read, frame) or {}
        since = self._pace.step(elapsed)
        signals: Row = {**self._signals.measure(planes, since), **vectors}
        if since is not None:
            signals |= self.shot_frames.measure(self._signals.picture, self._frames, elapsed)
        self._frames += 1
        signals |= self._motion.measure(planes.luma, elapsed)
        saturation = signals.pop("saturation")
        if not self._sample_clock.due(elapsed):
            return signals, None
        small = self._sample.scale(frame)
        signals |= {"saturation": saturation, **measure_sample(self._sample.luma(small))}
        if not self._image_clock.due(elapsed):
            return signals, None
        return signals, self._image(small)

    def image(self, frame: VideoFrame) -> Row:
        """A frame's picture, as the columns of ``flow_frames``."""
        return self._image(self._sample.scale(frame))

    def _image(self, small: VideoFrame) -> Row:
        jpeg = encode_jpeg(self._sample.bgr(small), self._jpeg_quality)
        return {"width": self._sample.width, "height": self._sample.height, "jpeg": jpeg}
