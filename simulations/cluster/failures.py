"""What is lost in a cluster, and when: processes, machines, many machines at once, and engines that stand still."""

from __future__ import annotations

from collections.abc import Callable

from beyondbase.sampling.leases import Loss
from simulations.cluster.fleet import Fleet, Replica
from simulations.cluster.world import HOUR_S

DIED_S, TAKEN_S = 1.0, 30.0
"""until the driver knows of a process that ended, and of a machine that is gone"""


def let_fail(fleet: Fleet) -> None:
    """Let processes and machines of a fleet fail at random times, as its world says."""
    world, n = fleet.world, fleet.world.replicas
    nodes = -(-n // world.node_size)
    _again(fleet, world.replica_hours / n, lambda: fleet.end(_any(fleet), Loss.DIED, DIED_S, world.load_s))
    _again(fleet, world.hang_hours / n, lambda: _hang(_any(fleet)))
    _again(fleet, world.node_hours / nodes, lambda: _lose_node(fleet, int(fleet.rng.integers(nodes))))
    _again(fleet, world.wave_hours, lambda: _wave(fleet, nodes))


def _again(fleet: Fleet, hours: float, happens: Callable[[], None]) -> None:
    """Let something happen at times that are exponentially far from each other (0: never)."""
    if not hours:
        return

    def event() -> None:
        happens()
        fleet.at(fleet.now + fleet.rng.exponential(hours * HOUR_S), event)

    fleet.at(fleet.now + fleet.rng.exponential(hours * HOUR_S), event)


def _any(fleet: Fleet) -> Replica:
    return fleet.replicas[int(fleet.rng.integers(len(fleet.replicas)))]


def _hang(replica: Replica) -> None:
    replica.hangs = replica.engine is not None


def _lose_node(fleet: Fleet, node: int) -> None:
    fleet.node_lost[node] = fleet.now
    size = fleet.world.node_size
    for replica in fleet.replicas[node * size : (node + 1) * size]:
        fleet.end(replica, Loss.TAKEN, TAKEN_S, fleet.world.away_s + fleet.world.load_s)


def _wave(fleet: Fleet, nodes: int) -> None:
    for node in fleet.rng.choice(nodes, max(1, round(nodes * fleet.world.wave_share)), replace=False).tolist():
        _lose_node(fleet, node)
