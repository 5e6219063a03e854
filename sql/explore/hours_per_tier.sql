-- How much does each tier keep, drop and leave undecided?
-- One row per tier and verdict: clips, hours, source videos, and the share of the tier's clips.
SELECT
    t.tier,
    t.verdict,
    count(*) AS clips,
    round(sum(c.duration_s) / 3600, 3) AS hours,
    count(DISTINCT c.video_id) AS videos,
    round(count(*) / sum(count(*)) OVER (PARTITION BY t.tier), 3) AS share
FROM tier_verdicts AS t
JOIN clips AS c ON c.batch = t.batch AND c.clip_id = t.clip_id
GROUP BY t.tier, t.verdict
ORDER BY t.tier, clips DESC, t.verdict;
