-- What each rater says of each clip now: the last verdict that was not taken back.
SELECT *
FROM reviews AS r
WHERE
    r.takes_back IS NULL
    AND NOT EXISTS (FROM reviews AS t WHERE t.takes_back = r.review_id AND t.rater = r.rater)
QUALIFY row_number() OVER (PARTITION BY r.clip_id, r.rater ORDER BY r.judged_at DESC, r.review_id DESC) = 1;
