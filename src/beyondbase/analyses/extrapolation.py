"""Predict both models' pass@k beyond the samples drawn, and test the prediction on what was measured."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from beyondbase.analyses.results import Extrapolation, FittedLaw, SelfCheck
from beyondbase.checks import confidence_level, seed_number, whole_number
from beyondbase.errors import BadInput
from beyondbase.estimators.bands import own_band
from beyondbase.estimators.extrapolation import Prediction, predict, thinned
from beyondbase.estimators.rate_law import RateLaw, fit_discretised
from beyondbase.estimators.sup_t import check_pair
from beyondbase.types import FloatArray, IntArray, SuccessCounts
from beyondbase.wording import band_text, points

METHOD = (
    "beta-binomial with a mass at zero, by maximum likelihood; interval at each k taken alone, by a parametric "
    "bootstrap over problems and draws that takes the two models as independent; where the laws were true, nominal "
    "95% held in 89% to 96% of simulated sets of 30 and 100 problems for one model, and in 91% to 99% for the "
    "difference; second opinion: discretised Beta"
)
NAMES = {"base": "the base", "rl": "RL"}
_REACH = 16
"""times the samples drawn"""
_DRAWS, _CHECK_DRAWS, _THINNINGS = 200, 40, 5
_FEWEST_PROBLEMS, _FEWEST_SAMPLES = 10, 16
_DECIMALS = 6  # the search for the maximum settles no more


def extrapolate(
    base: SuccessCounts, rl: SuccessCounts, *, confidence: float = 0.95, seed: int = 0, reach: int = _REACH
) -> Extrapolation:
    """Predict pass@k at the powers of two from n, the largest measured budget, to `reach` times n.

    The self-check predicts the measured pass@n from n / 16 samples of each problem (at least 4). Raises
    BadInput for fewer than 10 problems or 16 samples, and for a model that never succeeded: nothing to fit.

    >>> ids = [f"p{i}" for i in range(60)]
    >>> base = SuccessCounts(ids, n=[64] * 60, c=[0] * 6 + [1, 2, 4, 8, 16, 32] * 9)
    >>> beyond = extrapolate(base, SuccessCounts(ids, n=[64] * 60, c=[0] * 30 + [4, 8, 16, 32, 60] * 6))
    >>> beyond.curves["k"].to_list(), beyond.checks[0].samples
    ([64, 128, 256, 512, 1024], 4)
    """
    check_pair(base, rl, np.ones(1, dtype=np.int64))
    confidence, seed, reach = confidence_level(confidence), seed_number(seed), whole_number("reach", reach, 2, 2**20)
    n = min(base.largest_k, rl.largest_k)
    sides = {"base": base, "rl": rl}
    _check(sides, n)
    k_K = np.array(sorted({n} | {2**i for i in range(n.bit_length(), int(reach * n).bit_length())}))
    of = {
        m: predict(c, k_K, confidence=confidence, seed=seed + i, draws=_DRAWS) for i, (m, c) in enumerate(sides.items())
    }
    second = {model: fit_discretised(counts) for model, counts in sides.items()}
    columns: dict[str, IntArray | FloatArray] = {"k": k_K}
    for model, prediction in of.items():
        columns |= {model: prediction.value_K, f"{model}_lo": prediction.lo_K, f"{model}_hi": prediction.hi_K}
        columns[f"{model}_second"] = second[model].pass_at_k(k_K)
    columns |= _difference(of["base"], of["rl"], confidence)
    laws = [
        _law(model, of[model].law, second[model], _parts_at(of[model], columns[f"{model}_second"])) for model in sides
    ]
    checks = [self_check(counts, n, model, confidence=confidence, seed=seed) for model, counts in sides.items()]
    curves = pl.DataFrame(columns).with_columns(pl.col(pl.Float64).round(_DECIMALS) + 0.0)
    return Extrapolation(
        n=n,
        confidence=confidence,
        seed=seed,
        method=METHOD,
        laws=(laws[0], laws[1]),
        checks=(checks[0], checks[1]),
        trusted=all(check.holds for check in checks),
        curves=curves,
        sentence=_sentence(curves, laws, checks, confidence),
    )


def self_check(counts: SuccessCounts, n: int, model: str, *, confidence: float = 0.95, seed: int = 0) -> SelfCheck:
    """Predict the measured pass@n from n / 16 samples of each problem, several times, and compare."""
    samples = max(4, n // 16)
    k_K = np.array([n])
    some = [
        predict(thinned(counts, samples, seed=seed + i), k_K, confidence=confidence, seed=seed + i, draws=_CHECK_DRAWS)
        for i in range(_THINNINGS)
    ]
    predicted, lo, hi = (
        round(float(np.mean([bound_K[0] for bound_K in bounds])), _DECIMALS)
        for bounds in ([p.value_K for p in some], [p.lo_K for p in some], [p.hi_K for p in some])
    )
    band = own_band(counts, k_K, confidence=confidence)
    measured, measured_lo, measured_hi = (
        round(float(bound_K[0]), _DECIMALS) for bound_K in (band.estimate_K, band.lo_K, band.hi_K)
    )
    above = measured > predicted
    own, measureds = (hi - predicted, measured - measured_lo) if above else (predicted - lo, measured_hi - measured)
    return SelfCheck(
        model=model,
        samples=samples,
        k=n,
        thinnings=_THINNINGS,
        predicted=predicted,
        lo=lo,
        hi=hi,
        measured=measured,
        measured_lo=measured_lo,
        measured_hi=measured_hi,
        holds=abs(measured - predicted) <= math.hypot(own, measureds),
    )


def _check(sides: dict[str, SuccessCounts], n: int) -> None:
    problems = len(sides["base"])
    if problems < _FEWEST_PROBLEMS or n < _FEWEST_SAMPLES:
        raise BadInput(
            f"extrapolation: expected at least {_FEWEST_PROBLEMS} problems and {_FEWEST_SAMPLES} samples of each, "
            f"got {problems} and {n}; draw more"
        )
    for model, counts in sides.items():
        if not counts.c_P.any():
            raise BadInput(f"extrapolation: expected a problem that {NAMES[model]} solved, got none; draw more samples")


def _difference(base: Prediction, rl: Prediction, confidence: float) -> dict[str, FloatArray]:
    """RL minus base; the bootstraps of the two are independent, which is too wide where they change together."""
    delta_K = rl.value_K - base.value_K
    miss = (1 - confidence) / 2
    lo_K, hi_K = np.quantile(rl.again_D_K - base.again_D_K, [miss, 1 - miss], axis=0)
    return {"delta": delta_K, "delta_lo": np.minimum(lo_K, delta_K), "delta_hi": np.maximum(hi_K, delta_K)}


def _law(model: str, law: RateLaw, second: RateLaw, parts_at: int | None) -> FittedLaw:
    return FittedLaw(
        model=model,
        zero=_digits(law.zero),
        alpha=_digits(law.alpha),
        beta=_digits(law.beta),
        second_alpha=_digits(second.alpha),
        second_beta=_digits(second.beta),
        parts_at=parts_at,
    )


def _parts_at(prediction: Prediction, second_K: IntArray | FloatArray) -> int | None:
    outside_K = (second_K < prediction.lo_K) | (second_K > prediction.hi_K)
    return int(prediction.k_K[outside_K.argmax()]) if outside_K.any() else None


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _sentence(curves: pl.DataFrame, laws: list[FittedLaw], checks: list[SelfCheck], confidence: float) -> str:
    last = curves.row(-1, named=True)
    text = (
        f"Not measured: if success rates follow the fitted laws, RL minus base at k = {last['k']} is "
        f"{points(last['delta'])} points of pass@k ({confidence * 100:g}% interval "
        f"{band_text(last['delta_lo'], last['delta_hi'])})."
    )
    failed = [NAMES[check.model] for check in checks if not check.holds]
    told = "; ".join(
        f"{NAMES[check.model]}: predicted {check.predicted:.1%}, measured {check.measured:.1%}" for check in checks
    )
    asked = f"predicting pass@{checks[0].k} from {checks[0].samples} samples of each problem ({told})"
    if failed:
        text = f"Do not trust this: {asked} fails for {' and '.join(failed)}. {text}"
    else:
        text = f"{text} The self-check, {asked}, holds."
    parted = [f"{NAMES[law.model]} from k = {law.parts_at} on" for law in laws if law.parts_at is not None]
    return f"{text} The two fits part for {' and '.join(parted)}: trust neither there." if parted else text
