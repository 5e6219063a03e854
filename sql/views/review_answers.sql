-- An answer of a rater to one question about a clip, of the verdicts that hold.
SELECT
    r.clip_id,
    r.rater,
    r.questions,
    struct_extract(unnest(r.answers), 'question') AS question, -- Name of the question: an axis or a point of the checklist.
    struct_extract(unnest(r.answers), 'value') AS value -- 1 to 5 on an axis, 1 or 0 on a point of the checklist.
FROM current_reviews AS r;
