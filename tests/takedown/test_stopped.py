"""Takedowns that end before they are done: killed between two steps, or held on purpose."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.commands import answer, refusal
from tests.place import Place
from tests.takedown.rows import clip_of, commit_clips, commit_release, digest
from video_assets.assets.common import order
from video_assets.batches.duplicates import group_duplicates
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.lake.again import RETRY
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CLIPS, RAW_VIDEOS, RELEASE_CLIPS, TOMBSTONE_CLIPS, TOMBSTONES
from video_assets.takedown.call_off import call_off
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, carry_out, plan, take_down
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import Work, unfinished

GONE, NEAR, ALONE = "gone with all", "near to it", "alone by itself"
STEPS = (
    "Noting what is to be done", "Refusing the content from now on", "Removing rows", "Making groups anew",
    "Withdrawing from releases", "Removing pictures", "Overwriting shards", "Removing scratch", "Forgetting older versions",
    "Mending the catalog", "Purging old versions of objects", "Reading everything that is left", "Opening the catalog again", "Writing the receipt",
    "Forgetting what was to be done",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a lake of three videos in a batch each, two of them near-duplicates, all in a release with a shard; read-only."""
    place = Place(tmp_path_factory.mktemp("made"))
    place.home.mkdir()
    lake = place.quick_lake()
    step = Step(lake, order())
    commit_clips(lake, step, GONE, [], 300)
    commit_clips(lake, step, NEAR, [(NEAR, GONE)], 200)
    commit_clips(lake, step, ALONE, [], 100)
    for make in (group_duplicates, write_sheet):
        for batch in ("batch-gone", "batch-near", "batch-alone"):
            make(step, batch)
    commit_release(lake, "r1", [GONE, NEAR, ALONE])
    lake.close()
    return place


@pytest.fixture
def lake(made: Place, here: Place) -> Lake:
    """Give a copy of it."""
    return made.copy(here.folder).lake()


def hits(lake: Lake) -> list[str]:
    """Where something is found of it but its hash, by other means than the takedown's."""
    lake.close()
    traces = Traces({GONE, clip_of(GONE), f"{GONE}.mp4"})
    return [p.name for p in files_in(Path(lake.settings.lake.root)) if traces.in_file(p)]


def assert_done_once(lake: Lake) -> None:
    assert hits(lake) == []
    assert unfinished(lake.settings.lake) == []
    assert lake.query("SELECT state FROM takedowns").rows() == [("done",)]
    assert lake.query("SELECT video_id FROM tombstones").rows() == [(digest(GONE)[:32],)]
    assert lake.query("SELECT n, len(copy_signature) FROM tombstone_clips").rows() == [(0, 2)]
    for table, column in (("raw_videos", "holder"), ("source_files", "holder"), ("release_clips", "holder")):
        found = lake.query(f"SELECT {column} FROM {table} ORDER BY ALL")[column].to_list()
        assert found == sorted([NEAR, ALONE]), table
    assert lake.query("SELECT clip_id FROM clips ORDER BY 1")["clip_id"].to_list() == sorted(
        map(clip_of, (NEAR, ALONE))
    )
    for table in ("clip_sheet", "duplicate_groups"):
        rows = lake.query(f"SELECT DISTINCT duplicate_of FROM {table}").rows()
        assert rows == [(None,)], table
    assert lake.query("SELECT state, clips FROM releases").rows() == [("withdrawn_in_part", 2)]
    folder = Path(lake.settings.lake.root)
    data = (folder / "releases" / "r1" / "shards" / "0.tar").read_bytes()
    assert (data.count(GONE.encode()), data.count(NEAR.encode())) == (0, 101)
    assert sorted(p.suffix for p in (folder / "takedowns").iterdir()) == [".json", ".md"]
    made = lake.made()
    assert {b: made["clips", b]["rows"] for b in ("batch-gone", "batch-near", "batch-alone")} == {
        "batch-gone": 0, "batch-near": 1, "batch-alone": 1,
    }  # fmt: skip


class StoppedError(Exception):
    """Stands for whatever ends a process."""


@pytest.mark.long
def test_one_that_is_stopped_before_each_step_in_turn_is_finished_and_nothing_is_there_twice(lake: Lake) -> None:
    step, seen = Step(lake, order()), []

    def go_on_until(wanted: str) -> None:
        def say(what: str) -> None:
            if what == wanted:
                raise StoppedError(what)
            seen.append(what)

        if begun := unfinished(lake.settings.lake):
            carry_out(step, begun[0], Records(None), say)
        else:
            take_down(step, plan(step, Request("holder", GONE)), Records(None), say)

    for wanted in STEPS:
        with pytest.raises(StoppedError):
            go_on_until(wanted)
    [work] = unfinished(lake.settings.lake)
    receipt = carry_out(step, work, Records(None), seen.append)
    assert receipt.hits == 0
    assert set(seen) == set(STEPS)
    assert receipt.still_to_do == ("Write the documents of the release r1 again: 'video-assets documents r1'.",)
    assert_done_once(lake)


def test_what_was_committed_after_the_first_look_goes_too(lake: Lake) -> None:
    step, clips = Step(lake, order()), lake.read(CLIPS, ["batch-gone"])
    lake.commit([Replacement(CLIPS, ["batch-gone"], CLIPS.empty())], [], message="out")
    planned = plan(step, Request("holder", GONE))
    assert "clips" not in planned.reach.rows
    lake.commit([Replacement(CLIPS, ["batch-gone"], clips)], [], message="back")
    assert take_down(step, planned, Records(None)).hits == 0
    assert_done_once(lake)


KILLED = """
import os, signal, sys
from video_assets.assets.common import order
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CLIPS
from video_assets.settings import settings
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, plan, take_down
step = Step(Lake(settings()), order())
def say(what):
    if what == "Making groups anew":
        os.kill(os.getpid(), signal.SIGKILL)
take_down(step, plan(step, Request("holder", sys.argv[1])), Records(None), say)
"""


def test_the_same_command_finishes_what_was_killed(lake: Lake, here: Place) -> None:
    lake.close()
    killed = subprocess.run([sys.executable, "-c", KILLED, GONE], cwd=here.folder, env=here.environment(), check=False)
    assert killed.returncode == -9
    printed = answer("takedown", "--holder", GONE, "--yes")
    assert printed.startswith("A takedown was stopped, or left something; it is finished first.")
    assert_done_once(lake)
    assert "No footage has this holder" in refusal("takedown", "--holder", GONE, "--yes")


def test_what_is_held_is_out_of_everything_at_once_and_destroyed_afterwards(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, folder = Step(lake, order()), Path(lake.settings.lake.root)
    version = lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item()
    shard = (folder / "releases" / "r1" / "shards" / "0.tar").read_bytes()
    receipt = take_down(step, plan(step, Request("holder", GONE)), Records(None), hold=timedelta(days=14))
    assert receipt.held_until == receipt.asked_at + timedelta(days=14)
    text = (folder / f"{receipt.path}.md").read_text()
    assert f"are held until {receipt.held_until:%Y-%m-%d %H:%M} UTC**" in text
    # Whatever answers has it no more.
    assert lake.query("SELECT count(*) FROM clip_sheet WHERE clip_id = ?", [clip_of(GONE)]).item() == 0
    assert pl.read_parquet(folder / "releases" / "r1" / "manifest.parquet")["holder"].to_list() == [NEAR, ALONE]
    assert not list((folder / "releases" / "r1" / "documents").iterdir())
    assert lake.query("SELECT state, held_until FROM takedowns").rows() == [("held", receipt.held_until)]
    assert lake.query("SELECT video_id FROM tombstones")["video_id"].to_list() == [digest(GONE)[:32]]
    # What cannot be undone was not done.
    assert (folder / "releases" / "r1" / "shards" / "0.tar").read_bytes() == shard
    old = f"SELECT holder FROM raw_videos AT (VERSION => {version}) WHERE holder = ?"
    assert lake.query(old, [GONE]).height == 1
    assert "is held until" in answer("takedown", "--finish")
    assert lake.query(old, [GONE]).height == 1
    monkeypatch.setattr(Work, "waits", lambda _self, _now: False)
    answer("takedown", "--finish")
    assert_done_once(lake)
    said = json.loads((folder / f"{receipt.path}.json").read_text())
    assert (said["held_until"], said["hits"]) == (receipt.held_until.isoformat(), 0)
    assert "were held until" in (folder / f"{receipt.path}.md").read_text()


def come_again(step: Step) -> None:
    """Let the same bytes come, and be refused."""
    came = {
        "video_id": digest(GONE)[:32],
        "sha256": digest(GONE),
        "reason": "taken_down",
        "content": "x",
        "uri": "/x.mp4",
    }
    rows = RAW_VIDEOS.frame(pl.DataFrame([came]), batch="batch-new", version=step.version("raw_videos"))
    step.lake.commit([Replacement(RAW_VIDEOS, ["batch-new"], rows)], [], message="came")


def test_what_is_held_can_be_called_off_and_is_refused_no_more(lake: Lake) -> None:
    step, folder = Step(lake, order()), Path(lake.settings.lake.root)
    shard = (folder / "releases" / "r1" / "shards" / "0.tar").read_bytes()
    clips = lake.read(RELEASE_CLIPS)
    receipt = take_down(step, plan(step, Request("holder", GONE)), Records(None), hold=timedelta(days=14))
    assert lake.read(RELEASE_CLIPS).height == 2
    come_again(step)
    assert "None of the takedowns that wait here" in refusal("takedown", "--cancel", "zzz")
    printed = answer("takedown", "--cancel", receipt.takedown[:6])
    assert "is called off: it is refused no more" in printed
    assert lake.query("SELECT state FROM takedowns").rows() == [("called_off",)]
    assert [lake.read(table).height for table in (TOMBSTONES, TOMBSTONE_CLIPS)] == [0, 0]
    assert lake.read(RELEASE_CLIPS).sort("clip_id").equals(clips.sort("clip_id"))
    assert set(pl.read_parquet(folder / "releases" / "r1" / "manifest.parquet")["holder"]) == {GONE, NEAR, ALONE}
    assert (folder / "releases" / "r1" / "shards" / "0.tar").read_bytes() == shard
    assert lake.query("SELECT version FROM raw_videos WHERE batch = 'batch-new'").item() == RETRY
    assert "**Called off on" in (folder / f"{receipt.path}.md").read_text()
    assert unfinished(lake.settings.lake) == []
    assert "No takedown was stopped or held" in refusal("takedown", "--finish")


def test_one_that_is_stopped_while_it_is_called_off_is_never_carried_out(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step(lake, order())
    receipt = take_down(step, plan(step, Request("holder", GONE)), Records(None), hold=timedelta(days=14))
    [work] = unfinished(lake.settings.lake)

    def stop(*_: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr("video_assets.takedown.call_off.conclude", stop)
        with pytest.raises(StoppedError):
            call_off(step, work)
    monkeypatch.setattr(Work, "waits", lambda _self, _now: False)
    assert "No takedown was stopped or held" in refusal("takedown", "--finish")
    assert lake.query("SELECT state FROM takedowns").rows() == [("called_off",)]
    assert lake.read(RELEASE_CLIPS).height == 3
    assert "**Called off on" in Path(lake.settings.lake.root, f"{receipt.path}.md").read_text()


def test_what_was_destroyed_or_is_meant_by_another_cannot_be_called_off(lake: Lake) -> None:
    step = Step(lake, order())
    take_down(step, plan(step, Request("holder", GONE)), Records(None), hold=timedelta(days=14))
    [work] = unfinished(lake.settings.lake)
    come_again(step)
    other = take_down(step, plan(step, Request("hash", digest(GONE))), Records(None), hold=timedelta(days=1))
    with pytest.raises(ValueError, match=f"{other.takedown} means some of the same footage"):
        call_off(step, work)
    assert lake.read(TOMBSTONES).height == 1
    carry_out(step, replace(work, held_until=None), Records(None))
    with pytest.raises(ValueError, match="is not held"):
        call_off(step, work)
