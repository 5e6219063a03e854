-- From a source to the models that have seen it, a row for each clip of a release and each training run that read it: who holds
-- what, where it came from, in which release, shard and model it is. A clip that no run has read has one row without a run, and
-- a release's rows stay when its footage is gone from the lake.
SELECT
    r.holder, -- Who held the rights when the release was made.
    r.licence, -- The licence then.
    v.source_url, -- Where its footage was obtained, as the lake has it now; NULL when the lake has it no more.
    r.video_id,
    v.file_name, -- The source's file, as the lake has it now; NULL when the lake has it no more.
    r.clip_id,
    r.release,
    r.shard,
    e.release_id,
    e.tier,
    e.policy,
    m.model, -- Model whose training run read the clip; NULL where none did.
    m.run, -- The training run.
    m.times, -- Times that the run read it in batches whose training is in the model.
    m.times_rolled_back -- Times that it read it in batches whose training was lost with an attempt.
FROM release_clips AS r
JOIN releases AS e ON e.release = r.release
LEFT JOIN (
    SELECT t.release, t.model, c.run, c.clip_id, c.times, c.times_rolled_back
    FROM training_clips AS c JOIN training_runs AS t ON t.run = c.run
) AS m ON m.release = r.release AND m.clip_id = r.clip_id
LEFT JOIN (
    SELECT video_id, any_value(source_url) AS source_url, any_value(file_name) AS file_name
    FROM raw_videos WHERE reason IS NULL GROUP BY video_id
) AS v ON v.video_id = r.video_id;
