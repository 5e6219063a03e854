-- title: Movie Gen, low-resolution training set
-- description: Single-shot clips of 4 to 16 s from sources of at least 720 px, with loose visual and motion thresholds:
--   the set of the 256 px text-to-image/video stage.
--
-- Source: Movie Gen (arXiv 2410.13720), section "Pre-training data" and its table of subsets; as reported by secondary
-- sources. The paper prints thresholds for its strictest set alone (Table 44); every looser value below is ours.
--
-- Published, but not in this file, because the clip sheet has no measurement for it:
--   aesthetics and visual effects (internal models). And because they choose among kept clips and do
--   not judge one: the mix of 60 % landscape and 40 % portrait; concept resampling by 1/sqrt(cluster size), for which
--   the sheet has concept_weight.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- Pool: videos of 4 s to 2 min (as reported).
    source_duration_s BETWEEN 4 AND 120 AS source_duration,

    -- Visual filter 1: min(width, height) of at least 720 px (as reported); the size of the source, since bars are
    -- judged below.
    source_width >= 720 AND source_height >= 720 AS resolution,

    -- Visual filter 3: not a lot of text (as reported; internal video OCR). How much is not published; a twentieth of
    -- the picture, as a mean over the sampled frames, is ours.
    text_share <= 0.05 AS little_text,

    -- Visual filter 4: single-shot clips of 4 to 16 s (as reported). Clips are cut inside a shot, so their length is
    -- left to ask.
    duration_s BETWEEN 4 AND 16 AS clip_duration,

    -- Visual filter 5: no large borders (as reported). How large is not published; a tenth of the picture is ours.
    border_share <= 0.10 AS no_large_border,

    -- Visual filter 5: visual quality (as reported; internal model). Ours, and low: noise, blocks and blur together.
    technical_quality >= 0.05 AS sound_picture,

    -- Visual filter 6, after Panda-70M: not the first seconds of the source (unsteady camera, intro transitions; as
    -- reported). How many is not published; 3 s are ours. A source of one shot has no intro, and often is one clip
    -- long: stock footage would be dropped whole, so the rule asks it of sources with several shots only (ours).
    source_shots = 1 OR source_offset_s >= 3 AS not_source_opening,

    -- Motion filter 1: no static video (as reported; internal detector). Ours: at most 80 % of frame steps are still.
    still_share <= 0.80 AS not_static,

    -- Motion filter 2: reasonable VMAF motion (as reported). Half of Table 44's 2.0 is ours; motion vectors are asked
    -- for in the high-resolution set alone (ours).
    vmaf_motion > 1.0 AS enough_motion,

    -- Motion filter 3: shots per second as the proxy of jitter (as reported). Table 44's is the only value printed.
    shots_per_second < 0.85 AS not_jittery,

    -- Motion filter 4: no slide shows (as reported; internal detector). Ours: still stretches with isolated changes
    -- between.
    NOT (still_share > 0.50 AND sudden_changes >= 2) AS not_slide_show,

    -- Content step 1: no near-duplicates in a copy-detection space (as reported). Table 44's 0.99 is the only value
    -- printed, and duplicates.min_cosine here. The space is ours (measure/copies.py), as are copies that start at another
    -- moment, which are known by their course in time (measure/course.py). Of near clips the best stays (ours).
    NOT duplicate AS no_duplicate
FROM clip_sheet;
