"""One simulation from its settings to its results."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from time import perf_counter

from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.gather import pace_of
from beyondbase.sampling.leases import Terms
from beyondbase.sampling.options import RayOptions
from beyondbase.sampling.plan import Plan
from beyondbase.types import DrawRule
from simulations.cluster.failures import let_fail
from simulations.cluster.fleet import Fleet
from simulations.cluster.measured import BIN_S, Measured, over_time, share_of_time_after
from simulations.cluster.samples import Samples
from simulations.cluster.world import HOUR_S, World


@dataclass(frozen=True, slots=True)
class Settings:
    """What is simulated."""

    name: str
    problems: int
    rule: DrawRule = field(default_factory=lambda: DrawRule(stop_at=None))
    lengths: str = "reasoning"
    world: World = field(default_factory=World)
    terms: Terms = field(default_factory=Terms)
    seed: int = 0


def fleet_of(settings: Settings) -> Fleet:
    """Make a fleet and its planner, with all that will befall it."""
    plan = Plan([str(row) for row in range(settings.problems)], settings.rule)
    samples = Samples(settings.problems, settings.lengths, settings.seed)
    pace = pace_of(settings.world.replicas, RayOptions().wait_s)
    fleet = Fleet(settings.world, Dispatcher(plan, settings.terms), pace, samples, settings.seed)
    let_fail(fleet)
    return fleet


def simulate(settings: Settings) -> Measured:
    """Simulate a run to its end."""
    start = perf_counter()
    fleet = fleet_of(settings)
    fleet.run()
    return _measured(settings, fleet, perf_counter() - start)


def _measured(settings: Settings, fleet: Fleet, real_s: float) -> Measured:
    world, ledger, clock = settings.world, fleet.ledger, fleet.clock
    whole_s, drawn = ledger.drawn[-1][0], fleet.dispatcher.plan.drawn
    tail_s = share_of_time_after(0.99, ledger.drawn)
    capacity_per_s = world.tokens_per_s * sum(replica.speed for replica in fleet.replicas)
    planner_s = sum(clock.seconds.values())
    return Measured(
        name=settings.name,
        replicas=world.replicas,
        feed=world.feed.value,
        lengths=settings.lengths,
        samples=drawn,
        problems_aside=len(fleet.dispatcher.aside),
        hours=whole_s / HOUR_S,
        utilisation=ledger.useful / (capacity_per_s * whole_s),
        busy=0.99 * ledger.useful / (capacity_per_s * (whole_s - tail_s)),
        copied=ledger.copied / ledger.useful,
        lost=ledger.lost / ledger.useful,
        last_percent=tail_s / whole_s,
        last_percent_s=tail_s,
        leases=ledger.leases,
        leases_lost=fleet.dispatcher.n_lost,
        leases_copied=fleet.dispatcher.n_copied,
        losses=dict(ledger.losses),
        recorders_lost=ledger.recorders_lost,
        hand_overs_per_s=ledger.hand_overs / whole_s,
        parts=ledger.parts,
        terabytes=ledger.n_bytes / 1e12,
        planner_s=planner_s,
        planner_share=planner_s / whole_s,
        planner_ms_per_lease=1e3 * planner_s / ledger.leases,
        planner_us_per_sample=1e6 * planner_s / drawn,
        slowest_calls={name: [round(s, 2), clock.calls[name]] for name, s in clock.seconds.most_common()},
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        real_s=real_s,
        minutes=over_time(ledger.tokens_of_bin, capacity_per_s * BIN_S),
    )
