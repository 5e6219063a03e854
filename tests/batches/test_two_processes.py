"""Several real processes at work on one lake at once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.place import Place, look
from tests.servers.stored import both_ends
from tests.tables import TABLES
from video_assets.lake.schemas import RAW_VIDEOS
from video_assets.settings import FootageSettings, Settings

# The platform up to a cheap family's scores, with no model but the network for shots.
SELECTED = (
    "raw_videos", "decoded_videos", "frame_signals", "keyframes", "shot_frames", "transition_scores", "shots", "clips",
    "visual_scores",
)  # fmt: skip
MATERIALIZE = (
    sys.executable, "-m", "dagster", "asset", "materialize", "-m", "video_assets.definitions", "--select", ",".join(SELECTED),
)  # fmt: skip


@both_ends
def test_two_batches_materialized_at_once_by_two_processes_both_arrive(
    curated_few: Place, stored: Place, few_files: Path
) -> None:
    place = stored
    lake = place.lake(footage=FootageSettings(batch_videos=2))
    batches = look(lake, few_files).batches
    assert len(batches) == 2
    with place.instance() as instance:
        instance.add_dynamic_partitions("batch", list(batches))
    running = [place.start("--partition", batch, command=MATERIALIZE) for batch in batches]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(printed)

    videos = lake.read(RAW_VIDEOS).group_by("batch").len()
    assert sorted(videos.rows()) == [(batch, 2) for batch in sorted(batches)]
    made = {(asset, batch) for asset, batch in lake.made() if batch and asset != "source_files"}
    assert made == {(asset, batch) for asset in SELECTED for batch in batches}

    # Row for row what one process made of the same files in one batch.
    one_batch = curated_few.lake()
    for name in SELECTED:
        table = TABLES[name]
        both, one = (
            found.read(table).select(c for c in table.stable_columns if c != "batch") for found in (lake, one_batch)
        )
        assert both.equals(one), name


def test_two_command_lines_that_take_in_two_folders_at_once_lose_nothing(place: Place, few_files: Path) -> None:
    tier = Path("tiers/hunyuan_video/256p.sql")
    sql = place.folder / "sql"
    shutil.copytree(Settings().sql_folder / "views", sql / "views")
    (sql / tier).parent.mkdir(parents=True)
    shutil.copy2(Settings().sql_folder / tier, sql / tier)
    folders = [place.folder / "first", place.folder / "second"]
    for folder, name in zip(folders, ("passenger_qcif_coarse.mp4", "empty.mp4"), strict=True):
        folder.mkdir()
        shutil.copy2(few_files / name, folder)
    running = [place.start("curate", str(folder), SQL_DIR=str(sql)) for folder in folders]
    printed = [process.communicate()[0] for process in running]
    # Each brings everything up to date, and whoever came to the folder without a usable video says so.
    assert running[0].returncode in (0, 1), "\n".join(printed)
    assert running[1].returncode == 1, "\n".join(printed)
    lake = place.lake()
    names = lake.query("SELECT file_name, reason FROM raw_videos ORDER BY file_name").rows()
    assert names == [("empty.mp4", "empty_file"), ("passenger_qcif_coarse.mp4", None)]
    assert lake.query("SELECT count(*), count(DISTINCT clip_id) FROM clips").row(0) == (1, 1)
    assert lake.query("SELECT tier, count(*) FROM tier_verdicts GROUP BY tier").rows() == [("hunyuan_video/256p", 1)]
