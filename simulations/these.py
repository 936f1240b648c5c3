"""The band on exactly these problems, by look-up: what each outcome of a problem adds to it, worked out once.

The formulas are those of beyondbase.estimators.these_problems; tests/simulations holds them against the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from beyondbase.estimators.sampling_noise import FailSums, fail_sums
from beyondbase.estimators.these_problems import correlation_root, unseen_luck
from beyondbase.types import FloatArray, IntArray, SuccessCounts
from simulations.arms import Multipliers
from simulations.draws import Outcomes

NAME = "these problems"


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """Sums of `FailSums` for each outcome of one problem."""

    variance_R_K: FloatArray
    doubt_R_K: FloatArray
    covariance_R_K_K: FloatArray
    unseen: tuple[FloatArray, FloatArray, FloatArray]
    """the same, of the problems that are added under each model"""

    def band(
        self,
        row_base_P: IntArray,
        row_rl_P: IntArray,
        mean_K: FloatArray,
        over: tuple[FloatArray, FloatArray],
        multipliers: Multipliers,
    ) -> tuple[FloatArray, FloatArray]:
        """Bounds (lo_K, hi_K) of RL minus base on these problems, at 95%; `over`: the default band over problems."""
        row_P = np.concatenate([row_base_P, row_rl_P])
        tables = (self.variance_R_K, self.doubt_R_K, self.covariance_R_K_K)
        variance_K, doubt_K, covariance_K_K = (
            table[row_P].sum(axis=0) + 2 * more for table, more in zip(tables, self.unseen, strict=True)
        )
        root = correlation_root(covariance_K_K)
        largest = np.abs(multipliers.matrix(len(root)) @ root).max(axis=1)
        free_K = variance_K**2 / doubt_K
        half_K = stdtrit(free_K, ndtr(np.quantile(largest, 0.95))) * np.sqrt(variance_K) / len(row_base_P)
        return np.maximum(mean_K - half_K, over[0]), np.minimum(mean_K + half_K, over[1])


def luck(outcomes: Outcomes, k_K: IntArray) -> Luck:
    """The table of a sampling rule."""
    counts = outcomes.counts
    rows = [
        _terms(fail_sums(SuccessCounts([name], [n], [c], stop_at=counts.stop_at, n_max=counts.n_max), k_K), k_K)
        for name, n, c in zip(counts.problem_ids, counts.n_P, counts.c_P, strict=True)
    ]
    return Luck(*(np.array(part) for part in zip(*rows, strict=True)), _terms(fail_sums(unseen_luck(counts), k_K), k_K))


def _terms(sums: FailSums, k_K: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return sums.variance_K[k_K], sums.doubt_K[k_K], sums.covariance(k_K)
