-- Which videos were decoded and give no clip? A clip is a stretch of one shot of clips.min_seconds at least: compare
-- longest_shot_s with that. Shots end at cuts, dissolves, wipes, fades and damaged
-- frames.
SELECT
    r.file_name,
    round(d.duration_s, 1) AS duration_s,
    count(s.shot_id) AS shots,
    round(max(s.duration_s), 1) AS longest_shot_s,
    d.corrupt_frames,
    d.frames,
    d.batch
FROM decoded_videos AS d
JOIN raw_videos AS r ON r.batch = d.batch AND r.video_id = d.video_id
LEFT JOIN shots AS s ON s.batch = d.batch AND s.video_id = d.video_id
WHERE d.reason IS NULL AND NOT EXISTS (FROM clips AS c WHERE c.batch = d.batch AND c.video_id = d.video_id)
GROUP BY ALL
ORDER BY duration_s DESC, file_name;
