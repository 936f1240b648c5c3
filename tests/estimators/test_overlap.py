from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.overlap import jaccard, mean_difference, single_linkage

SETS = st.lists(st.frozensets(st.integers(0, 12)), min_size=1, max_size=12)


def arrays(sets: list[frozenset[int]]) -> list[np.ndarray]:
    return [np.array(sorted(each), dtype=np.int64) for each in sets]


@given(SETS)
def test_jaccard_is_that_of_the_sets(sets: list[frozenset[int]]) -> None:
    similar_N_N = jaccard(arrays(sets))
    for (i, one), (j, other) in itertools.product(enumerate(sets), repeat=2):
        assert similar_N_N[i, j] == pytest.approx(len(one & other) / len(one | other) if one | other else 1.0)


@given(SETS, st.sampled_from([0.2, 0.5, 0.9]))
def test_clusters_are_what_chains_of_alike_samples_join(sets: list[frozenset[int]], threshold: float) -> None:
    similar_N_N = jaccard(arrays(sets))
    clusters = [{i} for i in range(len(sets))]
    for i, j in itertools.combinations(range(len(sets)), 2):
        if similar_N_N[i, j] >= threshold:
            one, other = (next(c for c in clusters if k in c) for k in (i, j))
            if one is not other:
                one |= other
                clusters.remove(other)
    assert single_linkage(similar_N_N, threshold).tolist() == [
        min(next(c for c in clusters if i in c)) for i in range(len(sets))
    ]


@given(SETS)
def test_the_order_of_samples_changes_no_size_of_a_cluster(sets: list[frozenset[int]]) -> None:
    sizes = [
        sorted(np.unique(single_linkage(jaccard(arrays(some)), 0.5), return_counts=True)[1].tolist())
        for some in (sets, sets[::-1])
    ]
    assert sizes[0] == sizes[1]


def test_one_sample_differs_from_nothing() -> None:
    with pytest.raises(BadInput, match="2 samples or more, got 1"):
        mean_difference(np.ones((1, 1)))
    with pytest.raises(BadInput, match="at least one"):
        jaccard([])
