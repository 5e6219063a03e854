"""Where jobs run on the cluster: in tasks, or in actors that hold a model. Each submits a job and says what became of it."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from video_assets.cluster.connect import lacking, nodes_with, options, takes
from video_assets.cluster.node import Holder, Origin, Parcel, do_task
from video_assets.settings.clustering import RaySettings, RayShare

_PREFIX = "model"
_IDLE_ENOUGH_S = 2.0
"""How long a model that others want the place of must have had no work."""
_BETWEEN_TRIES_S = 1.0


class Places(Protocol):
    """Where some jobs of one function run."""

    name: str
    """What the names of its actors begin with; empty where it has none."""

    def free(self) -> int:
        """How many more jobs it takes now."""

    def submit(self, parcel: Parcel, contents: Sequence[Any]) -> Any:
        """Have a job done; gives Ray's reference to its outcome."""

    def waiting_for(self) -> list[Any]:
        """References of Ray's that are worth waking up for, beside those of jobs."""

    def ended(self, reference: Any, *, lost: bool) -> None:
        """A job has ended, or one of :meth:`waiting_for` is there; ``lost``: with its worker."""

    def cancel(self) -> None:
        """End what is at work, where that harms nobody else's work."""


class Tasks:
    """A Ray task for each job.

    Args:
        ray: the module.
        origin: of the run.
        share: what a task takes.
    """

    def __init__(self, ray: Any, origin: Origin, share: RayShare) -> None:
        self.name = ""
        self._ray = ray
        self._most = share.most or 1_000_000
        self._origin = origin
        # A worker that is lost is counted here, video by video, and not by Ray, which counts no video that it tries for ever.
        self._task = ray.remote(**options(share), max_retries=0, scheduling_strategy="SPREAD")(do_task)
        self._flying: set[Any] = set()

    def free(self) -> int:
        return self._most - len(self._flying)

    def submit(self, parcel: Parcel, contents: Sequence[Any]) -> Any:
        reference = self._task.remote(self._origin, parcel, *contents)
        self._flying.add(reference)
        return reference

    def waiting_for(self) -> list[Any]:
        return []

    def ended(self, reference: Any, *, lost: bool) -> None:  # noqa: ARG002 - another task is as good
        self._flying.discard(reference)

    def cancel(self) -> None:
        if not self._flying:
            return
        # There is nothing to cancel of what has ended.
        _, at_work = self._ray.wait(list(self._flying), num_returns=len(self._flying), timeout=0)
        for reference in at_work:
            self._ray.cancel(reference, force=True)


class Holders:
    """The actors that hold one model, which all runs share: each is made when it is first needed, and takes one job at a time.

    Args:
        ray: the module.
        origin: of the run.
        settings: of the cluster.
        asset: whose model it is.
        identity: of the model and the code; another one has actors of its own.
        module: of the function that runs there.
        most: how many actors are worth their while.
    """

    def __init__(
        self, ray: Any, origin: Origin, settings: RaySettings, asset: str, identity: bytes, module: str, most: int
    ) -> None:
        self._ray = ray
        self._settings = settings
        share = settings.share(asset)
        self._most = min(most, share.most or max(1, nodes_with(ray, takes(share))))
        digest = hashlib.sha256(identity + origin.code.encode()).hexdigest()[:16]
        # What it takes stands in the name, so that others see whether it would help them that it goes.
        self.name = f"{_PREFIX}/{'+'.join(sorted(takes(share)))}/{asset}/{digest}"
        self._given = (origin, module, settings.idle_seconds)
        self._class = ray.remote(concurrency_groups={"asked": 1})(Holder)
        self._options = options(share) | {
            "namespace": settings.namespace, "lifetime": "detached", "get_if_exists": True, "max_restarts": 0,
            "max_task_retries": 0, "scheduling_strategy": "SPREAD",
        }  # fmt: skip
        self._idle: deque[tuple[int, Any]] = deque()
        self._at_work: dict[Any, tuple[int, Any]] = {}
        self._coming: dict[Any, tuple[int, Any]] = {}
        self._again: dict[int, float] = {}
        """When a place whose actor was lost is filled again."""
        self._opened = 0

    def free(self) -> int:
        now = time.monotonic()
        for number in [n for n, when in self._again.items() if when <= now]:
            del self._again[number]
            self._make(number)
        for number in range(self._opened, self._most):
            self._make(number)
        self._opened = self._most
        return len(self._idle)

    def _make(self, number: int) -> None:
        actor = self._class.options(name=f"{self.name}/{number}", **self._options).remote(*self._given)
        self._coming[actor.hello.remote()] = number, actor

    def submit(self, parcel: Parcel, contents: Sequence[Any]) -> Any:
        number, actor = self._idle.popleft()
        reference = actor.do.remote(parcel, *contents)
        self._at_work[reference] = number, actor
        return reference

    def waiting_for(self) -> list[Any]:
        return list(self._coming)

    def ended(self, reference: Any, *, lost: bool) -> None:
        place = self._at_work.pop(reference, None) or self._coming.pop(reference)
        if lost:
            # Ray takes a moment to give an actor's name away again.
            self._again[place[0]] = time.monotonic() + _BETWEEN_TRIES_S
        else:
            self._idle.append(place)

    def cancel(self) -> None:
        """End the actors that no node has had room for. One at work is others' too, and its job ends at its limits."""
        for _, actor in self._coming.values():
            self._ray.kill(actor)


def make_room(ray: Any, settings: RaySettings, wanted: Mapping[str, float], own: str = "") -> None:
    """Where the cluster has not free what somebody waits for, ask the models to go that take it and have no work.

    Args:
        ray: the module.
        settings: of the cluster.
        wanted: what a worker takes.
        own: the names of the actors that are to stay begin so.
    """
    missing = lacking(ray, wanted)
    if not missing:
        return
    for actor in ray.util.list_named_actors(all_namespaces=True):
        name = actor["name"]
        if (
            actor["namespace"] != settings.namespace
            or not name.startswith(f"{_PREFIX}/")
            or (own and name.startswith(own))
        ):
            continue
        if missing & set(name.split("/")[1].split("+")):
            try:
                holder = ray.get_actor(name, namespace=settings.namespace)
            except ValueError:  # it has gone meanwhile
                continue
            holder.leave.options(concurrency_group="asked").remote(_IDLE_ENOUGH_S)
