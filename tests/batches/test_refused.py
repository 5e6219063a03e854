"""Contents that were taken down: they are refused by their hash, unopened, and stay refused."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tests.place import Place, look
from video_assets.assets.common import order
from video_assets.batches.footage import take_in_videos
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.plan import plan
from video_assets.lake.schemas import RAW_VIDEOS, TOMBSTONES
from video_assets.media.identity import sha256_of
from video_assets.reasons import Reason


def refuse(lake: Lake, sha256: str) -> None:
    row: dict[str, object] = {"video_id": sha256[:32], "sha256": sha256, "takedown": "1"}
    rows = TOMBSTONES.frame([row], since=datetime(2026, 11, 3, tzinfo=UTC))
    lake.commit([Replacement(TOMBSTONES, ["1"], rows, by="takedown")], [], message="takedown 1")


def test_a_content_with_a_tombstone_is_refused_under_any_name_and_not_opened(here: Place, few_files: Path) -> None:
    footage = here.folder / "footage"
    footage.mkdir()
    shutil.copy(few_files / "passenger_qcif_coarse.mp4", footage / "another name.mp4")
    lake = here.quick_lake()
    sha256 = sha256_of(footage / "another name.mp4")
    refuse(lake, sha256)
    [batch] = look(lake, footage).batches
    (footage / "another name.mp4").write_bytes(b"")  # whoever opens it finds that it is another file
    take_in_videos(Step(lake, order()), batch)
    columns = ["video_id", "sha256", "file_name", "reason", "message", "width"]
    assert lake.read(RAW_VIDEOS, columns=columns).rows() == [
        (sha256[:32], sha256, "another name.mp4", "taken_down", "Removed on request on 2026-11-03.", None)
    ]
    assert plan(lake, order(), [batch]) == []


def test_other_contents_of_the_batch_are_taken_in(here: Place, few_files: Path) -> None:
    lake = here.quick_lake()
    refuse(lake, sha256_of(few_files / "bunny_720p.mp4"))
    [batch] = look(lake, few_files).batches
    take_in_videos(Step(lake, order()), batch)
    rows = lake.read(RAW_VIDEOS, columns=["video_id", "file_name", "reason"])
    assert dict(rows.select("file_name", "reason").iter_rows()) == {
        "bunny_720p.mp4": Reason.TAKEN_DOWN.value, "empty.mp4": Reason.EMPTY_FILE.value,
        "three_shots_fades.mp4": None, "passenger_qcif_coarse.mp4": None,
    }  # fmt: skip
    assert rows.filter(pl.col("reason").is_null()).height == 2
