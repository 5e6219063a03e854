"""What freezing a release without media costs: CPU seconds and memory for clips that nobody filmed.

Fills a lake with clips of one tier, each with a caption of a hundred words, and freezes them under the shipped policy. At most
60 CPU seconds and 1 GB for a million clips.

    python benchmarks/releases.py --clips 1_000_000
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from video_assets.curate.tiers import Tier, load_tier, load_tiers
from video_assets.curate.verdicts import rules_of
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import TIER_RULES_HISTORY
from video_assets.lake.sheet import SHEET, SOURCE
from video_assets.publish.freeze import Asked, bounded, freeze
from video_assets.settings import LakeSettings, ReleaseSettings, Settings

TIER = "hunyuan_video/256p"
_WORDS = "repeat('a word ' || i % 97 || ' and ', 25)"
ROWS = {
    "clips": "md5(i::VARCHAR) AS clip_id, md5('v' || i // 20) AS video_id, 0 AS stream, i * 1000 AS start_pts, i * 1000 + 5000 AS end_pts, "
    "0 AS pts_offset, 5.0 AS duration_s, 125 AS frames, 25.0 AS fps, 0 AS crop_x, 0 AS crop_y, 1920 AS crop_width, "
    "1080 - i % 4 AS crop_height",
    "captions": "md5(i::VARCHAR) AS clip_id, md5('v' || i // 20) AS video_id, 'measured' AS captioner, '1' AS version, TRUE AS current, "
    f"TRUE AS drawn, 'One sentence.' AS short_description, {_WORDS} AS dense_description, 'A place.' AS background, "
    "'documentary' AS style, 'wide' AS shot_type, 'soft' AS lighting, '' AS atmosphere, ['public'] AS source_tags, [] AS quality_tags",
    "contamination": "md5(i::VARCHAR) AS clip_id, FALSE AS near_benchmark",
    "tier_outcomes": f"'{TIER}' AS tier, md5(i::VARCHAR) AS clip_id, 0 AS failed, 0 AS unknown",
}
VIDEOS = {
    "raw_videos": "md5('v' || i) AS video_id, sha256('v' || i) AS sha256, 'CC-BY-4.0' AS licence, 'holder ' || i % 100 AS holder, "
    "'https://example.org/' || i AS source_url, 'licensed' AS acquired_how, 'unknown' AS consent, 'unknown' AS expires_on, "
    "'unknown' AS tdm_reservation, 'unknown' AS aipref_train_ai, 1920 AS width, 1080 AS height",
    "decoded_videos": "md5('v' || i) AS video_id, 1 AS time_base_num, 1000 AS time_base_den, 25.0 AS fps",
    "rights_signals": "md5('v' || i) AS video_id, 0 AS n, 'none' AS state",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU and memory of freezing a release.")
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--batch-clips", type=int, default=100_000)
    parser.add_argument("--lake", type=Path, help="Freeze this lake, in this process.")
    arguments = parser.parse_args()
    if arguments.lake:
        measure(arguments.lake)
        return
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), arguments.clips, arguments.batch_clips)
        # In a process of its own, whose memory is that of freezing alone.
        subprocess.run([sys.executable, __file__, "--lake", folder], check=True)


def opened(folder: Path) -> tuple[Lake, Tier]:
    lake = Lake(Settings(lake=LakeSettings(root=str(folder))))
    return lake, load_tiers(lake.settings.sql_folder / "tiers")[0][TIER]


def fill(folder: Path, clips: int, batch_clips: int) -> None:
    """Write every table's rows."""
    lake, tier = opened(folder)
    lake.commit([Replacement(TIER_RULES_HISTORY, [""], rules_of(tier))], [], message="rules")
    with lake.cursor() as cursor:
        for rows, number, size in ((ROWS, clips, batch_clips), (VIDEOS, clips // 20 + 1, batch_clips // 20)):
            for table, columns in rows.items():
                _insert(cursor, table, columns, number, size)
        cursor.execute("UPDATE tier_outcomes SET version = $version", {"version": tier.version})
        for (batch,) in cursor.execute("SELECT DISTINCT batch FROM clips ORDER BY batch").fetchall():
            cursor.execute(f"INSERT INTO {SHEET} SELECT * FROM {SOURCE} WHERE batch = ?", [batch])


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, columns: str, number: int, size: int) -> None:
    batch = f"'b-' || lpad((i // {size})::VARCHAR, 6, '0') AS batch"
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT {batch}, {columns} FROM range({number}) AS made (i)")


def measure(folder: Path) -> None:
    lake, tier = opened(folder)
    sql = lake.settings.sql_folder
    policy = load_tier(sql / "policies/default.sql", sql / "policies", "policies/default")
    asked = Asked(tier, None, policy, ReleaseSettings(short_side=256), (sql / "macros.sql").read_text(), 0.01)
    with tempfile.TemporaryDirectory() as target, bounded(lake, Path(target)) as connection:
        start = time.process_time()
        frozen = freeze(connection, asked, lake.settings, Path(target))
        seconds = time.process_time() - start
        sizes = {path.name: path.stat().st_size for path in Path(target).iterdir() if path.is_file()}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    written = frozen.written
    if frozen.asked_of != written.clips + len(written.too_small):
        raise SystemExit(f"{frozen.asked_of} clips were asked of, and {written.clips} written.")
    print(f"{written.clips:,} clips: {seconds:.1f} CPU s, at most {most:.2f} GB of memory")
    for name, size in sorted(sizes.items()):
        print(f"  {name}: {size / written.clips:.0f} bytes a clip")


if __name__ == "__main__":
    main()
