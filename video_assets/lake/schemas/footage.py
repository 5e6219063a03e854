"""Footage: the ledger of files, the source videos and what one decode of them gives."""

from __future__ import annotations

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    BYTES,
    DOUBLE,
    INT,
    LIMITED_BY,
    LONG,
    MESSAGE,
    REAL,
    REASON,
    SECONDS,
    TEXT,
    TIME,
    VERSION,
    VIDEO,
    Column,
    Table,
)

# What segmentation must know of the stream: probed into raw_videos, and carried along by the decode.
_PICTURE = (
    Column("stream", INT, "Index of the chosen video stream in the container."),
    Column(
        "width",
        INT,
        "Display width after the container's crop, rotation and sample aspect, in pixels; of the first frame, where it changes.",
    ),
    Column(
        "height",
        INT,
        "Display height after the container's crop and rotation, in pixels; of the first frame, where it changes.",
    ),
    Column("time_base_num", INT, "Time base: numerator, in s."),
    Column("time_base_den", INT, "Time base: denominator."),
    Column(
        "container_start_s",
        DOUBLE,
        "Where a player's clock stands at 0, in s from pts zero: the first pts of any stream, audio too, to a microsecond; NULL when the container does not say.",
    ),
)

_UNREAD = Column(
    "unread",
    TEXT,
    "What the file says beside pixels and times and could not be read or used, how often, and why at first: NULL there, or taken as if unsaid. NULL when all could be read.",
)

PICTURE = tuple(c.name for c in _PICTURE)

# Texts throughout: what nobody said is 'unknown', and NULL only in rows that were written before there was the column.
RIGHTS = (
    Column(
        "licence",
        TEXT,
        "Licence: SPDX expression, LicenseRef- name, or the text as given if it is neither; 'unknown' when nobody said.",
    ),
    Column("licence_as_given", TEXT, "Licence in the statement's own words; 'unknown' when nobody said."),
    Column("holder", TEXT, "Who holds the rights; 'unknown' when nobody said."),
    Column("source_url", TEXT, "Where the footage was obtained; 'unknown' when nobody said."),
    Column(
        "domain",
        TEXT,
        "Host of source_url, in lower case and without 'www.'; 'unknown' when it is no web address.",
    ),
    Column(
        "acquired_how",
        TEXT,
        "How it was acquired (licensed, public, user, synthetic, ...); 'unknown' when nobody said.",
    ),
    Column("acquired_at", TEXT, "When it was acquired, ISO 8601; 'unknown' when nobody said."),
    Column(
        "consent",
        TEXT,
        "Consent of the people shown, as given: yes, no, or a reference; 'unknown' when nobody said.",
    ),
    Column("expires_on", TEXT, "Last day on which the grant holds, ISO 8601; 'unknown' when nobody said."),
    Column("evidence", TEXT, "Link or reference to what proves the grant; 'unknown' when nobody said."),
    Column(
        "tdm_reservation",
        TEXT,
        "TDMRep: '1' where text and data mining is reserved, '0' where it is not; 'unknown' when nobody said.",
    ),
    Column("tdm_policy", TEXT, "TDMRep: where the policy of the reservation stands; 'unknown' when nobody said."),
    Column(
        "content_usage",
        TEXT,
        "AIPREF: the Content-Usage header as it was seen, a line for each; 'unknown' when nobody said.",
    ),
    Column("robots", TEXT, "Lines of robots.txt about the footage as they were seen; 'unknown' when nobody said."),
    Column(
        "aipref_train_ai",
        TEXT,
        "What content_usage, and such lines of robots, say of train-ai: 'y', 'n', 'unreadable' or 'unknown'; any n wins. 'unreadable' also where the sidecar is.",
    ),
    Column(
        "signals_seen_at",
        TEXT,
        "When the reservation, content_usage and robots were seen, ISO 8601; 'unknown' when nobody said.",
    ),
    Column("rights_from", TEXT, "Which kind of statement the rights come from: sidecar, manifest, folder or unknown."),
)

BENCHMARK = Column(
    "benchmark",
    TEXT,
    "Name of the benchmark of which the video is one; NULL for footage. Such a video is only compared with.",
)

SOURCE_FILES = Table(
    "source_files",
    "A place where a content was seen: the ingest ledger, written by the sensor and the command line.",
    ("batch", "uri"),
    (
        BATCH,
        Column("uri", TEXT, "Absolute path or s3:// address."),
        Column("content", TEXT, "Content key: sha256:<hex> for local files, etag:<etag>:<bytes> for S3 objects."),
        Column("size_bytes", LONG, "Size, in bytes."),
        Column("modified_at", TIME, "Modification time when it was seen."),
        Column("current", BOOL, "Whether the content was last seen here."),
        *RIGHTS,
        BENCHMARK,
    ),
)

RAW_VIDEOS = Table(
    "raw_videos",
    "A source video: identity, probe and rights; or the reason why it was set aside.",
    ("video_id",),
    (
        BATCH,
        VIDEO,
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
        Column("rotation", INT, "Clockwise rotation that display needs first: 0, 90, 180 or 270 degrees."),
        Column(
            "mirrored",
            BOOL,
            "Whether display needs a mirror, left to right, after that rotation. With 180 degrees it is a flip upside down.",
        ),
        Column("sample_aspect", DOUBLE, "Width of a coded pixel over its height."),
        Column("start_pts", LONG, "Declared first pts, in time base units."),
        Column("duration_s", DOUBLE, "Declared duration of the stream, in s."),
        Column("declared_frames", LONG, "Declared number of frames; NULL when the container does not say."),
        Column("average_fps", DOUBLE, "Declared average frame rate, in frames/s."),
        Column("bit_rate", LONG, "Bits per second: of the stream when declared, else size over duration."),
        Column("bit_depth", INT, "Bits of a sample of luma, or of red, as coded."),
        Column("colour_primaries", TEXT, "Colour primaries (bt709, bt2020, ...); NULL when the file does not say."),
        Column(
            "colour_transfer",
            TEXT,
            "Transfer characteristics (bt709, smpte2084 for PQ, arib-std-b67 for HLG, ...); NULL when the file does not say. PQ and HLG pictures are measured and kept in SDR, by one tone map.",
        ),
        Column(
            "colour_matrix",
            TEXT,
            "Matrix of luma and chroma (bt709, bt2020nc, gbr, ...); NULL when the file does not say.",
        ),
        Column("colour_range", TEXT, "tv (limited) or pc (full)."),
        Column(
            "max_luminance",
            REAL,
            "Peak luminance of the display on which HDR was mastered (SMPTE ST 2086), in cd/m2; NULL when the file does not say.",
        ),
        Column(
            "max_cll",
            INT,
            "MaxCLL: luminance of the brightest pixel, in cd/m2, as HDR10 declares it; NULL when the file does not say.",
        ),
        Column(
            "field_order",
            TEXT,
            "Which field the file says is shown first: top or bottom; NULL for progressive video, and when it does not say.",
        ),
        Column(
            "stereo_mode",
            TEXT,
            "How the pictures of two eyes lie in the frame: side_by_side, top_bottom, frame_alternate, checkerboard, side_by_side_quincunx, interleaved_lines, interleaved_columns, anaglyph or unspecified; mono where there is one. NULL when the file does not say.",
        ),
        Column(
            "projection",
            TEXT,
            "How a frame shows all directions, or half of them: equirectangular, tiled_equirectangular, half_equirectangular, cubemap, fisheye, parametric_immersive or unspecified; rectilinear for a flat picture. NULL when the file does not say.",
        ),
        Column(
            "has_audio",
            BOOL,
            "Whether there is an audio stream; in a transport stream, one of the video's own programme.",
        ),
        Column(
            "other_videos",
            TEXT,
            "The file's other video streams, which are not read: further angles, programmes, covers, stills; NULL when there is none.",
        ),
        _UNREAD,
        *RIGHTS,
        BENCHMARK,
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
    ),
)

DECODED_VIDEOS = Table(
    "decoded_videos",
    "What the one decode pass saw of a video, and what it cost; or why it failed.",
    ("video_id",),
    (
        BATCH,
        VIDEO,
        *_PICTURE,
        Column("frames", LONG, "Decoded frames."),
        Column("first_pts", LONG, "First pts, in time base units."),
        Column("end_pts", LONG, "Pts at which the last frame ends, in time base units."),
        Column(
            "duration_s", DOUBLE, "From the first frame's start to the last frame's end, less the holes between, in s."
        ),
        Column("fps", DOUBLE, "Frames over duration, in frames/s."),
        Column(
            "variable_frame_rate",
            BOOL,
            "Whether frames come at no even rate, by more than rounding to the time base or to milliseconds explains; frames that damage has cost make it uneven too.",
        ),
        Column("corrupt_frames", LONG, "Frames that are damaged: by the decoder's word, or after lost packets."),
        Column(
            "left_out_frames",
            LONG,
            "Decoded frames that were left out, as they would not come after the one before them: no player shows them.",
        ),
        Column(
            "pieces",
            INT,
            "Stretches with a time of their own, as in files that were joined: 1 where time never starts again. Each follows the one before it, see frame_signals.pts_offset.",
        ),
        Column(
            "holes", INT, "Holes in time: where packets were lost, or a timestamp is wrong. None lies inside a shot."
        ),
        Column("holes_s", DOUBLE, "What is missing in the holes, in s."),
        Column(
            "missing_start_s",
            DOUBLE,
            "From the declared start of the video stream to its first frame that can be decoded, in s: a recording may begin between key frames. NULL when no start is declared.",
        ),
        Column(
            "missing_end_s",
            DOUBLE,
            "From the end of the last frame to the declared end of the video stream, in s; NULL when none is declared, and in a file of several pieces, which declares that of one of them.",
        ),
        Column(
            "truncated",
            BOOL,
            "Whether the stream broke off or ended before its declared end, by more than 1 s and 2 %; the good part is used.",
        ),
        Column(
            "coverage",
            DOUBLE,
            "Decoded duration over it and all that is missing, 0-1, less holes of over a minute, which are a clock that was set; NULL as missing_end_s.",
        ),
        _UNREAD,
        Column("analysis_width", INT, "Width of the first frame's analysis picture after rotation, in pixels."),
        Column("analysis_height", INT, "Height of the first frame's analysis picture after rotation, in pixels."),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
    ),
)

FRAME_SIGNALS = Table(
    "frame_signals",
    "A decoded frame: the cheap numbers of the one decode. Columns marked (sampled) are NULL between sampled frames, those marked (step) between the steps of a stream of more than 34 frames/s: every second frame of 60 is one, every fourth of 120.",
    ("video_id", "frame"),
    (
        BATCH,
        VIDEO,
        Column("frame", INT, "Frame number in display order, from 0."),
        Column("pts", LONG, "Presentation timestamp, in time base units."),
        Column("time_s", DOUBLE, "pts times time base, in s."),
        Column(
            "pts_offset",
            LONG,
            "By how much pts is more than in the file, in time base units: 0 but where the file's own time starts again, and pts go on.",
        ),
        Column(
            "breaks",
            TEXT,
            "What breaks off between the frame before and this one: 'time' where time starts again. NULL when nothing does. A shot ends there.",
        ),
        Column("keyframe", BOOL, "Whether the codec marks it as a key frame; NULL when that could not be read."),
        Column(
            "corrupt",
            BOOL,
            "Whether the decoder flagged it as damaged, or packets were lost just before it; NULL when that could not be read.",
        ),
        Column("width", INT, "Width of the frame as displayed, in pixels; a shot ends where it changes."),
        Column("height", INT, "Height of the frame as displayed, in pixels; likewise."),
        Column("interlaced", BOOL, "Whether the file calls it interlaced; NULL when that could not be read."),
        Column(
            "combed",
            BOOL,
            "Whether its two fields are of two moments, by the picture: sampled ones are measured by one field then. FALSE where nothing moves; NULL where it cannot be told, and where nobody looked: between sampled frames but after a combed one.",
        ),
        Column("top_first", BOOL, "Whether the top field is the earlier one, by the picture; NULL unless combed."),
        Column("luma_mean", REAL, "Mean luma of the analysis picture, full range 0-255."),
        Column("luma_std", REAL, "Standard deviation of luma, 0-128."),
        Column("rgb_mean", REAL, "Mean of R, G and B, 0-255: PySceneDetect ThresholdDetector's average_rgb."),
        Column("black_share", REAL, "Share of pixels with luma under 16 (full range), 0-1."),
        Column(
            "frame_difference",
            REAL,
            "Mean absolute luma difference from the frame before, a step or not, 0-255; NULL on frame 0.",
        ),
        Column(
            "delta_hue",
            REAL,
            "(step) PySceneDetect ContentDetector's delta_hue from the step before, 0-180; NULL on frame 0.",
        ),
        Column("delta_sat", REAL, "(step) ContentDetector's delta_sat, 0-255; NULL on frame 0."),
        Column("delta_lum", REAL, "(step) ContentDetector's delta_lum, 0-255; NULL on frame 0."),
        Column(
            "difference", REAL, "(step) Mean absolute luma difference from the step before, 0-255; NULL on frame 0."
        ),
        Column(
            "changed_share",
            REAL,
            "(step) Share of 8x8-averaged pixels that differ by more than 6 from the step before (more in a stream slower than film), 0-1; NULL on frame 0.",
        ),
        Column(
            "vmaf_motion",
            REAL,
            "(step) Mean absolute difference of Gaussian-blurred luma (VMAF's motion filter) from the step before, 0-255, at the analysis size; NULL on frame 0.",
        ),
        Column(
            "vmaf_motion_two_steps",
            REAL,
            "(4 a second) The same from the step before that, which tells how it grows with time; NULL elsewhere.",
        ),
        Column(
            "blend_distance",
            REAL,
            "(step) Mean absolute luma distance of thumbnails 12 steps apart, ending here, 0-255; NULL on the first 12.",
        ),
        Column(
            "blend_residual",
            REAL,
            "(step) Deviation of the thumbnail 6 steps back from the average of those two, over their distance; NULL where undefined.",
        ),
        Column(
            "small_change",
            REAL,
            "(step) Mean change of hue, saturation and luma of the small (48x27) picture from the step before, 0-255, in which the first two weigh as much as there is colour (segment/detectors.py); NULL on frame 0.",
        ),
        Column(
            "wide_histogram",
            REAL,
            "(step) Distance of the 512-colour histograms of the small pictures 24 steps apart, ending here: the share of pixels that change colour, 0-1; NULL on the first 24.",
        ),
        Column(
            "wide_distance",
            REAL,
            "(step) Mean absolute RGB distance of the same two pictures, 0-255; NULL as wide_histogram.",
        ),
        Column(
            "mixture_residual",
            REAL,
            "(10 a second) What the pictures 1.2 s ago and now leave unexplained of the one 0.6 s ago when they are blended, put side by side, or one pushes the other out, over their distance (measure/mixtures.py); NULL when they are too alike, and where mixture_single is under 0.2: it moves.",
        ),
        Column(
            "mixture_single",
            REAL,
            "(10 a second) What one of them leaves alone, shifted as it may be; under 0.2 no shift but small ones was tried; NULL when they are too alike.",
        ),
        Column(
            "mixture_share",
            REAL,
            "(10 a second) Share of the later picture in it, 0-1, where side by side or pushing explains it best; NULL where a blend does, and as mixture_residual.",
        ),
        Column(
            "mixture_begins_ago",
            REAL,
            "(1.5 s after a picture that is a mixture) How long ago the pictures within 1.5 s of that one began to go from the first to the last of them, in s: how long ago the transition began; NULL elsewhere, where they go at no even speed, and where that may have been longer ago.",
        ),
        Column(
            "mixture_ends_ago",
            REAL,
            "How long ago they arrived, in s; NULL as mixture_begins_ago.",
        ),
        Column(
            "long_residual",
            REAL,
            "(5 a second) What the pictures 4 s ago and now leave unexplained of the one 2 s ago when they are blended, over their distance (measure/long_dissolves.py); NULL when they are too alike, where anything else explains it better or one of them nearly does, and where the pictures between them go from the one to the other at no even speed.",
        ),
        Column(
            "long_single",
            REAL,
            "(5 a second) What one of them leaves alone, shifted or zoomed as it may be; NULL as long_residual.",
        ),
        Column(
            "long_begins_ago",
            REAL,
            "(5 a second) How long ago the pictures between them began to go from the one to the other, in s; NULL as long_residual.",
        ),
        Column(
            "long_ends_ago",
            REAL,
            "(5 a second) How long ago they arrived, in s; NULL as long_residual.",
        ),
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
            "(camera step) Share of the picture's texture, weighed towards its edges, that moves as the camera says, 0-1; 0 when it cannot be told.",
        ),
        Column(
            "camera_held",
            REAL,
            "(camera step) Share of the picture's texture that stays where it is in the picture while the camera turns or travels: what it follows or goes round; 0-1; NULL as camera_pan.",
        ),
        Column(
            "flow_length",
            REAL,
            "(camera step) Mean motion of the texture, whatever moves it, in shares of the long side/s; NULL as camera_pan.",
        ),
        Column(
            "object_motion",
            REAL,
            "(camera step) Mean motion of the texture that is not the camera's, in shares of the long side/s; NULL as camera_pan.",
        ),
        Column(
            "sharpness",
            REAL,
            "(sampled) Variance of the 3x3 Laplacian of luma between the bars, at the sampled short side.",
        ),
        Column("saturation", REAL, "(sampled) Mean HSV saturation, 0-1."),
        Column("dark_share", REAL, "(sampled) Share of pixels with luma under 5 (UltraVideo's under-exposure), 0-1."),
        Column("bright_share", REAL, "(sampled) Share of pixels with luma over 250 (UltraVideo's over-exposure), 0-1."),
        Column("bar_left", REAL, "(sampled) Dark bar at the left, share of width, 0-1; NULL on a dark frame."),
        Column("bar_right", REAL, "(sampled) Dark bar at the right, share of width, 0-1; NULL on a dark frame."),
        Column("bar_top", REAL, "(sampled) Dark bar at the top, share of height, 0-1; NULL on a dark frame."),
        Column("bar_bottom", REAL, "(sampled) Dark bar at the bottom, share of height, 0-1; NULL on a dark frame."),
    ),
)

_IMAGE = (
    BATCH,
    VIDEO,
    Column("frame", INT, "Frame number in display order, from 0."),
    Column("pts", LONG, "Presentation timestamp, in time base units."),
    Column("time_s", DOUBLE, "pts times time base, in s."),
    Column("width", INT, "Width of the image after rotation, in pixels."),
    Column("height", INT, "Height of the image after rotation, in pixels."),
    Column("jpeg", BYTES, "The image, JPEG."),
)

KEYFRAMES = Table(
    "keyframes",
    "A sampled frame kept as an image for the models.",
    ("video_id", "frame"),
    (
        *_IMAGE,
        Column(
            "large_jpeg",
            BYTES,
            "The image at a short side of decode.drawn_short_side, JPEG, where it looks drawn (a screen, a page, a chart), so that small text in it can be read; NULL elsewhere.",
        ),
    ),
)

FLOW_FRAMES = Table(
    "flow_frames",
    "The frame after a keyframe, kept as an image of the same size for the optical flow between the two. Only where flow_scores are asked for.",
    ("video_id", "frame"),
    _IMAGE,
)
