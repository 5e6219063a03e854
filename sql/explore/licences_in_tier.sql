-- What is each tier made of, and may we use it?
-- One row per tier, licence and holder of the clips that it keeps; 'unknown' is footage of which nobody said anything.
SELECT
    t.tier,
    s.licence,
    s.holder,
    s.acquired_how,
    count(DISTINCT s.video_id) AS videos,
    count(*) AS clips,
    round(sum(s.duration_s) / 3600, 3) AS hours,
    round(sum(s.duration_s) / sum(sum(s.duration_s)) OVER (PARTITION BY t.tier), 3) AS share_of_hours
FROM tier_verdicts AS t
JOIN clip_sheet AS s ON s.batch = t.batch AND s.clip_id = t.clip_id
WHERE t.kept
GROUP BY t.tier, s.licence, s.holder, s.acquired_how
ORDER BY t.tier, hours DESC, s.licence, s.holder;
