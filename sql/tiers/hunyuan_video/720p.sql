-- title: HunyuanVideo, 720p training set
-- description: Clips of the 540p set that hold 129 frames of 720 px and come from whole sources: the last set before
--   people choose by hand.
-- parent: hunyuan_video/540p
--
-- Source: HunyuanVideo (arXiv 2412.03603), section 3 and Figure 4: thresholds rise from set to set and a source filter
-- is added here. Except for the sample shape no value is published: every other threshold below is ours.
--
-- Published for this set, but not in this file: which sources the source filter trusts. Where a team knows its own, the
-- rule is a line here, such as: holder IN ('studio', 'archive') AS trusted_source
SELECT
    clip_id,

    -- Each set is chosen from the one before (Figure 4).
    (
        SELECT v.kept FROM tier_verdicts AS v
        WHERE v.tier = 'hunyuan_video/540p' AND v.clip_id = clip_sheet.clip_id
    ) AS kept_by_parent,

    -- Section 3: sample shapes end at 720x1280x129 (height x width x frames); the size, either way up (ours).
    min_side >= 720 AS resolution,

    -- Section 3: sample shapes end at 720x1280x129; the frames.
    frames >= 129 AS enough_frames,

    -- Thresholds rise (section 3). Ours.
    sharpness >= 60 AS clear,

    -- Thresholds rise (section 3). Ours.
    vmaf_motion > 1.0 AS enough_motion,

    -- Figure 4, source filter (criteria unpublished). Ours: the source file is whole.
    NOT source_truncated AS whole_source
FROM clip_sheet;
