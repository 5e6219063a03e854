"""The one way in which a batch's jobs reach workers: processes on this machine, or a Ray cluster, as ``workers.backend`` says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from video_assets.measure.models import Model
    from video_assets.media.workers import Jobs, Outcome
    from video_assets.settings import Settings

Result = TypeVar("Result")


def on_gpu(settings: Settings, asset: str, models: Iterable[Model]) -> bool:
    """Whether any of an asset's models runs on a GPU where its workers are."""
    if settings.workers.backend == "ray":
        return settings.ray.share(asset).gpus > 0 and any(model.device != "cpu" for model in models)
    return any(model.on_gpu for model in models)


def run_jobs(
    function: Callable[[Any], Result],
    jobs: Jobs,
    settings: Settings,
    on_done: Callable[[str, Outcome[Result]], None],
    *,
    holding: tuple[str, Hashable] | None = None,
    most: int | None = None,
) -> dict[str, Outcome[Result]]:
    """Run ``function(job)`` for every job, each within its limits; a crash or a lost node costs the jobs that it had.

    Args:
        function: importable by name; raises MediaError for what it cannot measure.
        jobs: started in this order.
        settings: which workers, and how many.
        on_done: called in this process as each job ends for good.
        holding: an asset and the model that the function keeps loaded for it: on a cluster it stays loaded for later runs.
        most: workers that are worth their while.

    Returns:
        An outcome for every key, in no order.
    """
    if settings.workers.backend == "ray":
        from video_assets.cluster.drive import Held, run_on_ray

        return run_on_ray(function, jobs, settings, on_done, Held(*holding) if holding else None, most)
    from video_assets.media.workers import at_most, run_guarded

    return run_guarded(function, jobs, settings.workers if most is None else at_most(settings.workers, most), on_done)
