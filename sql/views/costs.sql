-- What each asset has cost for what is in the lake now, a row an asset: seconds of CPU and GPU, in all and per hour that it
-- measured. So sum(seconds) is what the lake has cost; costs_per_kept_hour divides it by what each tier keeps.
-- A view over the ledger (current_materializations); what was measured and replaced since is not in it.
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
)

SELECT
    asset, -- Asset whose cost this is.
    batches, -- Batches of it that the lake has.
    rows, -- Rows that it wrote, over all batches.
    cpu_seconds, -- Seconds of CPU that it took, over all batches.
    gpu_seconds, -- Seconds for which it held a GPU, over all batches.
    cpu_seconds + gpu_seconds AS seconds, -- Seconds of CPU and GPU that it took, over all batches.
    measured_hours, -- Hours of footage that its rows stand for.
    (cpu_seconds + gpu_seconds) / nullif(measured_hours, 0) AS seconds_per_measured_hour -- Seconds of CPU and GPU per hour of footage that it measured.
FROM spent;
