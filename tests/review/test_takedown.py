"""A takedown of footage that people have judged: nothing of it is left in the journal, in the lake or among what was encoded."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

from tests.commands import answer
from tests.conftest import forget_settings
from tests.place import Place
from tests.review.footage import clip_of, tiers_of
from tests.review.sent import row
from tests.review.test_journal import impatient
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import REVIEWS
from video_assets.measurements import measurements
from video_assets.review.copies import FOLDER as COPIES
from video_assets.review.encoded import Encoded
from video_assets.review.fold import fold, fold_what_waits
from video_assets.review.journal import FILE, Journal, Verdict, forget
from video_assets.review.server import Review
from video_assets.takedown import files
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, plan, take_down
from video_assets.takedown.traces import Traces, files_in


def test_a_takedown_waits_for_the_fold_that_has_read_its_verdicts_already(
    own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, journal = clip_of(own_lake, "hevc.mp4"), Journal(own_lake.settings.lake.scratch_path / FILE)
    [video] = own_lake.query("SELECT video_id FROM clips WHERE clip_id = ?", [gone])["video_id"]
    journal.add(Verdict(**vars(row(gone, "ann")) | {"video_id": video}))
    other = impatient(own_lake)
    step = Step(other, measurements(other.settings, tiers_of(other)))
    inner, came = own_lake.commit, list[str]()

    def later(*what: Any, **how: Any) -> int:
        if not came:
            came.append("a takedown")
            with suppress(Timeout):
                take_down(step, plan(step, Request("file", "hevc.mp4")), Records(None))
        return inner(*what, **how)

    monkeypatch.setattr(own_lake, "commit", later)
    assert fold(own_lake, journal) == 1
    assert own_lake.read(REVIEWS).height == 1
    receipt = take_down(step, plan(step, Request("file", "hevc.mp4")), Records(None))
    assert receipt.hits == 0
    assert came == ["a takedown"]
    assert own_lake.read(REVIEWS).is_empty()
    assert journal.last("ann") == []


def test_a_takedown_leaves_the_journal_of_a_server_that_writes_of_the_clip_again(
    own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = clip_of(own_lake, "hevc.mp4"), clip_of(own_lake, "dts.avi")
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    journal.add(row(gone, "ann"))
    inode = journal.path.stat().st_ino
    calls: list[int] = []

    def then_leased(scratch: Path, concerned: Any) -> int:
        calls.append(forget(scratch, concerned))
        if len(calls) < 3:  # The server's queue has the clip still.
            journal.lease(iter([gone]), "bob", 10, 1)
        return calls[-1]

    monkeypatch.setattr(files, "forget", then_leased)
    traces = Traces([gone])
    assert files.clear_scratch(own_lake, [], traces) == 1
    assert calls == [1, 0, 0]
    said = row(stays, "ann")
    journal.add(said)
    assert journal.path.stat().st_ino == inode
    assert Journal(journal.path).last("ann", 9) == [said]
    assert sum(traces.in_file(p) for p in files_in(journal.path.parent)) == 0


def test_what_a_journal_will_not_forget_is_told_and_the_journal_stays(
    own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, journal = clip_of(own_lake, "hevc.mp4"), Journal(own_lake.settings.lake.scratch_path / FILE)

    def leased_again(scratch: Path, concerned: Any) -> int:
        found = forget(scratch, concerned)
        journal.lease(iter([gone]), "bob", 10, 1)
        return found

    monkeypatch.setattr(files, "forget", leased_again)
    step = Step(own_lake, measurements(own_lake.settings, tiers_of(own_lake)))
    receipt = take_down(step, plan(step, Request("file", "hevc.mp4")), Records(None))
    assert receipt.hits > 0
    [scratch] = [looked for looked in receipt.looked if looked.at == "scratch"]
    assert {Path(where).name.removesuffix("-wal") for where in scratch.where} == {journal.path.name}
    assert journal.lease(iter([gone]), "bob", 10, 1) == [gone]


def test_verdicts_and_encoded_clips_go_with_the_footage_and_others_stay(
    own_lake: Lake, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", own_lake.settings.lake.root)
    forget_settings()
    gone, stays = clip_of(own_lake, "hevc.mp4"), clip_of(own_lake, "dts.avi")
    review = Review(own_lake, {}, "ann")
    journal, encoded = review.journal, Encoded(own_lake)
    known = [clip for clip_id in (gone, stays) if (clip := review.clip(clip_id))]
    for clip in known:
        encoded.file(clip.clip_id)
        journal.add(row(clip, "ann", caption="Said before."))
    assert fold(own_lake, journal) == 2
    for clip in known:
        journal.add(row(clip, "bob", note="Not in the lake yet."))
    review.asking.close()
    journal.close()
    video = own_lake.query("SELECT video_id FROM raw_videos WHERE file_name = 'hevc.mp4'").item()
    own_lake.close()
    printed = answer("takedown", "--file", "hevc.mp4", "--yes")
    assert printed.splitlines()[-1].startswith("Everything was read, and nothing of it is left")
    lake = Lake(own_lake.settings)
    assert set(lake.read(REVIEWS)["clip_id"]) == {stays}
    assert fold_what_waits(lake) == 1
    assert lake.query("SELECT rater FROM current_reviews ORDER BY 1")["rater"].to_list() == ["ann", "bob"]
    assert set(lake.read(REVIEWS)["clip_id"]) == {stays}
    traces = Traces([gone, video])
    left = {
        p.name: n
        for p in files_in(lake.settings.lake.scratch_path)
        if (n := traces.in_file(p) + traces.in_bytes(str(p).encode()))
    }
    assert left == {}
    assert list(lake.settings.lake.scratch_path.glob(f"{COPIES}/*.duckdb")) == []
    assert [v.clip_id for v in Journal(lake.settings.lake.scratch_path / FILE).last("bob", 9)] == [stays]
    assert len(list((lake.settings.lake.scratch_path / "review" / "clips").rglob("*.mp4"))) == 1
