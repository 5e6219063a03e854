"""Runs that the command line starts, beside other processes that do the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from sqlalchemy.exc import IntegrityError

from video_assets.assets.run import add_partitions, causes, interrupted, stopped_by


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def test_a_batch_that_another_process_adds_meanwhile_is_no_error(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = instance.add_dynamic_partitions

    def after_another(name: str, keys: Sequence[str]) -> None:
        add(name, keys)
        if "b" in keys:
            raise IntegrityError("INSERT", None, Exception("UNIQUE constraint failed"))

    monkeypatch.setattr(instance, "add_dynamic_partitions", after_another)
    add_partitions(instance, "batch", ["a", "b", "c"])
    assert sorted(instance.get_dynamic_partitions("batch")) == ["a", "b", "c"]


def test_a_batch_that_cannot_be_added_is_an_error(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_name: str, _keys: Sequence[str]) -> None:
        raise IntegrityError("INSERT", None, Exception("NOT NULL constraint failed"))

    monkeypatch.setattr(instance, "add_dynamic_partitions", refused)
    with pytest.raises(IntegrityError):
        add_partitions(instance, "batch", ["a"])


def test_a_failed_step_is_told_with_the_error_behind_its_error(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def clips() -> None:
        try:
            raise KeyError("no such shot")
        except KeyError as error:
            raise RuntimeError("The clips cannot be cut.") from error

    @dg.asset
    def sound() -> None:
        """Succeeds beside it."""

    result = dg.materialize([clips, sound], instance=instance, raise_on_error=False)
    assert causes(result) == [("clips", "KeyError: 'no such shot'")]
    assert not interrupted(result)
    assert stopped_by(result) == []


def test_what_an_asset_says_to_a_person_is_told_without_the_names_of_dagsters_classes(
    instance: dg.DagsterInstance,
) -> None:
    @dg.asset
    def releases() -> None:
        raise dg.Failure("The policy lets none through: state the rights.", allow_retries=False)

    result = dg.materialize([releases], instance=instance, raise_on_error=False)
    assert causes(result) == [("releases", "The policy lets none through: state the rights.")]


def test_a_check_that_stops_a_batch_is_no_failed_step(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def raw_videos() -> None:
        """Nothing in it can be used."""

    @dg.asset_check(asset=raw_videos, blocking=True)
    def usable_videos() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    @dg.asset(deps=[raw_videos])
    def decoded_videos() -> None:
        raise AssertionError("It is stopped before.")

    definitions = dg.Definitions(assets=[raw_videos, decoded_videos], asset_checks=[usable_videos])
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert (causes(result), stopped_by(result)) == ([], ["usable_videos"])


def test_a_run_that_a_person_stops_is_told_from_one_that_failed(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def decode() -> None:
        raise DagsterExecutionInterruptedError

    assert interrupted(dg.materialize([decode], instance=instance, raise_on_error=False))
