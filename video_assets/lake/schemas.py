"""The lake's tables: every column with its type, meaning, unit and range.

One declaration serves the Parquet files, DuckLake's table definitions, the column schemas in Dagster's UI and the
README. Times are exact presentation timestamps (``*_pts``, in the stream's time base) with seconds beside them for
people; shares are in 0-1; picture coordinates are display pixels, after rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

TEXT, BOOL, INT, LONG = pl.String(), pl.Boolean(), pl.Int32(), pl.Int64()
REAL, DOUBLE, BYTES = pl.Float32(), pl.Float64(), pl.Binary()
TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """One column. ``volatile`` ones (costs, clock times, file names) may differ between equal runs: no data version has them."""

    name: str
    dtype: pl.DataType
    description: str
    volatile: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the lake; ``key`` identifies a row and is the order in which files are sorted."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({c.name: c.dtype for c in self.columns})

    @property
    def stable_columns(self) -> list[str]:
        """The columns that equal runs agree on."""
        return [c.name for c in self.columns if not c.volatile]

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    def frame(
        self, rows: list[dict[str, object]] | pl.DataFrame | Mapping[str, object], **constant: object
    ) -> pl.DataFrame:
        """Rows in this table's columns, types and order; columns that are absent become NULL.

        Raises:
            ValueError: a row has a column that the table does not.
        """
        data = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
        data = data.with_columns(pl.lit(v).alias(k) for k, v in constant.items())
        unknown = set(data.columns) - set(self.schema)
        if unknown:
            raise ValueError(f"{self.name} has no column {', '.join(sorted(unknown))}.")
        missing = [c for c in self.schema if c not in data.columns]
        data = data.with_columns(pl.lit(None).alias(c) for c in missing)
        return data.select(pl.col(c).cast(t) for c, t in self.schema.items()).sort(self.key)


_BATCH = Column("batch", TEXT, "Ingest batch: the partition.")
_VIDEO = Column("video_id", TEXT, "Source video: the first 32 hex digits of the SHA-256 of its bytes.")
_CLIP = Column("clip_id", TEXT, "Clip: hash of video, stream, start pts, end pts and crop.")
_VERSION = Column("version", TEXT, "Version of the measurement that wrote the row: its code, parameters and weights.")
_REASON = Column("reason", TEXT, "Why nothing was measured (see reasons.Reason); NULL when the row is good.")
_MESSAGE = Column("message", TEXT, "What was seen when it failed, for a person; NULL when the row is good.")
_SECONDS = Column("compute_seconds", DOUBLE, "CPU seconds spent on the row, in s.", volatile=True)
_GPU_SECONDS = Column(
    "gpu_seconds", DOUBLE, "Seconds for which the row held a GPU, in s; NULL where none was used.", volatile=True
)

# What segmentation must know of the stream: probed into raw_videos, and carried along by the decode.
_PICTURE = (
    Column("stream", INT, "Index of the chosen video stream in the container."),
    Column("width", INT, "Display width after rotation and sample aspect, in pixels."),
    Column("height", INT, "Display height after rotation, in pixels."),
    Column("time_base_num", INT, "Time base: numerator, in s."),
    Column("time_base_den", INT, "Time base: denominator."),
)
PICTURE = tuple(c.name for c in _PICTURE)

RIGHTS = (
    Column("licence", TEXT, "Licence: SPDX identifier or name; 'unknown' when nobody said."),
    Column("holder", TEXT, "Who holds the rights; 'unknown' when nobody said."),
    Column("source_url", TEXT, "Where the footage was obtained; 'unknown' when nobody said."),
    Column(
        "acquired_how",
        TEXT,
        "How it was acquired (licensed, public, user, synthetic, ...); 'unknown' when nobody said.",
    ),
    Column("acquired_at", TEXT, "When it was acquired, ISO 8601; 'unknown' when nobody said."),
    Column("rights_from", TEXT, "Which kind of statement the rights come from: sidecar, manifest, folder or unknown."),
)

SOURCE_FILES = Table(
    "source_files",
    "A place where a content was seen: the ingest ledger, written by the sensor and the command line.",
    ("batch", "uri"),
    (
        _BATCH,
        Column("uri", TEXT, "Absolute path or s3:// address."),
        Column("content", TEXT, "Content key: sha256:<hex> for local files, etag:<etag>:<bytes> for S3 objects."),
        Column("size_bytes", LONG, "Size, in bytes."),
        Column("modified_at", TIME, "Modification time when it was seen."),
        Column("current", BOOL, "Whether the content was last seen here."),
        *RIGHTS,
    ),
)

RAW_VIDEOS = Table(
    "raw_videos",
    "A source video: identity, probe and rights; or the reason why it was set aside.",
    ("video_id",),
    (
        _BATCH,
        _VIDEO,
        Column("sha256", TEXT, "SHA-256 of the bytes, hex."),
        Column("content", TEXT, "Content key under which the ledger knows the file."),
        Column("uri", TEXT, "Where it was when it was taken in; source_files has its present place.", volatile=True),
        Column("file_name", TEXT, "File name when it was taken in.", volatile=True),
        Column("size_bytes", LONG, "Size, in bytes."),
        Column("container", TEXT, "FFmpeg demuxer that read it."),
        Column("codec", TEXT, "FFmpeg codec name of the chosen video stream."),
        Column("pixel_format", TEXT, "FFmpeg pixel format name."),
        *_PICTURE,
        Column("coded_width", INT, "Width as coded, in pixels."),
        Column("coded_height", INT, "Height as coded, in pixels."),
        Column("rotation", INT, "Clockwise rotation that display needs: 0, 90, 180 or 270 degrees."),
        Column("sample_aspect", DOUBLE, "Width of a coded pixel over its height."),
        Column("start_pts", LONG, "Declared first pts, in time base units."),
        Column("duration_s", DOUBLE, "Declared duration of the stream, in s."),
        Column("declared_frames", LONG, "Declared number of frames; NULL when the container does not say."),
        Column("average_fps", DOUBLE, "Declared average frame rate, in frames/s."),
        Column("bit_rate", LONG, "Bits per second: of the stream when declared, else size over duration."),
        Column(
            "colour_transfer", TEXT, "Transfer characteristics (bt709, smpte2084 for PQ, arib-std-b67 for HLG, ...)."
        ),
        Column("colour_range", TEXT, "tv (limited) or pc (full)."),
        Column("has_audio", BOOL, "Whether there is an audio stream."),
        *RIGHTS,
        _VERSION,
        _REASON,
        _MESSAGE,
    ),
)

DECODED_VIDEOS = Table(
    "decoded_videos",
    "What the one decode pass saw of a video, and what it cost; or why it failed.",
    ("video_id",),
    (
        _BATCH,
        _VIDEO,
        *_PICTURE,
        Column("frames", LONG, "Decoded frames."),
        Column("first_pts", LONG, "First pts, in time base units."),
        Column("end_pts", LONG, "Pts at which the last frame ends, in time base units."),
        Column("duration_s", DOUBLE, "From the first frame's start to the last frame's end, in s."),
        Column("fps", DOUBLE, "Frames over duration, in frames/s."),
        Column("variable_frame_rate", BOOL, "Whether frame intervals differ by more than a time base unit's rounding."),
        Column("corrupt_frames", LONG, "Frames that the decoder flagged as damaged."),
        Column("truncated", BOOL, "Whether the stream ended or broke before its declared end; the good part is used."),
        Column("coverage", DOUBLE, "Decoded duration over declared duration, 0-1; NULL when none is declared."),
        Column("motion_vectors", BOOL, "Whether the codec gave motion vectors."),
        Column("analysis_width", INT, "Width of the analysis picture after rotation, in pixels."),
        Column("analysis_height", INT, "Height of the analysis picture after rotation, in pixels."),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
    ),
)

FRAME_SIGNALS = Table(
    "frame_signals",
    "A decoded frame: the cheap numbers of the one decode. Columns marked (sampled) are NULL between sampled frames.",
    ("video_id", "frame"),
    (
        _BATCH,
        _VIDEO,
        Column("frame", INT, "Frame number in display order, from 0."),
        Column("pts", LONG, "Presentation timestamp, in time base units."),
        Column("time_s", DOUBLE, "pts times time base, in s."),
        Column("keyframe", BOOL, "Whether the codec marks it as a key frame."),
        Column("corrupt", BOOL, "Whether the decoder flagged it as damaged."),
        Column("luma_mean", REAL, "Mean luma of the analysis picture, full range 0-255."),
        Column("luma_std", REAL, "Standard deviation of luma, 0-128."),
        Column("rgb_mean", REAL, "Mean of R, G and B, 0-255: PySceneDetect ThresholdDetector's average_rgb."),
        Column("black_share", REAL, "Share of pixels with luma under 16 (full range), 0-1."),
        Column(
            "delta_hue",
            REAL,
            "PySceneDetect ContentDetector's delta_hue from the frame before, 0-180; NULL on frame 0.",
        ),
        Column("delta_sat", REAL, "ContentDetector's delta_sat, 0-255; NULL on frame 0."),
        Column("delta_lum", REAL, "ContentDetector's delta_lum, 0-255; NULL on frame 0."),
        Column("difference", REAL, "Mean absolute luma difference from the frame before, 0-255; NULL on frame 0."),
        Column(
            "changed_share",
            REAL,
            "Share of 8x8-averaged pixels that differ by more than 6 from the frame before, 0-1; NULL on frame 0.",
        ),
        Column(
            "vmaf_motion",
            REAL,
            "Mean absolute difference of Gaussian-blurred luma (VMAF's motion filter) from the frame before, 0-255, at the analysis size; NULL on frame 0.",
        ),
        Column(
            "blend_distance",
            REAL,
            "Mean absolute luma distance of thumbnails 12 frames apart, ending here, 0-255; NULL on the first 12.",
        ),
        Column(
            "blend_residual",
            REAL,
            "Deviation of the thumbnail 6 frames back from the average of those two, over their distance; NULL where undefined.",
        ),
        Column(
            "small_change",
            REAL,
            "Mean HSV change of the small (48x27) picture from the frame before, 0-255; NULL on frame 0.",
        ),
        Column(
            "wide_histogram",
            REAL,
            "Distance of the 512-colour histograms of the small pictures 24 frames apart, ending here: the share of pixels that change colour, 0-1; NULL on the first 24.",
        ),
        Column(
            "wide_distance",
            REAL,
            "Mean absolute RGB distance of the same two pictures, 0-255; NULL as wide_histogram.",
        ),
        Column(
            "mv_mean",
            REAL,
            "Mean length of the codec's motion vectors per reference frame step, in coded pixels; NULL except on P frames, and without vectors.",
        ),
        Column("mv_x", REAL, "Mean horizontal motion vector, display pixels, right positive; NULL as mv_mean."),
        Column("mv_y", REAL, "Mean vertical motion vector, display pixels, down positive; NULL as mv_mean."),
        Column(
            "camera_pan",
            REAL,
            "(camera step) Camera's motion to the right since the step before, in shares of the long side/s; NULL when it cannot be told.",
        ),
        Column(
            "camera_tilt",
            REAL,
            "(camera step) Camera's motion upwards, in shares of the long side/s; NULL as camera_pan.",
        ),
        Column(
            "camera_zoom", REAL, "(camera step) Growth of the picture, in 1/s, inwards positive; NULL as camera_pan."
        ),
        Column(
            "camera_roll", REAL, "(camera step) Camera's turn, in degrees/s, clockwise positive; NULL as camera_pan."
        ),
        Column(
            "camera_support",
            REAL,
            "(camera step) Share of the picture's texture that moves as the camera says, 0-1; 0 when it cannot be told.",
        ),
        Column(
            "object_motion",
            REAL,
            "(camera step) Mean motion of the texture that is not the camera's, in shares of the long side/s; NULL as camera_pan.",
        ),
        Column("sharpness", REAL, "(sampled) Variance of the 3x3 Laplacian of luma at the sampled short side."),
        Column("saturation", REAL, "(sampled) Mean HSV saturation, 0-1."),
        Column("dark_share", REAL, "(sampled) Share of pixels with luma under 5 (UltraVideo's under-exposure), 0-1."),
        Column("bright_share", REAL, "(sampled) Share of pixels with luma over 250 (UltraVideo's over-exposure), 0-1."),
        Column("bar_left", REAL, "(sampled) Dark bar at the left, share of width, 0-1; NULL on a dark frame."),
        Column("bar_right", REAL, "(sampled) Dark bar at the right, share of width, 0-1; NULL on a dark frame."),
        Column("bar_top", REAL, "(sampled) Dark bar at the top, share of height, 0-1; NULL on a dark frame."),
        Column("bar_bottom", REAL, "(sampled) Dark bar at the bottom, share of height, 0-1; NULL on a dark frame."),
    ),
)

KEYFRAMES = Table(
    "keyframes",
    "A sampled frame kept as an image for the models.",
    ("video_id", "frame"),
    (
        _BATCH,
        _VIDEO,
        Column("frame", INT, "Frame number in display order, from 0."),
        Column("pts", LONG, "Presentation timestamp, in time base units."),
        Column("time_s", DOUBLE, "pts times time base, in s."),
        Column("width", INT, "Width of the image after rotation, in pixels."),
        Column("height", INT, "Height of the image after rotation, in pixels."),
        Column("jpeg", BYTES, "The image, JPEG."),
    ),
)

SHOT_FRAMES = Table(
    "shot_frames",
    "15 consecutive frames, small, for the network that finds transitions: where the cheap numbers leave doubt, and 15 frames on either side.",
    ("video_id", "first_frame"),
    (
        _BATCH,
        _VIDEO,
        Column("first_frame", INT, "Number of the first of them, display order, a multiple of 15."),
        Column("frames", INT, "How many: 15, or fewer at the end of the video."),
        Column("doubtful", BOOL, "Whether they are in doubt themselves; else they are the context of such frames."),
        Column("rgb", BYTES, "Their pixels, 8 bits each: frames x 27 rows x 48 columns x R, G, B."),
    ),
)

TRANSITION_SCORES = Table(
    "transition_scores",
    "A frame in doubt, or between such frames: how a network judges that a transition is there. Frames without a row are no transition.",
    ("video_id", "frame"),
    (
        _BATCH,
        _VIDEO,
        Column("frame", INT, "Frame number in display order, from 0."),
        Column(
            "boundary_score",
            REAL,
            "TransNetV2's single-frame probability that one shot gives way to the next here, 0-1: the middle of a gradual transition, or the last frame before a cut.",
        ),
        Column(
            "transition_score",
            REAL,
            "TransNetV2's probability that the frame is part of a transition, 0-1.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
    ),
)

SHOTS = Table(
    "shots",
    "A single-camera segment, with how it begins and ends.",
    ("video_id", "shot"),
    (
        _BATCH,
        Column("shot_id", TEXT, "Shot: hash of video, stream, start pts and end pts."),
        _VIDEO,
        Column("shot", INT, "Number of the shot in its video, from 0."),
        Column("start_frame", INT, "First frame that belongs to the shot alone, display order."),
        Column("end_frame", INT, "Frame after the last one that belongs to the shot alone."),
        Column("start_pts", LONG, "Pts of start_frame, in time base units."),
        Column("end_pts", LONG, "Pts at which the shot's last frame ends (exclusive), in time base units."),
        Column("start_s", DOUBLE, "start_pts in s."),
        Column("end_s", DOUBLE, "end_pts in s."),
        Column("duration_s", DOUBLE, "end_s less start_s, in s."),
        Column("begins", TEXT, "How it begins: start (of the video), cut, dissolve, fade or damage."),
        Column("ends", TEXT, "How it ends: end (of the video), cut, dissolve, fade or damage."),
        Column(
            "found_by",
            TEXT,
            "What looked for the video's transitions: 'detectors and network', or 'detectors' alone where the network is switched off or failed on the video.",
        ),
        _VERSION,
    ),
)

CLIPS = Table(
    "clips",
    "A training window inside one shot. Virtual: source, span and crop; nothing is transcoded.",
    ("video_id", "start_pts"),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("shot_id", TEXT, "The shot that holds it."),
        Column("stream", INT, "Index of the video stream in the container."),
        Column("start_frame", INT, "First frame, display order."),
        Column("end_frame", INT, "Frame after the last one."),
        Column("start_pts", LONG, "Pts of the first frame, in time base units."),
        Column("end_pts", LONG, "Pts at which the last frame ends (exclusive), in time base units."),
        Column("start_s", DOUBLE, "start_pts in s."),
        Column("end_s", DOUBLE, "end_pts in s."),
        Column("duration_s", DOUBLE, "end_s less start_s, in s."),
        Column("frames", INT, "Frames in the clip."),
        Column("fps", DOUBLE, "Frames over duration, in frames/s."),
        Column("crop_x", INT, "Left edge of the crop that removes bars, display pixels."),
        Column("crop_y", INT, "Top edge of the crop, display pixels."),
        Column("crop_width", INT, "Width of the crop: the clip's own width, in pixels."),
        Column("crop_height", INT, "Height of the crop: the clip's own height, in pixels."),
        Column(
            "from_source_start",
            BOOL,
            "Whether the clip's shot begins the source video (Movie Gen drops such openings).",
        ),
        Column("source_truncated", BOOL, "Whether the source file broke off before its declared end."),
        _VERSION,
    ),
)

VISUAL_SCORES = Table(
    "visual_scores",
    "A clip's visual measurements, aggregated from its frame_signals.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("sharpness", DOUBLE, "Median variance of the Laplacian over sampled frames, at the sampled short side."),
        Column("sharpness_p10", DOUBLE, "10th percentile of the same."),
        Column("sharpness_start", DOUBLE, "The same at the sampled frame nearest to the clip's start."),
        Column("luma_mean", DOUBLE, "Mean luma, 0-255."),
        Column("luma_std", DOUBLE, "Mean standard deviation of luma in a frame (contrast), 0-128."),
        Column("dark_share", DOUBLE, "Mean share of pixels with luma under 5, 0-1."),
        Column("bright_share", DOUBLE, "Mean share of pixels with luma over 250, 0-1."),
        Column("black_share", DOUBLE, "Share of frames that are black (98 % of pixels under luma 16), 0-1."),
        Column("saturation", DOUBLE, "Mean HSV saturation, 0-1."),
        Column("flicker", DOUBLE, "Mean absolute second difference of the frames' mean luma, 0-255."),
        Column("bar_left", DOUBLE, "Dark bar at the left that 90 % of sampled frames have, share of width."),
        Column("bar_right", DOUBLE, "Dark bar at the right, likewise."),
        Column("bar_top", DOUBLE, "Dark bar at the top, share of height."),
        Column("bar_bottom", DOUBLE, "Dark bar at the bottom, likewise."),
        Column(
            "border_share", DOUBLE, "Share of the picture that bars cover, 0-1; 0 when all are under the least width."
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
    ),
)

MOTION_SCORES = Table(
    "motion_scores",
    "A clip's motion measurements, aggregated from its frame_signals.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("vmaf_motion", DOUBLE, "Mean VMAF motion over frames, 0-255, at the analysis size."),
        Column(
            "motion_vector", DOUBLE, "Mean length of the codec's motion vectors, in coded pixels; NULL without vectors."
        ),
        Column(
            "pan_x",
            DOUBLE,
            "Mean horizontal motion vector per frame, display pixels, right positive; NULL without vectors.",
        ),
        Column(
            "pan_y",
            DOUBLE,
            "Mean vertical motion vector per frame, display pixels, down positive; NULL without vectors.",
        ),
        Column("still_share", DOUBLE, "Share of frame steps in which under 0.3 % of blurred pixels change, 0-1."),
        Column("longest_still_s", DOUBLE, "Longest run of such steps, in s."),
        Column("sudden_changes", INT, "Isolated changes between still stretches: a slide show has one a slide."),
        Column(
            "shots_per_second",
            DOUBLE,
            "ContentDetector boundaries per second inside the clip: Movie Gen's jitter proxy.",
        ),
        Column(
            "camera_motion",
            TEXT,
            "What the camera does for most of the clip: static, handheld, pan_left, pan_right, tilt_up, tilt_down, zoom_in, "
            "zoom_out, roll_left, roll_right, or mixed when nothing for half of it; NULL when it cannot be told.",
        ),
        Column(
            "camera_confidence", DOUBLE, "Share of the clip's camera steps that show that motion, 0-1; 0 when NULL."
        ),
        Column("camera_pan", DOUBLE, "Median motion of the camera, in shares of the long side/s, right positive."),
        Column("camera_tilt", DOUBLE, "Median motion of the camera, in shares of the long side/s, up positive."),
        Column("camera_zoom", DOUBLE, "Median growth of the picture, in 1/s, inwards positive."),
        Column("camera_roll", DOUBLE, "Median turn of the camera, in degrees/s, clockwise positive."),
        Column(
            "shake",
            DOUBLE,
            "Median deviation of the camera from its smooth motion over about 2 s, in shares of the long side/s.",
        ),
        Column("object_motion", DOUBLE, "Median motion that is not the camera's, in shares of the long side/s."),
        Column(
            "time_course",
            pl.List(REAL),
            "Mean luma, its deviation and VMAF motion, one curve after the other, each 12.5 values/s of means over 0.24 s (measure/course.py): copies go on alike.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
    ),
)

CANDIDATES = Table(
    "candidates",
    "Whether a clip is worth a model's time, by what was measured without one.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("candidate", BOOL, "TRUE when models measure the clip."),
        Column(
            "why",
            TEXT,
            "possible: some tier could still keep it; sampled: every tier drops it, and it is measured so that thresholds can be judged; ruled_out: every tier drops it.",
        ),
        Column(
            "ruled_out_by",
            pl.List(pl.String()),
            "tier: rule, of each tier without a parent, when all of them drop it; NULL otherwise.",
            volatile=True,
        ),
        _VERSION,
    ),
)

TEXT_SCORES = Table(
    "text_scores",
    "The text in a clip's picture, read in some of its keyframes. Legible: read with a recognition score of 0.5 or more.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("text_frames", INT, "Keyframes that were read."),
        Column(
            "text_score",
            DOUBLE,
            "Largest detection times recognition score of any text on any of them, 0-1; 0 when there is none.",
        ),
        Column("text_read", TEXT, "The text that has this score; empty when there is none."),
        Column("text_boxes", INT, "Most pieces of legible text on one of them."),
        Column("text_share", DOUBLE, "Mean share of the clip's picture that legible text covers, 0-1."),
        Column("text_share_max", DOUBLE, "Largest of these shares."),
        Column(
            "subtitle_x",
            INT,
            "Left edge of the band of subtitles, display pixels: legible text in the same rows of the lower third on at least half of them; NULL when there is none.",
        ),
        Column("subtitle_y", INT, "Top edge of the band, display pixels; NULL as subtitle_x."),
        Column("subtitle_width", INT, "Width of the band, in pixels; NULL as subtitle_x."),
        Column("subtitle_height", INT, "Height of the band, in pixels; NULL as subtitle_x."),
        Column(
            "static_text",
            INT,
            "Pieces of legible text that stay in place on three quarters of them: logos, watermarks and captions; under a fixed camera signs too. NULL when fewer than two were read.",
        ),
        Column("static_text_share", DOUBLE, "Share of the clip's picture that these cover, 0-1; NULL as static_text."),
        Column(
            "clear_x",
            INT,
            "Left edge of the largest crop without subtitles and static text, display pixels; NULL as static_text.",
        ),
        Column("clear_y", INT, "Top edge of this crop, display pixels; NULL as static_text."),
        Column("clear_width", INT, "Width of this crop, in pixels; NULL as static_text."),
        Column("clear_height", INT, "Height of this crop, in pixels; NULL as static_text."),
        Column("clear_share", DOUBLE, "Share of the clip's picture that this crop keeps, 0-1; NULL as static_text."),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

PEOPLE_SCORES = Table(
    "people_scores",
    "The faces and persons in a clip's picture, in some of its keyframes.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("people_frames", INT, "Keyframes that were looked at."),
        Column(
            "faces_max",
            INT,
            "Most faces on one of them; faces turned away or smaller than people.smallest_face are not found.",
        ),
        Column(
            "face_share_max",
            DOUBLE,
            "Largest share of the clip's picture that one face covers, 0-1; 0 when there is none.",
        ),
        Column("faces_frames_share", DOUBLE, "Share of these keyframes that show a face, 0-1."),
        Column(
            "people_max",
            INT,
            "Most persons on one of them, whole or in part; NULL in the profile 'embedded', which has no finder of persons.",
        ),
        Column(
            "person_share_max",
            DOUBLE,
            "Largest share of the clip's picture that one person's rectangle covers, 0-1; NULL as people_max.",
        ),
        Column("people_frames_share", DOUBLE, "Share of these keyframes that show a person, 0-1; NULL as people_max."),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

SAFETY_SCORES = Table(
    "safety_scores",
    "How unsafe a clip's picture looks, in some of its keyframes.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("safety_frames", INT, "Keyframes that were looked at."),
        Column(
            "nsfw_score",
            DOUBLE,
            "Largest open_nsfw probability of pornographic content on any of them, 0-1: its authors call under 0.2 safe and over 0.8 unsafe; cartoons and bare skin can score high without cause.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

OVERLAY_SCORES = Table(
    "overlay_scores",
    "What lies on a clip's picture, from comparing its keyframes: logos, watermarks and captions that stay while the picture behind them changes; and whether it is one picture or several.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("overlay_frames", INT, "Keyframes that were compared."),
        Column(
            "fixed_share",
            DOUBLE,
            "Share of the picture's edges that stay and belong to no overlay, 0-1: much under a fixed camera. NULL with fewer than four keyframes.",
        ),
        Column(
            "overlays",
            INT,
            "Rectangles of what lies on the picture; NULL when fixed_share is NULL or over 0.05, where it cannot be told from what is in the picture.",
        ),
        Column(
            "overlay_share", DOUBLE, "Share of the clip's picture that these rectangles cover, 0-1; NULL as overlays."
        ),
        Column(
            "corner_overlays",
            INT,
            "How many of them lie wholly in a corner: within a quarter of both sides; NULL as overlays.",
        ),
        Column("overlay_x", INT, "Left edge of the largest of them, display pixels; NULL when there is none."),
        Column("overlay_y", INT, "Top edge of the largest, display pixels; NULL as overlay_x."),
        Column("overlay_width", INT, "Width of the largest, in pixels; NULL as overlay_x."),
        Column("overlay_height", INT, "Height of the largest, in pixels; NULL as overlay_x."),
        Column(
            "unmarked_x", INT, "Left edge of the largest crop without any of them, display pixels; NULL as overlays."
        ),
        Column("unmarked_y", INT, "Top edge of this crop, display pixels; NULL as overlays."),
        Column("unmarked_width", INT, "Width of this crop, in pixels; NULL as overlays."),
        Column("unmarked_height", INT, "Height of this crop, in pixels; NULL as overlays."),
        Column("unmarked_share", DOUBLE, "Share of the clip's picture that this crop keeps, 0-1; NULL as overlays."),
        Column(
            "layout",
            TEXT,
            "How the picture is divided: single, side_by_side, stacked, grid, or blurred_sides (a picture between blurred copies of itself).",
        ),
        Column(
            "panels",
            INT,
            "Different pictures that it shows at once, in equal parts; 1 unless side_by_side, stacked or grid.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

QUALITY_SCORES = Table(
    "quality_scores",
    "Technical quality and classical appeal of a clip's picture: medians over some of its keyframes, at their size (a short side of decode.sample_short_side).",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("quality_frames", INT, "Keyframes that were looked at."),
        Column(
            "noise",
            DOUBLE,
            "Standard deviation of noise in luma levels, 0-255, in the flattest quarter of the picture (Immerkaer 1996); what scaling down has averaged away is not in it.",
        ),
        Column(
            "blockiness",
            DOUBLE,
            "How much larger luma steps are on the grid of 8x8 blocks than beside it, as a share, from 0 (after Wang, Sheikh and Bovik 2002); NULL when the source is so large that its blocks cannot be seen in a keyframe.",
        ),
        Column("blur", DOUBLE, "Blur, 0 (sharp) to 1 (Crete et al. 2007); soft backgrounds count."),
        Column(
            "technical_quality",
            DOUBLE,
            "What noise, blockiness and blur leave, 0-1 with 1 the best: (1 - noise/12) (1 - blockiness/0.6) ((0.7 - blur)/0.45), each factor kept in 0-1. The formula is ours and orders; it is not fitted to opinions.",
        ),
        Column(
            "colourfulness",
            DOUBLE,
            "Colourfulness in levels (Hasler and Suesstrunk 2003): 0 grey, 33 moderate, 109 extreme.",
        ),
        Column(
            "contrast",
            DOUBLE,
            "Luma between its 2nd and 98th percentile over 180 levels, 0-1 (after Ke, Tang and Jing 2006).",
        ),
        Column(
            "exposure",
            DOUBLE,
            "Nearness of mean luma to 0.45 of the range, times the share of pixels that are not clipped, 0-1.",
        ),
        Column(
            "subject_sharpness",
            DOUBLE,
            "How much sharper the sharpest ninth of the picture is than the rest, 0-1 (after Datta et al. 2006).",
        ),
        Column(
            "thirds",
            DOUBLE,
            "Nearness of the middle of the edges' energy to a crossing of the lines of thirds, 0-1 (after Datta et al. 2006).",
        ),
        Column(
            "classical_appeal",
            DOUBLE,
            "Mean of the five above, with colourfulness over 60 levels and at most 1; 0-1. Computed by rules, trained on nothing: not LAION's aesthetic score, and not to be compared with it.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

CLIP_EMBEDDINGS = Table(
    "clip_embeddings",
    "A clip's vector, its likely subjects, and the signature by which copies of it are found, from some of its keyframes.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("embedding", pl.List(REAL), "Mean of the keyframes' vectors, of length 1: near means alike in content."),
        Column("dimensions", INT, "Numbers in the embedding."),
        Column("embedding_model", TEXT, "The model whose vectors these are; those of different models do not compare."),
        Column(
            "subjects",
            pl.List(pl.Struct({"subject": pl.String(), "probability": pl.Float32()})),
            "ImageNet-1k classes with the largest mean probability over the keyframes, 0-1, largest first.",
        ),
        Column(
            "copy_signature",
            pl.List(REAL),
            "Vector of length 1 of the picture's coarse structure and of how it changes in time (measure/copies.py); NULL when the picture is flat.",
        ),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

LAION_SCORES = Table(
    "laion_scores",
    "A clip's LAION aesthetic scores, of its middle keyframe. Only in the profile 'full'.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        _VIDEO,
        Column("aesthetic_laion", DOUBLE, "LAION-Aesthetics V2, about 1-10: improved predictor on CLIP ViT-L/14."),
        Column("aesthetic_laion_v1", DOUBLE, "LAION-Aesthetics V1, about 1-10: linear predictor on CLIP ViT-L/14."),
        _VERSION,
        _REASON,
        _MESSAGE,
        _SECONDS,
        _GPU_SECONDS,
    ),
)

NEAR_DUPLICATES = Table(
    "near_duplicates",
    "Two clips that are copies: of near signatures, or of like structure and course in time. Found when the first's batch was compared with all clips there were.",
    ("clip_id", "other_id"),
    (
        _BATCH,
        _CLIP,
        Column("other_id", TEXT, "The other clip, of this batch (then each pair has one row) or of another."),
        Column("cosine", REAL, "Cosine of the two copy signatures, to 1."),
        Column("mirrored", BOOL, "Whether the one is the other's mirror image."),
        Column(
            "correlation",
            REAL,
            "Correlation of the two courses in time at offset_s, to 1; NULL where the cosine alone is near enough.",
        ),
        Column(
            "offset_s",
            REAL,
            "How much later in clip_id than in other_id the same moment is, from each clip's start, in s; NULL as correlation.",
        ),
        Column("signature_version", TEXT, "Version of the clip_embeddings in which both signatures were."),
        _VERSION,
    ),
)

DUPLICATE_GROUPS = Table(
    "duplicate_groups",
    "A clip's group of near-duplicates over all batches, and whether a better clip of it makes this one a duplicate.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        Column("duplicate_group", TEXT, "The group: its smallest clip_id; the clip's own when nothing is near it."),
        Column("duplicates", INT, "Clips in the group, this one included."),
        Column(
            "duplicate_of",
            TEXT,
            "The best clip of the group, if a better one is near this one; NULL when this one is to be kept. Better: more pixels, less text and border, more bits/s, longer.",
        ),
        Column("duplicate", BOOL, "Whether there is such a better clip."),
        Column(
            "duplicate_cosine",
            REAL,
            "Largest cosine of signatures to a better clip that is a copy; 0 when none is. A copy that starts at another moment may have a small one.",
        ),
        _VERSION,
    ),
)

CONCEPT_MODEL = Table(
    "concept_model",
    "A concept: the centre of a cluster of clips in the space of their embeddings. One set for all batches.",
    ("concept",),
    (
        _BATCH,
        Column("concept", INT, "Concept, from 0; kept when the centres are fitted anew, never given to another."),
        Column("centre", pl.List(REAL), "Mean direction of its clips' embeddings, of length 1."),
        Column("fitted_clips", INT, "Clips of all batches that were in it when it was last fitted."),
        Column("retired", BOOL, "Whether the newest fit has no such cluster any more."),
        Column("embedding_version", TEXT, "Version of the clip_embeddings to which it was fitted."),
        _VERSION,
    ),
)

CONCEPTS = Table(
    "concepts",
    "A clip's concept: the cluster whose centre its embedding is nearest to.",
    ("clip_id",),
    (
        _BATCH,
        _CLIP,
        Column("concept", INT, "The concept, a row of concept_model."),
        Column("concept_cosine", REAL, "Cosine of the embedding and the concept's centre, to 1."),
        Column(
            "concept_weight",
            DOUBLE,
            "1/sqrt(clips of the concept over all batches when the centres were last fitted): Movie Gen's sampling weight.",
        ),
        _VERSION,
    ),
)

TIER_VERDICTS = Table(
    "tier_verdicts",
    "A clip's verdict in a tier, with the rule that decided.",
    ("tier", "clip_id"),
    (
        _BATCH,
        Column("tier", TEXT, "Tier: recipe/stage, the SQL file's path under sql/tiers."),
        _CLIP,
        _VIDEO,
        Column("kept", BOOL, "TRUE kept, FALSE dropped, NULL undecided (a measurement that a rule needs is missing)."),
        Column("verdict", TEXT, "kept, dropped or undecided: the same in words."),
        Column("decided_by", TEXT, "The first rule that is false, else the first that is undecided; NULL when kept."),
        Column(
            "rules",
            pl.List(pl.Struct({"rule": pl.String(), "passed": pl.Boolean()})),
            "Every rule in order, with its outcome.",
        ),
        _VERSION,
    ),
)

DRAWS = Table(
    "draws",
    "A clip that is drawn from those that a tier keeps into the training mix.",
    ("tier", "clip_id"),
    (
        _BATCH,
        Column("tier", TEXT, "Tier from which it is drawn: recipe/stage; the draw's file is named as the tier's."),
        _CLIP,
        _VIDEO,
        Column("part", TEXT, "Part of the mix as which it was drawn, such as its orientation."),
        Column("wanted", BOOL, "Whether it is of the kind of which the mix is to have a least share, such as people."),
        Column("source", TEXT, "Source that may give so many clips and no more; NULL where none is limited."),
        Column("bucket", TEXT, "Bucket of like duration and aspect; NULL where the draw has none."),
        Column("split", TEXT, "train, or evaluation: of a source video that is held out of training, every clip."),
        Column(
            "luck", DOUBLE, "The clip's own number in [0, 1) by the draw's seed: the lower, the sooner it is drawn."
        ),
        _VERSION,
    ),
)

MATERIALIZATIONS = Table(
    "materializations",
    "The ledger: what each asset's batch was made from, by which version and run, and what it cost.",
    ("asset", "batch"),
    (
        Column("asset", TEXT, "Asset key, with / between its parts."),
        _BATCH,
        Column("version", TEXT, "Version of the code, parameters and weights that made it."),
        Column("data_version", TEXT, "Hash of the stable values that were written."),
        Column("inputs", TEXT, "JSON object: each upstream asset's data version that was read."),
        Column("rows", LONG, "Rows written."),
        Column("failures", LONG, "Rows with a reason."),
        Column(
            "footage_seconds",
            DOUBLE,
            "Duration of the footage that the rows stand for, in s; NULL where it has no meaning.",
        ),
        _SECONDS,
        _GPU_SECONDS,
        Column("run_id", TEXT, "Dagster run that made it.", volatile=True),
        Column("made_at", TIME, "When it was committed.", volatile=True),
    ),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        SOURCE_FILES,
        RAW_VIDEOS,
        DECODED_VIDEOS,
        FRAME_SIGNALS,
        KEYFRAMES,
        SHOT_FRAMES,
        TRANSITION_SCORES,
        SHOTS,
        CLIPS,
        VISUAL_SCORES,
        MOTION_SCORES,
        CANDIDATES,
        TEXT_SCORES,
        PEOPLE_SCORES,
        SAFETY_SCORES,
        OVERLAY_SCORES,
        QUALITY_SCORES,
        CLIP_EMBEDDINGS,
        LAION_SCORES,
        NEAR_DUPLICATES,
        DUPLICATE_GROUPS,
        CONCEPT_MODEL,
        CONCEPTS,
        TIER_VERDICTS,
        DRAWS,
        MATERIALIZATIONS,
    )
}
