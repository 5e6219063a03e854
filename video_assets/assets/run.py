"""Runs in this process: what the command line asks of Dagster."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG
from dagster._core.errors import DagsterAssetCheckFailedError, DagsterExecutionInterruptedError
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from dagster_shared.error import SerializableErrorInfo
from filelock import FileLock
from sqlalchemy.exc import IntegrityError

from video_assets.assets.batched import PLANNED
from video_assets.assets.common import facts
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.work import Work

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
    definitions: dg.Definitions, instance: dg.DagsterInstance, works: Sequence[Work]
) -> list[tuple[str, dg.ExecuteInProcessResult]]:
    """Make what is due, one run after the other in this process.

    Returns:
        For each run, its first batch and its result; a failed run is a result too.

    Raises:
        KeyboardInterrupt: a run was stopped by Ctrl-C.
    """
    job, graph = definitions.resolve_job_def(JOB), definitions.resolve_asset_graph()
    results = []
    for work in works:
        batch = work.batches[0] if len(work.batches) == 1 else None
        result = in_process(job, instance, batch, tags=tags(work), assets=selection(graph, work.assets))
        results.append((work.batches[0], result))
    return results


def in_process(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    partition: str | None,
    ops: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    assets: Sequence[dg.AssetKey] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job in this process; what it logs is for the UI.

    Raises:
        KeyboardInterrupt: the run was stopped by Ctrl-C.
    """
    result = job.execute_in_process(
        instance=instance,
        partition_key=partition,
        tags={_HOST: socket.gethostname(), _PID: str(os.getpid()), **(tags or {})},
        asset_selection=assets,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": dict(ops or {})},
        raise_on_error=False,
    )
    if interrupted(result):
        raise KeyboardInterrupt
    return result


def tags(work: Work) -> dict[str, str]:
    """A run's tags: that the plan asked for it, and its range of batches if it has several."""
    if len(work.batches) == 1:
        return {PLANNED: "true"}
    ends = {ASSET_PARTITION_RANGE_START_TAG: work.batches[0], ASSET_PARTITION_RANGE_END_TAG: work.batches[-1]}
    return {PLANNED: "true"} | ends


def selection(graph: dg.AssetGraph, assets: Sequence[str]) -> list[dg.AssetKey]:
    """The keys of some assets, and of what the same steps make: the decode's tables are made together."""
    return sorted({key for a in assets for key in graph.get(dg.AssetKey(a.split("/"))).execution_set_asset_keys})


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
            found.append((str(event.step_key), _sentence(error) if error else str(event.message)))
    return found


def _sentence(error: SerializableErrorInfo) -> str:
    """What an error says; of one that an asset raised with a sentence for a person, the sentence alone."""
    said = error.message.strip()
    return said.partition(": ")[2] if error.cls_name == dg.Failure.__name__ else said


def stopped_by(result: dg.ExecuteInProcessResult) -> list[str]:
    """The blocking checks that stopped a run."""
    return sorted({e.check_name for e in result.get_asset_check_evaluations() if e.blocking and not e.passed})


def of_a_command(run: dg.DagsterRun) -> bool:
    """Whether the command line makes the run in its own process, without Dagster's launcher."""
    return _HOST in run.tags


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
