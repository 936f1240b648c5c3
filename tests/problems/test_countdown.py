from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.countdown_rules import OPERATORS, apply, canonical_step, solution_key, solutions
from beyondbase.lab.rl_config import RLConfig
from beyondbase.problems import load_problems
from beyondbase.problems.countdown import (
    COUNTDOWN_SETS,
    IN_DISTRIBUTION,
    OUT_OF_DISTRIBUTION,
    Split,
    generate,
    problem_key,
    random_trace,
    split_of,
    with_difficulty,
)

numbers = st.lists(st.integers(1, 20), min_size=2, max_size=4).map(tuple)


def every_trace(at_hand: tuple[int, ...], target: int, steps: tuple[str, ...] = ()) -> set[str]:
    """Brute force: every order of picking two numbers and an operator, no pruning."""
    if len(at_hand) == 1:
        return {solution_key(list(steps))} if at_hand[0] == target else set()
    found: set[str] = set()
    for i, j in permutations(range(len(at_hand)), 2):
        rest = tuple(x for k, x in enumerate(at_hand) if k not in (i, j))
        for op in OPERATORS:
            c = apply(at_hand[i], op, at_hand[j])
            if c is not None:
                found |= every_trace((*rest, c), target, (*steps, canonical_step(at_hand[i], op, at_hand[j], c)))
    return found


@settings(max_examples=25, deadline=None)
@given(numbers, st.integers(1, 60))
def test_solutions_equal_brute_force(numbers: tuple[int, ...], target: int) -> None:
    assert solutions(numbers, target) == every_trace(numbers, target)


@given(numbers, st.integers(1, 99), st.randoms())
def test_solutions_and_split_do_not_depend_on_the_order_of_the_numbers(
    numbers: tuple[int, ...], target: int, rng: random.Random
) -> None:
    shuffled = tuple(rng.sample(numbers, len(numbers)))
    assert solutions(numbers, target) == solutions(shuffled, target)
    assert split_of(numbers, target) is split_of(shuffled, target)


def test_no_problem_is_in_two_splits() -> None:
    keys = [{p.problem_id for p in generate(split, 300, seed=0)} for split in Split]
    assert [len(k) for k in keys] == [300] * 3
    assert not keys[0] & keys[1] and not keys[1] & keys[2] and not keys[0] & keys[2]


def test_every_generated_problem_has_a_solution() -> None:
    assert all(with_difficulty(p).n_solutions for p in generate(Split.TEST, 100, seed=1))


def test_out_of_distribution_problems_have_five_numbers_and_other_targets() -> None:
    for problem in generate(Split.TEST, 5, seed=0, world=OUT_OF_DISTRIBUTION):
        left, target = problem.problem_id.split(" -> ")
        assert len(left.split()) == 5
        assert 100 <= int(target) <= 199


def test_generation_repeats_with_its_seed_and_differs_with_another() -> None:
    assert generate(Split.RLVR, 20, seed=0) == generate(Split.RLVR, 20, seed=0)
    assert generate(Split.RLVR, 20, seed=0) != generate(Split.RLVR, 20, seed=1)


@pytest.mark.parametrize("seed", range(5))
def test_a_random_trace_is_a_solution_of_its_own_problem(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        numbers, steps, target = random_trace(rng)
        canonical = [canonical_step(int(a), op, int(b), int(c)) for a, op, b, _, c in map(str.split, steps)]
        assert solution_key(canonical) in solutions(numbers, target), problem_key(numbers, target)


@pytest.mark.parametrize("name", [one.name for one in COUNTDOWN_SETS])
def test_a_countdown_set_cut_short_is_the_beginning_of_the_whole(name: str) -> None:
    of_name = {one.name: one for one in COUNTDOWN_SETS}[name]
    whole = replace(of_name, size=12).load()
    cut = replace(of_name, size=12).load(5)
    assert cut == whole.head(5)
    assert cut.name == f"{name}[:5]"
    assert replace(of_name, size=12).load(12) == replace(of_name, size=12).load(99) == whole
    assert load_problems(name, 5).problems == cut.problems
    assert len(whole) == 12


def test_the_training_set_is_what_trainings_draw_from() -> None:
    assert {one.name: one for one in COUNTDOWN_SETS}["countdown-train"].size == RLConfig().train_problems
    drawn = generate(Split.RLVR, RLConfig().train_problems, seed=0)
    assert [p.problem_id for p in load_problems("countdown-train", 20)] == [p.problem_id for p in drawn[:20]]


def test_far_targets_are_beyond_those_of_training() -> None:
    targets = [int(problem.problem_id.split(" -> ")[1]) for problem in load_problems("countdown-far", 50)]
    assert all(IN_DISTRIBUTION.targets[1] < target <= 150 for target in targets)
