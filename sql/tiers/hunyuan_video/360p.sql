-- title: HunyuanVideo, 360p training set
-- description: Clips of the 256p set that are larger, have little text, are clear and move more.
-- parent: hunyuan_video/256p
--
-- Source: HunyuanVideo (arXiv 2412.03603), section 3 and Figure 4: thresholds rise from set to set and clarity is added
-- here. No value is published, nor is this set's sample shape: every threshold below is ours.
--
-- Published for this set, but not in this file, because the clip sheet has no measurement for it:
--   the trained clarity model, for which the Laplacian and a measured blur stand in.
SELECT
    clip_id,

    -- Each set is chosen from the one before (Figure 4).
    (
        SELECT v.kept FROM tier_verdicts AS v
        WHERE v.tier = 'hunyuan_video/256p' AND v.clip_id = clip_sheet.clip_id
    ) AS kept_by_parent,

    -- The set's name: 360p.
    min_side >= 360 AS resolution,

    -- Figure 4, OCR: clips with too much text are removed (value unpublished). Ours: a fiftieth of the picture, which
    -- Goku (arXiv 2502.04896) and UltraVideo (arXiv 2506.13691) use (as reported).
    text_share <= 0.02 AS little_text,

    -- Section 3: subtitles are located and cropped. The crop without subtitles and static text is measured (clear_x to
    -- clear_height) and not applied; that 60 % of the picture must be left after it is HunyuanVideo 1.5's (arXiv
    -- 2511.18870; as reported).
    clear_share >= 0.60 AS enough_picture_without_text,

    -- Figure 4, clarity (value unpublished). Ours: median variance of the Laplacian at a short side of 360 px; films of
    -- shallow focus measure 30 to 80, sharp ones several hundred, defocused ones next to nothing. And a blur (Crete et
    -- al. 2007) of at most 0.65: sharp pictures measure 0.2 to 0.35, shallow focus 0.4 to 0.55.
    sharpness >= 20 AND blur <= 0.65 AS clear,

    -- Thresholds rise (section 3). Ours.
    vmaf_motion > 0.5 AS enough_motion
FROM clip_sheet;
