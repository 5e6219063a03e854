-- Which clips are near which benchmark's, and so in no tier? Times are those on a player's clock.
-- One row per clip: what of the benchmark it is near, the cosine of the two copy signatures, the correlation in time where
-- that decided, and the clip of its group of near-duplicates through which it is near, if it is not near itself.
SELECT
    x.benchmark,
    b.file_name AS benchmark_file,
    round(d.player_start_s, 2) AS benchmark_from_s,
    round(d.player_end_s, 2) AS benchmark_to_s,
    s.file_name,
    round(s.player_start_s, 2) AS from_s,
    round(s.player_end_s, 2) AS to_s,
    round(x.benchmark_cosine::DOUBLE, 4) AS cosine,
    round(x.benchmark_correlation::DOUBLE, 4) AS correlation,
    x.benchmark_through AS through,
    x.clip_id,
    s.batch
FROM contamination AS x
JOIN clip_sheet AS s ON s.batch = x.batch AND s.clip_id = x.clip_id
LEFT JOIN clips AS d ON d.clip_id = x.benchmark_clip
LEFT JOIN raw_videos AS b ON b.batch = d.batch AND b.video_id = d.video_id
WHERE x.near_benchmark
ORDER BY x.benchmark, benchmark_file, benchmark_from_s, x.clip_id;
