from __future__ import annotations

import itertools
import math
from collections import Counter
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.hill import agreement, entropy, kinds_among, plug_in

SHARES = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)]
COUNTS = st.lists(st.integers(1, 6), min_size=2, max_size=6)


def expectation(estimate: object, n: int) -> float:
    """The exact mean of an estimate over all outcomes of n draws from SHARES."""
    assert callable(estimate)
    total = 0.0
    for outcome in itertools.product(range(n + 1), repeat=len(SHARES) - 1):
        if sum(outcome) <= n:
            counts = [*outcome, n - sum(outcome)]
            ways = math.factorial(n)
            for count in counts:
                ways //= math.factorial(count)
            chance = math.prod(share**count for share, count in zip(SHARES, counts, strict=True)) * ways
            total += float(chance) * estimate(counts)
    return total


@given(COUNTS)
def test_rarefaction_is_the_mean_over_all_subsets(counts: list[int]) -> None:
    samples = [kind for kind, times in enumerate(counts) for _ in range(times)][:9]
    counts = list(Counter(samples).values())
    for m in range(1, len(samples) + 1):
        subsets = list(itertools.combinations(samples, m))
        assert kinds_among(counts, m) == pytest.approx(sum(len(set(s)) for s in subsets) / len(subsets), abs=1e-9)


@given(COUNTS)
def test_agreement_is_the_share_of_pairs_that_agree(counts: list[int]) -> None:
    samples = [kind for kind, times in enumerate(counts) for _ in range(times)]
    pairs = list(itertools.combinations(samples, 2))
    assert agreement(counts) == pytest.approx(sum(one == other for one, other in pairs) / len(pairs))


@pytest.mark.parametrize("n", [2, 3, 7])
def test_agreement_is_without_bias(n: int) -> None:
    assert expectation(agreement, n) == pytest.approx(float(sum(share**2 for share in SHARES)))


@pytest.mark.parametrize("n", [3, 7])
def test_rarefaction_is_without_bias_for_m_new_samples(n: int) -> None:
    for m in range(1, n + 1):
        truth = float(sum(1 - (1 - share) ** m for share in SHARES))
        assert expectation(lambda counts, m=m: kinds_among(counts, m), n) == pytest.approx(truth)


@pytest.mark.parametrize("n", [5, 10, 15])
def test_the_entropy_is_far_less_biased_than_that_of_the_shares_seen(n: int) -> None:
    truth = -sum(float(share) * math.log(share) for share in SHARES)
    seen = expectation(lambda counts: math.log(plug_in(counts, 1)), n)
    assert truth - seen > 0.05
    assert abs(expectation(entropy, n) - truth) < (truth - seen) / 4


@settings(deadline=None, max_examples=40)  # many digits take their time
@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(0, 40), st.integers(0, 10))
def test_the_entropy_is_the_formula_computed_with_many_digits(rest: list[int], once: int, twice: int) -> None:
    counts = [*(count + 2 for count in rest), *[1] * once, *[2] * twice]
    assert entropy(counts) == pytest.approx(exact_entropy(counts), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("counts", [[1] * 1024, [2] * 512, [1, 1], [2], [1, 1, 1022], [1022, 2], [1] * 3 + [2] * 500])
def test_extreme_counts_have_the_entropy_of_the_formula(counts: list[int]) -> None:
    assert entropy(counts) == pytest.approx(exact_entropy(counts), rel=1e-9, abs=1e-9)


def exact_entropy(counts: list[int]) -> float:
    getcontext().prec = 900
    n, once, twice = sum(counts), counts.count(1), counts.count(2)
    inverse = [Decimal(0)] + [1 / Decimal(k) for k in range(1, n + 1)]
    total = sum((Decimal(x) / n * sum(inverse[x:n]) for x in counts), Decimal(0))
    if not once or (once == 1 and not twice):
        return float(total)
    a = Decimal(2 * twice) / ((n - 1) * once + 2 * twice) if twice else Decimal(2) / ((n - 1) * (once - 1) + 2)
    rest = -a.ln() - sum(((1 - a) ** r * inverse[r] for r in range(1, n)), Decimal(0))
    return float(total + Decimal(once) / n * (1 - a) ** (1 - n) * rest)


@given(COUNTS)
def test_the_order_of_kinds_and_kinds_never_seen_do_not_matter(counts: list[int]) -> None:
    other = [*sorted(counts), 0]
    for estimate in (agreement, entropy, lambda some: kinds_among(some, 2)):
        assert estimate(counts) == pytest.approx(estimate(other))


def test_twice_the_samples_change_corrected_values_little() -> None:
    """200 problems of 20 equal kinds, 24 samples each and 48: the numbers read off the shares seen rise, these stay."""
    rng = np.random.default_rng(0)
    few, many = (rng.multinomial(n, np.full(20, 1 / 20), size=200) for n in (24, 48))
    seen = [np.mean([plug_in(row, 2) for row in rows]) for rows in (few, many)]
    corrected = [1 / np.mean([agreement(row) for row in rows]) for rows in (few, many)]
    spread = [np.exp(np.mean([entropy(row) for row in rows])) for rows in (few, many)]
    assert seen[1] / seen[0] > 1.15
    assert abs(corrected[1] / corrected[0] - 1) < 0.05 and abs(spread[1] / spread[0] - 1) < 0.05
    assert corrected == pytest.approx([20, 20], rel=0.05) and spread == pytest.approx([20, 20], rel=0.06)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: kinds_among([1, 1], 3), "1 <= m <= 2"),
        (lambda: kinds_among([], 1), "1 or more"),
        (lambda: agreement([1]), "2 or more"),
        (lambda: entropy([1, 0]), "2 or more"),
        (lambda: agreement([2, -1]), "samples of each kind"),
    ],
)
def test_too_few_samples_are_bad_input(ask: object, message: str) -> None:
    assert callable(ask)
    with pytest.raises(BadInput, match=message):
        ask()
