"""The connection of a process to the Ray cluster, and what the cluster's nodes have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from video_assets.settings.clustering import RaySettings, RayShare

_MIB = 2**20


class NoClusterError(RuntimeError):
    """There is no cluster to work on."""


class NoRoomError(RuntimeError):
    """No node has what a worker takes."""


def connected(settings: RaySettings) -> Any:
    """The module ``ray``, connected. A process is connected once, and stays so.

    Raises:
        NoClusterError: ray is not installed, or no cluster is at the address.
    """
    # Ray asks its makers' server otherwise.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise NoClusterError(
            "workers.backend is 'ray', and ray is not installed; run: pip install 'video_assets[cluster]'"
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(
                address=settings.address, namespace=settings.namespace, configure_logging=False, log_to_driver=False
            )
        except (ConnectionError, ValueError) as error:
            raise NoClusterError(
                f"No Ray cluster answers at {settings.address} ({error}); start one with 'ray start --head' and set ray.address."
            ) from error
    return ray


def takes(share: RayShare) -> dict[str, float]:
    """What one worker takes of a node, by Ray's names."""
    found = {"CPU": share.cpus, "GPU": share.gpus, "memory": (share.memory_mib or 0) * _MIB}
    if share.resource:
        found[share.resource] = 1.0
    return {name: amount for name, amount in found.items() if amount}


def options(share: RayShare) -> dict[str, Any]:
    """The same as options of a task or an actor."""
    found: dict[str, Any] = {"num_cpus": share.cpus, "num_gpus": share.gpus}
    if share.memory_mib:
        found["memory"] = share.memory_mib * _MIB
    if share.resource:
        found["resources"] = {share.resource: 1.0}
    return found


def nodes_with(ray: Any, wanted: Mapping[str, float]) -> int:
    """How many living nodes have as much at all, whether it is free or not."""
    return sum(
        all(node["Resources"].get(name, 0.0) >= amount for name, amount in wanted.items())
        for node in ray.nodes()
        if node["Alive"]
    )


def lacking(ray: Any, wanted: Mapping[str, float]) -> set[str]:
    """Of what a worker takes, what it waits for at this moment: nothing where a node has all of it free."""
    # What is free by node is told here alone; over the cluster, two halves would look like one.
    free = ray._private.state.available_resources_per_node()
    short = [{n for n, amount in wanted.items() if node.get(n, 0.0) < amount} for node in free.values()]
    return set() if any(not names for names in short) else set[str]().union(*short)
