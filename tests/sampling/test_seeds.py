from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from beyondbase.seeds import sample_seed


@given(st.integers(0, 2**64), st.text(), st.integers(0, 2**40))
def test_a_seed_is_a_whole_number_below_two_to_the_63(run_seed: int, problem_id: str, index: int) -> None:
    seed = sample_seed(run_seed, problem_id, index)
    assert 0 <= seed < 2**63
    assert seed == sample_seed(run_seed, problem_id, index)


def test_seeds_of_different_samples_differ() -> None:
    # Ids that would run into the numbers if the parts were joined carelessly.
    ids = ["", "0", "1", "1 1", " 1", "p", "p\x00", "ü"]
    seeds = {sample_seed(*key) for key in product(range(12), ids, range(200))}
    assert len(seeds) == 12 * len(ids) * 200


def test_the_seed_of_a_sample_never_changes_between_versions() -> None:
    assert sample_seed(0, "3 7 -> 21", 5) == 8761484572317065878


def test_seeds_are_even_over_their_range() -> None:
    seeds = [sample_seed(0, "p", index) for index in range(4000)]
    for bit in range(63):
        ones = sum(seed >> bit & 1 for seed in seeds)
        assert abs(ones - 2000) < 160  # five standard deviations
