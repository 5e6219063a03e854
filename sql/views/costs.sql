-- What each asset has cost for what is in the lake now: seconds of CPU and GPU, per hour that it measured and per hour
-- that each tier keeps. A view over the ledger (materializations); what was measured and replaced since is not in it.
WITH spent AS (
    SELECT
        asset,
        count(*) AS batches,
        sum(rows) AS rows,
        coalesce(sum(compute_seconds), 0) AS cpu_seconds,
        coalesce(sum(gpu_seconds), 0) AS gpu_seconds,
        sum(footage_seconds) / 3600 AS measured_hours
    FROM materializations
    WHERE compute_seconds IS NOT NULL
    GROUP BY asset
),

kept AS (
    SELECT v.tier, sum(c.duration_s) / 3600 AS hours
    FROM tier_verdicts AS v
    JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id
    WHERE v.kept
    GROUP BY v.tier
)

SELECT
    s.asset, -- Asset whose cost this is.
    s.batches, -- Batches of it that the lake has.
    s.rows, -- Rows that it wrote, over all batches.
    s.cpu_seconds, -- Seconds of CPU that it took, over all batches.
    s.gpu_seconds, -- Seconds for which it held a GPU, over all batches.
    s.measured_hours, -- Hours of footage that its rows stand for.
    (s.cpu_seconds + s.gpu_seconds) / nullif(s.measured_hours, 0) AS seconds_per_measured_hour, -- Seconds of CPU and GPU per hour of footage that it measured.
    k.tier, -- Tier whose kept hours stand beside it; what is measured for all tiers has a row for each.
    k.hours AS kept_hours, -- Hours that this tier keeps.
    (s.cpu_seconds + s.gpu_seconds) / nullif(k.hours, 0) AS seconds_per_kept_hour -- Seconds of CPU and GPU of this asset per hour that this tier keeps.
FROM spent AS s
-- What is made of one tier is that tier's cost alone; what is measured serves them all.
LEFT JOIN kept AS k ON NOT regexp_matches(s.asset, '^(tiers|draws)/') OR s.asset IN ('tiers/' || k.tier, 'draws/' || k.tier);
