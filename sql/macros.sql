-- What draws are made of. A draw chooses among the clips that a tier keeps; it never judges one.
-- In a DuckDB shell: .read sql/macros.sql

-- A number in [0, 1) that is a clip's own for this seed: the same today and next year, whatever else is in the lake.
CREATE OR REPLACE TEMP MACRO luck(clip_id, seed) AS md5_number_upper(concat(seed, ' ', clip_id)) / 18446744073709551616.0;

-- Whether a source video is held out of training: for good, by its content alone, so that its clips are all on one side.
CREATE OR REPLACE TEMP MACRO held_out(video_id, share) AS luck(video_id, 'held out') < share;

-- The share that a mix gives to a value; NULL for one that it does not name.
CREATE OR REPLACE TEMP MACRO mix(value, shares) AS shares[value];

-- Chance of a clip whose weight is 1/sqrt(size of its concept), so that a concept is drawn in proportion to sqrt(size) (Mahajan
-- et al. 2018, as Movie Gen reports it). Concepts of up to whole_up_to clips are taken whole; that number is ours.
CREATE OR REPLACE TEMP MACRO concept_chance(weight, whole_up_to) AS least(1.0, weight * sqrt(whole_up_to));

-- Movie Gen's duration buckets (arXiv 2410.13720, Table 2, as reported): frames are sampled down, so a clip needs the bucket's
-- frame rate; NULL where it has too few.
CREATE OR REPLACE TEMP MACRO duration_bucket(seconds, fps) AS CASE
    WHEN seconds >= 16 AND fps >= 16 THEN '16 s at 16 fps'
    WHEN seconds >= 12 AND seconds < 16 AND fps >= 256 / seconds THEN '12-16 s, 256 frames'
    WHEN seconds >= 32 / 3 AND seconds < 12 AND fps >= 23.976 THEN '10.67 s at 24 fps'
    WHEN seconds >= 8 AND seconds < 12 AND fps >= 192 / seconds THEN '8-12 s, 192 frames'
    WHEN seconds >= 4 AND seconds < 8 AND fps >= 128 / seconds THEN '4-8 s, 128 frames'
END;

-- Movie Gen has five aspect buckets and prints two of them, 16:9 and 9:16 (as reported); the three between are ours.
CREATE OR REPLACE TEMP MACRO aspect_bucket(aspect) AS CASE
    WHEN aspect >= sqrt(16 / 9 * 4 / 3) THEN '16:9'
    WHEN aspect >= sqrt(4 / 3) THEN '4:3'
    WHEN aspect > sqrt(3 / 4) THEN '1:1'
    WHEN aspect > sqrt(3 / 4 * 9 / 16) THEN '3:4'
    WHEN aspect > 0 THEN '9:16'
END;

-- The draw itself, over a table of kept clips with what the draw's file says of each. Nothing is left to chance but luck().
-- Clips that were drawn before come first wherever there is a limit, so that new footage pushes none of them out.
CREATE OR REPLACE TEMP MACRO draw_from(wishes) AS TABLE
WITH entered AS (
    SELECT *, coalesce(luck < chance, FALSE) AND part_share > 0 AS enters FROM query_table(wishes)
),

within_source AS (
    SELECT *, enters AND (
        most_per_source IS NULL
        OR row_number() OVER (PARTITION BY enters, source ORDER BY drawn_before DESC, luck, clip_id) <= most_per_source
    ) AS source_has_room
    FROM entered
),

within_bucket AS (
    SELECT *, source_has_room AND (
        most_per_bucket IS NULL
        OR (
            bucket IS NOT NULL
            AND row_number() OVER (PARTITION BY source_has_room, bucket ORDER BY drawn_before DESC, luck, clip_id) <= most_per_bucket
        )
    ) AS available
    FROM within_source
),

-- Turn: first those that were drawn before, then by luck, apart for the wanted and the others of each part.
counted AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY available, part, wanted ORDER BY drawn_before DESC, luck, clip_id) AS turn,
        count(*) FILTER (available) OVER (PARTITION BY part) AS have,
        count(*) FILTER (available AND wanted) OVER (PARTITION BY part) AS have_wanted,
        count(*) FILTER (available AND wanted AND drawn_before) OVER (PARTITION BY part) AS before_wanted,
        count(*) FILTER (available AND NOT wanted AND drawn_before) OVER (PARTITION BY part) AS before_others
    FROM within_bucket
),

-- A part can give as many clips as it has, and as many as its wanted ones are share enough of.
limited AS (
    SELECT *, floor(least(have, if(wanted_share > 0, have_wanted / wanted_share + 1e-9, have))) AS most FROM counted
),

-- The scarcest part sets the size of the whole; a part that can give nothing is left out.
sized AS (
    SELECT *, coalesce(least(most, round(part_share * min(most / part_share) FILTER (most > 0 AND part_share > 0) OVER ())), 0)
        AS size
    FROM limited
),

-- Of the wanted as many as they are among the available, within what the least share and those drawn before leave open.
shared AS (
    SELECT *, least(have_wanted, greatest(
        ceil(wanted_share * size - 1e-9), size - (have - have_wanted), before_wanted,
        least(round(size * have_wanted / nullif(have, 0)), size - before_others)
    )) AS size_wanted
    FROM sized
)

SELECT
    * EXCLUDE (size_wanted),
    coalesce(available AND turn <= if(wanted, size_wanted, size - size_wanted), FALSE) AS drawn
FROM shared;
