-- One row per clip of the footage with every score, as they are now. The asset clip_sheet writes a batch's rows down in the table of that
-- name, which people explore and tiers are written over: a scan of it opens one file a batch, and not one of every table.
-- A clip that is not measured yet, or could not be, is here with NULL in its scores; <family>_reason says why.
-- Every join compares the batch too, so that a query on one batch opens that batch's files alone.
-- What stands behind a column describes it in the catalog; one without means what it means in its table.
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
    d.motion_vectors AS has_motion_vectors, -- Whether the source's codec gave motion vectors, which motion_vector and pan_* come from.
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
    i.sharpness,
    i.sharpness_p10,
    i.sharpness_start,
    i.luma_mean,
    i.luma_std,
    i.dark_share,
    i.bright_share,
    i.black_share,
    i.saturation,
    i.flicker,
    i.bar_left,
    i.bar_right,
    i.bar_top,
    i.bar_bottom,
    i.border_share,
    i.interlaced,
    coalesce(i.field_order, CASE WHEN i.interlaced > 0 THEN v.field_order END) AS field_order, -- Which field of interlaced frames is shown first: top or bottom, by the picture, else as the file says; NULL when no frame is interlaced, and when neither tells.
    i.telecine,
    i.reason AS visual_reason, -- Why sharpness, light and bars could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Motion scores.
    m.vmaf_motion,
    m.motion_vector,
    m.pan_x,
    m.pan_y,
    m.still_share,
    m.longest_still_s,
    m.sudden_changes,
    m.shots_per_second,
    m.camera_motion,
    m.camera_confidence,
    m.camera_pan,
    m.camera_tilt,
    m.camera_zoom,
    m.camera_roll,
    m.shake,
    m.object_motion,
    m.reason AS motion_reason, -- Why motion and camera could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Whether models measure the clip; where they do not, every tier drops it without them.
    g.candidate,
    g.ruled_out_by,

    -- Text scores.
    t.text_score,
    t.text_read,
    t.text_boxes,
    t.text_share,
    t.text_share_max,
    t.overlaid_text_boxes,
    t.overlaid_text_share,
    t.subtitle_x,
    t.subtitle_y,
    t.subtitle_width,
    t.subtitle_height,
    t.static_text,
    t.static_text_share,
    t.clear_x,
    t.clear_y,
    t.clear_width,
    t.clear_height,
    t.clear_share,
    t.reason AS text_reason, -- Why text could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- People scores.
    f.faces_max,
    f.face_share_max,
    f.faces_frames_share,
    f.people_max,
    f.person_share_max,
    f.people_frames_share,
    f.faces_max > 0 OR f.people_max > 0 AS shows_people, -- Whether a face or a person is seen; NULL when no face is and nobody looked for persons (profile 'embedded').
    f.reason AS people_reason, -- Why faces and persons could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Overlay scores.
    o.overlays,
    o.overlay_share,
    o.overlay_x,
    o.overlay_y,
    o.overlay_width,
    o.overlay_height,
    o.corner_overlays,
    o.unmarked_x,
    o.unmarked_y,
    o.unmarked_width,
    o.unmarked_height,
    o.unmarked_share,
    o.fixed_share,
    o.layout,
    o.panels,
    o.flat_share,
    o.clean_edges,
    o.flat_share * o.clean_edges AS drawn, -- How much the picture looks drawn (a screen, a slide, a chart), 0-1: flat_share times clean_edges. Recordings and photographs are under 0.09.
    -- Static text and overlays are often the same thing: the larger of the two shares, not their sum.
    CASE WHEN o.overlay_share IS NOT NULL OR t.static_text_share IS NOT NULL
        THEN greatest(coalesce(o.overlay_share, 0), coalesce(t.static_text_share, 0))
    END AS overlaid_share, -- Share of the picture under static text or overlays, whichever covers more, 0-1; NULL when neither was looked for.
    o.reason AS overlay_reason, -- Why overlays and layout could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Quality scores.
    q.noise,
    q.blockiness,
    q.blur,
    q.technical_quality,
    q.colourfulness,
    q.contrast,
    q.exposure,
    q.subject_sharpness,
    q.thirds,
    q.classical_appeal,
    q.reason AS quality_reason, -- Why technical quality and appeal could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Safety scores.
    p.nsfw_score,
    p.reason AS safety_reason, -- Why safety could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Content: what the clip shows, its near-duplicates and its concept among all clips.
    e.subjects,
    e.reason AS embedding_reason, -- Why the vector and the subjects could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.
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

    -- LAION aesthetics, in the profile 'full' alone.
    l.aesthetic_laion,
    l.aesthetic_laion_v1,
    l.reason AS laion_reason, -- Why the LAION aesthetic scores could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.

    -- Optical flow by RAFT, in the profile 'full' where models.accept names it.
    w.flow_mean,
    w.flow_p95,
    w.flow_moving_share,
    w.reason AS flow_reason -- Why optical flow could not be measured of the clip (a reason of reasons.Reason); NULL where it was, or nobody tried.
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
LEFT JOIN visual_scores AS i ON i.batch = c.batch AND i.clip_id = c.clip_id
LEFT JOIN motion_scores AS m ON m.batch = c.batch AND m.clip_id = c.clip_id
LEFT JOIN candidates AS g ON g.batch = c.batch AND g.clip_id = c.clip_id
LEFT JOIN text_scores AS t ON t.batch = c.batch AND t.clip_id = c.clip_id
LEFT JOIN people_scores AS f ON f.batch = c.batch AND f.clip_id = c.clip_id
LEFT JOIN overlay_scores AS o ON o.batch = c.batch AND o.clip_id = c.clip_id
LEFT JOIN quality_scores AS q ON q.batch = c.batch AND q.clip_id = c.clip_id
LEFT JOIN safety_scores AS p ON p.batch = c.batch AND p.clip_id = c.clip_id
LEFT JOIN clip_embeddings AS e ON e.batch = c.batch AND e.clip_id = c.clip_id
LEFT JOIN duplicate_groups AS u ON u.batch = c.batch AND u.clip_id = c.clip_id
LEFT JOIN contamination AS x ON x.batch = c.batch AND x.clip_id = c.clip_id
LEFT JOIN concepts AS k ON k.batch = c.batch AND k.clip_id = c.clip_id
LEFT JOIN laion_scores AS l ON l.batch = c.batch AND l.clip_id = c.clip_id
LEFT JOIN flow_scores AS w ON w.batch = c.batch AND w.clip_id = c.clip_id
-- A benchmark's clips are no footage: nothing judges, draws or counts them.
WHERE v.benchmark IS NULL;
