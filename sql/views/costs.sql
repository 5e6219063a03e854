-- What each asset has cost for what is in the lake now: seconds of CPU and GPU, per hour that it measured and per hour
-- that each tier keeps. A view over the ledger (current_materializations); what was measured and replaced since is not in it.
WITH spent AS (
    SELECT
        asset,
        count(*) AS batches,
        sum(rows) AS rows,
        coalesce(sum(compute_seconds), 0) AS cpu_seconds,
        coalesce(sum(gpu_seconds), 0) AS gpu_seconds,
        sum(footage_seconds) / 3600 AS measured_hours
    FROM current_materializations
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
    s.asset,
    s.batches,
    s.rows,
    s.cpu_seconds,
    s.gpu_seconds,
    s.measured_hours,
    (s.cpu_seconds + s.gpu_seconds) / nullif(s.measured_hours, 0) AS seconds_per_measured_hour,
    k.tier,
    k.hours AS kept_hours,
    (s.cpu_seconds + s.gpu_seconds) / nullif(k.hours, 0) AS seconds_per_kept_hour
FROM spent AS s
-- What is made of one tier is that tier's cost alone; what is measured serves them all.
LEFT JOIN kept AS k ON NOT regexp_matches(s.asset, '^(tiers|draws)/') OR s.asset IN ('tiers/' || k.tier, 'draws/' || k.tier);
