"""Dagster's databases that are kept open: what is in them is the same, and others can read it at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import dagster as dg
import pytest

from tests.place import Place
from video_assets.assets.records import kept_open

BATCHES = dg.DynamicPartitionsDefinition(name="batch")


@dg.asset(partitions_def=BATCHES)
def first() -> None:
    """Made."""


@dg.asset(partitions_def=BATCHES, deps=[first])
def second() -> None:
    """Made after it."""


@dg.asset_check(asset=second)
def sound() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def made(folder: Path, keeping: Callable[[dg.DagsterInstance], AbstractContextManager[None]]) -> list[tuple[str, str]]:
    """The events of a run by another instance, which reads while the first one's databases are still open."""
    with Place(folder).instance() as instance, keeping(instance), Place(folder).instance() as other:
        instance.add_dynamic_partitions("batch", ["b"])
        run = dg.materialize([first, second, sound], instance=instance, partition_key="b")
        assert run.success
        assert other.get_latest_materialization_event(second.key) is not None
        assert other.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
        events = [e.dagster_event for e in other.all_logs(run.run_id) if e.dagster_event]
        return [(e.event_type_value, e.step_key or "") for e in events]


def test_a_run_leaves_the_same_events_as_without(tmp_path: Path) -> None:
    kept, before = made(tmp_path / "kept", kept_open), made(tmp_path / "before", lambda _: nullcontext())
    assert kept == before
    assert kept.count(("ASSET_MATERIALIZATION_PLANNED", "first")) == 1


def test_afterwards_all_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE", raising=False)
    with Place(tmp_path).instance() as instance:
        with kept_open(instance):
            assert os.environ["DAGSTER_EVENT_BATCH_SIZE"] == "1000"
            assert not instance.has_dynamic_partition("batch", "b")
            instance.add_dynamic_partitions("batch", ["b"])
            assert instance.has_dynamic_partition("batch", "b")
        assert "DAGSTER_EVENT_BATCH_SIZE" not in os.environ
        assert not {"_connect", "has_dynamic_partition", "store_event_batch"} & {*vars(instance.event_log_storage)}
        assert instance.get_dynamic_partitions("batch") == ["b"]


def test_what_was_asked_of_an_asset_is_asked_again_once_something_of_it_is_stored(tmp_path: Path) -> None:
    with Place(tmp_path).instance() as instance, kept_open(instance):

        def last(asset: dg.AssetsDefinition) -> str | None:
            found = instance.get_asset_records([first.key, second.key])
            runs = {r.asset_entry.asset_key: r.asset_entry.last_materialization_record for r in found}
            return record.run_id if (record := runs.get(asset.key)) else None

        assert last(first) is None
        instance.add_dynamic_partitions("batch", ["b"])
        one = dg.materialize([first], instance=instance, partition_key="b")
        assert (last(first), last(second)) == (one.run_id, None)
        two = dg.materialize([first, second, sound], instance=instance, partition_key="b")
        assert (last(first), last(second)) == (two.run_id, two.run_id)
        [made_last] = instance.fetch_materializations(first.key, limit=1).records
        assert made_last.run_id == two.run_id
