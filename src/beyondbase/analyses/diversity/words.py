"""What the words of a problem's texts tell: n-grams, how much two texts have in common, clusters of texts.

A text's words are its runs of letters and digits, and each other sign alone. Nothing is learned, so that the same texts
give the same numbers everywhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from beyondbase.estimators.hill import kinds_among
from beyondbase.estimators.overlap import jaccard, mean_difference, single_linkage
from beyondbase.types import FloatArray, IntArray

GRAMS = (1, 2)
"""the lengths of distinct-n (Li et al. 2016)"""
SHINGLE, ALIKE = 3, 0.5
"""words in a row that two texts may share, and the share of them from which on two texts are one way of reasoning"""
_WORD = re.compile(r"\w+|[^\w\s]")
_PAD = np.zeros(SHINGLE - 1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one problem's texts under one model."""

    grams: tuple[tuple[int, ...], ...]
    """for each of GRAMS, how often each n-gram stands in the texts together, sorted"""
    difference: float
    """of two texts: 1 - Jaccard"""
    clusters: tuple[int, ...]
    """texts of each cluster"""
    correct_difference: float | None
    """of two correct texts; None for fewer than two"""
    correct_first: tuple[tuple[int, ...], ...]
    """for the first 2, 4, 8 ... correct texts, the texts of each cluster among these alone"""


def words_of(texts: Sequence[str], correct: Sequence[bool]) -> Words:
    """Read the texts of one problem, two or more.

    >>> words = words_of(["a b c d", "a b c d", "x y"], [True, True, False])
    >>> words.clusters, round(words.difference, 3), words.correct_difference
    ((2, 1), 0.667, 0.0)
    """
    code_of = defaultdict[str, int](count(1).__next__)
    coded = [np.array(list(map(code_of.__getitem__, _WORD.findall(text))), dtype=np.int64) for text in texts]
    span = len(code_of) + 1
    similar_N_N = jaccard(
        [np.unique(_in_a_row(np.concatenate([_PAD, each, _PAD[:1]]), SHINGLE, span)) for each in coded]
    )
    right = np.flatnonzero(correct)
    similar_R_R = similar_N_N[np.ix_(right, right)]
    firsts = [2**power for power in range(1, len(right).bit_length()) if 2**power <= len(right)]
    return Words(
        grams=tuple(_times(np.concatenate([_in_a_row(each, n, span) for each in coded])) for n in GRAMS),
        difference=mean_difference(similar_N_N),
        clusters=_clusters(similar_N_N),
        correct_difference=mean_difference(similar_R_R) if len(right) > 1 else None,
        correct_first=tuple(_clusters(similar_R_R[:m, :m]) for m in firsts),
    )


def distinct_share(grams: Sequence[int], among: int) -> float:
    """Distinct n-grams over all n-grams, expected among as many of them drawn at random.

    >>> distinct_share((1, 3), 4), round(distinct_share((1, 3), 1), 9)
    (0.5, 1.0)
    """
    return kinds_among(list(grams), among) / among


def _in_a_row(word_W: IntArray, n: int, span: int) -> IntArray:
    """A number for each n words in a row; equal numbers for equal words."""
    if len(word_W) < n:
        return np.empty(0, dtype=np.int64)
    code_W = np.zeros(len(word_W) - n + 1, dtype=np.int64)
    for shift in range(n):
        code_W = code_W * span + word_W[shift : shift + len(code_W)]
    return code_W


def _times(code_W: IntArray) -> tuple[int, ...]:
    _, times_G = np.unique(code_W, return_counts=True)
    return tuple(np.sort(times_G).tolist())


def _clusters(similar_N_N: FloatArray) -> tuple[int, ...]:
    _, size_C = np.unique(single_linkage(similar_N_N, ALIKE), return_counts=True)
    return tuple(np.sort(size_C)[::-1].tolist())
