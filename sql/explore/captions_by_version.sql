-- Which captions did version X write?
-- One row per captioner and version: how many captions, how many are current, how many clips it could not caption, what they
-- took, and an example. For the captions of one version: FROM captions WHERE version = 'X'.
SELECT
    captioner,
    version,
    any_value(model ORDER BY clip_id) AS model,
    any_value(prompt_hash ORDER BY clip_id) AS prompt_hash,
    any_value(seed ORDER BY clip_id) AS seed,
    count(*) FILTER (reason IS NULL) AS captions,
    count(*) FILTER (reason IS NULL AND current) AS current_captions,
    count(*) FILTER (reason IS NOT NULL) AS failures,
    round(avg(words), 1) AS mean_words,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(output_tokens)::BIGINT AS output_tokens,
    round(sum(usd), 4) AS usd,
    min(written_at)::VARCHAR AS first_written,
    any_value(clip_id ORDER BY clip_id) FILTER (reason IS NULL) AS example,
    any_value(short_description ORDER BY clip_id) FILTER (reason IS NULL) AS example_says
FROM captions
GROUP BY captioner, version
ORDER BY captioner, first_written, version;
