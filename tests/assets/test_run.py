"""Runs that the command line starts, beside other processes that do the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg
import pytest
from sqlalchemy.exc import IntegrityError

from video_assets.assets.run import add_partitions, causes


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
