"""How far two judges agree on the same samples, over problems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.estimators.mean_interval import mean_interval
from beyondbase.types import FloatArray


@dataclass(frozen=True, slots=True)
class Agreed:
    """Share of samples judged alike, and Cohen's kappa (Cohen 1960), each with its bounds."""

    share: float
    share_lo: float
    share_hi: float
    kappa: float | None
    """None where both judges say the same one thing of every sample: there is nothing to agree on by chance"""
    kappa_lo: float
    kappa_hi: float


def agreed(joint_P_C_C: FloatArray, *, confidence: float = 0.95) -> Agreed:
    """Agreement of two judges who put each sample into one of C classes.

    joint_P_C_C: for each problem the share of its samples in each pair of classes; a problem's shares add up to 1.
    Problems weigh alike and are the units of both intervals, for the samples of one problem err together: the share
    has that of `mean_interval`, kappa a jackknife over problems. As there, one pseudo-problem on which the judges
    agree and one on which they differ keep the bounds from shrinking to a point; they reach to the plain estimate.

    >>> both_right, apart = np.diag([1.0, 0.0]), np.array([[0.0, 0.5], [0.5, 0.0]])
    >>> found = agreed(np.array([both_right, np.diag([0.0, 1.0]), apart, np.eye(2) / 2]))
    >>> found.share, found.kappa
    (0.75, 0.5)
    """
    confidence_level(confidence)
    joint = np.asarray(joint_P_C_C, dtype=np.float64)
    if joint.ndim != 3 or not len(joint) or joint.shape[1] != joint.shape[2] or joint.shape[1] < 2:
        raise BadInput(f"expected one square table of two classes or more for each problem, got shape {joint.shape}")
    if (joint < 0).any() or not np.allclose(joint.sum(axis=(1, 2)), 1):
        raise BadInput("expected the shares of each problem's samples to add up to 1")
    share = mean_interval(np.clip(np.trace(joint, axis1=1, axis2=2), 0, 1), confidence=confidence)
    kappa = float(np.minimum(_kappa(joint.mean(axis=0)), 1.0))  # rounding may end above
    return Agreed(*share, None if np.isnan(kappa) else kappa, *_kappa_bounds(joint, kappa, confidence))


def _kappa(joint_C_C: FloatArray) -> FloatArray:
    """Kappa of one table, or of each of several; NaN where chance alone agrees on everything."""
    by_chance = (joint_C_C.sum(axis=-1) * joint_C_C.sum(axis=-2)).sum(axis=-1)
    seen = np.trace(joint_C_C, axis1=-2, axis2=-1)
    beyond: FloatArray = np.where(by_chance < 1 - 1e-12, (seen - by_chance) / np.maximum(1 - by_chance, 1e-12), np.nan)
    return beyond


def _kappa_bounds(joint_P_C_C: FloatArray, kappa: float, confidence: float) -> tuple[float, float]:
    problems, classes = joint_P_C_C.shape[:2]
    if problems == 1 or np.isnan(kappa):
        return -1.0, 1.0
    alike = np.eye(classes) / classes
    apart = (1 - np.eye(classes)) / (classes * (classes - 1))
    units = np.concatenate([joint_P_C_C, alike[None], apart[None]])
    center = float(_kappa(units.mean(axis=0)))
    left_out_U = _kappa((units.sum(axis=0) - units) / (len(units) - 1))
    error = np.sqrt((len(units) - 1) / len(units) * ((left_out_U - left_out_U.mean()) ** 2).sum())
    reach = float(stdtrit(problems - 1, (1 + confidence) / 2) * error)
    return max(-1.0, min(kappa, center - reach)), min(1.0, max(kappa, center + reach))
