-- title: Goku, 480p training set
-- description: An example: the first row of Goku's printed table, as far as the clip sheet measures it. Clips of 4 to 10 s of
--   at least 480 px with little text.
--
-- Source: Goku (arXiv 2502.04896), its table of data curation, as reported by one secondary source. The rows for 720x1280
-- and 1080x1920 differ in size, text (at most 0.01) and the scores below.
--
-- Printed, but not in this file, because the clip sheet has no such measurement:
--   DINOv2 similarity of frames at 1 frame/s >= 0.85 (one shot), for which clips are cut inside a shot;
--   RAFT motion of 0.3 to 20, for which the share of still steps stands in. Only the profile 'full' has RAFT's flow, where
--   models.accept names it; the rule is flow_mean BETWEEN 0.3 AND 20 AS motion. Goku's picture size and time between frames
--   are not reported, so its numbers may not be these (adjacent frames, a short side of 360 px);
--   aesthetic score >= 4.3. Only the profile 'full' has one; the rule is aesthetic_laion >= 4.3 AS aesthetic.
-- Balance over 9 classes and 86 sub-classes chooses among kept clips and does not judge one.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- 4 to 10 s (as reported).
    duration_s BETWEEN 4 AND 10 AS clip_duration,

    -- Shorter side >= 480 (as reported), of the clip after its bars are cropped (ours).
    min_side >= 480 AS resolution,

    -- Bit rate >= 500 kbit/s (as reported).
    bit_rate >= 500_000 AS enough_bits,

    -- >= 24 frames/s, with 23.976 counted among them (as reported).
    source_fps >= 23.976 AS frame_rate,

    -- Text area <= 0.02 (as reported).
    text_share <= 0.02 AS little_text,

    -- In place of RAFT's lower end. Ours: at most 80 % of frame steps are still.
    still_share <= 0.80 AS not_static,

    -- Copies by perceptual hash, of which the more beautiful stays (as reported). Ours: Movie Gen's cosine, and the better
    -- of two stays by size, text, bits and length.
    NOT duplicate AS no_duplicate
FROM clip_sheet;
