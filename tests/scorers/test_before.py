"""A lake from before scorers were modules: nothing in it is due because they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from video_assets import scorer
from video_assets.curate.sql_files import read_files
from video_assets.lake.plan import SOURCE_FILES, due_partitions
from video_assets.measurements import measurements
from video_assets.scorers import BUILT_IN, text
from video_assets.settings import Settings

BEFORE = json.loads(Path(__file__).with_name("ledger_before.json").read_text())
"""The ledger of a lake that was made by the commit before, and the packages that it was made with. Where a code number was
raised since, the version of now stands in it."""
DECIDED = ("tiers/", "draws/", "captions", "caption_findings")
"""What follows from files of tiers, which change for reasons of their own."""


@pytest.fixture(autouse=True)
def same_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the packages of then: a version is of the minor versions of some."""
    known: dict[str, str] = BEFORE["packages"]
    for module in (scorer, text):
        monkeypatch.setattr(module, "installed", lambda name: known[name])


def test_nothing_is_due_in_a_lake_of_the_commit_before() -> None:
    settings = Settings()
    files = read_files(settings)
    order = {a: m for a, m in measurements(settings, files.tiers, files.draws).items() if not a.startswith(DECIDED)}
    ledger: dict[tuple[str, str], dict[str, Any]] = {(e["asset"], e["batch"]): e for e in BEFORE["ledger"]}
    batches = sorted({batch for asset, batch in ledger if asset == SOURCE_FILES})
    assert len(batches) == 1
    assert {s.name for s in BUILT_IN} - {a for a, _ in ledger} == {"laion_scores", "flow_scores"}
    # The tiers that the candidates were chosen by are files too.
    now = {f: v for f, v in order["candidates"].files.items() if v}
    ledger["candidates", batches[0]]["inputs"] |= now
    assert due_partitions(order, batches, ledger, {}) == []


def test_a_raised_code_number_makes_that_family_due_and_what_follows_from_it() -> None:
    settings = Settings()
    order = measurements(settings, {})
    ledger: dict[tuple[str, str], dict[str, Any]] = {(e["asset"], e["batch"]): e for e in BEFORE["ledger"]}
    batches = [batch for asset, batch in ledger if asset == SOURCE_FILES]
    ledger["quality_scores", batches[0]] = ledger["quality_scores", batches[0]] | {"version": "0-older"}
    ledger["candidates", batches[0]]["inputs"] = {
        k: v for k, v in ledger["candidates", batches[0]]["inputs"].items() if not k.endswith(".sql")
    }
    due = {
        asset: why.value
        for asset, _, why, _ in due_partitions(order, batches, ledger, {})
        if not asset.startswith(DECIDED)
    }
    assert due == {
        "quality_scores": "stale",
        "duplicate_groups": "follows",
        "contamination": "follows",
        "clip_sheet": "follows",
    }
