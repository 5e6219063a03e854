-- title: Movie Gen, high-resolution training set
-- description: Table 44, rule by rule in its order: landscape clips of 12 to 16 s of at least 768 px, without text and borders,
--   moving and steady; the set of the 768 px text-to-image/video stage.
-- published: source_duration=1 resolution=0.25 landscape=0.07 no_text=0.0194 no_border=0.0187 no_scene_change=0.0178
--   motion_vectors=0.0132 not_jittery=0.0122 no_duplicate=0.0115
--
-- Source: Movie Gen (arXiv 2410.13720), appendix J.1, Table 44, as reported by one secondary source; the last two rules
-- are from the main text. The table's width >= height makes this the landscape branch of the set.
--
-- The published shares (as reported) are of the paper's pool of videos, and from motion_vectors on after its row 7, which
-- left 0.0157; its last row leaves 0.0094.
--
-- Table 44's rows that are not in this file, because the clip sheet has no measurement for them:
--   row 7, aesthetics: LAION aesthetic score of the middle frame >= 4.0. Only the profile 'full' has it; the rule is
--   aesthetic_laion >= 4.0 AS aesthetic, and goes before not_slow_motion;
--   row 11, concept resampling by 1/sqrt(cluster size), which chooses among kept clips and does not judge one.
-- For the same reason the share of clips that show people (at least 60 % of this set; shows_people has it) is no rule.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- Table 44, row 1 (as reported): 4 s <= duration of the source <= 120 s.
    source_duration_s BETWEEN 4 AND 120 AS source_duration,

    -- Table 44, row 2 (as reported): width >= 768 and height >= 768; of the source, since row 5 drops what has bars.
    source_width >= 768 AND source_height >= 768 AS resolution,

    -- Table 44, row 3 (as reported): width >= height.
    source_width >= source_height AS landscape,

    -- Table 44, row 4 (as reported): word detection x recognition < 0.6 on every sampled frame. The detector and the
    -- recogniser are ours (PP-OCRv6), the frames are text.frames_per_clip keyframes.
    text_score < 0.6 AS no_text,

    -- Table 44, row 5 (as reported): the border detector finds none. Bars under clips.min_bar_share of a side count as
    -- none (ours).
    border_share = 0 AS no_border,

    -- Ours: one picture, no collage, split screen or picture in a picture, whose inner edges look sharp and moving to the rules
    -- below, and not torn by a loss of data. HunyuanVideo 1.5 (arXiv 2511.18870; as reported) drops stitched pictures, grids
    -- and collages too.
    layout = 'single' AS one_picture,

    -- Ours: recorded, not a screen, a page or a chart, which every measure of quality favours. Noiseless ground with edges on
    -- it, or few levels and ruled lines: 113 recordings and photographs were under 0.1.
    drawn < 0.1 AS recorded,

    -- Table 44, row 6 (as reported): one 12-16 s clip taken from one scene. Clips are cut inside a shot.
    duration_s BETWEEN 12 AND 16 AS no_scene_change,

    -- Table 44, row 8, first half (as reported): motion score > 2.0. That the score is FFmpeg's vmafmotion averaged
    -- over frames is our reading; ours is taken at the analysis size.
    vmaf_motion > 2.0 AS not_slow_motion,

    -- Table 44, row 8, second half (as reported): 0.5 < mean motion vector < 7, in pixels a frame (our reading). Ours are
    -- by optical flow, so that neither the codec nor the frame rate decides. In pictures that are too dark or flat to tell,
    -- the clip stays undecided.
    motion_vector > 0.5 AND motion_vector < 7 AS motion_vectors,

    -- Table 44, row 9 (as reported): shots per second < 0.85.
    shots_per_second < 0.85 AS not_jittery,

    -- Table 44, row 10 (as reported): cosine in a copy-detection space < 0.99, which is duplicates.min_cosine here. The
    -- space is ours (measure/copies.py), as are copies that start at another moment, which are known by their course in
    -- time (measure/course.py). Of near clips the best stays (ours).
    NOT duplicate AS no_duplicate,

    -- Main text, visual filter 6, after Panda-70M: not the first seconds of the source (as reported). How many is not
    -- published; 3 s, and of sources with several shots only, are ours (see low_resolution.sql).
    source_shots = 1 OR source_offset_s >= 3 AS not_source_opening,

    -- Main text, motion filter 4: no slide shows (as reported; internal detector). Ours: still stretches with isolated
    -- changes between.
    NOT (still_share > 0.50 AND sudden_changes >= 2) AS not_slide_show
FROM clip_sheet;
