"""A run's jobs on the cluster: given out, gathered, and given out again where a node or a worker was lost."""

from __future__ import annotations

import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from video_assets.cluster.connect import NoRoomError, connected, nodes_with, takes
from video_assets.cluster.node import Origin, Parcel
from video_assets.cluster.places import Holders, Places, Tasks, make_room
from video_assets.media.job_files import files_read
from video_assets.media.workers import Jobs, Outcome
from video_assets.reasons import Reason
from video_assets.settings import Settings
from video_assets.settings.clustering import RayShare

Result = TypeVar("Result")
_LOOK_S = 1.0


@dataclass(frozen=True)
class Held:
    """A model that stays loaded between jobs.

    Attributes:
        asset: that is made with it.
        model: picklable; an equal one is the same model.
    """

    asset: str
    model: Hashable


def run_on_ray(
    function: Callable[[Any], Result],
    jobs: Jobs,
    settings: Settings,
    on_done: Callable[[str, Outcome[Result]], None],
    holding: Held | None = None,
    most: int | None = None,
) -> dict[str, Outcome[Result]]:
    """What :func:`video_assets.media.workers.run_guarded` does, on a Ray cluster.

    Args:
        function: importable by name, on the nodes too.
        jobs: started in this order. The files that they read are sent along (:mod:`video_assets.media.job_files`).
        settings: the section ``ray`` says what a worker takes; ``workers.attempts`` holds on the node.
        on_done: called in this process as each job ends for good.
        holding: the model that the function keeps loaded, if it does.
        most: workers that are worth their while.

    Returns:
        An outcome for every key. A job at which ``ray.deaths`` workers or nodes were lost is WORKER_LOST.

    Raises:
        NoClusterError: there is no cluster.
        NoRoomError: for ``ray.wait_seconds`` no node had what a worker takes.
        OtherCodeError: a node has other code.
    """
    if not jobs:
        return {}
    ray = connected(settings.ray)
    origin = Origin.here()
    share = settings.ray.share(holding.asset if holding else None)
    places: Places = Tasks(ray, origin, share)
    if holding:
        identity = pickle.dumps((holding.model, function.__module__, function.__qualname__))
        places = Holders(
            ray,
            origin,
            settings.ray,
            holding.asset,
            identity,
            function.__module__,
            len(jobs) if most is None else max(1, min(most, len(jobs))),
        )
    return _Run(ray, settings, function, jobs, places, share).to_the_end(on_done)


class _Run:
    """The jobs of one call."""

    def __init__(
        self, ray: Any, settings: Settings, function: Callable[[Any], Any], jobs: Jobs, places: Places, share: RayShare
    ) -> None:
        self._ray = ray
        self._settings = settings
        self._function = function.__module__, function.__qualname__
        self._jobs = jobs
        self._places = places
        self._wanted = takes(share)
        self._waiting = deque(jobs)
        self._flying: dict[Any, str] = {}
        self._deaths: Counter[str] = Counter()
        self._readers = Counter(path for job, _ in jobs.values() for path in files_read(job))
        self._sent: dict[Path, Any] = {}
        self._room_seen = time.monotonic()

    def to_the_end(self, on_done: Callable[[str, Outcome[Any]], None]) -> dict[str, Outcome[Any]]:
        outcomes: dict[str, Outcome[Any]] = {}
        try:
            while self._waiting or self._flying:
                while self._waiting and self._places.free() > 0:
                    self._submit(self._waiting.popleft())
                for key, outcome in self._ended():
                    outcomes[key] = outcome
                    on_done(key, outcome)
        except BaseException:
            self._places.cancel()
            raise
        return outcomes

    def _submit(self, key: str) -> None:
        job, limits = self._jobs[key]
        files = files_read(job)
        contents = [self._content(path) for path in files]
        parcel = Parcel(self._function, pickle.dumps(job), files, limits, self._settings.workers.attempts)
        self._flying[self._places.submit(parcel, contents)] = key

    def _content(self, path: Path) -> Any:
        """A file in Ray's store; it is kept there for as long as there is another job that reads it."""
        if path not in self._sent:
            self._sent[path] = self._ray.put(path.read_bytes())
        return self._sent[path]

    def _ended(self) -> list[tuple[str, Outcome[Any]]]:
        """Wait for a moment; give the jobs that have ended for good."""
        references = [*self._flying, *self._places.waiting_for()]
        if not references:
            time.sleep(_LOOK_S)
            return []
        ready, _ = self._ray.wait(references, num_returns=1, timeout=_LOOK_S)
        if not ready:
            self._look_for_room()
        ended = []
        for reference in ready:
            key = self._flying.pop(reference, None)
            lost = None
            try:
                outcome, lost = self._outcome(reference)
            finally:
                # Also of one whose error ends the run: what has ended is not to be cancelled.
                self._places.ended(reference, lost=lost is not None)
            if key is None:
                continue
            self._room_seen = time.monotonic()
            if lost is not None:
                self._deaths[key] += 1
                if self._deaths[key] < self._settings.ray.deaths:
                    self._waiting.appendleft(key)
                    continue
                outcome = Outcome(None, Reason.WORKER_LOST, f"{self._deaths[key]} Ray workers were lost at it: {lost}")
            assert outcome is not None
            ended.append((key, outcome))
            self._forget(key)
        return ended

    def _outcome(self, reference: Any) -> tuple[Outcome[Any] | None, str | None]:
        """What became of a reference: an outcome, or how its worker was lost."""
        errors = self._ray.exceptions
        try:
            found = self._ray.get(reference)
        except errors.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except (
            errors.TaskUnschedulableError, errors.ActorUnschedulableError, errors.RuntimeEnvSetupError,
        ):  # fmt: skip
            raise
        except errors.RayError as error:
            if getattr(error, "actor_init_failed", False):
                raise
            return None, _first_line(error)
        return (found if isinstance(found, Outcome) else None), None

    def _look_for_room(self) -> None:
        """While nothing ends: have models without work go, and give up where no node will ever do.

        Raises:
            NoRoomError: see :func:`run_on_ray`.
        """
        settings = self._settings.ray
        make_room(self._ray, settings, self._wanted, self._places.name)
        now = time.monotonic()
        if nodes_with(self._ray, self._wanted):
            self._room_seen = now
        elif now - self._room_seen > settings.wait_seconds:
            listed = ", ".join(f"{name} {amount:g}" for name, amount in self._wanted.items())
            raise NoRoomError(
                f"For {settings.wait_seconds:g} s no node of the Ray cluster has had what a worker takes ({listed}); "
                "start one that has, or change what the section ray of the settings asks for."
            )

    def _forget(self, key: str) -> None:
        """Let go of the files that no job reads any more."""
        for path in files_read(self._jobs[key][0]):
            self._readers[path] -= 1
            if not self._readers[path]:
                self._sent.pop(path, None)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
