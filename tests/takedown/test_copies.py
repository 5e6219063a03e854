"""Copies of what was taken down: found in the lake by what a file looks like, and refused when they come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.place import Place
from tests.takedown.measured import encode, measure, measure_again, step_in
from video_assets.batches.refused import refusal, taken_down
from video_assets.batches.step import Step
from video_assets.lake.plan import plan as due
from video_assets.media.identity import sha256_of
from video_assets.takedown.admit import admit
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, plan, take_down

ORIGINAL, OTHER = "three_shots_fades.mp4", "passenger_qcif_coarse.mp4"
MEASURED = (
    "decoded_videos",
    "frame_signals",
    "keyframes",
    "shots",
    "clips",
    "motion_scores",
    "copy_checks",
)


@pytest.fixture(scope="module")
def copy(few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the original smaller, brighter, encoded again, and without its first 0.8 s."""
    target = tmp_path_factory.mktemp("copies") / "copy.mp4"
    return encode(
        few_files / ORIGINAL, target, "-vf", "scale=400:-2,eq=brightness=0.05:contrast=1.1", "-crf", "30", start=0.8
    )


@pytest.fixture(scope="module")
def measured(few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a place with the original and something else in one batch; read-only."""
    place = Place(tmp_path_factory.mktemp("measured"))
    footage = place.folder / "footage"
    footage.mkdir()
    for name in (ORIGINAL, OTHER):
        shutil.copy(few_files / name, footage)
    step = step_in(place)
    measure(step, footage)
    assert step.lake.query("SELECT against FROM copy_checks")["against"].to_list() == [0, 0]
    step.lake.close()
    place.home.mkdir()
    return place


@pytest.fixture
def step(measured: Place, here: Place) -> Step:
    return step_in(measured.copy(here.folder))


def rows_of(step: Step, video: str) -> dict[str, int]:
    return {t: step.lake.query(f"SELECT count(*) FROM {t} WHERE video_id = ?", [video]).item() for t in MEASURED}


def test_a_file_finds_its_copies_in_the_lake_and_says_how_surely(step: Step, copy: Path) -> None:
    planned = plan(step, Request("like", str(copy)))
    original = step.lake.query("SELECT video_id, sha256 FROM raw_videos WHERE file_name = ?", [ORIGINAL]).row(0)
    assert planned.videos == [original]
    assert planned.like
    found = planned.like.found
    assert [a.video for a in found] == [original] * len(found)
    assert len(found) >= 2
    assert all(a.copy.score >= 0.85 and 3 < a.copy.seconds < 8 for a in found)
    assert planned.reach.counts["sources"] == 1
    receipt = take_down(step, planned, Records(None))
    assert receipt.hits == 0
    # The file's own bytes and clips are known too, though they never were in the lake.
    assert step.lake.query("SELECT count(*) FROM tombstones").item() == 2
    assert (
        step.lake.query("SELECT count(*) FROM tombstone_clips").item()
        == 3 + planned.like.clips["copy_signature"].count()
    )
    with pytest.raises(ValueError, match="Nothing in the lake looks like"):
        plan(step, Request("like", str(copy)))


def test_a_copy_is_refused_and_nothing_of_it_stays_and_its_bytes_are_known(
    step: Step, copy: Path, few_files: Path, here: Place
) -> None:
    take_down(step, plan(step, Request("file", ORIGINAL)), Records(None))
    folder = here.folder / "more"
    folder.mkdir()
    shutil.copy(copy, folder)
    encode(few_files / "bunny_720p.mp4", folder / "other.mp4", "-vf", "scale=320:-2")
    batch = measure(step, folder)
    sql = "SELECT file_name, video_id, sha256, reason, message FROM raw_videos WHERE batch = ? ORDER BY file_name"
    [(_, video, sha256, reason, message), (_, other, _, no_reason, _)] = step.lake.query(sql, [batch]).rows()
    assert (reason, no_reason) == ("taken_down_copy", None)
    assert message.startswith("Looks like what was removed on request on 20")
    assert set(rows_of(step, video).values()) == {0}
    assert min(rows_of(step, other).values()) > 0
    [(compared, against, cosine)] = step.lake.query(
        "SELECT clips, against, cosine FROM copy_checks WHERE video_id = ?", [other]
    ).rows()
    # It shows a scene that the original has too, and is none of its clips.
    assert (compared, against, 0.5 < cosine < 0.99) == (1, 3, True)
    measured = {asset: m for asset, m in step.order.items() if asset in MEASURED}
    assert due(step.lake, measured, [batch]) == []
    # The same bytes are known without being opened.
    assert refusal(sha256, taken_down(step.lake))["reason"] == "taken_down_copy"
    # It is no copy, a person says: then it enters, and is not compared again.
    assert admit(step, sha256[:8]) == 1
    measure_again(step, batch)
    assert min(rows_of(step, video).values()) > 0
    with pytest.raises(ValueError, match="It was taken down itself"):
        admit(step, sha256_of(few_files / ORIGINAL))
