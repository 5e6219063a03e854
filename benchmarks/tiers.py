"""What a what-if and a re-made tier cost on a large lake of synthetic measurements, as ratios to one scan of the columns involved.

Fills a lake with clips that nobody filmed: random measurements in the tables that the tier reads, in batches, and the sheet
that is made of them. The reference is one query that reads the columns involved from the sheet: those of the rules, and those
that the answer is given by (ids, seconds, holder, licence).

    python benchmarks/tiers.py --clips 10_000_000
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb

from video_assets.curate.tiers import load_tiers
from video_assets.curate.verdicts import write_outcomes
from video_assets.curate.what_if import edited, what_if
from video_assets.lake.lake import Lake
from video_assets.lake.sheet import SHEET, SOURCE
from video_assets.settings import LakeSettings, Settings

SCAN = "one scan of the columns"
TIER = "movie_gen/low_resolution"
RULES = {"enough_motion": "vmaf_motion > 0.5"}
# Per table, what the tier reads of it, made from the clip's number i.
ROWS = {
    "clips": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, 4 + 12 * random() AS duration_s, 25.0 AS fps, 3.0 AS start_s, "
    "1920 AS crop_width, 1080 AS crop_height",
    "raw_videos": "'v' || i AS video_id, if(random() < 0.5, 1080, 480) AS height, 1920 AS width, 30.0 AS duration_s, "
    "1 AS time_base_num, 1000 AS time_base_den, 'CC0-1.0' AS licence, 'holder ' || i % 100 AS holder",
    "decoded_videos": "'v' || i AS video_id, 0 AS first_pts, 25.0 AS fps",
    "shots": "'v' || i AS video_id, 0 AS shot",
    "visual_scores": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, random() / 5 AS border_share",
    "motion_scores": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, random() * 4 AS vmaf_motion, random() AS still_share, "
    "0 AS sudden_changes, random() AS shots_per_second",
    "text_scores": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, random() / 10 AS text_share",
    "quality_scores": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, random() AS technical_quality",
    "duplicate_groups": "md5(i::VARCHAR) AS clip_id, random() < 0.1 AS duplicate",
    "contamination": "md5(i::VARCHAR) AS clip_id, random() < 0.01 AS near_benchmark",
}
NUMBERS = (
    "source_duration_s", "source_width", "source_height", "text_share", "duration_s", "border_share", "technical_quality",
    "source_shots", "source_offset_s", "still_share", "vmaf_motion", "shots_per_second", "sudden_changes", "duplicate",
    "near_benchmark",
)  # fmt: skip
TEXTS = ("batch", "clip_id", "holder", "licence")


def main() -> None:
    parser = argparse.ArgumentParser(description="What-if and re-tiering against one scan of the columns involved.")
    parser.add_argument("--clips", type=int, default=10_000_000, help="Clips in the lake.")
    parser.add_argument("--batch-clips", type=int, default=100_000, help="Clips in a batch.")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Settings(lake=LakeSettings(root=folder)))
        with lake.cursor() as cursor:
            fill(cursor, arguments.clips, arguments.batch_clips)
            report(cursor, lake.settings.sql_folder, arguments.repeats, folder)


def fill(
    cursor: duckdb.DuckDBPyConnection,
    clips: int,
    batch_clips: int,
    rows: Mapping[str, str] = ROWS,
    *,
    each: bool = False,
    sheet: str = "*",
) -> None:
    """Write every table's rows; the same clip has the same id in each.

    Args:
        cursor: the lake.
        clips: how many.
        batch_clips: of a batch.
        rows: the columns of each table, of a clip of the number ``i``.
        each: a file for each batch of each table, as runs write them; else one a table.
        sheet: what is selected of the joined tables for the sheet.
    """
    batch = f"'b-' || lpad((i // {batch_clips})::VARCHAR, 6, '0') AS batch"
    for table, columns in rows.items():
        for first in range(0, clips, batch_clips if each else clips):
            numbers = f"range({first}, {min(clips, first + batch_clips) if each else clips})"
            cursor.execute(f"INSERT INTO {table} BY NAME SELECT {batch}, {columns} FROM {numbers} AS made (i)")
    for (batch,) in cursor.execute("SELECT DISTINCT batch FROM clips ORDER BY batch").fetchall():
        cursor.execute(f"INSERT INTO {SHEET} SELECT {sheet} FROM {SOURCE} WHERE batch = ?", [batch])


def report(cursor: duckdb.DuckDBPyConnection, sql: Path, repeats: int, folder: str) -> None:
    tiers, _ = load_tiers(sql / "tiers")
    tier = tiers[TIER]
    other = edited(tier, RULES)

    def scan() -> None:
        columns = [*(f"sum({name})" for name in NUMBERS), *(f"max({name})" for name in TEXTS)]
        cursor.execute(f"SELECT {', '.join(columns)} FROM {SHEET}").fetchall()

    [names] = cursor.execute(f"SELECT list(DISTINCT batch ORDER BY batch) FROM {SHEET}").fetchall()
    outcomes = Path(folder) / "outcomes.parquet"

    def copy_ids() -> None:
        cursor.execute(
            f"COPY (SELECT batch, clip_id FROM {SHEET}) TO '{outcomes}' (COMPRESSION uncompressed, PARQUET_VERSION V2)"
        )

    actions = {
        SCAN: scan,
        "what-if": lambda: what_if(cursor, tier, other, tiers),
        "tier made anew": lambda: write_outcomes(cursor, other, names[0], outcomes),
        "the clips' ids alone, written": copy_ids,
    }
    taken: dict[str, list[float]] = {name: [] for name in actions}
    # In turns, so that what else the machine does meets all of them.
    for _ in range(repeats):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - start)
    one = statistics.median(taken[SCAN])
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        print(f"{name}: {middle:.2f} s, {middle / one:.1f} scans")


if __name__ == "__main__":
    main()
