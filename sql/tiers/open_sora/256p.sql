-- title: Open-Sora 2.0, 256 px training set
-- description: An example: Open-Sora 2.0's printed thresholds, as far as the clip sheet measures them. Clips of 2 to 8 s with
--   enough bits and frames, sharp, moving and steady.
--
-- Source: Open-Sora 2.0 (arXiv 2503.09642), its section on data, as reported by one secondary source. It keeps 70 million
-- clips for the 256 px stage, then 10 and 5 million by stricter values that are not printed.
--
-- Printed, but not in this file, because the clip sheet has no such measurement:
--   aesthetic score, mean of the first, middle and last frame, mostly 4.5 to 5.5. The profile 'full' has that of the middle
--   frame; the rule is aesthetic_laion >= 4.5 AS aesthetic.
-- Clips are re-encoded there (longer side <= 1080, under 30 frames/s, H.264), which is no rule.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- Sources under 2 s are dropped (as reported).
    source_duration_s >= 2 AS source_duration,

    -- Clips of 2 to 8 s (as reported).
    duration_s BETWEEN 2 AND 8 AS clip_duration,

    -- The stage's name: 256 px. Ours, for the shorter side.
    min_side >= 256 AS resolution,

    -- Bits per pixel >= 0.02 (as reported).
    bits_per_pixel >= 0.02 AS enough_bits,

    -- >= 16 frames/s (as reported).
    source_fps >= 16 AS frame_rate,

    -- Aspect in [1/3, 3] (as reported).
    aspect BETWEEN 1 / 3 AND 3 AS usual_aspect,

    -- Blurred by a majority of five frames' Laplacians (as reported; value unpublished). Ours: the median of the sampled.
    sharpness >= 20 AS clear,

    -- VMAF motion, both tails (as reported; values unpublished). Ours.
    vmaf_motion BETWEEN 0.5 AND 15 AS reasonable_motion,

    -- Jitter by PySceneDetect (as reported; value unpublished). Movie Gen's 0.85 shots/s (as reported).
    shots_per_second < 0.85 AS not_jittery,

    -- PaddleOCR with a confidence over 0.7 (as reported). How much text is too much is unpublished; a twentieth is ours.
    text_share <= 0.05 AS little_text
FROM clip_sheet;
