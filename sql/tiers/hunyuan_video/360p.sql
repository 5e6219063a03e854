-- title: HunyuanVideo, 360p training set
-- description: Clips of the 256p set that are larger, clear and move more.
-- parent: hunyuan_video/256p
--
-- Source: HunyuanVideo (arXiv 2412.03603), section 3 and Figure 4: thresholds rise from set to set and clarity is added
-- here. No value is published, nor is this set's sample shape: every threshold below is ours.
--
-- Published for this set, but not in this file, because the clip sheet has no measurement for it:
--   too much text, and subtitles to crop (internal OCR); the trained clarity model, for which the Laplacian stands in.
SELECT
    clip_id,

    -- Each set is chosen from the one before (Figure 4).
    (
        SELECT v.kept FROM tier_verdicts AS v
        WHERE v.tier = 'hunyuan_video/256p' AND v.clip_id = clip_sheet.clip_id
    ) AS kept_by_parent,

    -- The set's name: 360p.
    min_side >= 360 AS resolution,

    -- Figure 4, clarity (value unpublished). Ours: median variance of the Laplacian at a short side of 360 px; films of
    -- shallow focus measure 30 to 80, sharp ones several hundred, defocused ones next to nothing.
    sharpness >= 20 AS clear,

    -- Thresholds rise (section 3). Ours.
    vmaf_motion > 0.5 AS enough_motion
FROM clip_sheet;
