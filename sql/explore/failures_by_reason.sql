-- What could not be measured, where, and why?
-- One row per table and reason: how many rows, in how many batches, and an example to look at.
WITH failures AS (
    SELECT 'raw_videos' AS found_in, batch, video_id AS id, reason, message FROM raw_videos
    UNION ALL
    SELECT 'decoded_videos', batch, video_id, reason, message FROM decoded_videos
    UNION ALL
    -- One a video: its frames in doubt fail together.
    SELECT DISTINCT 'transition_scores', batch, video_id, reason, message FROM transition_scores
    UNION ALL
    SELECT 'visual_scores', batch, clip_id, reason, message FROM visual_scores
    UNION ALL
    SELECT 'motion_scores', batch, clip_id, reason, message FROM motion_scores
    UNION ALL
    SELECT 'text_scores', batch, clip_id, reason, message FROM text_scores
    UNION ALL
    SELECT 'people_scores', batch, clip_id, reason, message FROM people_scores
    UNION ALL
    SELECT 'safety_scores', batch, clip_id, reason, message FROM safety_scores
    UNION ALL
    SELECT 'overlay_scores', batch, clip_id, reason, message FROM overlay_scores
    UNION ALL
    SELECT 'quality_scores', batch, clip_id, reason, message FROM quality_scores
    UNION ALL
    SELECT 'clip_embeddings', batch, clip_id, reason, message FROM clip_embeddings
    UNION ALL
    SELECT 'laion_scores', batch, clip_id, reason, message FROM laion_scores
    UNION ALL
    SELECT 'flow_scores', batch, clip_id, reason, message FROM flow_scores
)
SELECT
    found_in,
    reason,
    count(*) AS failures,
    count(DISTINCT batch) AS batches,
    min(id) AS example,
    arg_min(message, id) AS example_message
FROM failures
WHERE reason IS NOT NULL
GROUP BY found_in, reason
ORDER BY failures DESC, found_in, reason;
