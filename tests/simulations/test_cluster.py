"""A simulated cluster under the project's own planner: what comes of it does not hang on what befalls it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.sampling.leases import Terms
from beyondbase.types import DrawRule, IntArray
from simulations.cluster.engine import Engine
from simulations.cluster.runs import Settings, fleet_of, simulate
from simulations.cluster.samples import Drawn, Samples
from simulations.cluster.scenarios import scenarios
from simulations.cluster.tables import DOCUMENT, RESULTS, table
from simulations.cluster.world import Feed, World

Key = tuple[int, int]
ROUGH = World(
    replicas=6,
    node_size=2,
    seats=16,
    load_s=30.0,
    replica_hours=0.5,
    hang_hours=2.0,
    node_hours=3.0,
    wave_hours=1.0,
    away_s=60.0,
    slow_share=0.3,
    poison=1,
    recorders=2,
    recorder_hours=0.001,
)
RUN = Settings("small", 30, DrawRule(n_max=64, stop_at=4), world=ROUGH, terms=Terms(most=32, least=8, hang_s=600.0))


def recorded(run: Settings) -> tuple[set[Key], set[int]]:
    """Samples in the store at the end, and problems that were set aside."""
    fleet, keys = fleet_of(run), set[Key]()

    def note(row: int, index_N: IntArray) -> None:
        keys.update((row, index) for index in index_N.tolist())

    fleet.recorded_rows = note
    fleet.run()
    assert fleet.dispatcher.plan.drawn == len(keys)
    return keys, {int(problem_id) for problem_id in fleet.dispatcher.aside}


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    feed=st.sampled_from(Feed),
    rule=st.sampled_from([DrawRule(n_max=64, stop_at=4), DrawRule(n_max=48, stop_at=None)]),
)
def test_failures_cost_time_and_no_sample(seed: int, feed: Feed, rule: DrawRule) -> None:
    run = replace(RUN, seed=seed, rule=rule, world=replace(ROUGH, feed=feed))
    rough, aside = recorded(run)
    calm, none = recorded(replace(run, world=run.world.without_failures()))
    assert rough <= calm and not none
    assert {row for row, _ in calm - rough} == aside


def test_no_more_is_used_than_is_there_and_nothing_is_lost_where_nothing_fails() -> None:
    rough, calm = (simulate(replace(RUN, world=world)) for world in (ROUGH, ROUGH.without_failures()))
    for measured in (rough, calm):
        assert 0 < measured.utilisation <= 1 and 0 < measured.last_percent < 1
        assert measured.parts % 2 == 0 and measured.hand_overs_per_s > 0
    assert rough.losses and rough.lost > 0 and rough.hours > calm.hours
    assert (calm.losses, calm.lost, calm.leases_lost, calm.problems_aside) == ({}, 0.0, 0, 0)


def test_a_tail_is_shorter_where_stragglers_are_drawn_twice() -> None:
    slow = replace(ROUGH.without_failures(), replicas=20, slow_share=0.1, slow_speed=0.1)
    run = Settings("tail", 100, DrawRule(n_max=64, stop_at=None), world=slow, terms=Terms(most=32, least=8))
    twice, once = (simulate(replace(run, terms=replace(run.terms, late=late))) for late in (2.0, float("inf")))
    assert twice.samples == once.samples == 6400
    assert once.leases_copied == 0 < twice.leases_copied
    assert twice.last_percent_s < 0.6 * once.last_percent_s


def test_an_engine_decodes_at_the_speed_of_its_world() -> None:
    """Sequences of one length, as many as seats: all end together, after as many steps."""
    world = World(seats=4, step_s=0.01, seat_step_s=0.001)
    engine = Engine(world, speed=0.5, now=100.0)
    drawn = Drawn(np.zeros(8, int), np.arange(8), np.full(8, 50), np.full(8, 4, np.int8))
    engine.give(1, drawn, now=100.0)
    first_s = 100.0 + 50 * 0.014 / 0.5
    assert not engine.take(first_s - 0.001)[0]
    [(lease, done)], ended = engine.take(first_s + 0.001)
    assert (lease, done.index_N.tolist(), ended) == (1, [0, 1, 2, 3], frozenset())
    assert engine.untaken(first_s + 0.001) == pytest.approx(0, abs=4)
    assert engine.take(2 * first_s - 100.0 + 0.001)[1] == {1}


def test_a_sample_is_the_same_whenever_it_is_drawn() -> None:
    samples = Samples(50, "reasoning", seed=3)
    rows, indices = np.repeat(np.arange(50), 40), np.tile(np.arange(40), 50)
    order = np.random.default_rng(0).permutation(2000)
    whole, mixed = samples.draw(rows, indices), samples.draw(rows[order], indices[order])
    assert (whole.tokens_N[order] == mixed.tokens_N).all() and (whole.state_N[order] == mixed.state_N).all()
    assert whole.tokens_N.min() >= 3187 and whole.tokens_N.max() <= 16_384


def test_the_table_of_the_document_is_that_of_the_results_beside_it() -> None:
    assert table() in DOCUMENT.read_text(encoding="utf-8")
    told = {json.loads(path.read_text(encoding="utf-8"))["name"] for path in Path(RESULTS).glob("*.json")}
    assert told == set(scenarios())
