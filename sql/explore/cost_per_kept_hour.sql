-- What did an hour of each tier cost, and which asset cost the most of it?
SELECT
    tier,
    round(any_value(kept_hours), 3) AS kept_hours,
    round(sum(cpu_seconds), 1) AS cpu_seconds,
    round(sum(gpu_seconds), 1) AS gpu_seconds,
    round(sum(seconds_per_kept_hour)) AS seconds_per_kept_hour,
    arg_max(asset, seconds_per_kept_hour) AS dearest,
    round(max(seconds_per_kept_hour) / sum(seconds_per_kept_hour), 2) AS its_share
FROM costs
WHERE tier IS NOT NULL
GROUP BY tier
ORDER BY seconds_per_kept_hour DESC, tier;
