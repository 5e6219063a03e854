-- Which models have seen anything by a holder?
-- One row per holder, training run and release: how many clips and videos, and how often they were read.
SELECT
    holder,
    model,
    run,
    release,
    count(DISTINCT clip_id) AS clips,
    count(DISTINCT video_id) AS videos,
    sum(times) AS times_read
FROM lineage
WHERE times > 0
GROUP BY ALL
ORDER BY holder, model, run, release;
