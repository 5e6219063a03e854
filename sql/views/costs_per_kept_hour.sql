-- What an hour that a tier keeps has cost, a row for each tier and each asset that it needs: summed over a tier's rows it is
-- that tier's price of an hour. What is measured serves all tiers and is in the price of each, so prices of several tiers do
-- not add up to anything; what was spent in all is in costs.
WITH kept AS (
    SELECT v.tier, sum(c.duration_s) / 3600 AS hours
    FROM tier_verdicts AS v
    JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
    WHERE v.kept
    GROUP BY v.tier
)

SELECT
    k.tier, -- Tier whose price this is.
    s.asset, -- Asset that adds to it.
    k.hours AS kept_hours, -- Hours that the tier keeps.
    s.cpu_seconds / nullif(k.hours, 0) AS cpu_seconds_per_kept_hour, -- Seconds of CPU that the asset took per hour that the tier keeps.
    s.gpu_seconds / nullif(k.hours, 0) AS gpu_seconds_per_kept_hour, -- Seconds for which the asset held a GPU per hour that the tier keeps.
    s.seconds / nullif(k.hours, 0) AS seconds_per_kept_hour -- Seconds of CPU and GPU of the asset per hour that the tier keeps.
FROM kept AS k
-- What is made of one tier is that tier's cost alone.
JOIN costs AS s ON NOT regexp_matches(s.asset, '^(tiers|draws)/') OR s.asset IN ('tiers/' || k.tier, 'draws/' || k.tier);
