"""Bands over problems: for the difference of two models at all k at once, and for one model's curve.

Problems are the units. The spread of a problem's estimate over problems holds its sampling error too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from beyondbase.checks import confidence_level, instance, more_than_nothing, whole_numbers
from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import distinct_pass_at_k, distinct_rows
from beyondbase.estimators.sup_t import (
    Band,
    around,
    check_pair,
    check_rising,
    few_units,
    spread_budgets,
    sup_quantile,
)
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_ROWS_AT_ONCE = 8192
_CELLS_AT_ONCE = 4_000_000  # of the table of differences, near 32 MB

Rows = Callable[[slice | IntArray], FloatArray]
"""Some rows of a table that may be too large to hold."""


@dataclass(frozen=True, slots=True)
class PseudoPair:
    """The problems of the band that are not in the data: one that RL gained, one that it lost.

    At large k nearly all differences are 0 and a handful are +1 or -1, so that a small set hides the
    spread when it matters most. The pair brings it back (at k = n it is Bonett and Price 2012, for paired shares).
    """

    norm: float | None = None
    """None: both change by 1, the most there is. Otherwise the gain at k is this power mean over problems of
    RL's own pass@k, and the loss that of the base's: narrower at small k, and blind to a change that is
    larger than any in the data. Where 3% of hard problems are unlocked, 30 problems often show none of
    them: with norm 8 the band then holds the true curve in 58% of runs, with None in 99%."""
    weight: float = 1.0
    """how many problems each of the two counts for; 0 leaves the plain band"""

    def __post_init__(self) -> None:
        if self.norm is not None:
            more_than_nothing("norm", self.norm)
        more_than_nothing("weight", self.weight, also_zero=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """What a band is made of."""

    estimate_K: FloatArray
    """mean over the problems"""
    center_K: FloatArray
    """mean over the problems and the pair"""
    se_K: FloatArray
    """standard error of `center_K`"""
    residual_R_G: FloatArray
    """residuals at some budgets, whose squares add up to 1 at each"""


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """What the band resamples: problems, equal ones as one row, or clusters of problems."""

    mean: Rows
    """mean over the problems of a row"""
    size_R: FloatArray
    """how many problems a row stands for"""
    scale_R: FloatArray
    """what the residual of the row's mean counts for: sqrt(size) for independent problems, size for a cluster"""


def difference_band(
    base: SuccessCounts,
    rl: SuccessCounts,
    k_K: IntArray,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    pair: PseudoPair | None = None,
    cluster_P: IntArray | None = None,
    draws: int = 4000,
) -> Band:
    """RL minus base with a band that holds for all budgets of `k_K` at once.

    Sup-t Gaussian multiplier bootstrap over problems (Chernozhukov, Chetverikov and Kato 2013) of the
    differences and a pseudo pair, times t / normal quantile for few problems. The estimate is the plain
    mean; the bounds stand around the mean with the pair, and reach to the estimate where it lies outside.
    With one problem the bounds are -1 and 1.

    cluster_P: number of the cluster of each problem, where problems come in families that may change together
    (rewordings of one problem, questions on one text). Clusters are then what is resampled (Cameron, Gelbach
    and Miller 2008), and the pair is a pair of clusters of their root mean square size.

    >>> ids = [str(i) for i in range(100)]
    >>> base, rl = (SuccessCounts(ids, n=[8] * 100, c=[c] * 100) for c in (1, 4))
    >>> band = difference_band(base, rl, np.array([1, 8]))
    >>> band.estimate_K.tolist(), (band.lo_K > 0).tolist()
    ([0.375, 0.0], [True, False])
    """
    confidence_level(confidence)
    k_K, cluster_P = check_pair(base, rl, k_K), _check_clusters(cluster_P, len(base))
    pair = PseudoPair() if pair is None else instance(PseudoPair, pair)
    difference, row_P = _differences(base, rl, k_K, pair)
    units = _units(difference, row_P, cluster_P, weight=pair.weight)
    n_units = len(base) if cluster_P is None else len(units.size_R) - 2
    return _simultaneous(units, n_units, k_K, confidence, seed, draws)


def paired_band(
    base_P_K: FloatArray,
    rl_P_K: FloatArray,
    k_K: IntArray,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    cluster_P: IntArray | None = None,
    draws: int = 4000,
) -> Band:
    """The band of `difference_band` for any estimates in 0..1 of the same problems under two models, shape (P, K).

    For what no counts tell: curves of tuned temperatures, or of budgets in tokens. The rows of the problems must be
    independent; `k_K` names the columns, and must rise. The pseudo pair is a full gain and a full loss.

    >>> ones, k_K = np.ones((100, 2)), np.array([1, 8])
    >>> band = paired_band(ones * [0.125, 1], ones * [0.5, 1], k_K)
    >>> band.estimate_K.tolist(), (band.lo_K > 0).tolist()
    ([0.375, 0.0], [True, False])
    """
    confidence_level(confidence)
    for name, value_P_K in (("base_P_K", base_P_K), ("rl_P_K", rl_P_K)):
        if value_P_K.shape != (len(base_P_K), len(k_K)) or not len(value_P_K):
            raise BadInput(f"{name}: expected a row a problem and a column a budget, got shape {value_P_K.shape}")
    cluster_P = _check_clusters(cluster_P, len(base_P_K))
    difference_R_K = np.vstack([rl_P_K - base_P_K, np.ones(len(k_K)), -np.ones(len(k_K))])
    units = _units(difference_R_K.__getitem__, np.arange(len(base_P_K)), cluster_P, weight=PseudoPair().weight)
    return _simultaneous(units, len(units.size_R) - 2, k_K, confidence, seed, draws)


def own_band(
    counts: SuccessCounts, k_K: IntArray, *, confidence: float = 0.95, cluster_P: IntArray | None = None
) -> Band:
    """One model's pass@k with bounds that hold at each budget taken alone (pointwise), over problems.

    A t interval for the mean over problems (or clusters of them, as in `difference_band`), with one
    pseudo-problem that is never solved and one that is always solved, for the reason given at PseudoPair (for
    k = n near Agresti and Coull 1998, who add two of each).

    >>> band = own_band(SuccessCounts([str(i) for i in range(30)], n=[8] * 30, c=[8] * 30), np.array([1]))
    >>> band.estimate_K.tolist(), band.lo_K.round(3).tolist(), band.hi_K.tolist()
    ([1.0], [0.906], [1.0])
    """
    confidence_level(confidence)
    k_K, cluster_P = check_rising(k_K, counts), _check_clusters(cluster_P, len(counts))
    table_U_K, row_P = distinct_pass_at_k(counts, k_K)
    return mean_band(k_K, table_U_K, row_P, confidence=confidence, cluster_P=cluster_P)


def mean_band(
    k_K: IntArray,
    table_U_K: FloatArray,
    row_P: IntArray,
    *,
    confidence: float,
    cluster_P: IntArray | None = None,
) -> Band:
    """The band of `own_band` for any estimates in 0..1: rows of distinct ones, and each problem's row."""
    row_R_K = np.vstack([table_U_K, np.ones(len(k_K)), np.zeros(len(k_K))])
    units = _units(row_R_K.__getitem__, row_P, cluster_P, weight=1.0)
    moments = _moments(units, len(k_K), np.zeros(1, dtype=np.int64))
    n_units = len(row_P) if cluster_P is None else len(units.size_R) - 2
    critical = float(ndtri((1 + confidence) / 2)) * few_units(n_units, confidence)
    return _band(k_K, moments, critical, n_units, lowest=0.0)


def _check_clusters(cluster_P: IntArray | None, problems: int) -> IntArray | None:
    if cluster_P is None:
        return None
    cluster_P = whole_numbers("cluster_P", cluster_P)
    if len(cluster_P) != problems:
        raise BadInput(f"cluster_P: expected one number for each of {problems} problems, got {len(cluster_P)}")
    return cluster_P


def _differences(base: SuccessCounts, rl: SuccessCounts, k_K: IntArray, pair: PseudoPair) -> tuple[Rows, IntArray]:
    """The distinct rows of differences and last the pair's, and the row of each problem."""
    base_U_K, base_row_P = distinct_pass_at_k(base, k_K)
    rl_V_K, rl_row_P = distinct_pass_at_k(rl, k_K)
    gain_K = _largest_seen(rl_V_K, np.bincount(rl_row_P), k_K, rl, pair)
    loss_K = _largest_seen(base_U_K, np.bincount(base_row_P), k_K, base, pair)
    (base_row_R, rl_row_R), row_P = distinct_rows(base_row_P, rl_row_P)
    none_K = np.zeros(len(k_K))
    base_row_R = np.append(base_row_R, [len(base_U_K), len(base_U_K) + 1])
    rl_row_R = np.append(rl_row_R, [len(rl_V_K), len(rl_V_K) + 1])
    base_U_K, rl_V_K = np.vstack([base_U_K, none_K, loss_K]), np.vstack([rl_V_K, gain_K, none_K])

    def difference(rows: slice | IntArray) -> FloatArray:
        some: FloatArray = rl_V_K[rl_row_R[rows]] - base_U_K[base_row_R[rows]]
        return some

    return difference, row_P


def _units(rows: Rows, row_P: IntArray, cluster_P: IntArray | None, *, weight: float) -> _Units:
    """Problems as units, equal ones as one row, or clusters; the last two rows of `rows` are the pair's."""
    pair = np.array([weight, weight])
    if cluster_P is None:
        size_R = np.append(np.bincount(row_P), pair)
        return _Units(rows, size_R, np.sqrt(size_R))
    _, cluster_P = np.unique(cluster_P, return_inverse=True)
    size_C = np.bincount(cluster_P).astype(np.float64)
    typical = float(np.sqrt((size_C**2).mean()))
    last = int(row_P.max())
    # the pair's rows are members too: two more clusters of one row each
    member_P, cluster_P = np.append(row_P, [last + 1, last + 2]), np.append(cluster_P, len(size_C) + np.arange(2))
    order_P = np.argsort(cluster_P, kind="stable")
    start_C = np.searchsorted(cluster_P[order_P], np.arange(len(size_C) + 3))

    def mean(some: slice | IntArray) -> FloatArray:
        chosen = np.arange(len(size_C) + 2)[some]
        means = [rows(member_P[order_P[start_C[c] : start_C[c + 1]]]).mean(axis=0) for c in chosen]
        return np.array(means)

    return _Units(mean, np.append(size_C, pair * typical), np.append(size_C, np.sqrt(pair) * typical))


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


def _moments(units: _Units, budgets: int, grid_G: IntArray) -> _Moments:
    """Means, standard errors, and the residuals at the budgets of the grid.

    Many rows of residuals are replaced by G rows with the same sums of squares and products, which is all
    that the bootstrap's law depends on; the symmetric root is the choice that rounding hardly moves.
    """
    size_R, rows = units.size_R, len(units.size_R)
    sum_K = sum((size_R[some] @ units.mean(some) for some in _blocks(rows, budgets)), np.zeros(budgets))
    center_K = sum_K / size_R.sum()
    pair = slice(rows - 2, rows)
    estimate_K = (sum_K - size_R[pair] @ units.mean(pair)) / size_R[:-2].sum()
    square_K, product_G_G = np.zeros(budgets), np.zeros((len(grid_G), len(grid_G)))
    blocks = _blocks(rows, budgets)
    for some in blocks:
        residual_R_K = units.scale_R[some][:, None] * (units.mean(some) - center_K)
        square_K += np.einsum("rk,rk->k", residual_R_K, residual_R_K)
        residual_R_G = residual_R_K[:, grid_G]
        product_G_G += residual_R_G.T @ residual_R_G
    if rows > len(grid_G) or len(blocks) > 1:
        square_G, root = np.linalg.eigh(product_G_G)
        residual_R_G = root * np.sqrt(np.maximum(square_G, 0)) @ root.T
    norm_K = np.sqrt(square_K)
    at_grid_G = np.sqrt((residual_R_G**2).sum(axis=0))
    unit_R_G = residual_R_G / np.where(at_grid_G > 0, at_grid_G, 1.0)
    return _Moments(estimate_K, center_K, norm_K / size_R.sum(), unit_R_G)


def _simultaneous(units: _Units, n_units: int, k_K: IntArray, confidence: float, seed: int, draws: int) -> Band:
    """The band of a difference, whose bounds hold for all budgets at once."""
    moments = _moments(units, len(k_K), spread_budgets(k_K))
    critical = sup_quantile(moments.residual_R_G, confidence, seed, draws) * few_units(n_units, confidence)
    return _band(k_K, moments, critical, n_units, lowest=-1.0)


def _band(k_K: IntArray, moments: _Moments, critical: float, units: int, *, lowest: float) -> Band:
    center_K, se_K = moments.center_K, moments.se_K
    return around(k_K, moments.estimate_K, center_K, se_K, critical=critical, units=units, lowest=lowest)


def _blocks(rows: int, budgets: int) -> list[slice]:
    step = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // budgets))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
