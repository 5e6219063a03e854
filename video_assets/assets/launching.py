"""Runs as Ray jobs, beside those of the command line."""

from __future__ import annotations

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster_ray import RayRunLauncher

from video_assets.assets.run import of_a_command


class ClusterRunLauncher(RayRunLauncher):
    """dagster-ray's ``RayRunLauncher``, with its settings, which lets runs be that it has not launched."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """How a run's worker is.

        ``video-assets curate`` makes its runs in its own process, of which Ray knows no job. Dagster's monitoring would take that
        for a loss and mark the run as failed, and the sensor would ask for the same work while it is done.
        """
        if of_a_command(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        health: CheckRunHealthResult = super().check_run_worker_health(run)
        return health
