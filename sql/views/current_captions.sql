-- What each captioner says of each clip now: its caption in its current version, or of what was imported the last one.
-- winner: a person's caption wins, imported (human) or of a rater (person:NAME), whichever is newer; else that of the captioner that is drawn for the clip; else another's.
SELECT
    batch,
    clip_id,
    video_id,
    captioner,
    version,
    drawn,
    reason IS NULL AND row_number() OVER (
        PARTITION BY batch, clip_id
        ORDER BY
            reason IS NOT NULL,
            NOT (captioner = 'human' OR starts_with(captioner, 'person:')),
            CASE WHEN captioner = 'human' OR starts_with(captioner, 'person:') THEN written_at END DESC,
            NOT drawn,
            captioner
    ) = 1 AS winner, -- Whether it is the clip's caption to train on.
    short_description,
    dense_description,
    background,
    style,
    shot_type,
    lighting,
    atmosphere,
    words,
    camera_motion,
    camera_confidence,
    source_tags,
    quality_tags,
    model,
    weights,
    prompt_hash,
    seed,
    frame_times,
    input_tokens,
    output_tokens,
    usd,
    reason,
    message,
    compute_seconds,
    gpu_seconds,
    waited_seconds,
    written_at
FROM captions
WHERE current;
