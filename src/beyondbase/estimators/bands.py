"""Bands over problems: for the difference of two models at all k at once, and for one model's curve.

Problems are the units. The spread of a problem's estimate over problems holds its sampling error too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import distinct_pass_at_k, distinct_rows
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DRAWS_AT_ONCE = 500
_ROWS_AT_ONCE = 8192
_CELLS_AT_ONCE = 4_000_000  # of the table of differences, near 32 MB

Rows = Callable[[slice], FloatArray]
"""Some rows of a table that may be too large to hold."""


@dataclass(frozen=True, slots=True)
class PseudoPair:
    """The problems of the band that are not in the data: one that RL gained, one that it lost.

    At large k nearly all differences are 0 and a handful are +1 or -1, so that a small set hides the
    spread when it matters most. The pair brings it back (the paired form of Agresti and Min 2005).
    """

    norm: float | None = None
    """None: both change by 1, the most there is. Otherwise the gain at k is this power mean over problems of
    RL's own pass@k, and the loss that of the base's: narrower at small k, and blind to a change that is
    larger than any in the data. Where 3% of hard problems are unlocked, 30 problems often show none of
    them: with norm 8 the band then holds the true curve in 58% of runs, with None in 99%."""
    weight: float = 1.0
    """how many problems each of the two counts for; 0 leaves the plain band"""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """An estimate and its bounds at each budget, in units of pass@k."""

    k_K: IntArray
    estimate_K: FloatArray
    lo_K: FloatArray
    hi_K: FloatArray
    critical: float
    """half-widths are this many standard errors"""


def difference_band(
    base: SuccessCounts,
    rl: SuccessCounts,
    k_K: IntArray,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    pair: PseudoPair | None = None,
    draws: int = 4000,
) -> Band:
    """RL minus base with a band that holds for all budgets of `k_K` at once.

    Sup-t Gaussian multiplier bootstrap over problems (Chernozhukov, Chetverikov and Kato 2013) of the
    differences and a pseudo pair, times t / normal quantile for few problems. The estimate is the plain
    mean; the bounds stand around the mean with the pair (method.md, section 2), and reach to the
    estimate where it lies outside. With one problem the bounds are -1 and 1.

    >>> ids = [str(i) for i in range(100)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 100, c=[c] * 100) for c in (1, 4))
    >>> band = difference_band(base, rl, np.array([1, 8]))
    >>> band.estimate_K.tolist(), (band.lo_K > 0).tolist()
    ([0.375, 0.0], [True, False])
    """
    _check_confidence(confidence)
    pair = pair or PseudoPair()
    d_R_K, size_R = _paired_rows(base, rl, k_K, pair)
    center_K, se_K, residual_R_K = _weighted_mean(d_R_K, size_R, len(k_K))
    critical = _sup_quantile(residual_R_K, confidence, seed, draws) * _few_problems(len(base), confidence)
    estimate_K = _total(d_R_K, size_R[:-2], len(k_K)) / len(base)
    return _around(k_K, estimate_K, center_K, se_K, critical=critical, n_problems=len(base), lowest=-1.0)


def own_band(counts: SuccessCounts, k_K: IntArray, *, confidence: float = 0.95) -> Band:
    """One model's pass@k with bounds that hold at each budget taken alone (pointwise), over problems.

    A t interval for the mean over problems, with one pseudo-problem that is never solved and one that is
    always solved, for the reason given at PseudoPair (for k = n it is close to Agresti and Coull 1998).

    >>> band = own_band(SuccessCounts([str(i) for i in range(30)], n=[8] * 30, c=[8] * 30), np.array([1]))
    >>> band.estimate_K.tolist(), band.lo_K.round(3).tolist(), band.hi_K.tolist()
    ([1.0], [0.906], [1.0])
    """
    _check_confidence(confidence)
    table_U_K, row_P = distinct_pass_at_k(counts, k_K)
    size_U = np.bincount(row_P).astype(np.float64)
    row_R_K = np.vstack([table_U_K, np.ones(len(k_K)), np.zeros(len(k_K))])
    center_K, se_K, _ = _weighted_mean(row_R_K.__getitem__, np.append(size_U, [1.0, 1.0]), len(k_K))
    critical = float(ndtri((1 + confidence) / 2)) * _few_problems(len(counts), confidence)
    estimate_K = size_U @ table_U_K / len(counts)
    return _around(k_K, estimate_K, center_K, se_K, critical=critical, n_problems=len(counts), lowest=0.0)


def _paired_rows(base: SuccessCounts, rl: SuccessCounts, k_K: IntArray, pair: PseudoPair) -> tuple[Rows, FloatArray]:
    """The distinct rows of differences and last the pair's, and how many problems have each."""
    base_U_K, base_row_P = distinct_pass_at_k(base, k_K)
    rl_V_K, rl_row_P = distinct_pass_at_k(rl, k_K)
    gain_K = _largest_seen(rl_V_K, np.bincount(rl_row_P), k_K, rl, pair)
    loss_K = _largest_seen(base_U_K, np.bincount(base_row_P), k_K, base, pair)
    (base_row_R, rl_row_R), row_P = distinct_rows(base_row_P, rl_row_P)
    none_K = np.zeros(len(k_K))
    base_row_R = np.append(base_row_R, [len(base_U_K), len(base_U_K) + 1])
    rl_row_R = np.append(rl_row_R, [len(rl_V_K), len(rl_V_K) + 1])
    base_U_K, rl_V_K = np.vstack([base_U_K, none_K, loss_K]), np.vstack([rl_V_K, gain_K, none_K])

    def difference(rows: slice) -> FloatArray:
        some: FloatArray = rl_V_K[rl_row_R[rows]] - base_U_K[base_row_R[rows]]
        return some

    return difference, np.append(np.bincount(row_P), [pair.weight, pair.weight])


def _largest_seen(
    table_U_K: FloatArray, size_U: IntArray | FloatArray, k_K: IntArray, counts: SuccessCounts, pair: PseudoPair
) -> FloatArray:
    """Power mean over problems of pass@k: near the largest, without hanging on one problem.

    Never below what a single success in the whole set would give: no success at all is no proof of 0.
    """
    if pair.norm is None:
        return np.ones(len(k_K))
    mean_K = size_U @ table_U_K**pair.norm / len(counts)
    one_success_K = k_K / counts.largest_k * len(counts) ** (-1 / pair.norm)
    largest_K: FloatArray = np.maximum(mean_K ** (1 / pair.norm), one_success_K)
    return largest_K


def _weighted_mean(rows: Rows, size_R: FloatArray, budgets: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over rows, its standard error, and residuals whose squares add up to 1 at each k.

    Many rows of residuals are replaced by K rows with the same sums of squares and products, which is all
    that the bootstrap's law depends on; the symmetric root is the choice that rounding hardly moves.
    """
    total = size_R.sum()
    mean_K = _total(rows, size_R, budgets) / total
    blocks = (np.sqrt(size_R[some])[:, None] * (rows(some) - mean_K) for some in _blocks(len(size_R), budgets))
    residual_R_K: FloatArray = next(blocks)
    if len(residual_R_K) < len(size_R):
        square, root = np.linalg.eigh(sum((block.T @ block for block in blocks), residual_R_K.T @ residual_R_K))
        residual_R_K = root * np.sqrt(np.maximum(square, 0)) @ root.T
    norm_K = np.sqrt((residual_R_K**2).sum(axis=0))
    return mean_K, norm_K / total, residual_R_K / np.where(norm_K > 0, norm_K, 1.0)


def _total(rows: Rows, size_R: FloatArray, budgets: int) -> FloatArray:
    """Sum over rows, each as often as its size says."""
    total_K = np.zeros(budgets)
    for some in _blocks(len(size_R), budgets):
        total_K += size_R[some] @ rows(some)
    return total_K


def _blocks(rows: int, budgets: int) -> list[slice]:
    step = max(budgets, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // budgets))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _sup_quantile(residual_R_K: FloatArray, confidence: float, seed: int, draws: int) -> float:
    """Quantile of the largest |sum of residuals times standard normals| over k.

    Equal problems share a row of residuals times sqrt(their number): the sum of their normals.
    Six digits: the rest is Monte-Carlo noise, and would show how many threads the matrix product used.
    """
    rng = np.random.default_rng(seed)
    largest = [
        np.abs(rng.standard_normal((min(_DRAWS_AT_ONCE, draws - start), len(residual_R_K))) @ residual_R_K).max(axis=1)
        for start in range(0, draws, _DRAWS_AT_ONCE)
    ]
    return float(f"{np.quantile(np.concatenate(largest), confidence):.6g}")


def _few_problems(n_problems: int, confidence: float) -> float:
    """Ratio of the t to the normal quantile; 1 for one problem, whose bounds use neither."""
    if n_problems == 1:
        return 1.0
    quantile = (1 + confidence) / 2
    return float(stdtrit(n_problems - 1, quantile) / ndtri(quantile))


def _around(
    k_K: IntArray,
    estimate_K: FloatArray,
    center_K: FloatArray,
    se_K: FloatArray,
    *,
    critical: float,
    n_problems: int,
    lowest: float,
) -> Band:
    half_K = critical * se_K if n_problems > 1 else np.full(len(k_K), np.inf)  # one shows no spread
    lo_K = np.maximum(np.minimum(center_K - half_K, estimate_K), lowest)
    hi_K = np.minimum(np.maximum(center_K + half_K, estimate_K), 1.0)
    return Band(k_K, estimate_K, lo_K, hi_K, critical)


def _check_confidence(confidence: float) -> None:
    if not 0.5 <= confidence < 1:
        raise BadInput(f"confidence: expected 0.5 <= confidence < 1, such as 0.95, got {confidence}")
