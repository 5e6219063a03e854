"""What a takedown costs in a lake of 100,000 sources, and what it touches.

Fills a lake with sources that nobody filmed, in batches of 100, and takes one of them down. What is removed is compared with
writing the same files of its batches anew: at most 3 times that. What is done once for the whole lake is told apart:
older versions with their files, the catalog (closed, mended and opened again), and the look at everything that is left.

    python benchmarks/takedown.py --sources 100_000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from unittest.mock import patch

from video_assets.assets.common import order
from video_assets.batches.step import Step
from video_assets.lake import catalog
from video_assets.lake.files import write_parquet
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import quoted, sql_type
from video_assets.scorers import tables
from video_assets.settings import LakeSettings, Settings
from video_assets.takedown.match import Request
from video_assets.takedown.proof import Looked
from video_assets.takedown.takedown import Planned, Records, plan, take_down

BATCH = 100
CLIPS, TIERS, KEYFRAMES = 3, 13, 10
VIDEO = "sha256('v' || {source})[:32]"
CLIP = "md5('c' || i)"
_SIGNATURE = "list_transform(range(175), lambda x: (hash(x + i) % 1000) / 1000.0)"
# Of each table how many rows a source has, the source of row i, and some of its columns.
ROWS = {
    "source_files": (1, "'/footage/' || i || '.mp4' AS uri, 'sha256:' || sha256('v' || i) AS content, 1000 AS size_bytes, "
        "TRUE AS current, 'holder ' || i AS holder, 'https://' || i || '.example.org/x' AS source_url, 'sidecar' AS rights_from"),
    "raw_videos": (1, "'/footage/' || i || '.mp4' AS uri, i || '.mp4' AS file_name, 'sha256:' || sha256('v' || i) AS content, "
        "sha256('v' || i) AS sha256, {video} AS video_id, 'holder ' || i AS holder, 'https://' || i || '.example.org/x' AS source_url"),
    "decoded_videos": (1, "{video} AS video_id, 25.0 AS fps, 1000 AS frames"),
    "keyframes": (KEYFRAMES, "{video} AS video_id, i AS frame, repeat('no picture ' || i, 200)::BLOB AS jpeg"),
    "clips": (CLIPS, "{video} AS video_id, {clip} AS clip_id, i * 100 AS start_pts, 5.0 AS duration_s, 640 AS crop_width, 360 AS crop_height"),
    "motion_scores": (CLIPS, "{clip} AS clip_id, '{version}' AS version, 1.0 * (i % 7) AS vmaf_motion, {signature} AS time_course"),
    "clip_embeddings": (CLIPS, "{video} AS video_id, {clip} AS clip_id, '{version}' AS version, {signature} AS copy_signature"),
    "text_scores": (CLIPS, "{video} AS video_id, {clip} AS clip_id, 0.1 * (i % 7) AS text_score"),
    "quality_scores": (CLIPS, "{video} AS video_id, {clip} AS clip_id, 0.1 * (i % 9) AS technical_quality"),
    "duplicate_groups": (CLIPS, "{clip} AS clip_id, {clip} AS duplicate_group, 1 AS duplicates, FALSE AS duplicate"),
    "tier_outcomes": (CLIPS * TIERS, f"'tier ' || i % {TIERS} AS tier, md5('c' || i // {TIERS}) AS clip_id, 0 AS failed, 0 AS unknown"),
    "captions": (CLIPS, "{video} AS video_id, {clip} AS clip_id, 'measured' AS captioner, 'A short one.' AS short_description"),
    SHEET: (CLIPS, "{video} AS video_id, {clip} AS clip_id, {source} || '.mp4' AS file_name"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of a takedown in a large lake.")
    parser.add_argument("--sources", type=int, default=100_000)
    parser.add_argument("--source", type=int, help="Which one goes; default: that in the middle.")
    parser.add_argument("--folder", type=Path, help="Where the lake is, or is made; default: one that goes again.")
    parser.add_argument(
        "--without-look", action="store_true", help="Do not read what is left, which takes most of the time."
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        lake = Lake(Settings(lake=LakeSettings(root=str(folder))))
        step = Step(lake, order())
        if not (folder / "data" / "clips").exists():
            fill(step, arguments.sources)
        seen = [Looked("nothing", 0, 0, 0)]
        look = (
            patch("video_assets.takedown.takedown.look", return_value=seen) if arguments.without_look else nullcontext()
        )
        with look:
            measure(step, arguments.sources // 2 if arguments.source is None else arguments.source)


def fill(step: Step, sources: int) -> None:
    """Write every table's rows, a file for each batch, and the ledger."""
    lake, began = step.lake, time.process_time()
    filled = {name: step.order[SHEET].table if name == SHEET else tables(step.lake.settings)[name] for name in ROWS}
    for name, (each, columns) in ROWS.items():
        folder = Path(lake.files.root, "data", name)
        with lake.cursor() as cursor:
            source = f"(i // {each})"
            version = step.version(name) if name in step.order else ""
            text = columns.format(
                source=source, video=VIDEO.format(source=source), clip=CLIP, signature=_SIGNATURE, version=version
            )
            batch = f"'b-' || lpad((i // {each * BATCH})::VARCHAR, 6, '0') AS batch"
            cursor.execute(
                f"CREATE OR REPLACE TEMP VIEW made AS SELECT {batch}, {text} FROM range({sources * each}) AS t (i)"
            )
            given = [c for (c, *_) in cursor.execute("DESCRIBE made").fetchall()]
            typed = ", ".join(f'CAST("{c}" AS {sql_type(filled[name].schema[c])}) AS "{c}"' for c in given)
            cursor.execute(
                f"COPY (SELECT {typed} FROM made) TO {quoted(str(folder))} "
                "(FORMAT parquet, PARTITION_BY batch, WRITE_PARTITION_COLUMNS true, COMPRESSION zstd)"
            )
            cursor.execute("DROP VIEW made")
            cursor.execute(
                f"CALL ducklake_add_data_files('{catalog.NAME}', '{name}', {quoted(f'{folder}/*/*.parquet')}, "
                "hive_partitioning => false, allow_missing => true)"
            )
    with lake.cursor() as cursor:
        cursor.execute(
            "INSERT INTO materializations BY NAME SELECT unnest(?) AS asset, batch, 'x' AS version, 'y' AS data_version, "
            "'{}' AS inputs, 100 AS rows, 0 AS failures, now() AS made_at, '' AS run_id "
            "FROM (SELECT DISTINCT batch FROM raw_videos)",
            [[a for a, m in step.order.items() if m.table.name in ROWS and not m.where]],
        )
    print(f"Filled with {sources:,} sources in {time.process_time() - began:.0f} CPU s.")


class Clock:
    """CPU seconds of this process by step."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._step, self._began = "", time.process_time()

    def __call__(self, step: str) -> None:
        now = time.process_time()
        if self._step:
            self.spent[self._step] = self.spent.get(self._step, 0.0) + now - self._began
        self._step, self._began = step, now


OF_THE_LAKE = {
    "Forgetting older versions", "Mending the catalog", "Opening the catalog again", "Reading everything that is left", "Purging old versions of objects",
}  # fmt: skip


def measure(step: Step, source: int) -> None:
    """Take one source down, and then write its batch's files anew in commits of their own: the median of three."""
    lake = step.lake
    step.version("clips")
    lake.query(
        "SELECT count(*) FROM raw_videos WHERE batch IN (SELECT unnest(?))", [["none"]]
    )  # opened, and all imported
    clock = Clock()
    clock("Looking what it reaches")
    planned = plan(step, Request("url", f"https://{source}.example.org/x"))
    clock("")
    before = set(_files(lake))
    receipt = take_down(step, planned, Records(None), clock)
    clock("")
    after = set(_files(lake))
    lake.query("SELECT count(*) FROM raw_videos")  # opened
    rewriting = median(rewritten(step, planned) for _ in range(3))
    batches = {p.parent.name for p in after - before if "tombstone" not in str(p) and "takedowns" not in str(p)}
    removing = sum(s for what, s in clock.spent.items() if what not in OF_THE_LAKE)
    for what, seconds in clock.spent.items():
        print(f"{seconds:8.2f} CPU s  {what}")
    print(f"{sum(receipt.rows.values())} rows in {len(receipt.rows)} tables; hits {receipt.hits}; {receipt.removed}")
    print(f"Files written: {len(after - before)}, in {sorted(batches)}; of {len(before):,}")
    print(
        f"Removing {removing:.2f} CPU s; writing the same {len(planned.reach.rows)} files anew {rewriting:.2f} CPU s: {removing / rewriting:.2f}"
    )


def rewritten(step: Step, planned: Planned) -> float:
    """CPU seconds of reading the files of the batches concerned and writing them anew as they are, in one commit."""
    lake, began = step.lake, time.process_time()
    known = {t.name: t for t in (*tables(step.lake.settings).values(), step.order[SHEET].table)}
    with lake.files.temporary() as folder:
        replacements = []
        for name, batches in planned.reach.batches.items():
            for batch in batches:
                path = folder / f"{name}-{batch}.parquet"
                write_parquet(
                    known[name].frame(lake.query(f"SELECT * FROM {name} WHERE batch = {quoted(batch)}")), path
                )
                replacements.append(Replacement(known[name], [batch], path))
        lake.commit(replacements, [], message="rewritten")
    return time.process_time() - began


def _files(lake: Lake) -> Iterator[Path]:
    return (p for p in Path(lake.files.root, "data").rglob("*.parquet"))


if __name__ == "__main__":
    main()
