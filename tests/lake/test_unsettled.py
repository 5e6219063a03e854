"""The short way to what is due finds the same as the long one, and looks at few batches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.lake import ledger as ledger_module
from video_assets.lake import schemas
from video_assets.lake.ledger import Entries, good_rows
from video_assets.lake.plan import SHARED, Measurement, due_in, due_partitions, ledger_key, over_batches
from video_assets.lake.unsettled import unsettled

BATCHES = ["b1", "b2", "b3", "b4"]


def measurement(asset: str, *inputs: str, **more: Any) -> Measurement:
    return replace(Measurement(asset, schemas.CLIPS, "1", inputs, "clip"), **more)


ORDER = {
    m.asset: m
    for m in (
        measurement("clips", "source_files", stops=True),
        measurement("alone"),  # nothing in the lake is its input
        measurement("scores", "clips", files={"tiers/a.sql": "a", "tiers/broken.sql": None}),
        measurement("fitted", "clips", growth=2.0),
        measurement("named", "scores", "fitted"),
        measurement("tier", "scores", "named", files={"tiers/a.sql": "a"}),
        measurement("drawn", "tier", over_all=True),
    )
}
FITTED = {**ORDER, "scores": replace(ORDER["scores"], files={"tiers/a.sql": "a"})}


def made(order: Mapping[str, Measurement]) -> dict[tuple[str, str], dict[str, Any]]:
    """The ledger of a lake in which nothing is due."""
    ledger: dict[tuple[str, str], dict[str, Any]] = {}

    def add(asset: str, batch: str, inputs: dict[str, str]) -> None:
        versions = {"version": "1", "data_version": f"{asset} {batch}"}
        ledger[asset, batch] = {**versions, "inputs": inputs, "rows": 4, "failures": 0}

    add("fitted", SHARED, {"clips": str(4 * len(BATCHES))})
    for batch in BATCHES:
        add("source_files", batch, {})
        for asset, m in order.items():
            if not m.shared:
                keys = {i: ledger_key(order.get(i), i, batch) for i in m.inputs}
                files = {name: version for name, version in m.files.items() if version}
                add(asset, batch, {i: ledger[key]["data_version"] for i, key in keys.items()} | files)
    add("drawn", SHARED, {"tier": over_batches("tier", ledger)})
    return ledger


def entries(ledger: Mapping[tuple[str, str], Mapping[str, Any]]) -> Entries:
    rows = [
        {"asset": asset, "batch": batch, **entry, "inputs": json.dumps(dict(sorted(entry["inputs"].items())))}
        for (asset, batch), entry in sorted(ledger.items())
    ]
    return Entries(schemas.MATERIALIZATIONS.frame(rows).cast({"rows": pl.Int64}))


CHANGE = st.tuples(
    st.sampled_from(sorted(made(ORDER))),
    st.sampled_from(["gone", "version", "data", "inputs", "file", "failed", "all failed", "more rows"]),
)


@given(st.lists(CHANGE, max_size=4), st.sampled_from([ORDER, FITTED]))
def test_what_is_due_is_the_same_as_by_looking_at_every_asset_of_every_batch(
    changes: list[tuple[tuple[str, str], str]], order: Mapping[str, Measurement]
) -> None:
    ledger, failed = made(order), {}
    for key, change in changes:
        entry = ledger.get(key)
        if entry is None:
            continue
        if change == "gone":
            del ledger[key]
        elif change == "failed":
            failed[key] = "1 failed for a passing reason"
        elif change == "inputs" and entry["inputs"]:
            entry["inputs"].popitem()
        elif change == "file":
            entry["inputs"]["tiers/a.sql"] = "old"
        elif change == "all failed":
            entry["failures"] = entry["rows"]
        elif change == "more rows":
            entry["rows"] *= 100
        else:
            entry[{"version": "version"}.get(change, "data_version")] = "2"
    known = sorted(batch for asset, batch in ledger if asset == "source_files")
    assert due_in(order, known, entries(ledger), failed) == due_partitions(order, known, ledger, failed)


def test_a_batch_in_which_nothing_changed_is_not_looked_at() -> None:
    ledger = made(FITTED)
    ledger["scores", "b3"]["version"] = "0"
    shared = {"fitted": "fitted ", "drawn": "drawn "}
    assert unsettled(FITTED, BATCHES, entries(ledger), shared, set()) == ["b3"]
    assert unsettled(FITTED, BATCHES, entries(ledger), shared, {"b1"}) == ["b1", "b3"]


def test_nothing_is_due_in_a_lake_in_which_nothing_changed() -> None:
    assert due_in(FITTED, BATCHES, entries(made(FITTED)), {}) == []


def test_a_large_ledger_that_is_taken_apart_tells_the_same_of_each_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = entries(made(FITTED)), entries(made(FITTED))
    told = {asset: (small.of(asset), good_rows(small, asset)) for asset in (*FITTED, "nothing")}
    monkeypatch.setattr(ledger_module, "_LARGE", 1)
    assert {asset: (large.of(asset).equals(rows), good_rows(large, asset)) for asset, (rows, _) in told.items()} == {
        asset: (True, good) for asset, (_, good) in told.items()
    }
    assert (told["scores"][0].height, told["nothing"][0].height) == (len(BATCHES), 0)
