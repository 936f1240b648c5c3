"""The distribution of success rates over problems: raw, without the noise of the draws, and what moved in it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from beyondbase.analyses.results import Comparison, Shape
from beyondbase.checks import confidence_level
from beyondbase.errors import BadInput
from beyondbase.estimators.boundary import resolution
from beyondbase.estimators.deconvolution import MixingLaw, deconvolve, rate_grid
from beyondbase.estimators.exact_tests import benjamini_hochberg, mcnemar, share_bounds
from beyondbase.estimators.paired_change import paired_change
from beyondbase.estimators.rate_band import rate_band
from beyondbase.types import FloatArray, SuccessCounts

_RATES = 201
_EDGES = (0.05, 0.25, 0.75, 0.95)
BINS = ("0", "0-5%", "5-25%", "25-75%", "75-95%", "95-<100%", "100%")
"""ranges of success rates, closed at their upper end but for the last two"""
_BAND = (
    "from an exact lower and upper bound of each problem's rate, and the Dvoretzky-Kiefer-Wolfowitz band of both; "
    "over problems, all rates at once, no assumption of a shape"
)


def shape(base: SuccessCounts, rl: SuccessCounts, comparison: Comparison) -> Shape:
    """Both models' distributions, the shares at 0 and 1, and each problem's move; counts in the order of `comparison`.

    Raises BadInput for fewer than two problems.
    """
    if len(base) < 2:
        raise BadInput(
            f"expected 2 problems or more for a distribution over problems, got {len(base)}; "
            "add problems (`--problems`)"
        )
    confidence = confidence_level(comparison.confidence)
    table = comparison.solvability
    models = {"base": base, "rl": rl}
    laws = {model: deconvolve(counts) for model, counts in models.items()}
    rate_P = {model: table[f"{model}_rate"].to_numpy() for model in models}
    frames = [_ecdf(model, models[model], rate_P[model], laws[model], confidence) for model in models]
    shares = [
        _share(model, at, models[model], rate_P[model], laws[model], confidence=confidence)
        for at in (0, 1)
        for model in models
    ]
    return Shape(
        confidence=confidence,
        band=_BAND,
        ecdf=pl.concat(frames),
        shares=pl.DataFrame(shares),
        changed=pl.DataFrame([_changed(at, rate_P["base"], rate_P["rl"], confidence) for at in (0, 1)]),
        moved=moved(rate_P["base"], rate_P["rl"]),
        problems=_problems(table, confidence),
    )


def _ecdf(model: str, counts: SuccessCounts, rate_P: FloatArray, law: MixingLaw, confidence: float) -> pl.DataFrame:
    rate_T = rate_grid(_RATES).round(12)
    raw_T = np.searchsorted(np.sort(rate_P), rate_T, side="right") / len(rate_P)
    smooth_T = law.at_most(rate_T).round(12)
    lo_T, hi_T = rate_band(counts, rate_T, confidence=confidence)
    return pl.DataFrame(
        {
            "model": [model] * len(rate_T),
            "rate": rate_T,
            "raw": raw_T.round(12),
            "deconvolved": smooth_T,
            "lo": np.minimum(lo_T, smooth_T).round(12),
            "hi": np.maximum(hi_T, smooth_T).round(12),
        }
    )


def _share(
    model: str, at: int, counts: SuccessCounts, rate_P: FloatArray, law: MixingLaw, *, confidence: float
) -> dict[str, object]:
    """Problems seen at one end, and what can be said of those that are there."""
    seen, problems = int((rate_P == at).sum()), len(rate_P)
    lo, hi = share_bounds(seen, problems, 1 - confidence)
    fewest = counts.largest_k if at == 0 else counts.stop_at or int(counts.n_P.min())
    eps = resolution(fewest, confidence=confidence)
    near = law.at_most([eps])[0] if at == 0 else 1 - law.at_most([max(1 - eps - 1e-9, 0.0)])[0]
    return {
        "model": model,
        "at": str(at),
        "problems": seen,
        "share": round(seen / problems, 12),
        "lo": round(lo, 12),
        "hi": round(hi, 12),
        "eps": round(eps, 12),
        "near": round(float(near), 12),
        # whoever is at the end is seen there, so that the share seen bounds the share that is: one-sided
        "most": round(share_bounds(seen, problems, 2 * (1 - confidence))[1], 12),
    }


def _changed(at: int, base_P: FloatArray, rl_P: FloatArray, confidence: float) -> dict[str, object]:
    base_at_P, rl_at_P = base_P == at, rl_P == at
    delta = paired_change(base_at_P.astype(np.float64), rl_at_P.astype(np.float64), confidence=confidence).delta
    rl_only, base_only = int((rl_at_P & ~base_at_P).sum()), int((base_at_P & ~rl_at_P).sum())
    return {
        "at": str(at),
        "base_only": base_only,
        "rl_only": rl_only,
        "delta": round(delta.value, 12),
        "delta_lo": round(delta.lo, 12),
        "delta_hi": round(delta.hi, 12),
        "p_value": mcnemar(rl_only, base_only),
    }


def moved(base_P: FloatArray, rl_P: FloatArray) -> pl.DataFrame:
    """How many problems went from each range of base rates to each range of RL rates; the columns of Shape.moved.

    >>> table = moved(np.array([0.0, 0.1]), np.array([0.0, 1.0]))
    >>> table.filter(pl.col("problems") > 0).rows()
    [('0', '0', 1), ('5-25%', '100%', 1)]
    """
    count = np.zeros((len(BINS), len(BINS)), dtype=np.int64)
    np.add.at(count, (_bin(base_P), _bin(rl_P)), 1)
    rows = [(one, other, int(count[i, j])) for i, one in enumerate(BINS) for j, other in enumerate(BINS)]
    return pl.DataFrame(rows, schema={"from_bin": pl.String, "to_bin": pl.String, "problems": pl.Int64}, orient="row")


def _bin(rate_P: FloatArray) -> NDArray[np.int64]:
    inner_P = 1 + np.searchsorted(_EDGES, rate_P, side="left")
    bin_P: NDArray[np.int64] = np.where(rate_P == 0, 0, np.where(rate_P == 1, len(BINS) - 1, inner_P))
    return bin_P


def _problems(table: pl.DataFrame, confidence: float) -> pl.DataFrame:
    adjusted_P = benjamini_hochberg(table["p_value"].to_numpy())
    base_P, rl_P = table["base_rate"].to_numpy(), table["rl_rate"].to_numpy()
    known_P = (adjusted_P <= 1 - confidence) & (base_P != rl_P)
    moved_P = np.where(known_P, np.where(rl_P > base_P, "up", "down"), "open")
    adjusted_P = np.array([float(f"{p:.12g}") for p in adjusted_P])
    return pl.DataFrame({"problem_id": table["problem_id"], "adjusted_p": adjusted_P, "moved": moved_P})
