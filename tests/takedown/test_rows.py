"""Rows out of a lake filled by hand, wherever a name stands: as minimum, as maximum, between, and inside the catalog."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.place import Place
from tests.takedown.rows import HOLDERS, NOW, commit_clips, commit_videos, digest
from video_assets.assets.common import order
from video_assets.batches.duplicates import group_duplicates
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import (
    DUPLICATE_GROUPS,
    FAILED_ATTEMPTS,
    RAW_VIDEOS,
    SOURCE_FILES,
)
from video_assets.takedown import catalog
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, carry_out, plan, take_down
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import unfinished

BEST = "best of all"


@pytest.fixture
def lake(here: Place) -> Lake:
    """Give a lake of many videos, taken in twice, with an attempt that failed at the file of each of three."""
    lake = here.quick_lake()
    others = [f"{letter} other {number}" for letter in "BNY" for number in range(400)]
    for _ in range(2):
        commit_videos(lake, "b", sorted([*others, *HOLDERS]))
    failed = [
        {"asset": f"asset {n}", "batch": "b", "message": f"/footage/{name}.mp4 broke", "inputs": "{}"}
        for n, name in enumerate((*HOLDERS, others[0]))
    ]
    rows = FAILED_ATTEMPTS.frame(pl.DataFrame(failed), version="1", passing=False, failed_at=NOW)
    lake.commit([Replacement(FAILED_ATTEMPTS, ["b"], rows)], [], message="some")
    return lake


def files_with(lake: Lake, *texts: str) -> list[str]:
    traces = Traces(texts)
    return [p.name for p in files_in(Path(lake.settings.lake.root)) if traces.in_file(p)]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_name_is_nowhere_after_its_takedown_wherever_it_stood_in_its_column(lake: Lake, holder: str) -> None:
    step, sha256 = Step(lake, order()), digest(holder)
    before = {t.name: lake.read(t) for t in (RAW_VIDEOS, SOURCE_FILES, FAILED_ATTEMPTS)}
    assert "catalog.sqlite" in files_with(lake, f"{holder}.mp4")
    receipt = take_down(step, plan(step, Request("holder", holder.upper())), Records(None))
    assert (receipt.hits, receipt.rows) == (0, {"source_files": 1, "raw_videos": 1, "failed_attempts": 1})
    lake.close()
    assert files_with(lake, holder, f"{holder}.mp4", f"/footage/{holder}.mp4") == []
    for table in (RAW_VIDEOS, SOURCE_FILES, FAILED_ATTEMPTS):
        gone = pl.any_horizontal(pl.col(pl.String).str.contains(f"{holder}|{sha256}").fill_null(value=False))
        left = before[table.name].filter(~gone)
        assert lake.read(table).equals(left), table.name
        assert left.height == before[table.name].height - 1
    assert lake.query("SELECT min(holder), max(holder) FROM raw_videos").rows() == [
        (min(rest := [n for n in before["raw_videos"]["holder"] if n != holder]), max(rest))
    ]
    assert lake.query("SELECT count(*) FROM raw_videos WHERE holder = ?", [rest[0]]).item() == 1
    assert lake.query("SELECT sha256 FROM tombstones")["sha256"].to_list() == [sha256]
    assert lake.query("SELECT state, asked_by, receipt FROM takedowns").rows() == [
        ("done", "holder", f"{receipt.path}.json")
    ]


def test_what_is_left_is_told_and_can_be_finished(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(lake, order())
    with monkeypatch.context() as patched:
        patched.setattr(catalog, "mend", lambda _path: None)
        receipt = take_down(step, plan(step, Request("file", f"{HOLDERS[0]}.mp4")), Records(None))
    assert receipt.hits > 0
    assert [look.at for look in receipt.looked if look.hits] == ["catalog"]
    assert lake.query("SELECT state FROM takedowns").item() == "incomplete"
    [work] = unfinished(lake.settings.lake)
    assert carry_out(step, work, Records(None)).hits == 0
    assert unfinished(lake.settings.lake) == []
    assert lake.query("SELECT state FROM takedowns").rows() == [("done",)]
    lake.close()
    assert files_with(lake, *work.marks.names) == []


READER = """
import sys
import duckdb
from video_assets.lake import catalog
from video_assets.settings import settings
lake = catalog.connect(settings().lake, None, read_only=True)
lake.execute("BEGIN")
ask = "SELECT count(*), max(holder) FROM raw_videos WHERE holder LIKE 'ZZZ%'"
print(lake.execute(ask).fetchall()[0], flush=True)
sys.stdin.readline()
try:
    print(lake.execute(ask).fetchall()[0], flush=True)
except duckdb.IOException as error:
    print("No such file" in str(error), flush=True)
lake.execute("ROLLBACK")
print(lake.execute(ask).fetchall()[0], flush=True)
sys.stdin.readline()
"""


def test_a_reader_in_a_transaction_keeps_old_pages_which_is_told_and_finished_after_it(lake: Lake, here: Place) -> None:
    lake.close()
    with subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=here.environment(),
        cwd=here.folder,
    ) as reader:  # fmt: skip
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == f"(1, '{HOLDERS[2]}')\n"
        step = Step(lake, order())
        receipt = take_down(step, plan(step, Request("holder", HOLDERS[1])), Records(None))
        assert [look.at for look in receipt.looked if look.hits] == ["catalog"]
        reader.stdin.write("\n")
        reader.stdin.flush()
        # The version that it reads has lost its files, which it is told: no wrong answer.
        assert [reader.stdout.readline(), reader.stdout.readline()] == ["True\n", f"(1, '{HOLDERS[2]}')\n"]
        lake.close()
        [work] = unfinished(lake.settings.lake)
        assert carry_out(step, work, Records(None)).hits == 0
        reader.stdin.write("\n")
    assert reader.returncode == 0


def test_a_domain_takes_what_is_under_it_and_an_address_that_one_alone(lake: Lake) -> None:
    step = Step(lake, order())
    assert len(plan(step, Request("domain", "MMM.example")).videos) == 1
    assert len(plan(step, Request("domain", "example")).videos) == 1203
    assert len(plan(step, Request("url", "https://B.example/x/")).videos) == 400
    with pytest.raises(ValueError, match="No footage has this url"):
        plan(step, Request("url", "https://MMM.example/"))


def test_a_name_that_other_footage_has_too_is_not_looked_for(lake: Lake) -> None:
    commit_videos(lake, "c", ["one", "two"], holder="a holder of two")
    planned = plan(Step(lake, order()), Request("file", "one.mp4"))
    assert ("a holder of two" in planned.marks.names, planned.marks.shared) == (False, 1)
    assert "/footage/one.mp4" in planned.marks.names


def test_groups_of_other_batches_are_made_anew_without_the_best_clip_that_went(here: Place) -> None:
    lake = here.quick_lake()
    step = Step(lake, order())
    commit_clips(lake, step, BEST, [], 300)
    commit_clips(lake, step, "second", [("second", BEST)], 200)
    commit_clips(lake, step, "third", [("third", BEST), ("third", "second")], 100)
    commit_clips(lake, step, "alone", [], 100)
    batches = [f"batch-{name.split()[0]}" for name in (BEST, "second", "third", "alone")]
    for batch in batches:
        group_duplicates(step, batch)
    for batch in batches:
        write_sheet(step, batch)
    clip = {name: digest(f"clip {name}")[:32] for name in (BEST, "second", "third", "alone")}
    groups = dict(lake.query("SELECT clip_id, duplicate_of FROM duplicate_groups").iter_rows())
    assert groups == {
        clip[BEST]: None,
        clip["second"]: clip[BEST],
        clip["third"]: clip[BEST],
        clip["alone"]: None,
    }
    alone = lake.made()["clip_sheet", "batch-alone"]
    receipt = take_down(step, plan(step, Request("hash", digest(BEST)[:10])), Records(None))
    assert (receipt.hits, list(receipt.due)) == (0, ["batch-second", "batch-third"])
    groups = dict(lake.query("SELECT clip_id, duplicate_of FROM duplicate_groups").iter_rows())
    assert groups == {clip["second"]: None, clip["third"]: clip["second"], clip["alone"]: None}
    sheet = dict(lake.query("SELECT clip_id, duplicate_of FROM clip_sheet").iter_rows())
    assert sheet == groups
    assert lake.query("SELECT clip_id, other_id FROM near_duplicates").rows() == [(clip["third"], clip["second"])]
    assert lake.made()["clip_sheet", "batch-alone"] == alone
    assert lake.read(DUPLICATE_GROUPS, ["batch-best"]).is_empty()
    lake.close()
    assert files_with(lake, clip[BEST]) == []
