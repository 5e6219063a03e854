"""The work plan: what is due and why, by the anti-join of rows and by the ledger of partitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lake.rows import clips
from tests.place import Place
from video_assets.assets.common import catalogue
from video_assets.lake import schemas
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import (
    SHARED,
    TRANSIENT,
    Due,
    Measurement,
    Why,
    due_partitions,
    due_rows,
    over_batches,
    plan,
)
from video_assets.lake.schemas import RAW_VIDEOS, SOURCE_FILES
from video_assets.lake.work import ready
from video_assets.measurements import MODELLED
from video_assets.reasons import Reason

Ledger = dict[tuple[str, str], dict[str, Any]]
ROW = st.tuples(st.sampled_from("abcdef"), st.sampled_from(["1", "2"]), st.none() | st.sampled_from(list(Reason)))


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.lists(ROW))
def test_rows_are_due_without_a_good_or_permanently_failed_row_of_this_version(
    subjects: list[str], rows: list[tuple[str, str, Reason | None]]
) -> None:
    schema = {"subject": pl.String, "version": pl.String, "reason": pl.String}
    settled = {key for key, version, reason in rows if version == "2" and not (reason and reason.transient)}
    due = due_rows(subjects, pl.DataFrame(rows, schema, orient="row"), "subject", "2")
    assert due == [s for s in subjects if s not in settled]


def measurement(asset: str, *inputs: str, version: str = "1") -> Measurement:
    return Measurement(asset, schemas.CLIPS, version, inputs, "clip")


# A diamond: what both scores read is the same clips, and the tier reads both scores.
ORDER = {
    m.asset: m
    for m in (
        measurement("clips", "source_files"),
        measurement("visual", "clips"),
        measurement("motion", "clips"),
        measurement("tier", "visual", "motion"),
    )
}


def made(order: Mapping[str, Measurement] = ORDER, batch: str = "b") -> Ledger:
    """The ledger of a batch of which everything is made."""
    ledger: Ledger = {("source_files", batch): {"version": "1", "data_version": "source_files", "inputs": {}}}
    for asset, m in order.items():
        ledger[asset, batch] = {"version": m.version, "data_version": asset, "inputs": {i: i for i in m.inputs}}
    return ledger


def whys(ledger: Ledger, order: Mapping[str, Measurement] = ORDER, **transient: int) -> dict[str, Why]:
    failed = {(asset, "b"): count for asset, count in transient.items()}
    return {asset: why for asset, _, why, _ in due_partitions(order, ["b"], ledger, failed)}


def test_nothing_is_due_after_everything_is_made() -> None:
    assert whys(made()) == {}


def test_a_batch_that_was_only_taken_in_is_new_throughout() -> None:
    ledger = {key: entry for key, entry in made().items() if key[0] == "source_files"}
    assert whys(ledger) == dict.fromkeys(ORDER, Why.NEW)


def test_a_raised_version_makes_its_own_asset_stale_and_what_reads_it_follows() -> None:
    order = ORDER | {"motion": measurement("motion", "clips", version="2")}
    assert whys(made(), order) == {"motion": Why.STALE, "tier": Why.FOLLOWS}
    ((_, _, _, detail), _) = due_partitions(order, ["b"], made(), {})
    assert detail == "version 1 is now 2"


def test_a_changed_input_makes_an_asset_stale() -> None:
    ledger = made()
    ledger["source_files", "b"]["data_version"] = "more"
    assert whys(ledger) == {"clips": Why.STALE, "visual": Why.FOLLOWS, "motion": Why.FOLLOWS, "tier": Why.FOLLOWS}


def test_an_input_that_was_made_again_with_the_same_content_changes_nothing() -> None:
    ledger = made()
    ledger["clips", "b"]["made_at"] = "later"
    assert whys(ledger) == {}


def test_rows_that_failed_for_a_passing_reason_make_their_partition_due() -> None:
    assert whys(made(), visual=2) == {"visual": Why.FAILED, "tier": Why.FOLLOWS}
    ((_, _, _, detail), _) = due_partitions(ORDER, ["b"], made(), {("visual", "b"): 2})
    assert detail == "2 failed for a passing reason"


def test_batches_do_not_touch_each_other() -> None:
    ledger = made() | made(batch="c")
    ledger["source_files", "c"]["data_version"] = "more"
    assert {batch for _, batch, _, _ in due_partitions(ORDER, ["b", "c"], ledger, {})} == {"c"}


OVER_ALL = {**ORDER, "draw": Measurement("draw", schemas.CLIPS, "1", ("tier",), "clip", over_all=True)}


def two_batches() -> Ledger:
    """The ledger of two batches, with a draw over both."""
    ledger = made() | made(batch="c")
    inputs = {"tier": over_batches("tier", ledger)}
    ledger["draw", SHARED] = {"version": "1", "data_version": "draw", "inputs": inputs}
    return ledger


def over_all(ledger: Ledger, order: Mapping[str, Measurement] = OVER_ALL) -> list[tuple[str, Why]]:
    """What is due of two batches, each asset once."""
    return list(dict.fromkeys((asset, why) for asset, _, why, _ in due_partitions(order, ["b", "c"], ledger, {})))


def test_what_is_made_over_all_batches_is_due_once_when_an_input_changes_in_any_of_them() -> None:
    assert over_all(two_batches()) == []
    changed = two_batches()
    changed["tier", "c"]["data_version"] = "other"
    assert over_all(changed) == [("draw", Why.STALE)]
    assert len(due_partitions(OVER_ALL, ["b", "c"], changed, {})) == 1
    raised = OVER_ALL | {"draw": replace(OVER_ALL["draw"], version="2")}
    assert over_all(two_batches(), raised) == [("draw", Why.STALE)]
    never = two_batches()
    del never["draw", SHARED]
    assert over_all(never) == [("draw", Why.NEW)]
    assert due_partitions(OVER_ALL, [], {}, {}) == []


def test_what_is_made_over_all_batches_waits_for_the_last_of_them() -> None:
    ledger = two_batches()
    del ledger["tier", "b"]
    assert over_all(ledger) == [("tier", Why.NEW), ("draw", Why.FOLLOWS)]
    due = [Due(*found) for found in due_partitions(OVER_ALL, ["b", "c"], ledger, {})]
    assert [(d.asset, d.batch) for d in ready(due, OVER_ALL)] == [("tier", "b")]


def test_only_what_is_due_for_certain_and_not_downstream_of_a_doubt_is_ready() -> None:
    order = ORDER | {
        "motion": measurement("motion", "clips", version="2"),
        "tier": measurement("tier", "visual", version="2"),
    }
    ledger = made()
    ledger["source_files", "b"]["data_version"] = "more"
    due = [Due(*found) for found in due_partitions(order, ["b"], ledger, {})]
    assert {d.asset: d.why for d in due} == {
        "clips": Why.STALE, "visual": Why.FOLLOWS, "motion": Why.STALE, "tier": Why.STALE,
    }  # fmt: skip
    assert [d.asset for d in ready(due, order)] == ["clips", "motion"]


VERSIONS = st.fixed_dictionaries({asset: st.sampled_from("12") for asset in ORDER})


@given(VERSIONS, VERSIONS, st.sets(st.sampled_from(list(ORDER))), st.booleans(), st.sets(st.sampled_from(list(ORDER))))
def test_running_what_is_ready_makes_each_asset_at_most_once_and_ends_with_nothing_due(
    before: dict[str, str], now: dict[str, str], missing: set[str], more: bool, same: set[str]
) -> None:
    """``same`` are the assets whose content is always the same, whatever they are made from."""
    order = {asset: replace(m, version=now[asset]) for asset, m in ORDER.items()}
    ledger: Ledger = {("source_files", "b"): {"version": "1", "data_version": "0", "inputs": {}}}

    def make(asset: str, version: str) -> None:
        inputs = {i: ledger[i, "b"]["data_version"] for i in order[asset].inputs}
        content = asset if asset in same else f"{asset}{version}({','.join(inputs.values())})"
        ledger[asset, "b"] = {"version": version, "data_version": content, "inputs": inputs}

    for asset in order:
        make(asset, before[asset])
    for asset in missing:
        del ledger[asset, "b"]
    ledger["source_files", "b"]["data_version"] = "1" if more else "0"

    ran: list[str] = []
    while True:
        due = [Due(*found) for found in due_partitions(order, ["b"], ledger, {})]
        now_ready = ready(due, order)
        if not now_ready:
            break
        for d in now_ready:
            make(d.asset, now[d.asset])
            ran.append(d.asset)
    assert due == []
    assert len(ran) == len(set(ran))
    assert missing <= set(ran)


@pytest.fixture
def lake(lake: Lake) -> Lake:
    """Give a lake with two batches: two hours of video that were decoded once, and three files that nobody opened yet."""
    old: list[dict[str, object]] = [{"video_id": v, "duration_s": 3600.0, "version": "1"} for v in ("v1", "v2")]
    new: list[dict[str, object]] = [
        {"uri": uri, "content": content, "current": True} for uri, content in (("/a", "x"), ("/b", "y"), ("/c", "y"))
    ]
    seen: list[dict[str, object]] = [{"uri": f"/{v}", "content": v, "current": True} for v in ("v1", "v2")]
    ledger = [Made("source_files", batch, "1", batch, {}, 3) for batch in ("new", "old")]
    ledger.append(Made("raw_videos", "old", "1", "r", {"source_files": "old"}, 2))
    ledger.append(Made("decoded_videos", "old", "1", "d", {"raw_videos": "r"}, 2, 0, 7200.0, 1800.0))
    lake.commit(
        [
            Replacement(SOURCE_FILES, ["new"], SOURCE_FILES.frame(new, batch="new")),
            Replacement(SOURCE_FILES, ["old"], SOURCE_FILES.frame(seen, batch="old")),
            Replacement(RAW_VIDEOS, ["old"], RAW_VIDEOS.frame(old, batch="old")),
            Replacement(schemas.CLIPS, ["old"], clips("old", 4).with_columns(duration_s=pl.lit(9.0))),
        ],
        ledger,
        message="two batches",
    )
    return lake


def small_order(decode: str) -> dict[str, Measurement]:
    return {
        "raw_videos": Measurement("raw_videos", RAW_VIDEOS, "1", ("source_files",), "video"),
        "decoded_videos": Measurement("decoded_videos", schemas.DECODED_VIDEOS, decode, ("raw_videos",), "video"),
        "scores": Measurement("scores", schemas.VISUAL_SCORES, "1", ("decoded_videos",), "clip"),
    }


def test_the_plan_of_a_lake_says_how_many_rows_and_hours_and_what_they_will_cost(lake: Lake) -> None:
    due = {(d.asset, d.batch): d for d in plan(lake, small_order(decode="2"))}
    assert {key: (d.why, d.rows, d.hours, d.cost_seconds) for key, d in due.items()} == {
        ("raw_videos", "new"): (Why.NEW, 2, 0.0, None),
        ("decoded_videos", "new"): (Why.NEW, 2, 0.0, None),
        ("scores", "new"): (Why.NEW, 0, 0.0, None),
        ("decoded_videos", "old"): (Why.STALE, 2, 2.0, 1800.0),
        ("scores", "old"): (Why.NEW, 4, 0.01, None),
    }


def test_the_plan_can_be_narrowed_to_some_batches(lake: Lake) -> None:
    assert {d.batch for d in plan(lake, small_order(decode="2"), ["old"])} == {"old"}
    assert plan(lake, small_order(decode="2"), ["nowhere"]) == []


@pytest.mark.parametrize("reason", list(Reason))
def test_only_a_passing_failure_is_planned_again(lake: Lake, reason: Reason) -> None:
    rows = RAW_VIDEOS.frame([{"video_id": "v1", "reason": reason.value, "version": "1"}], batch="old")
    lake.commit([Replacement(RAW_VIDEOS, ["old"], rows)], [], message="failed")
    failed = [(d.asset, d.detail) for d in plan(lake, small_order(decode="1"), ["old"]) if d.why is Why.FAILED]
    assert failed == ([("raw_videos", "1 failed for a passing reason")] if reason.value in TRANSIENT else [])


def test_a_curated_lake_has_nothing_due_until_a_version_is_raised(curated_few: Place) -> None:
    lake = curated_few.lake()
    tiers, everything, errors = catalogue(lake.settings)
    order = {asset: m for asset, m in everything.items() if not m.over_all}
    assert (plan(lake, order), errors) == ([], [])
    raised = order | {"motion_scores": replace(order["motion_scores"], version="2-raised")}
    stale, *followers = plan(lake, raised)
    assert (stale.asset, stale.why, stale.rows) == ("motion_scores", Why.STALE, lake.read(schemas.CLIPS).height)
    assert stale.hours == pytest.approx(lake.read(schemas.CLIPS)["duration_s"].sum() / 3600)
    assert stale.cost_seconds is not None
    assert stale.cost_seconds > 0
    scores = {"candidates", *MODELLED, "near_duplicates", "duplicate_groups", "contamination", "concepts", "clip_sheet"}
    scores |= {"captions", "caption_findings"}
    assert {d.asset for d in followers} == scores | {f"tiers/{name}" for name in tiers}
    assert {(d.why, d.cost_seconds) for d in followers} == {(Why.FOLLOWS, None)}
