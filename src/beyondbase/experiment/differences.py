"""The difference of two measured models over problems and trainings, as a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.training_seeds import TrainingsBand, curve_over_trainings, difference_over_trainings
from beyondbase.experiment.measured import Measured
from beyondbase.types import FloatArray, IntArray, SuccessCounts

_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models of the same problems, the trainings that are compared of each."""

    base: tuple[SuccessCounts, ...]
    rl: tuple[SuccessCounts, ...]
    paired: bool
    """training i of both is of one seed"""

    @property
    def largest_k(self) -> int:
        """Largest budget that all of them can answer."""
        return min(counts.largest_k for counts in (*self.base, *self.rl))


def pair_of(base: Measured, rl: Measured) -> Pair | None:
    """Which trainings of two models are compared; None: one of them has none.

    Steps of one arm are compared training by training, over the seeds that both have; two arms likewise where they
    have the same seeds; others as two independent groups.
    """
    if not base.counts or not rl.counts:
        return None
    mine, theirs = dict(rl.counts), dict(base.counts)
    if base.base is not None and rl.base is not None:
        common = sorted(mine.keys() & theirs.keys())
        one_arm = base.row.rpartition("@")[0] == rl.row.rpartition("@")[0]
        if common and (one_arm or mine.keys() == theirs.keys()):
            return Pair(tuple(theirs[s] for s in common), tuple(mine[s] for s in common), paired=True)
    return Pair(tuple(theirs.values()), tuple(mine.values()), paired=False)


def difference(pair: Pair, k_K: IntArray, *, confidence: float) -> TrainingsBand:
    """RL minus base, for all budgets at once; with one training of each exactly the band of `compare`."""
    one = len(pair.base) == len(pair.rl) == 1
    over = difference_band(pair.base[0], pair.rl[0], k_K, confidence=confidence) if one else None
    base, rl = (_tables(counts, k_K) for counts in (pair.base, pair.rl))
    return difference_over_trainings(base, rl, k_K, paired=pair.paired, over=over, confidence=confidence)


def curve(model: Measured, k_K: IntArray, *, confidence: float) -> TrainingsBand:
    """pass@k of a model, each budget taken alone."""
    return curve_over_trainings(_tables([counts for _, counts in model.counts], k_K), k_K, confidence=confidence)


def gap(base: Measured, rl: Measured, k: int, *, confidence: float) -> tuple[float, float, float]:
    """Delta_SE with bounds: pass@k of the base less pass@1 of the model (Yue et al. 2025, section 3)."""
    ones = _tables([counts for _, counts in rl.counts], np.array([1]))
    far = _tables([counts for _, counts in base.counts], np.array([k]))
    band = difference_over_trainings(far, ones, np.array([1]), confidence=confidence)
    return rounded(-band.estimate_K[0]), rounded(-band.hi_K[0]), rounded(-band.lo_K[0])


def columns(name: str, band: TrainingsBand) -> pl.DataFrame:
    """A band as the columns NAME, NAME_lo and NAME_hi."""
    values = {"": band.estimate_K, "_lo": band.lo_K, "_hi": band.hi_K}
    return pl.DataFrame({name + end: np.round(value_K, _DECIMALS) + 0.0 for end, value_K in values.items()})


def rounded(value: float) -> float:
    """Leave out the digits that depend on the machine."""
    return round(float(value), _DECIMALS) + 0.0


def _tables(counts: tuple[SuccessCounts, ...] | list[SuccessCounts], k_K: IntArray) -> FloatArray:
    return np.array([pass_at_k_per_problem(each, k_K) for each in counts])
