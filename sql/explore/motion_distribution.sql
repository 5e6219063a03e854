-- How much do the clips move, and where would a threshold fall?
-- One row per step of VMAF motion (0.5 wide; 20 and over in one): clips, hours, the share of clips below the step's
-- lower end, that is what a rule "vmaf_motion >= motion_from" drops, and a bar. Clips without a measurement stand last.
WITH steps AS (
    SELECT
        CASE WHEN vmaf_motion >= 20 THEN 20 ELSE floor(vmaf_motion / 0.5) * 0.5 END AS motion_from,
        count(*) AS clips,
        sum(duration_s) AS seconds
    FROM clip_sheet
    GROUP BY motion_from
)
SELECT
    motion_from,
    clips,
    round(seconds / 3600, 3) AS hours,
    CASE WHEN motion_from IS NOT NULL THEN
        round((sum(clips) OVER (ORDER BY motion_from) - clips) / sum(clips) FILTER (motion_from IS NOT NULL) OVER (), 3)
    END AS share_below,
    bar(clips, 0, max(clips) OVER (), 40) AS picture
FROM steps
ORDER BY motion_from NULLS LAST;
