"""The stretch of a clip that people chose: a release and an export have it in place of the whole clip."""

from __future__ import annotations

import duckdb

STRETCH = (
    "coalesce(t.start_pts, c.start_pts) AS start_pts, coalesce(t.end_pts, c.end_pts) AS end_pts, "
    "coalesce(t.frames, c.frames) AS frames"
)
"""Where a clip ``c`` of the table clips begins and ends, and its frames, beside ``t`` of :func:`note_trims`, which may have no row of it."""


def note_trims(connection: duckdb.DuckDBPyConnection, clips: str, *, wanted: bool) -> None:
    """Make the temporary table ``trimmed``: ``clip_id``, ``start_pts``, ``end_pts`` (exclusive) and ``frames`` of the chosen stretches.

    A stretch begins and ends with a frame that the clip has, whatever a person or another tool said; one without a frame is none.

    Args:
        connection: with the lake in use.
        clips: a table with the column ``clip_id``: of which clips.
        wanted: whether people's stretches are taken; otherwise the table is empty.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE trimmed (clip_id VARCHAR, start_pts BIGINT, end_pts BIGINT, frames BIGINT)"
    )
    if wanted:
        connection.execute(f"INSERT INTO trimmed {_TRIMMED.format(clips=clips)}")


# The videos are looked up first, so that signals are read of these alone.
_TRIMMED = """
WITH chosen AS MATERIALIZED (
    SELECT c.batch, c.clip_id, c.video_id, r.trim_start_pts AS from_pts, r.trim_end_pts AS to_pts, c.start_pts, c.end_pts
    FROM reviewed_clips AS r JOIN clips AS c ON c.clip_id = r.clip_id SEMI JOIN {clips} AS w ON w.clip_id = c.clip_id
    WHERE r.trim_start_pts IS NOT NULL AND r.trim_end_pts IS NOT NULL
)
SELECT
    w.clip_id,
    min(f.pts) FILTER (f.pts < w.to_pts) AS start_pts,
    coalesce(min(f.pts) FILTER (f.pts >= w.to_pts), any_value(w.end_pts)) AS end_pts,
    count(*) FILTER (f.pts < w.to_pts) AS frames
FROM chosen AS w
JOIN frame_signals AS f ON f.batch = w.batch AND f.video_id = w.video_id AND f.pts >= greatest(w.from_pts, w.start_pts) AND f.pts < w.end_pts
GROUP BY w.clip_id HAVING count(*) FILTER (f.pts < w.to_pts) > 0
"""
