-- What is there of each benchmark, what of it can be compared, and how much footage is near it?
-- One row per benchmark. A video without a clip (shorter than clips.min_seconds, or damaged) or without a signature keeps
-- nothing out.
WITH compared AS (
    SELECT
        v.benchmark,
        v.video_id,
        count(c.clip_id) AS clips,
        coalesce(sum(c.duration_s), 0) AS seconds,
        count(e.copy_signature) AS signatures
    FROM raw_videos AS v
    LEFT JOIN clips AS c ON c.batch = v.batch AND c.video_id = v.video_id
    LEFT JOIN clip_embeddings AS e ON e.batch = c.batch AND e.clip_id = c.clip_id
    WHERE v.benchmark IS NOT NULL
    GROUP BY v.benchmark, v.video_id
),

near AS (
    SELECT x.benchmark, count(*) AS clips, sum(c.duration_s) AS seconds
    FROM contamination AS x
    JOIN clips AS c ON c.batch = x.batch AND c.clip_id = x.clip_id
    WHERE x.near_benchmark
    GROUP BY x.benchmark
)

SELECT
    b.benchmark,
    count(*) AS videos,
    count(*) FILTER (b.signatures = 0) AS videos_not_compared,
    sum(b.clips)::BIGINT AS clips,
    round(sum(b.seconds) / 3600, 3) AS hours,
    coalesce(any_value(n.clips), 0) AS clips_near,
    round(coalesce(any_value(n.seconds), 0) / 3600, 3) AS hours_near
FROM compared AS b
LEFT JOIN near AS n ON n.benchmark = b.benchmark
GROUP BY b.benchmark
ORDER BY b.benchmark;
