-- title: HunyuanVideo, 256p training set
-- description: The first and widest of four sets: single-shot clips that hold 65 frames of 256 px and move.
--
-- Source: HunyuanVideo (arXiv 2412.03603), section 3 and Figure 4; all its numeric thresholds are unpublished, so every
-- threshold below is ours, except where a line says otherwise. Sizes are those of the clip after its bars are cropped,
-- as the paper removes borders.
--
-- Published for this set, but not in this file, because the clip sheet has no measurement for it:
--   optical-flow motion speed, for which VMAF motion stands in; TransNet v2 beside PySceneDetect. And because it chooses
--   among kept clips and does not judge one: balance over about 10,000 concept centroids, for which the sheet has
--   concept_weight.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- Section 3: sample shapes begin at 256x256x65 (height x width x frames); the size.
    min_side >= 256 AS resolution,

    -- Section 3: sample shapes begin at 256x256x65; the frames.
    frames >= 65 AS enough_frames,

    -- HunyuanVideo 1.5 (arXiv 2511.18870; as reported): a clip is dropped if less than 60 % of the picture is left
    -- after cropping.
    crop_share >= 0.60 AS enough_picture,

    -- Section 3: watermarks and logos are found and removed (YOLOX-like detectors). Ours finds what stays while the
    -- picture changes; the crop without it (unmarked_x to unmarked_height) is measured and not applied, and as much of
    -- the picture must be left as after the rule above. Where the camera stands still, static text stands in.
    coalesce(unmarked_share, clear_share) >= 0.60 AS enough_picture_without_overlays,

    -- HunyuanVideo 1.5 (arXiv 2511.18870; as reported): no stitched pictures, grids or collages. Ours: one panel; a
    -- picture between blurred copies of itself is one whose sides nobody cropped.
    layout = 'single' AS one_picture,

    -- Raw pool: basic thresholds, among them exposure (values unpublished). Ours: mean luma of 20 to 235 of 255.
    luma_mean BETWEEN 20 AND 235 AS exposed,

    -- Raw pool, as above. Ours: at most a tenth of the frames is black.
    black_share <= 0.10 AS not_black,

    -- Figure 4, motion: static clips are removed (value unpublished). Ours: at most 80 % of frame steps are still.
    still_share <= 0.80 AS not_static,

    -- Figure 4, motion: slow clips are removed (value unpublished). Ours: VMAF motion in place of optical flow.
    vmaf_motion > 0.3 AS enough_motion,

    -- Figure 4, deduplication, by VideoCLIP's cosine distance (value unpublished). Ours: a cosine of copy signatures with
    -- Movie Gen's 0.99, or the same course in time (measure/course.py), to a better clip.
    NOT duplicate AS no_duplicate
FROM clip_sheet;
