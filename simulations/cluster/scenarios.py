"""The simulations that docs/cluster-simulation.md reports, by name."""

from __future__ import annotations

from dataclasses import replace

from beyondbase.sampling.leases import Terms
from beyondbase.types import DrawRule
from simulations.cluster.runs import Settings
from simulations.cluster.world import Feed, World

N = 1024
PER_REPLICA = 10_000
"""samples, some two hours of work"""


def scenarios() -> dict[str, Settings]:
    """All of them; a name says what is unlike the first."""
    plain = _settings("1,000 replicas", 1000, 1000 * PER_REPLICA)
    world = plain.world
    some = [
        plain,
        replace(plain, name="no failures", world=world.without_failures()),
        replace(plain, name="lease by lease", world=replace(world, feed=Feed.LEASES)),
        replace(plain, name="two leases ahead", terms=Terms(ahead=2)),
        replace(plain, name="stragglers not drawn twice", terms=Terms(late=float("inf"))),
        replace(plain, name="leases that do not shrink", terms=Terms(least=Terms().most)),
        replace(plain, name="hand-over every 2 s", world=replace(world, hand_s=2.0)),
        replace(plain, name="until 4 are correct", rule=DrawRule(n_max=N, stop_at=4), problems=70_000),
        replace(plain, name="answers of 310 tokens", lengths="answers", problems=100_000),
    ]
    some += [_settings(f"{replicas:,} replicas", replicas, replicas * PER_REPLICA) for replicas in (10, 100, 10_000)]
    some += [_settings(f"10^{power} samples", 1000, 10**power) for power in (6, 9)]
    return {settings.name: settings for settings in some}


def _settings(name: str, replicas: int, samples: int) -> Settings:
    return Settings(name, round(samples / N), world=World(replicas=replicas))
