"""A real cluster of two machines, as far as Ray can tell, on the loopback of this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

from beyondbase.integrations.ray.connect import connect  # noqa: E402

LOOPBACK = "127.0.0.2"
"""Ray takes 127.0.0.1 for a name of the machine's own address, which others reach"""
MEMORY = 100 * 2**20


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    made = start()
    connect(made.address)
    yield made
    ray.shutdown()
    made.shutdown()


def start() -> Any:
    """Start a head that has no CPU to give, so that every process lies on a machine that can be taken away, and two."""
    args = {"num_cpus": 0, "node_ip_address": LOOPBACK, "include_dashboard": False, "object_store_memory": MEMORY}
    made = Cluster(initialize_head=True, head_node_args=args)
    for _ in range(2):
        add_node(made)
    return made


def add_node(cluster: Any) -> Any:
    """Add a machine with room for two replicas."""
    return cluster.add_node(num_cpus=2, node_ip_address=LOOPBACK, object_store_memory=MEMORY)
