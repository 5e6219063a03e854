"""What of the plan is run now, and how many runs that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from video_assets.lake import schemas
from video_assets.lake.plan import SHARED, Due, Measurement, due_partitions, over_batches
from video_assets.lake.work import Work, ready, stopped, works

Ledger = dict[tuple[str, str], dict[str, Any]]


def measurement(asset: str, *inputs: str, **more: Any) -> Measurement:
    return Measurement(asset, schemas.CLIPS, "1", inputs, "clip", **more)


# As the platform's: what is decoded, who is measured, what is measured, the sheet, two tiers, a draw and the captions.
ORDER = {
    m.asset: m
    for m in (
        measurement("decoded", "source_files", stops=True),
        measurement("candidates", "decoded", light=True),
        measurement("scores", "decoded", "candidates"),
        measurement("groups", "scores", light=True),
        measurement("sheet", "decoded", "candidates", "scores", "groups", light=True),
        measurement("tier", "sheet", light=True, at_once=True),
        measurement("child", "sheet", "tier", light=True, at_once=True),
        measurement("draw", "child", light=True, over_all=True),
        measurement("captions", "sheet", "tier", light=True),
    )
}


def made(*batches: str) -> Ledger:
    """The ledger of batches of which everything is made."""
    ledger: Ledger = {}
    for batch in batches:
        ledger["source_files", batch] = {"version": "1", "data_version": "0", "inputs": {}, "rows": 2, "failures": 0}
        for asset, m in ORDER.items():
            if not m.over_all:
                inputs = dict.fromkeys(m.inputs, "0")
                ledger[asset, batch] = {"version": "1", "data_version": "0", "inputs": inputs, "rows": 2, "failures": 0}
    return noted(ledger)


def noted(ledger: Ledger) -> Ledger:
    """The same with a draw from what there is."""
    inputs = {"child": over_batches("child", ledger)}
    ledger["draw", SHARED] = {"version": "1", "data_version": "0", "inputs": inputs, "rows": 2, "failures": 0}
    return ledger


def raised(*assets: str) -> dict[str, Measurement]:
    return ORDER | {asset: replace(ORDER[asset], version="2") for asset in assets}


def asked(
    ledger: Ledger, order: Mapping[str, Measurement] = ORDER, held: set[tuple[str, str]] | None = None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Batches and assets of each run."""
    batches = sorted(batch for asset, batch in ledger if asset == "source_files")
    due = [Due(*found) for found in due_partitions(order, batches, ledger, {})]
    found: list[Work] = works(due, ready(due, order, held or set()), order, batches, stopped(order, ledger))
    return [(work.batches, work.assets) for work in found]


def test_a_new_batch_is_one_run_of_everything() -> None:
    ledger = made("a")
    ledger["source_files", "b"] = {"version": "1", "data_version": "0", "inputs": {}}
    assert asked(ledger) == [(("b",), tuple(ORDER))]


def test_a_changed_tier_is_one_run_over_all_batches_with_what_may_follow() -> None:
    assert asked(made("a", "b", "c"), raised("tier")) == [(("a", "b", "c"), ("tier", "child", "draw", "captions"))]


def test_a_tier_is_decided_in_the_run_that_looks_whether_models_are_to_see_more_clips() -> None:
    (run,) = asked(made("a", "b"), raised("candidates", "tier"))
    assert run == (("a", "b"), ("candidates", "tier", "child", "draw", "captions"))
    # What models then measure is known when that is done.
    ledger = made("a", "b")
    ledger["candidates", "a"]["data_version"] = "1"
    assert asked(ledger) == [(("a",), ("scores", "groups", "sheet", "tier", "child", "draw", "captions"))]


def test_what_new_groups_change_in_old_batches_is_one_run_of_neighbours() -> None:
    ledger = made("a", "b", "c")
    for batch in "ab":
        ledger["groups", batch]["data_version"] = "1"
    assert asked(ledger) == [(("a", "b"), ("sheet", "tier", "child", "draw", "captions"))]


def test_a_batch_in_which_nothing_changed_is_in_no_range() -> None:
    ledger = made("a", "b", "c")
    for batch in "ac":
        ledger["groups", batch]["data_version"] = "1"
    assert [batches for batches, _ in asked(ledger)] == [("a",), ("c",)]


def test_a_range_goes_over_a_batch_of_which_nothing_can_be_made() -> None:
    ledger = made("a", "b", "c")
    for asset in ("candidates", "scores", "groups", "sheet", "tier", "child", "captions"):
        del ledger[asset, "b"]
    ledger["decoded", "b"] |= {"failures": 2}
    assert [batches for batches, _ in asked(noted(ledger), raised("tier"))] == [("a", "c")]


def test_videos_and_models_are_one_run_a_batch() -> None:
    assert [batches for batches, _ in asked(made("a", "b"), raised("scores"))] == [("a",), ("b",)]


def test_what_is_due_but_waits_for_something_in_the_run_goes_along() -> None:
    (run,) = asked(made("a"), raised("groups", "captions"))
    assert run == (("a",), ("groups", "sheet", "tier", "child", "draw", "captions"))


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ({("tier", "a")}, [(("b",), ("tier", "child", "captions"))]),
        ({("tier", "a"), ("tier", "b")}, []),
        ({("sheet", "a")}, [(("b",), ("tier", "child", "captions"))]),
        ({("captions", "a")}, [(("a", "b"), ("tier", "child", "draw", "captions"))]),
    ],
)
def test_what_others_are_at_work_on_and_what_that_holds_up_is_left(
    held: set[tuple[str, str]], left: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> None:
    assert asked(made("a", "b"), raised("tier"), held) == left
