"""A Ray cluster of two nodes on this machine, for the session of one pytest worker; nodes may be killed and replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.servers.s3 import KEYS

# A node is given up after two seconds without a sign of life, and not after fifteen.
GIVEN_UP = {"health_check_period_ms": 500, "health_check_failure_threshold": 4, "health_check_initial_delay_ms": 0}
NODE: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 80 * 2**20, "resources": {"decoding": 2}}


@dataclass
class Raylets:
    """The cluster; its head takes no work."""

    cluster: Any
    nodes: list[Any]

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def kill(self, number: int) -> None:
        """End a node as a power cut does; its workers end by themselves."""
        self.cluster.remove_node(self.nodes[number], allow_graceful=False)
        self.nodes[number] = None

    def whole(self) -> None:
        """Have two nodes again."""
        for number, node in enumerate(self.nodes):
            if node is None:
                self.nodes[number] = self.cluster.add_node(**NODE)
        self.cluster.wait_for_nodes()


@pytest.fixture(scope="session")
def started() -> Iterator[Raylets]:
    # Nodes have the keys of S3 from wherever they are started.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0"} | KEYS
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80 * 2**20, "_system_config": GIVEN_UP}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield Raylets(cluster, [cluster.add_node(**NODE) for _ in range(2)])
    import ray

    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def raylets(started: Raylets) -> Raylets:
    """Give the cluster with both nodes."""
    started.whole()
    return started
