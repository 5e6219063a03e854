-- title: HunyuanVideo, candidates for fine-tuning
-- description: What is left to people, who choose about a million clips: the 720p set by higher values of what can be
--   measured of the seven axes on which they judge, and by their verdicts where they have judged.
-- parent: hunyuan_video/720p
--
-- Source: HunyuanVideo (arXiv 2412.03603), sections 3 and 4.7: the fifth set is built by people on four axes of aesthetics
-- (colour harmony, lighting, object emphasis, spatial layout) and three of motion (speed, integrity of the action, motion
-- blur), after an automatic screening. Of the screening no value is published: every threshold below is ours.
--
-- Published for this set, but not in this file, because the clip sheet has no measurement for it: colour harmony,
-- lighting, spatial layout (classical_appeal's rules do not order as people do), integrity of the action. And because people
-- do it: the four subsets.
SELECT
    clip_id,

    -- Each set is chosen from the one before (Figure 4).
    (
        SELECT v.kept FROM tier_verdicts AS v
        WHERE v.tier = 'hunyuan_video/720p' AND v.clip_id = clip_sheet.clip_id
    ) AS kept_by_parent,

    -- The set is what people choose (section 3). Until somebody has judged a clip, the rules below stand for their axes; once
    -- most would keep it, those rules do not drop it.
    human_keep IS DISTINCT FROM FALSE AS not_dropped_by_people,

    -- Aesthetic axes: noise, blocks and blur together. Ours.
    human_keep IS TRUE OR technical_quality >= 0.5 AS sound_picture,

    -- Motion axis, speed: neither slow nor hectic. Ours.
    human_keep IS TRUE OR vmaf_motion BETWEEN 1.5 AND 15 AS good_speed,

    -- Motion axis, motion blur: a blur (Crete et al. 2007) of at most 0.5. Ours.
    human_keep IS TRUE OR blur <= 0.5 AS no_motion_blur
FROM clip_sheet;
