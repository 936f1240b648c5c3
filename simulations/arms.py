"""The bands that are compared, evaluated together on one run.

The formulas are those of beyondbase.estimators.bands; the multipliers are slices of one long row of
normal numbers, and all bands of a run share them. tests/simulations holds them against the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from beyondbase.types import FloatArray

_POOL = 6_000_000


@dataclass(frozen=True, slots=True)
class Arm:
    """A band: weight of its pseudo pair, and the norm that scales the pair (None: both change by 1)."""

    name: str
    weight: float
    norm: float | None = None


ARMS = (Arm("plain", 0.0), Arm("L8 pair, w=1", 1.0, 8.0), Arm("unit pair, w=.5", 0.5), Arm("unit pair, w=1", 1.0))
DEFAULT = ARMS[-1].name
"""the band of the package"""


class Multipliers:
    """Normal numbers, drawn once and read from random places."""

    def __init__(self, seed: int, draws: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._pool = self._rng.standard_normal(_POOL, dtype=np.float32)
        self._draws = draws

    def matrix(self, rows: int) -> FloatArray:
        """Shape (draws, rows)."""
        start = self._rng.integers(_POOL - self._draws * rows)
        return self._pool[start : start + self._draws * rows].reshape(self._draws, rows)


def bands(
    base_P_K: FloatArray, rl_P_K: FloatArray, multipliers: Multipliers, *, arms: tuple[Arm, ...] = ARMS
) -> tuple[FloatArray, FloatArray]:
    """Bounds (lo, hi) of RL minus base at 95%, each of shape (arms, K)."""
    d_P_K, problems = rl_P_K - base_P_K, len(base_P_K)
    residuals, centers, errors = [], [], []
    for arm in arms:
        gain_K, loss_K = _pair(rl_P_K, arm), _pair(base_P_K, arm)
        total = problems + 2 * arm.weight
        center_K = (d_P_K.sum(axis=0) + arm.weight * (gain_K - loss_K)) / total
        pair = np.sqrt(arm.weight) * np.array([gain_K - center_K, -loss_K - center_K])
        residual = np.vstack([d_P_K - center_K, pair])
        norm_K = np.sqrt((residual**2).sum(axis=0))
        residuals.append(residual / np.where(norm_K > 0, norm_K, 1.0))
        centers.append(center_K)
        errors.append(norm_K / total)
    stacked = np.hstack(residuals).astype(np.float32)
    sums = np.abs(multipliers.matrix(len(stacked)) @ stacked).reshape(-1, len(arms), d_P_K.shape[1])
    critical_A = np.quantile(sums.max(axis=2), 0.95, axis=0) * stdtrit(problems - 1, 0.975) / ndtri(0.975)
    center_A_K, half_A_K, mean_K = np.array(centers), critical_A[:, None] * np.array(errors), d_P_K.mean(axis=0)
    lo_A_K = np.maximum(np.minimum(center_A_K - half_A_K, mean_K), -1.0)
    return lo_A_K, np.minimum(np.maximum(center_A_K + half_A_K, mean_K), 1.0)


def _pair(pass_P_K: FloatArray, arm: Arm) -> FloatArray:
    if arm.norm is None:
        return np.ones(pass_P_K.shape[1])
    k_K = 2 ** np.arange(pass_P_K.shape[1])
    one_success_K = k_K / k_K[-1] * len(pass_P_K) ** (-1 / arm.norm)
    return np.maximum((pass_P_K**arm.norm).mean(axis=0) ** (1 / arm.norm), one_success_K)
