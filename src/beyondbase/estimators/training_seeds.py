"""Bands for the mean over problems and over trainings: seeds of the training as clusters beside the problems.

A training with another seed gives another model. What holds of the recipe, and not of one model alone, must allow for
both: other problems, and other trainings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.estimators.bands import mean_band, paired_band
from beyondbase.estimators.sup_t import Band, spread_budgets
from beyondbase.types import FloatArray, IntArray

_DRAWS, _DRAWS_AT_ONCE = 4000, 500


@dataclass(frozen=True, slots=True, eq=False)
class TrainingsBand:
    """An estimate with bounds over problems and trainings, and the part of each, in units of pass@k."""

    k_K: IntArray
    estimate_K: FloatArray
    """mean over problems and trainings"""
    lo_K: FloatArray
    hi_K: FloatArray
    over_problems: Band
    """the band of the same mean with the trainings as they are"""
    seeds_half_K: FloatArray | None
    """half-width of the part of the trainings; None: one training, which says nothing about other seeds"""


def difference_over_trainings(
    base_B_P_K: FloatArray,
    rl_S_P_K: FloatArray,
    k_K: IntArray,
    *,
    paired: bool = False,
    over: Band | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> TrainingsBand:
    """RL minus base, each a mean over its trainings, with a band for all budgets of `k_K` at once.

    base_B_P_K, rl_S_P_K: estimates in 0..1 of the same problems, one table a training; a base that was not trained
    here is one table, and brings no spread of trainings. paired: table i of both is of one training (after more
    steps, say) or of one seed, so that the trainings' differences are what spreads.
    over: the band over problems of the means, where it is there already; None: `paired_band`.

    Two parts. Over problems: the sup-t band of the mean over trainings. Over trainings: their means m_S_K with
    Student's t of S - 1 degrees of freedom, at its quantile of the largest |t| over k, simulated from S normal curves
    with the correlation over k that the trainings show. They are joined by MOVER: half-widths in quadrature (Zou and
    Donner 2008, Statistics in Medicine 27, 1693), which is right for independent parts. As m_S_K holds the noise of
    the draws, and of how problems and trainings go together, the joint band is somewhat too wide, not too narrow.
    Trainings of both models that are not paired are two such parts. With one training the band is that over problems.

    The order of the trainings does not change a bit of it. Raises BadInput for tables of other shapes.

    >>> ones, k_K = np.ones((50, 2)), np.array([1, 8])
    >>> rl = np.array([ones * [0.4, 1], ones * [0.5, 1], ones * [0.6, 1]])
    >>> band = difference_over_trainings((ones * [0.1, 1])[None], rl, k_K)
    >>> band.estimate_K.round(3).tolist(), (band.hi_K - band.lo_K > 2 * band.seeds_half_K).tolist()
    ([0.4, 0.0], [True, True])
    """
    confidence_level(confidence)
    for name, value in (("base_B_P_K", base_B_P_K), ("rl_S_P_K", rl_S_P_K)):
        if value.ndim != 3 or not value.size or value.shape[1:] != (rl_S_P_K.shape[1], len(k_K)):
            raise BadInput(f"{name}: expected a table of problems and budgets a training, got shape {value.shape}")
    if paired and len(base_B_P_K) != len(rl_S_P_K):
        raise BadInput(f"expected as many trainings of both, got {len(base_B_P_K)} and {len(rl_S_P_K)}")
    if over is None:
        base_P_K, rl_P_K = _mean(base_B_P_K), _mean(rl_S_P_K)
        over = paired_band(base_P_K, rl_P_K, k_K, confidence=confidence, seed=seed)
    curves = [rl_S_P_K.mean(axis=1), base_B_P_K.mean(axis=1)]
    curves = [curves[0] - curves[1]] if paired else curves
    grid_G = spread_budgets(k_K)
    halves = [_seeds_half(m_S_K, grid_G, confidence, seed) for m_S_K in curves if len(m_S_K) > 1]
    return _joined(over, halves, lowest=-1.0)


def curve_over_trainings(rl_S_P_K: FloatArray, k_K: IntArray, *, confidence: float = 0.95) -> TrainingsBand:
    """A curve as mean over trainings, with bounds over problems and trainings at each budget taken alone (pointwise).

    The parts: `own_band`'s over problems, of the mean over trainings, and Student's t over trainings.

    >>> ones = np.ones((50, 1))
    >>> band = curve_over_trainings(np.array([ones * 0.4, ones * 0.6]), np.array([1]))
    >>> band.estimate_K.tolist(), band.lo_K.tolist(), band.hi_K.tolist()  # two trainings say little
    ([0.5], [0.0], [1.0])
    """
    confidence_level(confidence)
    if rl_S_P_K.ndim != 3 or not rl_S_P_K.size or rl_S_P_K.shape[2] != len(k_K):
        raise BadInput(f"rl_S_P_K: expected a table of problems and budgets a training, got shape {rl_S_P_K.shape}")
    over = mean_band(k_K, _mean(rl_S_P_K), np.arange(rl_S_P_K.shape[1]), confidence=confidence)
    m_S_K = rl_S_P_K.mean(axis=1)
    critical = float(stdtrit(max(len(m_S_K) - 1, 1), (1 + confidence) / 2))
    halves = [critical * _standard_error(m_S_K)] if len(m_S_K) > 1 else []
    return _joined(over, halves, lowest=0.0)


def _mean(value_S_P_K: FloatArray) -> FloatArray:
    """Mean over trainings, summed in the order of size, so that their order changes no digit."""
    mean_P_K: FloatArray = np.sort(value_S_P_K, axis=0).mean(axis=0)
    return mean_P_K


def _standard_error(m_S_K: FloatArray) -> FloatArray:
    se_K: FloatArray = np.sort(m_S_K, axis=0).std(axis=0, ddof=1) / np.sqrt(len(m_S_K))
    return np.where(se_K > 1e-12, se_K, 0.0)  # equal trainings differ by rounding alone


def _seeds_half(m_S_K: FloatArray, grid_G: IntArray, confidence: float, seed: int) -> FloatArray:
    """Half-width of the mean over S trainings, for all budgets at once."""
    half_K: FloatArray = _largest_t(m_S_K[:, grid_G], confidence, seed) * _standard_error(m_S_K)
    return half_K


def _largest_t(m_S_G: FloatArray, confidence: float, seed: int) -> float:
    """Quantile of the largest |t| over the budgets, for trainings as correlated over k as these."""
    trainings = len(m_S_G)
    residual_S_G = m_S_G - np.sort(m_S_G, axis=0).mean(axis=0)
    residual_S_G = residual_S_G[:, _standard_error(m_S_G) > 0]
    pointwise = float(stdtrit(trainings - 1, (1 + confidence) / 2))
    if residual_S_G.shape[1] < 2:
        return pointwise
    unit_S_G = residual_S_G / np.sqrt((np.sort(residual_S_G, axis=0) ** 2).sum(axis=0))
    unit_S_G = unit_S_G[np.lexsort(unit_S_G.T[::-1])]
    rng, largest = np.random.default_rng(seed), list[FloatArray]()
    for _ in range(0, _DRAWS, _DRAWS_AT_ONCE):
        curve_D_S_G = rng.standard_normal((_DRAWS_AT_ONCE, trainings, trainings)) @ unit_S_G
        t_D_G = curve_D_S_G.mean(axis=1) / curve_D_S_G.std(axis=1, ddof=1)
        largest.append(np.sqrt(trainings) * np.abs(t_D_G).max(axis=1))
    # Six digits, as sup_t.sup_quantile; never less than a budget alone takes, whatever the draws say.
    return max(pointwise, float(f"{np.quantile(np.concatenate(largest), confidence):.6g}"))


def _joined(over: Band, halves: list[FloatArray], *, lowest: float) -> TrainingsBand:
    """MOVER: the distance of each bound from the estimate is the root of the sum of squares of its parts."""
    estimate_K = over.estimate_K
    if not halves:
        return TrainingsBand(over.k_K, estimate_K, over.lo_K, over.hi_K, over, None)
    seeds_K: FloatArray = np.sqrt(np.sum([half_K**2 for half_K in halves], axis=0))
    lo_K = estimate_K - np.hypot(estimate_K - over.lo_K, seeds_K)
    hi_K = estimate_K + np.hypot(over.hi_K - estimate_K, seeds_K)
    return TrainingsBand(
        over.k_K, estimate_K, np.maximum(lo_K, lowest), np.minimum(hi_K, 1.0), over, seeds_K
    )  # fmt: skip
