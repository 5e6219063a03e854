-- Which clip of a group of near-duplicates is the best: the others near it are its duplicates, and a tier may drop them.
--
-- The rule is a SELECT of clip_id over members, which has clip_id and duplicate_group; then one column per reason, in the order in
-- which they count. The smaller value is the better, and NULL is the worst. To have another rule, put a best_of_group.sql beside
-- your own tiers/ folder: the groups alone are formed anew. The numbers are ours, on copies made of eight clips.
SELECT
    m.clip_id,

    -- What was laid on the picture, in hundredths of it: bars that were not cut off, and text or logos. What nobody looked at may be
    -- covered.
    round(
        CASE WHEN c.crop_width * c.crop_height < c.width * c.height THEN 0 ELSE coalesce(i.border_share, 1) END
            + greatest(coalesce(t.text_share, 1), coalesce(t.static_text_share, 0), coalesce(o.overlay_share, 0)),
        2
    ) AS overlaid,

    -- Pictures were left out: it has fewer than three quarters of the best one's, where 24 a second are enough.
    least(c.fps, 24) < 0.75 * max(least(c.fps, 24)) OVER (PARTITION BY m.duplicate_group) AS fewer_pictures,

    -- A copy of a copy: its detail is more than 8 % short of the best one's. Encoding takes off 10 % and more, blocks hide what is left.
    coalesce(
        max(d.detail - d.clipped - d.blocks) OVER (PARTITION BY m.duplicate_group) - (d.detail - d.clipped - d.blocks) > 0.08, TRUE
    ) AS later_generation,

    -- Size.
    -c.crop_width * c.crop_height AS pixels,

    -- Of equal size: any more detail, then bits, then length.
    -(d.detail - d.clipped - d.blocks) AS detail,
    -coalesce(v.bit_rate, 0) AS bits,
    -c.duration_s AS seconds
FROM members AS m
LEFT JOIN clips AS c ON c.clip_id = m.clip_id
LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
LEFT JOIN visual_scores AS i ON i.batch = c.batch AND i.clip_id = c.clip_id
LEFT JOIN text_scores AS t ON t.batch = c.batch AND t.clip_id = c.clip_id
LEFT JOIN overlay_scores AS o ON o.batch = c.batch AND o.clip_id = c.clip_id
LEFT JOIN quality_scores AS q ON q.batch = c.batch AND q.clip_id = c.clip_id
CROSS JOIN LATERAL (
    SELECT
        -- Both are measured at one size of picture, so that an enlarged copy has no more. Contrast multiplies both; the Laplacian of
        -- noise has 20 times its variance, which is no detail.
        ln(greatest(i.sharpness - 20 * coalesce(q.noise, 0) ** 2, 0.01) / greatest(i.luma_std, 1) ** 2) AS detail,
        -- Grading clips light and dark.
        5 * (i.dark_share + i.bright_share) AS clipped,
        coalesce(q.blockiness, 0) AS blocks
) AS d;
