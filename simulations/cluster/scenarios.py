"""The simulations that docs/cluster-simulation.md reports, by name."""

from __future__ import annotations

from dataclasses import replace

from beyondbase.sampling.dispatch import Terms
from beyondbase.types import DrawRule
from simulations.cluster.runs import Settings
from simulations.cluster.world import Feed, World

N = 1024
EVERY_S = 30.0
"""hand-overs are rarer than today's 2 s, as the first row of the document's table of changes says"""
_WORLD = World(hand_s=EVERY_S)


def _settings(name: str, samples: float, world: World = _WORLD, lease: int = 1024, **more: object) -> Settings:
    terms = Terms(most=lease)
    return replace(Settings(name, round(samples / N), world=world, terms=terms), **more)  # type: ignore[arg-type]


def scenarios() -> dict[str, Settings]:
    """All of them; a name says what is unlike the first."""
    small = replace(_WORLD, replicas=100)
    plain = _settings("plain", 1e6, small, 256)
    some = [
        plain,
        replace(plain, name="no failures", world=small.without_failures()),
        replace(plain, name="hand-over every 2 s", world=replace(small, hand_s=2.0)),
        replace(plain, name="lease by lease", world=replace(small, feed=Feed.LEASES)),
        replace(plain, name="lease by lease of 1,024", world=replace(small, feed=Feed.LEASES), terms=Terms(most=1024)),
        replace(plain, name="stragglers not drawn twice", terms=Terms(late=float("inf"))),
        replace(plain, name="leases that do not shrink", terms=Terms(least=256)),
        replace(plain, name="until 4 are correct", rule=DrawRule(n_max=N, stop_at=4), problems=10_000),
        replace(plain, name="answers of 280 tokens", lengths="answers", problems=10_000),
    ]
    some += [
        _settings(f"{replicas:,} replicas", 2000 * replicas, replace(_WORLD, replicas=replicas), 256)
        for replicas in (10, 100, 1000, 10_000)
    ]
    some += [_settings(f"10^{power} samples", 10**power, replace(_WORLD, hand_s=60.0)) for power in (7, 8, 9)]
    return {settings.name: settings for settings in some}
