from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.majority import majority_at_k


def by_enumeration(votes: list[int], correct: list[bool], k: int, silent: int) -> float:
    """Every choice of k samples, ties split."""
    answers = [a for a, v in enumerate(votes) for _ in range(v)] + [-1] * silent
    shares = []
    for chosen in combinations(answers, k):
        tally = [chosen.count(a) for a in range(len(votes))]
        lead = [a for a in range(len(votes)) if tally[a] == max(tally) > 0]
        shares.append(sum(correct[a] for a in lead) / len(lead) if lead else 0.0)
    return sum(shares) / len(shares)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_maj_at_k_is_the_mean_over_all_choices_of_k_samples(
    answers: list[tuple[int, bool]], silent: int, data: st.DataObject
) -> None:
    votes, correct = [v for v, _ in answers], [right for _, right in answers]
    k = data.draw(st.integers(1, sum(votes) + silent))
    assert majority_at_k(votes, correct, k, silent=silent) == pytest.approx(by_enumeration(votes, correct, k, silent))


def test_maj_at_all_samples_is_the_majority_also_of_a_thousand() -> None:
    assert majority_at_k([600, 424], [True, False], 1024) == pytest.approx(1)
    assert majority_at_k([512, 512], [True, False], 1024) == pytest.approx(0.5)
    assert majority_at_k([424, 600], [True, False], 1024) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("votes", "k"), [([2, 1], 4), ([2, 1], 0), ([2, 0], 1), ([-1], 1)])
def test_what_cannot_be_counted_is_bad_input(votes: list[int], k: int) -> None:
    with pytest.raises(BadInput):
        majority_at_k(votes, [True] * len(votes), k)
