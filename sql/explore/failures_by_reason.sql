-- What could not be measured, where, and why?
-- One row per table and reason: how many rows, in how many batches, and an example to look at.
SELECT
    found_in,
    reason,
    count(*) AS failures,
    count(DISTINCT batch) AS batches,
    min(id) AS example,
    arg_min(message, id) AS example_message
FROM failed_rows
GROUP BY found_in, reason
ORDER BY failures DESC, found_in, reason;
