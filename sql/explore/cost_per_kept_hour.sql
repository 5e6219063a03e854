-- What did an hour of each tier cost, and which asset cost the most of it?
SELECT
    tier,
    round(any_value(kept_hours), 3) AS kept_hours,
    round(sum(cpu_seconds_per_kept_hour)) AS cpu_seconds_per_kept_hour,
    round(sum(gpu_seconds_per_kept_hour)) AS gpu_seconds_per_kept_hour,
    round(sum(seconds_per_kept_hour)) AS seconds_per_kept_hour,
    arg_max(asset, seconds_per_kept_hour) AS dearest,
    round(max(seconds_per_kept_hour) / sum(seconds_per_kept_hour), 2) AS its_share
FROM costs_per_kept_hour
GROUP BY tier
ORDER BY seconds_per_kept_hour DESC, tier;
