"""Commits: whole batches, several tables at once, and what a snapshot says about itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from tests.lake.rows import clips, commit_shots, counts, outcomes, shots, snapshots
from tests.servers.stored import each_way
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, SHOTS, TIER_OUTCOMES

pytestmark = each_way


def content_of(lake: Lake, path: str) -> bytes:
    copy = lake.files.fetch(path)
    assert copy
    return copy.read_bytes()


def files(lake: Lake, folder: str) -> list[str]:
    """The paths of the files in a folder of the lake's."""
    return sorted(lake.files.listed(f"data/{folder}"))


def test_a_commit_replaces_its_batch_and_leaves_the_others(lake: Lake) -> None:
    commit_shots(lake, "replaced", 5, "1")
    commit_shots(lake, "left", 4, "1")
    commit_shots(lake, "replaced", 3, "2")
    assert counts(lake, "shots", "replaced", "left") == {"left": ("1", 4), "replaced": ("2", 3)}
    assert lake.read(SHOTS, ["replaced"]).equals(shots("replaced", 3, "2"))


def test_an_older_version_of_the_lake_can_still_be_read(lake: Lake) -> None:
    first, second = commit_shots(lake, "history", 5, "1"), commit_shots(lake, "history", 3, "2")
    assert counts(lake, "shots", "history", at=first - 1) == {}
    assert counts(lake, "shots", "history", at=first) == {"history": ("1", 5)}
    assert counts(lake, "shots", "history", at=second) == {"history": ("2", 3)}


def test_several_tables_become_visible_in_one_snapshot(lake: Lake) -> None:
    before = snapshots(lake)
    replacements = [
        Replacement(SHOTS, ["both"], shots("both", 2)),
        Replacement(CLIPS, ["both"], clips("both", 7)),
    ]
    snapshot = lake.commit(replacements, [Made("shots", "both", "1", "d", {}, 2)], message="both")
    assert snapshots(lake) == before + 1
    for table, rows in (("shots", 2), ("clips", 7)):
        assert counts(lake, table, "both", at=snapshot - 1) == {}
        assert counts(lake, table, "both", at=snapshot) == {"both": ("1", rows)}


def test_a_snapshot_says_who_made_it_what_it_is_and_in_which_run(lake: Lake) -> None:
    made = [Made(asset, "told", "1", "d", {}, 0) for asset in ("shots", "clips")]
    snapshot = lake.commit([], made, message="someone's batch", run_id="run-7", author="ingest")
    (row,) = lake.query(
        "SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = ?",
        [snapshot],
    ).iter_rows()
    assert row[:2] == ("ingest", "someone's batch")
    assert json.loads(row[2]) == {"run_id": "run-7", "assets": ["clips", "shots"]}


def test_an_empty_frame_removes_the_batch(lake: Lake) -> None:
    commit_shots(lake, "emptied", 5)
    commit_shots(lake, "emptied", 0)
    assert counts(lake, "shots", "emptied") == {}
    assert lake.read(SHOTS, ["emptied"]).equals(SHOTS.empty())


def test_a_condition_narrows_what_is_replaced_to_one_tier(lake: Lake) -> None:
    for tier, version in (("a/720p", "1"), ("b/720p", "1"), ("a/720p", "2")):
        rows = outcomes(tier, ["tiered"], version)
        lake.commit([Replacement(TIER_OUTCOMES, ["tiered"], rows, {"tier": tier})], [], message=tier)
    found = lake.query(
        "SELECT tier, version, count(*) FROM tier_outcomes WHERE batch = 'tiered' GROUP BY ALL ORDER BY 1"
    )
    assert found.rows() == [("a/720p", "2", 3), ("b/720p", "1", 3)]


def test_many_batches_in_one_file_can_be_replaced_one_at_a_time(lake: Lake) -> None:
    batches = [f"many-{i}" for i in range(5)]
    for of, version in ((batches, "1"), (batches[1:2], "2")):
        replacement = Replacement(TIER_OUTCOMES, of, outcomes("a/1080p", of, version), {"tier": "a/1080p"})
        lake.commit([replacement], [], message="many")
    assert len(files(lake, "tier_outcomes/batches")) == 1
    expected = {b: ("2" if b == batches[1] else "1", 3) for b in batches}
    assert counts(lake, "tier_outcomes", *batches) == expected


def test_a_finished_file_is_taken_over(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "finished.parquet"
    shots("file", 6).write_parquet(path)
    lake.commit([Replacement(SHOTS, ["file"], path)], [], message="file")
    assert not path.exists()
    assert lake.read(SHOTS, ["file"]).equals(shots("file", 6))


def test_a_commit_that_fails_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    commit_shots(lake, "kept", 5, "1")
    path = tmp_path / "other.parquet"
    pl.DataFrame({"unheard_of": [1]}).write_parquet(path)
    replacements = [Replacement(CLIPS, ["kept"], clips("kept", 2)), Replacement(SHOTS, ["kept"], path)]
    before = snapshots(lake)
    with pytest.raises(Exception, match="unheard_of"):
        lake.commit(replacements, [Made("shots", "kept", "2", "d", {}, 1)], message="bad")
    assert snapshots(lake) == before
    assert counts(lake, "shots", "kept") == {"kept": ("1", 5)}
    assert counts(lake, "clips", "kept") == {}
    assert lake.made(["kept"])["shots", "kept"]["version"] == "1"
    commit_shots(lake, "kept", 4, "2")
    assert counts(lake, "shots", "kept") == {"kept": ("2", 4)}


def test_the_ledger_says_what_each_batch_was_made_from_and_what_it_cost(lake: Lake) -> None:
    for data_version in ("old", "new"):
        made = Made("clips", "noted", "3", data_version, {"shots": "s", "raw_videos": "r"}, 12, 2, 60.0, 1.5)
        lake.commit([], [made], message="noted", run_id="run-9")
    ((key, entry),) = lake.made(["noted"]).items()
    assert key == ("clips", "noted")
    assert {k: v for k, v in entry.items() if k != "made_at"} == {
        "asset": "clips", "batch": "noted", "version": "3", "data_version": "new",
        "inputs": {"shots": "s", "raw_videos": "r"}, "rows": 12, "failures": 2, "footage_seconds": 60.0,
        "compute_seconds": 1.5, "gpu_seconds": None, "kept": None, "undecided": None, "kept_seconds": None,
        "run_id": "run-9",
    }  # fmt: skip


def test_the_ledger_lives_in_the_catalog_and_makes_no_small_files(lake: Lake) -> None:
    for i in range(5):
        commit_shots(lake, "ledger", i + 1)
    batches = [f"ledger-{i}" for i in range(500)]
    before = snapshots(lake)
    for version in ("1", "2"):
        lake.commit([], [Made("tiers/x", b, version, "d", {}, 0) for b in batches], message="re-tiered")
    assert snapshots(lake) == before + 2
    entries = lake.made(batches)
    assert [e["version"] for e in entries.values()] == ["2"] * 500
    assert files(lake, "main/materializations") == []


def test_each_commit_writes_one_file_a_table_and_never_touches_an_older_one(lake: Lake) -> None:
    commit_shots(lake, "immutable", 5, "1")
    (first,) = files(lake, "shots/batch=immutable")
    content = content_of(lake, first)
    commit_shots(lake, "immutable", 5, "2")
    assert len(files(lake, "shots/batch=immutable")) == 2
    assert content_of(lake, first) == content


def test_rows_come_in_key_order_with_the_columns_that_are_asked_for(lake: Lake) -> None:
    lake.commit([Replacement(SHOTS, ["order"], shots("order", 20)[::-1])], [], message="backwards")
    rows = lake.read(SHOTS, ["order"], ["shot", "video_id"])
    assert rows.schema == {"shot": pl.Int32, "video_id": pl.String}
    assert rows["shot"].to_list() == list(range(20))


def test_threads_of_one_process_commit_at_once_and_nothing_is_lost(lake: Lake) -> None:
    def replace_often(batch: str) -> list[int]:
        return [commit_shots(lake, batch, 10 + i, str(i)) for i in range(4)]

    batches = ["thread-a", "thread-b", "thread-c"]
    with ThreadPoolExecutor(3) as pool:
        made = [snapshot for found in pool.map(replace_often, batches) for snapshot in found]
    assert len(made) == 12
    assert counts(lake, "shots", *batches) == dict.fromkeys(batches, ("3", 13))
