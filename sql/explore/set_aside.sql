-- Which files were set aside, and why? reason is one of a closed list; message says what was seen.
SELECT
    r.file_name,
    coalesce(r.reason, d.reason) AS reason,
    coalesce(r.message, d.message) AS message,
    r.batch,
    r.uri
FROM raw_videos AS r
LEFT JOIN decoded_videos AS d ON d.batch = r.batch AND d.video_id = r.video_id
WHERE r.reason IS NOT NULL OR d.reason IS NOT NULL
ORDER BY reason, r.file_name;
