"""Why a clip is kept out of every tier: the benchmark's clip that it is near, as a sentence."""

from __future__ import annotations

import duckdb


def near_benchmark(connection: duckdb.DuckDBPyConnection, clip_id: str) -> str | None:
    """Say which benchmark's clip a clip is near, and how; or that nobody compared it; None when it is near none."""
    rows = connection.execute(_EVIDENCE, {"clip_id": clip_id}).pl()
    if rows.is_empty():
        return None
    found = rows.row(0, named=True)
    if found["near_benchmark"] is None:
        return "Whether it is near a benchmark's clip is not known: it has no signature to compare."
    through = found["benchmark_through"]
    what = "It is a near-duplicate of" if through is None else f"Its near-duplicate {through} is one of"
    where = f"{found['file_name']}, {found['from_s']:.2f} to {found['to_s']:.2f} s"
    how = f"cosine {found['benchmark_cosine']:.4f}"
    if found["benchmark_correlation"] is not None:
        how += f", correlation in time {found['benchmark_correlation']:.4f}"
    return f"{what} {found['benchmark_clip']} of the benchmark {found['benchmark']} ({where}): {how}."


def of_benchmark(connection: duckdb.DuckDBPyConnection, clip_id: str) -> str | None:
    """The benchmark of whose videos a clip is; None for footage."""
    found = connection.execute(
        "SELECT v.benchmark FROM clips AS c JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        "WHERE c.clip_id = ?",
        [clip_id],
    ).fetchone()
    return found[0] if found else None


_EVIDENCE = """
SELECT x.*, v.file_name, coalesce(c.player_start_s, c.start_s) AS from_s, coalesce(c.player_end_s, c.end_s) AS to_s
FROM contamination AS x
LEFT JOIN clips AS c ON c.clip_id = x.benchmark_clip
LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
WHERE x.clip_id = $clip_id AND x.near_benchmark IS DISTINCT FROM FALSE
"""
