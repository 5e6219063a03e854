-- One row per clip of the footage with every score, as they are now. The asset clip_sheet writes a batch's rows down in the table of that
-- name, which people explore and tiers are written over: a scan of it opens one file a batch, and not one of every table.
-- A clip that is not measured yet, or could not be, is here with NULL in its scores; <family>_reason says why.
-- Every join compares the batch too, so that a query on one batch opens that batch's files alone.
-- What stands behind a column describes it in the catalog; one without means what it means in its table. Lines such as
-- '> text_scores' stand for the columns that the scorer's module declares (video_assets/scorers), and for its join; '> reviews' for the answers to
-- the questions that people are asked (review.questions), and for the views reviewed_clips and review_answers.
SELECT
    -- The clip (table clips).
    c.batch,
    c.clip_id,
    c.video_id,
    c.shot_id,
    c.stream,
    c.start_frame,
    c.end_frame,
    c.start_pts,
    c.end_pts,
    c.pts_offset,
    c.start_s,
    c.end_s,
    c.player_start_s,
    c.player_end_s,
    c.duration_s,
    c.frames,
    c.fps,
    c.crop_x,
    c.crop_y,
    c.crop_width,
    c.crop_height,
    c.from_source_start,
    c.source_truncated,
    -- Derived from the clip's own, cropped picture.
    least(c.crop_width, c.crop_height) AS min_side, -- Shorter side of the crop, in pixels.
    c.crop_width / c.crop_height AS aspect, -- Width of the crop over its height.
    CASE
        WHEN c.crop_width > c.crop_height THEN 'landscape'
        WHEN c.crop_width < c.crop_height THEN 'portrait'
        WHEN c.crop_width = c.crop_height THEN 'square'
    END AS orientation, -- landscape, portrait or square, by the crop.
    c.crop_width * c.crop_height / (coalesce(c.width, v.width) * coalesce(c.height, v.height)) AS crop_share, -- Share of the source's picture that the crop keeps, 0-1.
    c.start_s - d.first_pts * v.time_base_num / v.time_base_den AS source_offset_s, -- Seconds from the source's first frame to the clip's; start_s counts from the time base's zero.

    -- The source video (tables raw_videos, rights_signals, decoded_videos, shots).
    v.file_name,
    v.container,
    v.codec,
    v.pixel_format,
    coalesce(c.width, v.width) AS source_width, -- Width of the source video as it is displayed in the clip, bars included, in pixels.
    coalesce(c.height, v.height) AS source_height, -- Height of the source video as it is displayed in the clip, bars included, in pixels.
    v.rotation,
    v.mirrored,
    v.bit_depth,
    v.colour_primaries,
    v.colour_transfer,
    v.colour_matrix,
    v.colour_range,
    v.max_luminance,
    v.max_cll,
    v.stereo_mode,
    v.projection,
    coalesce(v.duration_s, d.duration_s) AS source_duration_s, -- Length of the source video in s: declared by the container, as decoded where it declares none.
    coalesce(d.fps, v.average_fps) AS source_fps, -- Frame rate of the source video, in frames/s: as decoded, else as declared.
    v.bit_rate,
    v.bit_rate / nullif(v.coded_width * v.coded_height * coalesce(d.fps, v.average_fps), 0) AS bits_per_pixel, -- Bits per coded pixel of the source: bit rate over width, height and frame rate.
    v.has_audio,
    d.variable_frame_rate,
    d.corrupt_frames,
    n.source_shots, -- Shots of the source video; NULL before they are looked for.
    -- The shot that holds it (table shots).
    h.begins AS shot_begins, -- How the clip's shot begins: start (of the video), cut, dissolve, wipe (or push), fade, damage or break (time starts again or is missing, or the size of the picture changes).
    h.ends AS shot_ends, -- How the clip's shot ends: end (of the video), cut, dissolve, wipe (or push), fade, damage or break.
    h.found_by AS shots_found_by, -- What looked for the source's transitions: 'detectors and network', or 'detectors' alone.
    v.licence,
    v.licence_as_given,
    v.holder,
    v.source_url,
    v.domain,
    v.acquired_how,
    v.acquired_at,
    v.consent,
    v.expires_on,
    v.evidence,
    v.rights_from,
    -- The first that holds. A refusal counts whoever signed it; a permission only where the signature does.
    CASE
        WHEN a.refused OR v.tdm_reservation = '1' OR v.aipref_train_ai = 'n' THEN 'not_allowed'
        WHEN a.unreadable OR v.aipref_train_ai = 'unreadable' THEN 'unreadable'
        WHEN a.looked IS NOT TRUE OR v.tdm_reservation IS NULL OR v.aipref_train_ai IS NULL THEN NULL
        WHEN a.unsupported THEN 'unsupported'
        WHEN a.allowed THEN 'allowed'
        ELSE 'none'
    END AS training_signal, -- What is said of training on the source, by C2PA and CAWG assertions in it, TDMRep and AIPREF: not_allowed; unreadable (something is damaged, elsewhere or unclear); unsupported (the container can hold no assertion that is read); allowed; none (all was read and says nothing). NULL while nobody looked.

    -- Visual scores.
    --> visual_scores

    -- Motion scores.
    --> motion_scores

    -- Whether models measure the clip; where they do not, every tier drops it without them.
    g.candidate,
    g.ruled_out_by,

    -- Text scores.
    --> text_scores

    -- People scores.
    --> people_scores

    -- Overlay scores.
    --> overlay_scores

    -- Quality scores.
    --> quality_scores

    -- Safety scores.
    --> safety_scores

    -- Content: what the clip shows, its near-duplicates and its concept among all clips.
    --> clip_embeddings
    u.duplicate_group,
    u.duplicate,
    u.duplicate_of,
    u.duplicate_cosine,
    -- Whether it is a near-duplicate of a benchmark's clip, which no tier keeps.
    x.near_benchmark,
    x.benchmark,
    x.benchmark_clip,
    k.concept,
    k.concept_weight,

    -- What people say of the clip (table reviews), by the verdicts that hold.
    reviewed.decision AS human_verdict, -- keep, drop or unsure, by most of the raters who are sure; as many for keep as for drop is unsure; NULL where nobody has judged the clip.
    reviewed.people_keep AS human_keep, -- Whether most of the raters who are sure would keep the clip; NULL where they are not sure, or nobody has judged it.
    coalesce(reviewed.ratings, 0) AS human_raters, -- How many people have judged the clip; 0 where nobody has.
    coalesce(reviewed.keeps, 0) AS human_keeps, -- How many of those who have judged the clip would keep it.
    coalesce(reviewed.drops, 0) AS human_drops, -- How many of those who have judged the clip would drop it.
    reviewed.flags AS human_flags, -- What any of its raters flagged the clip for, such as rights or safety; NULL where nobody has judged it.
    --> reviews

    -- LAION aesthetics, in the profile 'full' alone.
    --> laion_scores

    -- Optical flow by RAFT, in the profile 'full' where models.accept names it.
    --> flow_scores

    -- A team's own.
    --> others
FROM clips AS c
LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
LEFT JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
LEFT JOIN (
    SELECT
        batch,
        video_id,
        bool_or(deciding AND value IS DISTINCT FROM 'allowed') AS refused,
        bool_or(state IN ('unreadable', 'remote') OR deciding AND value = 'allowed' AND NOT sound) AS unreadable,
        bool_or(state = 'unsupported') AS unsupported,
        bool_or(generative AND value = 'allowed' AND sound AND coalesce(from_ingredient, 'parentOf') = 'parentOf') AS allowed,
        bool_and(coalesce(state, 'not_available') <> 'not_available') AS looked
    FROM (
        SELECT
            batch,
            video_id,
            value,
            state,
            from_ingredient,
            coalesce(validation_state IN ('Valid', 'Trusted'), FALSE) AS sound,
            coalesce(key LIKE '%.ai_generative_training', FALSE) AS generative,
            -- An assertion without entries is about everything.
            coalesce(key LIKE '%.ai_generative_training' OR key LIKE '%.data_mining' OR key LIKE '%.training-mining%', FALSE) AS deciding
        FROM rights_signals
    ) AS entries
    GROUP BY batch, video_id
) AS a ON a.batch = c.batch AND a.video_id = c.video_id
LEFT JOIN (
    SELECT batch, video_id, count(*) AS source_shots FROM shots GROUP BY batch, video_id
) AS n ON n.batch = c.batch AND n.video_id = c.video_id
LEFT JOIN shots AS h ON h.batch = c.batch AND h.shot_id = c.shot_id
--> visual_scores
--> motion_scores
LEFT JOIN candidates AS g ON g.batch = c.batch AND g.clip_id = c.clip_id
--> text_scores
--> people_scores
--> overlay_scores
--> quality_scores
--> safety_scores
--> clip_embeddings
LEFT JOIN duplicate_groups AS u ON u.batch = c.batch AND u.clip_id = c.clip_id
LEFT JOIN contamination AS x ON x.batch = c.batch AND x.clip_id = c.clip_id
LEFT JOIN concepts AS k ON k.batch = c.batch AND k.clip_id = c.clip_id
--> reviews
--> laion_scores
--> flow_scores
--> others
-- A benchmark's clips are no footage: nothing judges, draws or counts them.
WHERE v.benchmark IS NULL;
