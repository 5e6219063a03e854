-- A clip that people have judged, with what they say of it together.
-- More than half of those who are sure decide; as many for keep as for drop is unsure; others are asked then, until five have judged it.
SELECT
    r.clip_id,
    any_value(r.video_id) AS video_id, -- Source video: the first 32 hex digits of the SHA-256 of its bytes.
    count(*) AS ratings, -- People whose verdict on the clip holds.
    count(*) FILTER (r.decision = 'keep') AS keeps, -- How many of them would keep it.
    count(*) FILTER (r.decision = 'drop') AS drops, -- How many of them would drop it.
    CASE
        WHEN count(*) FILTER (r.decision = 'keep') > count(*) FILTER (r.decision = 'drop') THEN 'keep'
        WHEN count(*) FILTER (r.decision = 'drop') > count(*) FILTER (r.decision = 'keep') THEN 'drop'
        ELSE 'unsure'
    END AS decision, -- keep, drop or unsure, by most of those who are sure.
    CASE
        WHEN count(*) FILTER (r.decision = 'keep') > count(*) FILTER (r.decision = 'drop') THEN TRUE
        WHEN count(*) FILTER (r.decision = 'drop') > count(*) FILTER (r.decision = 'keep') THEN FALSE
    END AS people_keep, -- TRUE keep, FALSE drop, NULL unsure: for the rules of a tier.
    list(r.rater ORDER BY r.rater) AS raters, -- Who they are.
    list_sort(list_distinct(flatten(list(r.flags)))) AS flags, -- What anybody flagged the clip for.
    arg_max(r.caption, r.judged_at) AS caption, -- The last caption that a rater wrote; NULL where none did.
    arg_max(r.trim_start_pts, r.judged_at) AS trim_start_pts, -- Where the best stretch begins, by who trimmed it last; NULL where nobody did.
    arg_max(r.trim_end_pts, r.judged_at) AS trim_end_pts, -- Where it ends (exclusive).
    max(r.judged_at) AS judged_at -- When it was judged last.
FROM current_reviews AS r
GROUP BY r.clip_id;
