"""Scores: what is measured of a clip by itself."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    DOUBLE,
    GPU_SECONDS,
    INT,
    LIMITED_BY,
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

VISUAL_SCORES = Table(
    "visual_scores",
    "A clip's visual measurements, aggregated from its frame_signals.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("sharpness", DOUBLE, "Median variance of the Laplacian over sampled frames, at the sampled short side."),
        Column("sharpness_p10", DOUBLE, "10th percentile of the same."),
        Column("sharpness_start", DOUBLE, "The same at the sampled frame nearest to the clip's start."),
        Column("luma_mean", DOUBLE, "Mean luma over the time, 0-255."),
        Column("luma_std", DOUBLE, "Mean standard deviation of luma in a frame (contrast), 0-128."),
        Column("dark_share", DOUBLE, "Mean share of pixels with luma under 5, 0-1."),
        Column("bright_share", DOUBLE, "Mean share of pixels with luma over 250, 0-1."),
        Column("black_share", DOUBLE, "Share of the time that is black (98 % of pixels under luma 16), 0-1."),
        Column("saturation", DOUBLE, "Mean HSV saturation, 0-1."),
        Column("flicker", DOUBLE, "Mean absolute second difference of the steps' mean luma, 0-255."),
        Column("bar_left", DOUBLE, "Dark bar at the left, median over the sampled frames, share of width."),
        Column("bar_right", DOUBLE, "Dark bar at the right, likewise."),
        Column("bar_top", DOUBLE, "Dark bar at the top, share of height."),
        Column("bar_bottom", DOUBLE, "Dark bar at the bottom, likewise."),
        Column(
            "border_share", DOUBLE, "Share of the picture that bars cover, 0-1; 0 when all are under the least width."
        ),
        Column(
            "interlaced",
            DOUBLE,
            "Share of frames that the file calls interlaced, or whose fields are of two moments, 0-1, of those that were looked at.",
        ),
        Column(
            "field_order",
            TEXT,
            "Which field of combed frames is the earlier one, by the picture: top or bottom; NULL when none is combed.",
        ),
        Column(
            "telecine",
            TEXT,
            "3:2 pulldown: hard (two of five frames are woven of two film frames), soft (whole frames that last three and two fields in turn) or none; NULL where nobody looked.",
        ),
        VERSION,
        REASON,
        MESSAGE,
    ),
)

MOTION_SCORES = Table(
    "motion_scores",
    "A clip's motion measurements, aggregated from its frame_signals.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column(
            "vmaf_motion",
            DOUBLE,
            "Mean VMAF motion, 0-255, at the analysis size: over frames at 24 and 25 frames/s, and what any other rate is brought to (measure/motion.py).",
        ),
        Column(
            "motion_vector",
            DOUBLE,
            "Mean length of the codec's motion vectors, in coded pixels a frame, brought to a film's frame as vmaf_motion; NULL without vectors.",
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
        Column(
            "still_share",
            DOUBLE,
            "Share of the time in which under 0.3 % of blurred pixels change from a film's frame to the next and the camera does not move, 0-1; a picture shown for more than 0.15 s stands still.",
        ),
        Column("longest_still_s", DOUBLE, "Longest run of such time, in s."),
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
        VERSION,
        REASON,
        MESSAGE,
    ),
)

CANDIDATES = Table(
    "candidates",
    "Whether a clip is worth a model's time, by what was measured without one.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("candidate", BOOL, "TRUE when models measure the clip."),
        Column(
            "compared",
            BOOL,
            "TRUE when its vector and copy signature are measured: of candidates, and of a benchmark's clips.",
        ),
        Column(
            "why",
            TEXT,
            "possible: some tier could still keep it; sampled: every tier drops it, and it is measured so that thresholds can be judged; ruled_out: every tier drops it; benchmark: it is no footage, and only compared with.",
        ),
        Column(
            "ruled_out_by",
            pl.List(pl.String()),
            "tier: rule, of each tier without a parent, when all of them drop it; NULL otherwise.",
            volatile=True,
        ),
        VERSION,
    ),
)

TEXT_SCORES = Table(
    "text_scores",
    "The text in a clip's picture, read in some of its keyframes. Legible: read with a recognition score of 0.5 or more.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("text_frames", INT, "Keyframes that were read."),
        Column(
            "text_score",
            DOUBLE,
            "Largest detection times recognition score of the text on any of them that counts (text_boxes), 0-1; 0 when there is none.",
        ),
        Column("text_read", TEXT, "The text that has this score; empty when there is none."),
        Column(
            "text_boxes",
            INT,
            "Most pieces of text on one of them: legible, or a line or a word of subtitles in a script that the recogniser does not know. What is higher than a fifth of the picture must be read surely, and a character or two so high on two of them.",
        ),
        Column("text_share", DOUBLE, "Mean share of the clip's picture that such text covers, 0-1."),
        Column("text_share_max", DOUBLE, "Largest of these shares."),
        Column(
            "overlaid_text_boxes",
            INT,
            "Most pieces of text on one of them that are not seen to move with what is around them, as a banner does under a moving camera.",
        ),
        Column("overlaid_text_share", DOUBLE, "Mean share of the clip's picture that overlaid text covers, 0-1."),
        Column(
            "subtitle_x",
            INT,
            "Left edge of the band of subtitles, display pixels: centred text in the same rows of the lower third on at least half of them; NULL when there is none.",
        ),
        Column("subtitle_y", INT, "Top edge of the band, display pixels; NULL as subtitle_x."),
        Column("subtitle_width", INT, "Width of the band, in pixels; NULL as subtitle_x."),
        Column("subtitle_height", INT, "Height of the band, in pixels; NULL as subtitle_x."),
        Column(
            "static_text",
            INT,
            "Pieces of text that stay in place on three quarters of them: logos, watermarks and captions; under a fixed camera signs too. NULL when fewer than two were read.",
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
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
    ),
)

PEOPLE_SCORES = Table(
    "people_scores",
    "The faces and persons in a clip's picture, in some of its keyframes.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("people_frames", INT, "Keyframes in which faces and persons were looked for."),
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
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
    ),
)

SAFETY_SCORES = Table(
    "safety_scores",
    "How unsafe a clip's picture looks, in some of its keyframes.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("safety_frames", INT, "Keyframes of which it was judged how unsafe they look."),
        Column(
            "nsfw_score",
            DOUBLE,
            "The open_nsfw probability of pornographic content that at least two of them reach, 0-1: its authors call under 0.2 safe and over 0.8 unsafe. It is no verdict: a baby with a book, make-up, yoga, a pancake and cartoons can score over 0.8, and what one keyframe alone shows does not count.",
        ),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
    ),
)

OVERLAY_SCORES = Table(
    "overlay_scores",
    "What lies on a clip's picture, from comparing its keyframes: logos, watermarks and captions that stay while the picture behind them changes; and whether it is one picture or several.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
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
            "How the picture is divided: single, side_by_side, stacked, grid, picture_in_picture, or blurred_sides (a picture between blurred copies of itself).",
        ),
        Column(
            "panels",
            INT,
            "Different pictures that it shows at once; 1 where layout is single or blurred_sides.",
        ),
        Column(
            "flat_share",
            DOUBLE,
            "Share of the picture that is ground without noise: luma within two levels in 5x5 pixels, and not black. Median over up to four of them, 0-1.",
        ),
        Column(
            "clean_edges",
            DOUBLE,
            "Share of the picture's edges that stand beside such ground, likewise, 0-1. Screens, slides and charts have much of both; the product of the two was under 0.09 in 75 recordings and photographs.",
        ),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
    ),
)

QUALITY_SCORES = Table(
    "quality_scores",
    "Technical quality and classical appeal of a clip's picture: medians over some of its keyframes, at their size (a short side of decode.sample_short_side).",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("quality_frames", INT, "Keyframes whose quality was measured."),
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
            "Mean of the five above, with colourfulness over 60 levels and at most 1; 0-1. Computed by rules, trained on nothing, and no order of people's: on 64 clips its rank correlation with the eye was 0.01 (technical_quality: 0.69), so that no shipped tier asks for it.",
        ),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
    ),
)
