"""Runs in this process: what the command line asks of Dagster."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG
from dagster._core.errors import DagsterAssetCheckFailedError, DagsterExecutionInterruptedError
from filelock import FileLock
from sqlalchemy.exc import IntegrityError

from video_assets.assets.common import facts
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Due

JOB = "curate_batch"
_HOST, _PID = "video_assets/host", "video_assets/pid"


def open_instance(home: Path) -> dg.DagsterInstance:
    """The instance that ``DAGSTER_HOME`` names, which is ``home``.

    Its databases are made by one process at a time: Dagster fails when two do it.
    """
    with FileLock(home / "opening.lock", timeout=120):
        instance = dg.DagsterInstance.get()
        instance.get_dynamic_partitions("")  # the database of events is made when it is first asked
    return instance


def add_partitions(instance: dg.DagsterInstance, partitions: str, batches: Sequence[str]) -> None:
    """Tell Dagster of batches, one by one, as another process may be telling it of the same ones.

    Dagster looks which are new and then inserts them, and fails on one that came in between.
    """
    known = set(instance.get_dynamic_partitions(partitions))
    for batch in batches:
        if batch in known:
            continue
        try:
            instance.add_dynamic_partitions(partitions, [batch])
        except IntegrityError:
            if not instance.has_dynamic_partition(partitions, batch):
                raise


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, partitions: str, due: Sequence[Due]
) -> list[tuple[str, dg.ExecuteInProcessResult]]:
    """Materialize what is due: one run a batch, and one for all batches of a set of tiers alone.

    What one step makes together, as the decode does, is made together, whichever part of it is due.

    Returns:
        For each run, its first batch and its result; a failed run is a result too.

    Raises:
        KeyboardInterrupt: a run was stopped by Ctrl-C.
    """
    job, graph = definitions.resolve_job_def(JOB), definitions.resolve_asset_graph()
    results = []
    for batches, assets in _runs(due, instance.get_dynamic_partitions(partitions)):
        keys = {k for a in assets for k in graph.get(dg.AssetKey(a.split("/"))).execution_set_asset_keys}
        many = {"dagster/asset_partition_range_start": batches[0], "dagster/asset_partition_range_end": batches[-1]}
        result = job.execute_in_process(
            instance=instance,
            partition_key=batches[0] if len(batches) == 1 else None,
            tags={_HOST: socket.gethostname(), _PID: str(os.getpid())} | (many if len(batches) > 1 else {}),
            asset_selection=sorted(keys),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        if interrupted(result):
            raise KeyboardInterrupt
        results.append((batches[0], result))
    return results


def interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether somebody stopped a run (Ctrl-C): Dagster notes that as a failed step and goes on."""
    failed = result.filter_events(lambda e: e.is_step_failure)
    errors = [event.step_failure_data.error for event in failed]
    return any(e is not None and e.cls_name == DagsterExecutionInterruptedError.__name__ for e in errors)


def report_made(
    instance: dg.DagsterInstance, lake: Lake, made: Sequence[Made], pages: Mapping[str, Mapping[str, Any]], **more: str
) -> None:
    """Report batches that were made beside a run's own, or outside any, with their content's version.

    Args:
        instance: the instance.
        lake: the lake.
        made: what was made of one asset.
        pages: what the page of each of these batches shows, where it shows anything.
        more: what is said of them all.
    """
    for other in made:
        tags = {DATA_VERSION_TAG: other.data_version, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}
        told = {**facts(other, lake), **pages.get(other.batch, {}), **more}
        event = dg.AssetMaterialization(other.asset.split("/"), partition=other.batch, metadata=told, tags=tags)
        instance.report_runless_asset_event(event)


_STOPPED = DagsterAssetCheckFailedError.__name__


def causes(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    """Of each step that failed in a run, its name and the innermost error's sentence; checks that stopped it are none."""
    found = []
    for event in result.filter_events(lambda e: e.is_step_failure):
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is None or error.cls_name != _STOPPED:
            found.append((str(event.step_key), error.message.strip() if error else str(event.message)))
    return found


def stopped_by(result: dg.ExecuteInProcessResult) -> list[str]:
    """The blocking checks that stopped a run."""
    return sorted({e.check_name for e in result.get_asset_check_evaluations() if e.blocking and not e.passed})


def _runs(due: Sequence[Due], order: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Batches and assets of each run. Batches that need the same tiers and nothing else share one, if they are neighbours."""
    assets = {batch: [d.asset for d in due if d.batch == batch] for batch in order}
    place = {batch: number for number, batch in enumerate(order)}

    def key(batch: str) -> tuple[object, ...]:
        only_tiers = bool(assets[batch]) and all(a.startswith("tiers/") for a in assets[batch])
        return (only_tiers, *assets[batch]) if only_tiers else (False, place[batch])

    for _, group in groupby(order, key):
        batches = list(group)
        if assets[batches[0]]:
            yield batches, assets[batches[0]]


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """Mark as failed the command line's runs whose process is gone, so that nothing waits for them.

    Returns:
        How many there were.
    """
    lost = 0
    active = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED],
        tags={_HOST: socket.gethostname()},
    )
    for found in instance.get_runs(active):
        if not _alive(int(found.tags[_PID])):
            instance.report_run_failed(found, "The process that ran it is gone.")
            lost += 1
    return lost


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
