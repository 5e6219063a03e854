"""The journal and its fold into the lake: exactly once, whatever dies when; an undo is a row; leases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from filelock import Timeout

from tests.review.conftest import copy
from tests.review.footage import clip_of, clips, lake_of, tiers_of
from tests.review.sent import QUESTIONS, row
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.plan import Why, due_partitions
from video_assets.lake.schemas import REVIEWS
from video_assets.lake.sheet import SHEET
from video_assets.measurements import measurements
from video_assets.review import journal as module
from video_assets.review.fold import fold, fold_what_waits
from video_assets.review.journal import FILE, Journal, Verdict
from video_assets.takedown.traces import Traces

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def impatient(lake: Lake) -> Lake:
    """The same lake for whoever gives up at once where another has a lock."""
    places = lake.settings.lake.model_copy(update={"lock_timeout_s": 0.05})
    return Lake(lake.settings.model_copy(update={"lake": places}))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def test_a_verdict_that_is_sent_twice_is_one(journal: Journal) -> None:
    said = row(A, "ann", answers={"lighting": 4}, flags=["rights"])
    assert [journal.add(said), journal.add(said)] == [True, False]
    assert journal.last("ann", 5) == [said]
    assert [line["action"] for line in journal.trail(10)] == ["verdict"]


def test_another_verdict_under_the_same_id_is_refused(journal: Journal) -> None:
    said = row(A, "ann")
    journal.add(said)
    for other in (row(A, "bob"), row(B, "ann")):
        with pytest.raises(ValueError, match="Another verdict has this id"):
            journal.add(Verdict(**vars(other) | {"review_id": said.review_id}))


def test_an_undo_is_a_row_and_nothing_is_deleted(journal: Journal) -> None:
    said = row(A, "ann")
    journal.add(said)
    undo = row(A, "ann", None, takes_back=said.review_id)
    assert [journal.add(undo), journal.add(undo)] == [True, False]
    assert journal.last("ann") == []
    assert [v.review_id for v in journal.of_clip(A)] == [said.review_id, undo.review_id]
    assert journal.taken_back_by(undo.review_id) == said
    with pytest.raises(ValueError, match="no such verdict of yours"):
        journal.add(row(A, "ann", None, takes_back=said.review_id))
    with pytest.raises(ValueError, match="no such verdict of yours"):
        journal.add(row(A, "bob", None, takes_back=said.review_id))


def test_neither_a_verdict_nor_the_trail_can_be_changed(journal: Journal) -> None:
    journal.add(row(A, "ann"))
    with closing(sqlite3.connect(journal.path)) as database:
        for change in (
            "UPDATE verdicts SET row = '{}'",
            "UPDATE verdicts SET rater = 'x'",
            "UPDATE audit SET rater = 'x'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                database.execute(change)


def test_a_clip_is_handed_to_nobody_else_until_its_time_is_over(journal: Journal) -> None:
    wanted = [A, B, C]
    assert journal.lease(iter(wanted), "ann", 10, 2, now=0.0) == [A, B]
    assert journal.lease(iter(wanted), "bob", 10, 2, now=0.0) == [C]
    assert journal.lease(iter(wanted), "ann", 10, 2, now=60.0) == [A, B]  # her own, for longer now
    assert journal.lease(iter(wanted), "bob", 10, 2, now=601.0) == [C]
    assert journal.lease(iter(wanted), "bob", 10, 3, now=661.0) == [A, B, C]
    journal.give_back("bob", [B])
    assert journal.lease(iter(wanted), "ann", 10, 3, now=662.0) == [B]
    journal.add(row(B, "ann"))
    assert journal.lease(iter(wanted), "cleo", 10, 3, now=663.0) == [B]
    journal.give_back("bob")
    assert journal.lease(iter(wanted), "ann", 10, 3, now=664.0) == [A, C]


def test_verdicts_are_rows_of_the_lake_tied_to_content(own_lake: Lake) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    clip = clips(own_lake).row(0, named=True)
    said = row(
        clip["clip_id"], "ann", answers={"lighting": 4, "no_clutter": 1}, flags=["rights"], trim_start_pts=10,
        trim_end_pts=90, caption="A caption.", note="A remark.", tier="team/usable", seconds=4.5,
    )  # fmt: skip
    journal.add(said)
    undone = row(clip["clip_id"], "bob", "drop")
    journal.add(undone)
    journal.add(row(clip["clip_id"], "bob", None, takes_back=undone.review_id))
    assert fold(own_lake, journal) == 3
    assert fold(own_lake, journal) == 0
    rows = own_lake.read(REVIEWS)
    assert rows.height == 3
    first = rows.filter(review_id=said.review_id).row(0, named=True)
    assert first["answers"] == [{"question": "lighting", "value": 4.0}, {"question": "no_clutter", "value": 1.0}]
    assert (first["questions"], first["decision"], first["flags"]) == (QUESTIONS.version, "keep", ["rights"])
    assert first["judged_at"].isoformat(timespec="microseconds") == said.judged_at
    assert own_lake.query("SELECT rater FROM current_reviews")["rater"].to_list() == ["ann"]
    together = own_lake.query("SELECT * FROM reviewed_clips").row(0, named=True)
    assert (together["decision"], together["people_keep"], together["raters"], together["flags"]) == (
        "keep",
        True,
        ["ann"],
        ["rights"],
    )
    assert (together["caption"], together["trim_start_pts"], together["trim_end_pts"]) == ("A caption.", 10, 90)
    answers = own_lake.query("SELECT question, value FROM review_answers ORDER BY 1").rows()
    assert answers == [("lighting", 4.0), ("no_clutter", 1.0)]


def test_a_rater_who_judges_again_is_counted_once_and_most_decide(own_lake: Lake) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    for rater, decision in (("ann", "drop"), ("ann", "keep"), ("bob", "drop"), ("cleo", "unsure")):
        journal.add(row(A, rater, decision))
    fold(own_lake, journal)
    chosen = "SELECT ratings, keeps, drops, decision, people_keep FROM reviewed_clips"
    assert own_lake.query(chosen).rows() == [(3, 1, 1, "unsure", None)]
    journal.add(row(A, "dora", "keep"))
    fold(own_lake, journal)
    assert own_lake.query(chosen).rows() == [(4, 2, 1, "keep", True)]


def test_many_parts_are_each_replaced_by_themselves(own_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 3)
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    sent: list[str] = []
    for turn in range(4):
        for _ in range(2):
            said = row(uuid4().hex, "ann")
            journal.add(said)
            sent.append(said.review_id)
        assert fold(own_lake, journal) == 2
        assert sorted(own_lake.read(REVIEWS)["review_id"]) == sorted(sent), turn
    assert own_lake.read(REVIEWS)["part"].n_unique() == 3


DIES = """
import os, sys
from pathlib import Path
from video_assets.lake.lake import Lake
from video_assets.review import fold as module
from video_assets.review.journal import FILE, Journal
from tests.place import Place
from tests.review.footage import lake_of
lake, when = lake_of(Place(Path(sys.argv[1]))), sys.argv[2]
journal = Journal(lake.settings.lake.scratch_path / FILE)
if when == "before the commit":
    lake.commit = lambda *a, **k: os._exit(9)
if when == "after the commit":
    journal.folded = lambda ids: os._exit(9)
if when == "inside the commit":
    import video_assets.lake.lake as inner
    assert hasattr(inner, "_add")
    inner._add = lambda *a, **k: os._exit(9)
module.fold(lake, journal)
"""


@pytest.mark.parametrize("when", ["before the commit", "inside the commit", "after the commit"])
def test_a_fold_that_is_killed_loses_nothing_and_doubles_nothing(filled: object, tmp_path: Path, when: str) -> None:
    from tests.place import Place

    assert isinstance(filled, Place)
    place = copy(filled, tmp_path)
    lake = lake_of(place)
    journal = Journal(lake.settings.lake.scratch_path / FILE)
    first = [row(uuid4().hex, "ann") for _ in range(5)]
    for said in first:
        journal.add(said)
    ended = subprocess.run([sys.executable, "-c", DIES, str(place.folder), when], capture_output=True, text=True)
    assert ended.returncode == 9, ended.stderr
    later = row(uuid4().hex, "bob")
    journal.add(later)
    assert fold_what_waits(lake) == 6
    rows = lake.read(REVIEWS)
    assert sorted(rows["review_id"]) == sorted(v.review_id for v in (*first, later))


WRITES = """
import sys
from pathlib import Path
from tests.review.sent import row
from video_assets.review.journal import Journal
journal = Journal(Path(sys.argv[1]))
while True:
    said = row("a" * 32, "ann")
    journal.add(said)
    print(said.review_id, flush=True)
"""


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(40)]
        writer.kill()
        told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    found = [v.review_id for v in Journal(path).of_clip(A)]
    assert found[: len(told)] == told
    assert len(found) - len(told) in (0, 1)  # one was written and not told any more


def test_of_refusals_the_newest_are_kept_and_of_all_else_everything(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSALS", 3)
    journal.add(row(A, "ann"))
    for number in range(7):
        journal.note_refusal("10.0.0.9", f"refusal {number}")
        journal.note("rater", "ann", "", None, "was bob")
    lines = journal.trail(100)
    assert [line["said"] for line in lines if line["action"] == "refused"] == ["refusal 6", "refusal 5", "refusal 4"]
    assert [line["action"] for line in lines if line["action"] != "refused"] == ["rater"] * 7 + ["verdict"]


def test_a_takedown_leaves_nothing_of_a_clip_and_everything_of_the_others(own_lake: Lake) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    gone, stays = clip_of(own_lake, "plain.mp4"), clip_of(own_lake, "hevc.mp4")
    for clip in (gone, stays):
        journal.add(row(clip, "ann", caption="About it."))
    journal.lease(iter([gone]), "bob", 10, 1)
    traces = Traces([gone])
    assert journal.forget(traces.in_value) == 1
    assert [v.clip_id for v in journal.last("ann", 9)] == [stays]
    assert {line["clip_id"] for line in journal.trail(9)} == {None, stays}
    journal.close()
    assert traces.in_file(journal.path) == 0


def test_a_fold_of_another_process_between_loses_no_verdict(
    filled: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.place import Place

    assert isinstance(filled, Place)
    place = copy(filled, tmp_path)
    mine, other = lake_of(place), impatient(lake_of(place))
    path = mine.settings.lake.scratch_path / FILE
    journal, theirs = Journal(path), Journal(path)
    said = [row(A, "ann"), row(B, "bob")]
    journal.add(said[0])
    inner, came = mine.commit, list[str]()

    def later(*what: Any, **how: Any) -> int:
        if not came:
            came.append("another")
            theirs.add(said[1])
            with suppress(Timeout):  # It waits for this one.
                fold(other, theirs)
        return inner(*what, **how)

    monkeypatch.setattr(mine, "commit", later)
    assert fold(mine, journal) == 1
    fold(other, theirs)
    assert came == ["another"]
    assert sorted(mine.read(REVIEWS)["review_id"]) == sorted(v.review_id for v in said)


def test_a_fold_without_verdicts_waits_for_nobody(own_lake: Lake) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    with own_lake.lock("reviews"):
        assert fold(impatient(own_lake), journal) == 0


def test_a_log_that_a_reader_keeps_from_being_emptied_is_emptied_when_the_reader_is_done(
    own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    journal.add(row(A, "ann"))
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM verdicts").fetchall()
        monkeypatch.setattr("time.sleep", lambda _s: reader.execute("ROLLBACK") if reader.in_transaction else None)
        with closing(Journal(journal.path)) as other:
            other.forget(Traces([A]).in_value)
    assert sum(Traces([A]).in_file(p) for p in journal.path.parent.glob("journal.sqlite*")) == 0


def test_the_sheet_is_due_in_the_batches_alone_whose_clips_somebody_has_judged_since(own_lake: Lake) -> None:
    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    step = Step(own_lake, measurements(own_lake.settings, tiers_of(own_lake)))
    [batch] = own_lake.query("SELECT DISTINCT batch FROM clips")["batch"]
    clip = clips(own_lake)["clip_id"][0]

    def changed() -> list[str]:
        due = due_partitions(step.order, [batch], own_lake.entries(), {})
        return [detail for asset, _, why, detail in due if (asset, why) == (SHEET, Why.STALE)]

    assert changed() == []
    journal.add(row("f" * 32, "ann"))  # of no clip that there is
    assert fold(own_lake, journal) == 1
    assert changed() == []
    said = row(clip, "ann", "drop", answers={"lighting": 4, "no_clutter": 1}, flags=["safety", "rights"])
    for verdict in (said, row(clip, "bob", "drop", answers={"lighting": 1})):
        journal.add(verdict)
        assert fold(own_lake, journal) == 1
        assert changed() == ["reviews changed"]
        write_sheet(step, batch)
        assert changed() == []
    sheet = own_lake.query("SELECT * FROM clip_sheet WHERE clip_id = ?", [clip]).row(0, named=True)
    assert {name: value for name, value in sheet.items() if name.startswith("human_") and value is not None} == {
        "human_verdict": "drop", "human_keep": False, "human_raters": 2, "human_keeps": 0, "human_drops": 2,
        "human_flags": ["rights", "safety"], "human_lighting": 2.5, "human_no_clutter": 1.0,
    }  # fmt: skip
    others = own_lake.query("SELECT DISTINCT human_keep, human_raters FROM clip_sheet WHERE clip_id <> ?", [clip])
    assert others.rows() == [(None, 0)]


def test_verdicts_on_what_was_taken_down_do_not_come_back_by_a_fold(own_lake: Lake) -> None:
    from video_assets.lake.lake import Replacement
    from video_assets.lake.schemas import TOMBSTONES

    journal = Journal(own_lake.settings.lake.scratch_path / FILE)
    for clip in clips(own_lake).head(2).iter_rows(named=True):
        journal.add(Verdict(**vars(row(clip["clip_id"], "ann")) | {"video_id": clip["video_id"]}))
    video = clips(own_lake)["video_id"][0]
    stone = TOMBSTONES.frame(pl.DataFrame({"video_id": [video], "takedown": ["t"]}))
    own_lake.commit([Replacement(TOMBSTONES, [video], stone, by="video_id")], [], message="stone")
    fold(own_lake, journal)
    assert video not in set(own_lake.read(REVIEWS)["video_id"])
