"""Segments: from frames to shots to clips."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    BYTES,
    CLIP,
    DOUBLE,
    INT,
    LIMITED_BY,
    LONG,
    MESSAGE,
    REAL,
    REASON,
    SECONDS,
    TEXT,
    VERSION,
    VIDEO,
    Column,
    Table,
)

_SECONDS = (
    Column(
        "start_s",
        DOUBLE,
        "start_pts in s from pts zero, as time_s: for work with pts, and for ffmpeg -copyts -i FILE -ss start_s, which finds the frame in every container by decoding all before it, but where pts_offset is not 0: there ffmpeg -i FILE -ss player_start_s does. For players see player_start_s.",
    ),
    Column("end_s", DOUBLE, "end_pts in s from pts zero."),
    Column(
        "player_start_s",
        DOUBLE,
        "The start on a player's clock, in s from the file's own start, cut to microseconds: for players, and for ffmpeg -ss player_start_s -i FILE, which finds the frame in MP4, QuickTime and Matroska. A transport stream is not sought to the frame: see start_s.",
    ),
    Column(
        "player_end_s",
        DOUBLE,
        "The end on a player's clock, in s: for ffmpeg -ss player_start_s -to player_end_s -i FILE.",
    ),
)

SHOT_FRAMES = Table(
    "shot_frames",
    "15 consecutive steps, small, for the network that finds transitions: where the cheap numbers leave doubt, and 15 steps on either side. Up to 34 frames/s every frame is a step, of 60 every second.",
    ("video_id", "first_frame"),
    (
        BATCH,
        VIDEO,
        Column("first_frame", INT, "Frame number of the first of them, display order."),
        Column("picture", INT, "Number of the first of them among the video's steps, a multiple of 15."),
        Column("frame_numbers", pl.List(INT), "Their frame numbers, in order."),
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
        BATCH,
        VIDEO,
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
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
    ),
)

SHOTS = Table(
    "shots",
    "A single-camera segment, with how it begins and ends.",
    ("video_id", "shot"),
    (
        BATCH,
        Column("shot_id", TEXT, "Shot: hash of video, stream, start pts and end pts."),
        VIDEO,
        Column("shot", INT, "Number of the shot in its video, from 0."),
        Column("start_frame", INT, "First frame that belongs to the shot alone, display order."),
        Column("end_frame", INT, "Frame after the last one that belongs to the shot alone."),
        Column("start_pts", LONG, "Pts of start_frame, in time base units."),
        Column("end_pts", LONG, "Pts at which the shot's last frame ends (exclusive), in time base units."),
        *_SECONDS,
        Column("duration_s", DOUBLE, "end_s less start_s, in s."),
        Column(
            "begins",
            TEXT,
            "How it begins: start (of the video), cut, dissolve, wipe (or push), fade, damage or break (time starts again or is missing, or the size of the picture changes).",
        ),
        Column("ends", TEXT, "How it ends: end (of the video), cut, dissolve, wipe (or push), fade, damage or break."),
        Column(
            "found_by",
            TEXT,
            "What looked for the video's transitions: 'detectors and network', or 'detectors' alone where the network is switched off or failed on the video.",
        ),
        VERSION,
    ),
)

CLIPS = Table(
    "clips",
    "A training window inside one shot. Virtual: source, span and crop; nothing is transcoded.",
    ("video_id", "start_pts"),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("shot_id", TEXT, "The shot that holds it."),
        Column("stream", INT, "Index of the video stream in the container."),
        Column("start_frame", INT, "First frame, display order."),
        Column("end_frame", INT, "Frame after the last one."),
        Column("start_pts", LONG, "Pts of the first frame, in time base units."),
        Column("end_pts", LONG, "Pts at which the last frame ends (exclusive), in time base units."),
        Column(
            "pts_offset",
            LONG,
            "By how much start_pts and end_pts are more than in the file: 0 but where its own time starts again before the clip.",
        ),
        *_SECONDS,
        Column("duration_s", DOUBLE, "end_s less start_s, in s."),
        Column("frames", INT, "Frames in the clip."),
        Column("fps", DOUBLE, "Frames over duration, in frames/s."),
        Column("width", INT, "Width of its frames as displayed, bars included, in pixels."),
        Column("height", INT, "Height of its frames as displayed, bars included, in pixels."),
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
        VERSION,
    ),
)
