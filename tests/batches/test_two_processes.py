"""Several real processes at work on one lake at once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.workplace import COMMAND, Place, assert_same, look, stable
from video_assets.settings import FootageSettings

MATERIALIZE = (sys.executable, "-m", "dagster", "asset", "materialize", "-m", "video_assets.definitions", "--select", "*")


def test_two_batches_materialized_at_once_by_two_processes_both_arrive(place: Place, few_files: Path) -> None:
    lake = place.lake(footage=FootageSettings(batch_videos=2))
    batches = look(lake, few_files).batches
    assert len(batches) == 2
    with place.instance() as instance:
        instance.add_dynamic_partitions("batch", list(batches))
    running = [place.start("--partition", batch, command=MATERIALIZE) for batch in batches]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(printed)

    found = {name: rows for name, rows in stable(lake).items() if name != "source_files"}
    assert found["raw_videos"].group_by("batch").len().sort("batch").rows() == [(b, 2) for b in sorted(batches)]
    assets = 14
    made = {(asset, batch) for asset, batch in lake.made() if batch and asset != "source_files"}
    assert len(made) == 2 * assets
    assert {batch for _, batch in made} == set(batches)

    # One process after the other comes to the same.
    alone = Place(place.folder / "alone")
    alone.folder.mkdir()
    alone.run("curate", str(few_files), FOOTAGE__BATCH_VIDEOS="2")
    expected = stable(alone.lake())
    expected.pop("source_files")
    assert_same(found, expected)


def test_two_command_lines_that_take_in_two_folders_at_once_lose_nothing(place: Place, few_files: Path) -> None:
    folders = [place.folder / "first", place.folder / "second"]
    for folder, name in zip(folders, ("passenger_qcif_coarse.mp4", "empty.mp4"), strict=True):
        folder.mkdir()
        shutil.copy2(few_files / name, folder)
    running = [place.start("curate", str(folder), command=COMMAND) for folder in folders]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(printed)
    lake = place.lake()
    names = lake.query("SELECT file_name, reason FROM raw_videos ORDER BY file_name").rows()
    assert names == [("empty.mp4", "empty_file"), ("passenger_qcif_coarse.mp4", None)]
    assert lake.query("SELECT count(*), count(DISTINCT clip_id) FROM clips").row(0) == (1, 1)
    assert lake.query("SELECT count(*), count(DISTINCT (tier, clip_id)) FROM tier_verdicts").row(0) == (6, 6)
