from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.draw_ladder import ladder
from beyondbase.errors import BadInput
from beyondbase.sampling.plan import ATTEMPTS, Plan, Span, requests_of
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule
from tests.plan_rows import record

IDS = ["a", "b", "c"]
PROMPTS = {problem_id: f"prompt {problem_id}" for problem_id in IDS}
rules = st.builds(DrawRule, n_max=st.integers(1, 40), stop_at=st.none() | st.integers(2, 4), n_first=st.integers(1, 20))


def _verdict(problem_id: str, index: int, rate: float) -> str:
    seed = sample_seed(7, problem_id, index)
    return "correct" if seed / 2**63 < rate else "wrong"


def keys(spans: list[Span]) -> list[tuple[str, int]]:
    return [(span.problem_id, index) for span in spans for index in span.index_N.tolist()]


def indices(plan: Plan) -> list[int]:
    return [index for _, index in keys(plan.lease())]


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
    plan = Plan(IDS, rule)
    while spans := plan.lease(rng.randint(1, 60)):
        owed = keys(spans)
        rng.shuffle(owed)
        new = [key for key in owed if rng.random() < 0.7]
        verdicts = [(*key, _verdict(*key, rate)) for key in new]
        record(plan, verdicts)
        done.update(((problem_id, index), verdict) for problem_id, index, verdict in verdicts)
        if rng.random() < 0.5:
            plan.give_back(spans)
        else:
            plan = Plan(IDS, rule)
            record(plan, ((*key, verdict) for key, verdict in done.items()))
    expected = {i: _target(rule, [_verdict(i, n, rate) for n in range(rule.n_max)]) for i in IDS}
    assert sorted(done) == [(i, index) for i in IDS for index in range(expected[i])]
    assert (plan.n_open, plan.drawn, plan.at_most) == (0, len(done), len(done))


@given(rules)
def test_a_ladder_climbs_to_n_max(rule: DrawRule) -> None:
    rungs = ladder(rule)
    assert rungs == sorted(set(rungs))
    assert rungs[-1] == rule.n_max


def test_requests_carry_prompt_and_the_seed_of_the_sample() -> None:
    first = requests_of(Plan(IDS, DrawRule(n_max=2, stop_at=None)).lease(), PROMPTS, run_seed=5)
    assert [(r.problem_id, r.sample_index) for r in first] == [(i, n) for i in IDS for n in range(2)]
    assert all(r.prompt == PROMPTS[r.problem_id] for r in first)
    assert all(r.seed == sample_seed(5, r.problem_id, r.sample_index) for r in first)


def test_raising_n_max_goes_on_as_if_it_had_been_so_from_the_start() -> None:
    rows = [("a", index, "correct" if index in (3, 90) else "wrong") for index in range(100)]
    plan = Plan(["a"], DrawRule(n_max=1024, stop_at=2))
    record(plan, rows)
    # The stop at draw 91 lies on the rung of 99, which is full.
    assert plan.lease() == [] and not plan.owes()
    plan = Plan(["a"], DrawRule(n_max=1024, stop_at=3))
    record(plan, rows)
    assert indices(plan) == list(range(100, 124))


@pytest.mark.parametrize("missing", [None, "verifier_error"])
def test_a_problem_waits_for_a_verdict_that_could_be_its_stop(missing: str | None) -> None:
    plan = Plan(["a"], DrawRule(n_max=8, stop_at=2, n_first=2))
    record(plan, [("a", 0, missing), ("a", 1, "correct")])
    assert (plan.lease(), plan.n_open) == ([], 1)
    record(plan, [("a", 0, "wrong")])
    assert indices(plan) == [2]


def test_a_request_that_fails_is_made_a_few_times_and_not_for_ever() -> None:
    plan = Plan(["a", "b"], DrawRule(n_max=2, stop_at=None))
    rounds = []
    while spans := plan.lease():
        rounds.append(keys(spans))
        record(plan, ((*key, "wrong") for key in rounds[-1] if key[0] == "a"))
        plan.settle(spans)
    assert rounds[1:] == [[("b", 0), ("b", 1)]] * (ATTEMPTS - 1)
    assert (plan.n_open, plan.drawn) == (1, 2)


def test_a_lease_has_a_size_and_the_next_goes_on_where_it_ended() -> None:
    plan = Plan(IDS, DrawRule(n_max=8, stop_at=None))
    leases = [keys(spans) for spans in iter(lambda: plan.lease(10), [])]
    assert [key for lease in leases for key in lease] == [(i, n) for i in IDS for n in range(8)]
    assert [len(lease) for lease in leases] == [10, 10, 4]
    assert (plan.under_way, plan.drawn, plan.owes()) == (24, 0, False)


@given(rules, st.data())
def test_what_is_under_way_and_drawn_is_counted_whatever_is_told(rule: DrawRule, data: st.DataObject) -> None:
    """Against a plain dictionary of states."""
    plan, known, out = Plan(IDS, rule), dict[tuple[str, int], str](), list[list[Span]]()
    for act in data.draw(st.lists(st.sampled_from(["lease", "record", "give back", "settle", "again"]), max_size=25)):
        if act == "lease" and (spans := plan.lease(data.draw(st.integers(1, 30)))):
            assert all(known.get(key) != "drawn" for key in keys(spans))
            known |= dict.fromkeys(keys(spans), "under way")
            out.append(spans)
        elif act != "lease" and out:
            spans = data.draw(st.sampled_from(out))
            told = keys(spans)
            if act in ("record", "again"):
                told = told if act == "again" else told[: data.draw(st.integers(0, len(told)))]
                record(plan, ((*key, "wrong") for key in told))
                known |= dict.fromkeys(told, "drawn")
            else:
                (plan.give_back if act == "give back" else plan.settle)(spans)
                known |= {key: "owed" for key in told if known[key] == "under way"}
        states = list(known.values())
        assert (plan.under_way, plan.drawn) == (states.count("under way"), states.count("drawn"))


def test_a_problem_set_aside_owes_nothing_more_and_stays_open() -> None:
    plan = Plan(["a", "b"], DrawRule(n_max=4, stop_at=None))
    plan.lease(3)
    assert plan.set_aside("a").index_N.tolist() == [0, 1, 2]
    assert keys(plan.lease()) == [("b", n) for n in range(4)]
    record(plan, (("b", n, "wrong") for n in range(4)))
    assert (plan.owes(), plan.n_open, plan.under_way) == (False, 1, 0)


def test_rows_past_a_smaller_n_max_are_left_alone() -> None:
    plan = Plan(["a"], DrawRule(n_max=1, stop_at=None))
    record(plan, [("a", 0, "wrong"), ("a", 5, "correct")])
    assert plan.lease() == [] and not plan.owes()


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
        Plan(IDS, rule)
