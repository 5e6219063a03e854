-- title: Movie Gen, low-resolution training mix
-- description: 60 % landscape and 40 % portrait, rare concepts more often than their size, in buckets of like shape.
--
-- Source: Movie Gen (arXiv 2410.13720), sections "Pre-training data" and Table 2 (as reported). A draw chooses among the clips
-- that the tier of the same name keeps. The macros are in sql/macros.sql.
SELECT
    clip_id,

    -- Concept resampling by 1/sqrt(cluster size) (as reported); concepts of up to 100 clips are taken whole (ours).
    concept_chance(concept_weight, 100) AS chance,

    -- Visual filter 2: 60 % landscape, 40 % portrait (as reported). Squares are in neither.
    orientation AS part,
    mix(orientation, MAP {'landscape': 0.6, 'portrait': 0.4}) AS part_share,

    -- Five durations by five aspects, and the frame rates that they need (Table 2, as reported). How many clips each holds is
    -- not published; a million is ours.
    duration_bucket(duration_s, fps) || ', ' || aspect_bucket(aspect) AS bucket,
    1_000_000 AS most_per_bucket,

    -- No source makes the model its own: at most 10,000 clips of one holder. Ours.
    holder AS source,
    10_000 AS most_per_source
FROM clip_sheet;
