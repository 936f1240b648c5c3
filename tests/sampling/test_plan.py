from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.draw_ladder import ladder
from beyondbase.errors import BadInput
from beyondbase.sampling.plan import ATTEMPTS, Plan
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule

IDS = ["a", "b", "c"]
PROMPTS = {problem_id: f"prompt {problem_id}" for problem_id in IDS}
rules = st.builds(DrawRule, n_max=st.integers(1, 40), stop_at=st.none() | st.integers(2, 4), n_first=st.integers(1, 20))


def _verdict(problem_id: str, index: int, rate: float) -> str:
    seed = sample_seed(7, problem_id, index)
    return "correct" if seed / 2**63 < rate else "wrong"


def _target(rule: DrawRule, verdicts: list[str]) -> int:
    """Rows of a problem in a finished run, written out from the rule's words."""
    if rule.stop_at is None:
        return rule.n_max
    target = min(rule.n_first, rule.n_max)
    while target < rule.n_max and verdicts[:target].count("correct") < rule.stop_at:
        target = min(rule.n_max, math.ceil(1.25 * target))
    return target


@given(rules, st.floats(0, 1), st.integers(0, 1000))
def test_the_rows_of_a_finished_run_follow_from_the_verdicts_alone(rule: DrawRule, rate: float, chaos: int) -> None:
    """Completions come in any order, some fail once, and the plan is rebuilt from what is there (a restart)."""
    rng = random.Random(chaos)
    done: dict[tuple[str, int], str] = {}
    plan = Plan(PROMPTS, rule, run_seed=0)
    while owed := plan.next_round():
        rng.shuffle(owed)
        new = [(r.problem_id, r.sample_index) for r in owed if rng.random() < 0.7]
        verdicts = [(*key, _verdict(*key, rate)) for key in new]
        plan.record(verdicts)
        done.update(((problem_id, index), verdict) for problem_id, index, verdict in verdicts)
        if rng.random() < 0.3 or len(new) < len(owed):
            plan = Plan(PROMPTS, rule, run_seed=0)
            plan.record((*key, verdict) for key, verdict in done.items())
    expected = {i: _target(rule, [_verdict(i, n, rate) for n in range(rule.n_max)]) for i in IDS}
    assert sorted(done) == [(i, index) for i in IDS for index in range(expected[i])]
    assert (plan.n_open, plan.drawn, plan.at_most) == (0, len(done), len(done))


@given(rules)
def test_a_ladder_climbs_to_n_max(rule: DrawRule) -> None:
    rungs = ladder(rule)
    assert rungs == sorted(set(rungs))
    assert rungs[-1] == rule.n_max


def test_requests_carry_prompt_and_the_seed_of_the_sample() -> None:
    first = Plan(PROMPTS, DrawRule(n_max=2, stop_at=None), run_seed=5).next_round()
    assert [(r.problem_id, r.sample_index) for r in first] == [(i, n) for i in IDS for n in range(2)]
    assert all(r.prompt == PROMPTS[r.problem_id] for r in first)
    assert all(r.seed == sample_seed(5, r.problem_id, r.sample_index) for r in first)


def test_raising_n_max_goes_on_as_if_it_had_been_so_from_the_start() -> None:
    rows = [("a", index, "correct" if index in (3, 90) else "wrong") for index in range(100)]
    plan = Plan({"a": ""}, DrawRule(n_max=1024, stop_at=2), run_seed=0)
    plan.record(rows)
    # The stop at draw 91 lies on the rung of 99, which is full.
    assert plan.next_round() == []
    plan = Plan({"a": ""}, DrawRule(n_max=1024, stop_at=3), run_seed=0)
    plan.record(rows)
    assert [r.sample_index for r in plan.next_round()] == list(range(100, 124))


@pytest.mark.parametrize("missing", [None, "verifier_error"])
def test_a_problem_waits_for_a_verdict_that_could_be_its_stop(missing: str | None) -> None:
    plan = Plan({"a": ""}, DrawRule(n_max=8, stop_at=2, n_first=2), run_seed=0)
    plan.record([("a", 0, missing), ("a", 1, "correct")])
    assert (plan.next_round(), plan.n_open) == ([], 1)
    plan.record([("a", 0, "wrong")])
    assert [r.sample_index for r in plan.next_round()] == [2]


def test_a_request_that_fails_is_made_a_few_times_and_not_for_ever() -> None:
    plan = Plan({"a": "", "b": ""}, DrawRule(n_max=2, stop_at=None), run_seed=0)
    rounds = []
    while owed := plan.next_round():
        rounds.append([(r.problem_id, r.sample_index) for r in owed])
        plan.record((r.problem_id, r.sample_index, "wrong") for r in owed if r.problem_id == "a")
    assert rounds[1:] == [[("b", 0), ("b", 1)]] * (ATTEMPTS - 1)
    assert (plan.n_open, plan.drawn) == (1, 2)


def test_a_round_has_an_end_and_the_next_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyondbase.sampling.plan.LARGEST_ROUND", 10)
    plan = Plan(PROMPTS, DrawRule(n_max=8, stop_at=None), run_seed=0)
    rounds = []
    while owed := plan.next_round():
        rounds.append([r.problem_id for r in owed])
        plan.record((r.problem_id, r.sample_index, "wrong") for r in owed)
    assert rounds == [["a"] * 8 + ["b"] * 8, ["c"] * 8]


def test_rows_past_a_smaller_n_max_are_left_alone() -> None:
    plan = Plan({"a": ""}, DrawRule(n_max=1, stop_at=None), run_seed=0)
    plan.record([("a", 0, "wrong"), ("a", 5, "correct")])
    assert plan.next_round() == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (DrawRule(n_max=0), "n_max: expected at least 1 sample a problem, got '0'"),
        (DrawRule(n_first=0), "n_first: expected at least 1, got '0'"),
        (DrawRule(stop_at=1), "stop_at: expected at least 2, got '1'"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rule: DrawRule, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        Plan(PROMPTS, rule, run_seed=0)
