"""The plan against what is known: the simulation study's numbers, runs that were really drawn, and its own laws."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.plan import plan
from beyondbase.analyses.plan_tables import Prices
from beyondbase.analyses.planned_rates import PRESETS, Assumed, Piloted, Truth, piloted
from beyondbase.analyses.results import StudyPlan, VerdictLabel
from beyondbase.analyses.simulated_study import Design, Terms, budgets, chance_of, simulate
from beyondbase.draw_ladder import samples_drawn
from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.rate_law import RateLaw
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from simulations.laws import LAWS

STUDY = Path(__file__).parents[2] / "docs" / "simulation" / "bands.csv"
MIXED = Assumed(RateLaw(0.05, 0.5, 1.0), odds=2.0, lost=0.05, tokens=100.0)


class OfLaw:
    """A law of the simulation study as rates of a plan."""

    source = "a law"

    def __init__(self, name: str) -> None:
        self.law = next(law for law in LAWS if law.name == name)

    def draw(self, problems: int, rng: np.random.Generator) -> Truth:
        base_P, rl_P = self.law.draw(rng, problems)
        return Truth(base_P, rl_P, np.ones(problems), np.ones(problems))

    def caveats(self, n_max: int) -> list[str]:
        return []


def known(law: str, problems: int, rule: str) -> dict[str, str]:
    with STUDY.open(encoding="utf-8") as file:
        return next(
            row
            for row in csv.DictReader(file)
            if (row["law"], row["problems"], row["rule"]) == (law, str(problems), rule)
            and row["band"] == "unit pair, w=1"
        )


@pytest.mark.parametrize(("rule", "stop_at"), [("fixed n", None), ("stopped at 4", 4)])
@pytest.mark.parametrize("law", ["unlock", "5% lost"])
def test_half_widths_and_chances_are_those_of_the_simulation_study(law: str, rule: str, stop_at: int | None) -> None:
    problems, runs = 30, 120
    study = known(law, problems, rule)
    found = simulate(OfLaw(law), Design(problems, DrawRule(1024, stop_at)), Terms(), runs)
    for column, half_R in zip(("half_first", "half_middle", "half_last"), found.half_R_K[:, [0, 5, 10]].T, strict=True):
        assert abs(half_R.mean() - float(study[column])) < 4 * half_R.std() / runs**0.5 + 0.0015  # 500 or 1,000 draws
    for label in VerdictLabel:
        chance, error = chance_of((label,), found.labels)
        assert abs(chance - float(study[label.value])) < 4 * (error**2 + error**2 * runs / 1000) ** 0.5


def test_the_verdicts_are_those_of_compare_but_for_close_calls() -> None:
    rates, rule, same = OfLaw("unlock"), DrawRule(64, 4), 0
    labels = simulate(rates, Design(60, rule), Terms(seed=3), 20).labels
    for run, label in enumerate(labels):
        rng = np.random.default_rng([3, run])
        truth = rates.draw(60, rng)
        same += bb.compare(*(draw_counts(rate_P, rule, rng) for rate_P in truth[:2])).verdict.label is label
    assert same >= 18
    assert 3 < labels.count(VerdictLabel.EXPANDED) < 17


def test_the_band_on_every_k_is_hardly_wider_than_the_simulated_one() -> None:
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(3):
        truth = PRESETS["deepscaler"].draw(100, rng)
        base, rl = (draw_counts(rate_P, DrawRule(1024, 4), rng) for rate_P in truth[:2])
        every, some = (difference_band(base, rl, k_K) for k_K in (np.arange(1, 1025), budgets(1024)))
        ratios.append(every.critical / some.critical)
    assert 1.0 <= np.mean(ratios) < 1.015


@pytest.mark.parametrize("stop_at", [2, 4, None])
def test_samples_are_those_that_a_run_draws_with_what_its_rounds_overdraw(stop_at: int | None, tmp_path: Path) -> None:
    rates = np.repeat([0.0, 0.01, 0.05, 0.2, 0.9], 12)
    ids = [str(i) for i in range(len(rates))]
    problems = tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids)
    engine = ScriptedEngine(dict(zip(ids, rates.tolist(), strict=True)), dict.fromkeys(ids, "yes"))
    rule = DrawRule(200, stop_at, n_first=8)
    run = sample_run(tmp_path / "run", ProblemSet("ours", problems), engine, SamplingSpec(), rule, ExactMatch())
    drawn_P = samples_drawn(run.counts().n_P, rule)
    assert drawn_P.sum() == run.n_drawn()
    assert stop_at is None or run.n_drawn() > run.counts().n_P.sum()

    class These:
        source = "these"

        def draw(self, problems: int, rng: np.random.Generator) -> Truth:
            return Truth(rates, rates, np.ones(problems), np.full(problems, 2.0))

        def caveats(self, n_max: int) -> list[str]:
            return []

    found = simulate(These(), Design(len(rates), rule), Terms(), 60)
    samples_R = found.samples_R_M[:, 0]
    assert abs(run.n_drawn() - samples_R.mean()) <= 4 * samples_R.std()
    assert found.tokens_R_M[:, 1].tolist() == (2 * found.samples_R_M[:, 1]).tolist()
    assert (found.counted_R_M <= found.samples_R_M).all()


def test_more_problems_never_widen_the_band_and_cost_more() -> None:
    result = plan(MIXED, Design(40, DrawRule(64)), Terms(), runs=40)
    assert result.designs.height == 15
    for n in (16, 64, 256):
        rows = result.designs.filter(result.designs["n_max"] == n)
        assert rows["problems"].to_list() == [10, 20, 40, 80, 160]
        for column in ("half_first", "half_last"):
            assert (np.diff(rows[column].to_numpy()) < 0).all()
        assert (np.diff(rows["samples"].to_numpy()) > 0).all()


def test_the_curves_are_those_of_the_law_and_no_effect_is_seldom_taken_for_one() -> None:
    law = RateLaw(0.2, 0.6, 1.5)
    found = simulate(Assumed(law), Design(200, DrawRule(64)), Terms(), 200)
    assert np.abs(found.truth_R_M_K.mean(axis=0) - law.pass_at_k(budgets(64))).max() < 0.01
    assert chance_of((VerdictLabel.NARROWED, VerdictLabel.EXPANDED), found.labels)[0] <= 0.05


def test_costs_follow_from_samples_by_the_prices() -> None:
    result = plan(MIXED, Design(40, DrawRule(64)), Terms(), Prices(tokens_per_second=50.0, price=2.0), runs=20)
    base, rl, both = result.cost.rows(named=True)
    assert both["samples"] == pytest.approx(base["samples"] + rl["samples"])
    for row in (base, rl, both, *result.designs.rows(named=True)):
        assert row["tokens"] == pytest.approx(100 * row["samples"])
        assert row["hours"] == pytest.approx(row["tokens"] / 50 / 3600)
        assert row["money"] == pytest.approx(row["tokens"] / 1e6 * 2)
    stated = result.designs.filter((result.designs["problems"] == 40) & (result.designs["n_max"] == 64))
    assert stated["samples"].to_list() == [both["samples"]]
    unpriced = plan(Assumed(RateLaw(0, 1, 1)), Design(40, DrawRule(64)), Terms(), Prices(50.0, 2.0), runs=20)
    assert unpriced.designs.select("tokens", "hours", "money").null_count().row(0) == (15, 15, 15)


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones() -> None:
    one, again, other = (plan(MIXED, Design(8, DrawRule(8)), Terms(seed=s), runs=20).to_json() for s in (1, 1, 2))
    assert one == again
    assert one != other


def pilot(lost: float, problems: int = 60) -> Piloted:
    rng = np.random.default_rng(1)
    truth = Assumed(RateLaw(0.0, 1.0, 8.0), odds=5.0, lost=lost).draw(problems, rng)
    base, rl = (draw_counts(rate_P, DrawRule(128, 4), rng) for rate_P in truth[:2])
    return Piloted(base, rl, np.full(problems, 10.0), np.full(problems, 20.0))


def test_after_a_clear_pilot_the_cheapest_design_that_decides_is_found_among_other_stops_too() -> None:
    result = plan(pilot(lost=0.3), Design(60, DrawRule(128, 4)), Terms(), runs=40)
    assert result.cheapest is not None
    chosen = result.designs.row(result.cheapest, named=True)
    assert chosen["decided"] - chosen["error"] >= result.target
    assert chosen["n_max"] >= 128
    enough = result.designs.filter(
        (result.designs["n_max"] >= 128) & (result.designs["decided"] - result.designs["error"] >= result.target)
    )
    assert chosen["tokens"] == enough["tokens"].min()
    assert set(result.designs["stop_at"].to_list()) > {4}


@pytest.mark.slow
def test_where_nothing_decides_the_plan_says_so_and_has_tried_every_stop() -> None:
    result = plan(pilot(lost=0.06, problems=30), Design(8, DrawRule(64, 4)), Terms(), runs=40, target=0.95)
    assert result.cheapest is None
    assert set(result.designs["stop_at"].to_list()) == {2, 4, None}
    given_up = result.designs.filter(result.designs["stop_at"] != 4)
    assert given_up["runs"].to_list() == [20] * given_up.height  # a quarter of the runs, under the number of a trial


def test_a_hopeless_design_is_given_up_after_a_few_runs() -> None:
    design = Design(10, DrawRule(16, 4))
    assert len(simulate(MIXED, design, Terms(), 100, wanted=0.9).labels) == 30
    assert len(simulate(MIXED, design, Terms(), 100).labels) == 100


def test_a_pilot_s_draws_have_the_rates_of_its_counts() -> None:
    rates = pilot(lost=0.2)
    rng = np.random.default_rng(0)
    draws = [rates.draw(400, rng) for _ in range(200)]
    for model, counts in (("base_P", rates.base), ("rl_P", rates.rl)):
        rate_P = np.concatenate([getattr(drawn, model) for drawn in draws])
        assert rate_P.mean() == pytest.approx(float(bb.pass_at_k(counts, 1)[0]), abs=0.02)
    assert {*draws[0].base_tokens_P, *draws[0].rl_tokens_P} == {10.0, 20.0}
    assert len(rates.caveats(128)) == 1
    assert "rates below about 1/128 are those of a fitted Beta law" in rates.caveats(129)[1]


def test_a_pilot_on_disk_brings_its_counts_and_tokens(tmp_path: Path) -> None:
    ids = ["a", "b", "c"]
    problems = ProblemSet("ours", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    engine = ScriptedEngine(dict.fromkeys(ids, 0.5), {"a": "yes", "b": "yes", "c": "yes"})
    base, rl = (
        sample_run(tmp_path / name, problems, engine, SamplingSpec(seed=seed), DrawRule(32), ExactMatch())
        for seed, name in enumerate(("base", "rl"))
    )
    rates = piloted(base, rl)
    assert rates.base.n_P.tolist() == base.counts().n_P.tolist()
    samples = base.samples().collect()
    for tokens, problem_id in zip(rates.base_tokens_P, ids, strict=True):
        assert tokens == pytest.approx(samples.filter(samples["problem_id"] == problem_id)["n_tokens"].mean())
    with pytest.raises(bb.NotComparable, match="seed"):
        piloted(base, base)


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    for rates in (MIXED, pilot(lost=0.3, problems=10)):
        result = plan(rates, Design(8, DrawRule(8)), Terms(), runs=20)
        again = bb.from_json(result.to_json())
        assert isinstance(again, StudyPlan)
        assert again.to_json() == result.to_json()
        assert again.designs.equals(result.designs)
        assert again.designs.schema == result.designs.schema


@pytest.mark.parametrize(
    ("design", "settings", "message"),
    [
        (Design(1, DrawRule(16)), {}, "problems: expected a whole number 2 <= problems"),
        (Design(10, DrawRule(0)), {}, "n_max: expected at least 1"),
        (Design(10, DrawRule(16, 1)), {}, "stop_at: expected at least 2"),
        (Design(10, DrawRule(3, 4)), {}, "stop-at: expected at most n-max = 3, got 4"),
        (Design(10, DrawRule(16)), {"runs": 5}, "runs: expected a whole number 20 <= runs"),
        (Design(10, DrawRule(16)), {"target": 1.0}, "target: expected a chance"),
    ],
)
def test_what_cannot_be_planned_is_refused(design: Design, settings: dict[str, float], message: str) -> None:
    with pytest.raises(bb.BadInput, match=message):
        plan(MIXED, design, Terms(), **settings)  # type: ignore[arg-type]
