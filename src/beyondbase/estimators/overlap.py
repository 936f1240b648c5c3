"""How much samples have in common, each a set of numbers, and which of them hang together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beyondbase.checks import share
from beyondbase.errors import BadInput
from beyondbase.types import FloatArray, IntArray


def jaccard(sets: Sequence[IntArray]) -> FloatArray:
    """Size of the intersection over that of the union of each two sets, exact, shape (N, N); two empty ones are equal.

    sets: N arrays of whole numbers, each number once in an array (Jaccard 1912).

    >>> jaccard([np.array([1, 2]), np.array([2, 3]), np.array([4])]).round(3).tolist()
    [[1.0, 0.333, 0.0], [0.333, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if not len(sets):
        raise BadInput("sets: expected at least one, got none")
    size_N = np.array([len(each) for each in sets])
    _, element_I, times_E = np.unique(np.concatenate(list(sets)), return_inverse=True, return_counts=True)
    shared_E = times_E > 1  # what stands in one set alone is in no intersection
    column_E, shared_I = np.cumsum(shared_E) - 1, shared_E[element_I]
    has_N_E = np.zeros((len(sets), int(shared_E.sum())), dtype=np.float32)
    has_N_E[np.repeat(np.arange(len(sets)), size_N)[shared_I], column_E[element_I[shared_I]]] = 1
    both_N_N = (has_N_E @ has_N_E.T).astype(np.float64)
    np.fill_diagonal(both_N_N, size_N)
    either_N_N = size_N[:, None] + size_N - both_N_N
    similar_N_N: FloatArray = np.where(either_N_N > 0, both_N_N / np.maximum(either_N_N, 1), 1.0)
    return similar_N_N


def single_linkage(similar_N_N: FloatArray, threshold: float) -> IntArray:
    """The cluster of each sample: two are together where a chain of samples joins them, each step `threshold` alike.

    The order of the samples does not matter, unlike with a leader that gathers those after it. Shape (N,): each
    cluster is named by its first sample.

    >>> single_linkage(np.array([[1, 0.6, 0], [0.6, 1, 0.1], [0, 0.1, 1]]), 0.5).tolist()
    [0, 0, 2]
    """
    joined_N_N = similar_N_N >= share("threshold", threshold)
    while True:
        further_N_N = (joined_N_N.astype(np.float32) @ joined_N_N.astype(np.float32)) > 0
        if (further_N_N == joined_N_N).all():
            first_N: IntArray = further_N_N.argmax(axis=1)
            return first_N
        joined_N_N = further_N_N


def mean_difference(similar_N_N: FloatArray) -> float:
    """1 minus the mean similarity of two samples, over all pairs: without bias for two new ones; 2 samples or BadInput.

    >>> mean_difference(np.array([[1, 0.25], [0.25, 1]]))
    0.75
    """
    n = len(similar_N_N)
    if n < 2:
        raise BadInput(f"expected the similarity of 2 samples or more, got {n}")
    pairs = n * (n - 1)
    return 1 - float(similar_N_N.sum() - np.trace(similar_N_N)) / pairs
