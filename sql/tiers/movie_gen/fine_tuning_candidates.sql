-- title: Movie Gen, candidates for fine-tuning
-- description: What is left to people: long, clear, steady clips of the augmented high-resolution set. People choose the
--   cinematic ones among them, trim them and write their captions; what they drop is dropped here.
-- parent: movie_gen/augmented_high_resolution
--
-- Source: Movie Gen (arXiv 2410.13720), section "Fine-tuning data", step 1 (as reported): automatic candidates by strict
-- thresholds on aesthetics, motion and scene changes. None of the thresholds is published: every one below is ours, except
-- where a line says otherwise.
--
-- Published for this set, but not in this file, because the clip sheet has no measurement for it: an object detector drops
-- videos whose subjects are too small; strict aesthetics, of which the profile 'full' has aesthetic_laion >= 5.0 (ours).
-- And because it chooses among kept clips: balance by text and video neighbours of 600 verbs.
SELECT
    clip_id,

    -- The candidates come from the pre-training sets (as reported); that they pass the strictest first is ours.
    (
        SELECT v.kept FROM tier_verdicts AS v
        WHERE v.tier = 'movie_gen/augmented_high_resolution' AND v.clip_id = clip_sheet.clip_id
    ) AS kept_by_parent,

    -- Final set: clips of 10.6 to 16 s (as reported).
    duration_s BETWEEN 10.6 AND 16 AS clip_duration,

    -- Step 3: people choose among the candidates (as reported). Where most of them would keep a clip, the rules that stand for
    -- what they judge do not drop it; those of step 1 do all the same.
    human_keep IS DISTINCT FROM FALSE AS not_dropped_by_people,

    -- Strict on aesthetics, as far as noise, blocks and blur tell of it. Ours.
    technical_quality >= 0.7 AS sound_picture,

    -- Step 3, no shake (as reported; people judge it). Ours: the camera's unevenness, in shares of the long side.
    human_keep IS TRUE OR shake <= 0.02 AS no_shake,

    -- Step 3, non-trivial motion (as reported; people judge it). Ours: at most a fifth of the frame steps is still.
    human_keep IS TRUE OR still_share <= 0.20 AS moves_throughout,

    -- Strict on scene changes. Ours: none at all.
    shots_per_second = 0 AS no_scene_change,

    -- Step 3, no overlaid text (as reported; people judge it). Ours: no line of it in any sampled frame, but for text that is
    -- seen to move with the scene, as on a banner.
    human_keep IS TRUE OR overlaid_text_boxes = 0 AS no_overlaid_text
FROM clip_sheet;
