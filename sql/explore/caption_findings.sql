-- What is wrong with the captions, by whom, and how often?
-- One row per captioner, version and kind: how many captions, which share of those that the version wrote and that are
-- current, and one clip to look at with the words that give it away. All of them: FROM caption_findings WHERE kind = '...'.
WITH written AS (
    SELECT captioner, version, count(*) AS captions
    FROM captions
    WHERE current AND reason IS NULL
    GROUP BY captioner, version
)
SELECT
    f.captioner,
    f.caption_version,
    f.kind,
    f.severity,
    count(*) AS captions,
    round(count(*) / any_value(w.captions), 3) AS share,
    min(f.clip_id) AS example,
    arg_min(f.evidence, f.clip_id) AS example_evidence,
    arg_min(f.other_clip_id, f.clip_id) AS example_other_clip
FROM caption_findings AS f
LEFT JOIN written AS w ON w.captioner = f.captioner AND w.version = f.caption_version
GROUP BY f.captioner, f.caption_version, f.kind, f.severity
ORDER BY f.severity DESC, captions DESC, f.captioner, f.caption_version, f.kind;
