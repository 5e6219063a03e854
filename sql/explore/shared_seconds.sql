-- Which videos share pictures with which others, for how many seconds, and at what speed? Times are those on a player's clock.
-- One row per pair of videos: what the pairs of their clips that are near-duplicates share, and from when to when in the first.
WITH both_ways AS (
    SELECT clip_id, other_id, from_s, shared_s, speed, mirrored FROM near_duplicates
    UNION ALL
    SELECT other_id, clip_id, other_from_s, shared_s * speed, 1 / speed, mirrored FROM near_duplicates
)

SELECT
    v.file_name,
    w.file_name AS other_file,
    round(sum(n.shared_s), 2) AS shared_s,
    round(min(c.player_start_s + n.from_s), 2) AS from_s,
    round(max(c.player_start_s + n.from_s + n.shared_s), 2) AS to_s,
    round(median(n.speed), 2) AS speed,
    bool_or(n.mirrored) AS mirrored,
    count(*) AS pairs
FROM both_ways AS n
JOIN clips AS c ON c.clip_id = n.clip_id
JOIN clips AS d ON d.clip_id = n.other_id
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN raw_videos AS w ON w.batch = d.batch AND w.video_id = d.video_id
WHERE c.video_id < d.video_id
GROUP BY v.video_id, v.file_name, w.video_id, w.file_name
ORDER BY shared_s DESC, v.file_name, other_file;
