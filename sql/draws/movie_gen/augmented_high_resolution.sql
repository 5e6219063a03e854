-- title: Movie Gen, high-resolution training mix
-- description: 80 % landscape and 20 % portrait, of each at least 60 % with people, rare concepts more often than their size.
--
-- Source: Movie Gen (arXiv 2410.13720), section "Pre-training data" (as reported). A draw chooses among the clips that the tier
-- of the same name keeps. The macros are in sql/macros.sql.
SELECT
    clip_id,

    -- Concept resampling by 1/sqrt(cluster size); the frequency of people is deliberately preserved in it (as reported). Concepts
    -- of up to 100 clips are taken whole (ours).
    if(shows_people, 1, concept_chance(concept_weight, 100)) AS chance,

    -- 80 % landscape, 20 % portrait (as reported).
    orientation AS part,
    mix(orientation, MAP {'landscape': 0.8, 'portrait': 0.2}) AS part_share,

    -- At least 60 % contain humans (as reported); of each orientation, which is ours. A clip in which nobody has looked for
    -- persons, only for faces, counts as one without.
    coalesce(shows_people, FALSE) AS wanted,
    0.6 AS wanted_share
FROM clip_sheet;
