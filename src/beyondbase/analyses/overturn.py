"""What would overturn a verdict: how far the verifier must err, and how many truncated samples be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from beyondbase.analyses.curves import PAIR
from beyondbase.analyses.results import Cell, CrossoverStatus, RunHealth, Tipping, VerdictLabel
from beyondbase.doublings import doublings
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.tipping import tip
from beyondbase.types import SuccessCounts
from beyondbase.wording import rate

Counts = dict[str, SuccessCounts]
_OTHER = {"base": "RL", "RL": "base"}
_OF = {"base": "the base's", "RL": "RL's"}


def tipping_points(
    label: VerdictLabel,
    status: CrossoverStatus,
    curve: pl.DataFrame,
    base: SuccessCounts,
    rl: SuccessCounts,
    *,
    margin: float,
) -> tuple[Tipping, ...]:
    """The parts of the verdict that errors of the verifier could take away, that at the largest k first.

    Where one model is ahead at every k, the budget is the one at which the least excess opens the band.
    """
    counts, last = {"base": base, "RL": rl}, len(curve)
    match label:
        case VerdictLabel.NARROWED if status is CrossoverStatus.BASE_AHEAD:
            return (_weakest("base", curve, counts),)
        case VerdictLabel.NARROWED:
            return _lead("base", last, curve, counts), _lead("RL", 1, curve, counts)
        case VerdictLabel.EXPANDED:
            return (_lead("RL", last, curve, counts),)
        case VerdictLabel.AHEAD_OPEN:
            return (_weakest("RL", curve, counts),)
        case VerdictLabel.SHARPENED:
            small = f"a difference below {margin * 100:g} points"
            sides = [_at(model, last, curve, counts, claim=small, limit=-margin) for model in ("RL", "base")]
            return *sides, _lead("RL", 1, curve, counts)
        case VerdictLabel.UNDECIDED:
            return ()


def overturnable(label: VerdictLabel, tips: Sequence[Tipping], solvability: pl.DataFrame) -> tuple[str, ...]:
    """Say what errors of the verifier would overturn the verdict."""
    said = [_sentence(point) for point in tips]
    if label is VerdictLabel.EXPANDED:
        confirmed = solvability.filter(pl.col("confirmed") == Cell.RL_ONLY.value)
        highest = confirmed["rl_lo"].to_numpy().max()
        said.append(
            f"false positives: a share of {rate(highest)} of RL's wrong samples passed would alone account for every "
            "problem confirmed as RL only"
        )
    return tuple(said)


def threats_of_samples(tips: Sequence[Tipping], base: RunHealth, rl: RunHealth) -> Iterator[str]:
    """Say where truncated samples, had they been let finish, could overturn the verdict.

    A share m of one model's wrong samples that is truly right acts as an excess m of false positives of the
    other; truncated samples are a part of the wrong ones, so they can hold that share or not.
    """
    health = {"base": base, "RL": rl}
    for name, run in health.items():
        if run.settled:
            yield (
                f"verifier errors: {run.settled:,} of {_OF[name]} samples count as wrong although the verifier came to "
                "no verdict on them"
            )
    for point in tips:
        model = _OTHER[point.model]
        cut, wrong = health[model].truncated, 1 - health[model].correct
        if cut > 0 and point.opens * wrong <= cut:
            right = rate(point.opens * wrong / cut)
            yield (
                f"truncation: {rate(cut)} of {_OF[model]} samples were cut at the token limit; if {right} of those "
                f" were on their way to a right answer, {point.claim} at k = {point.k} would be uncertain"
            )


def _sentence(point: Tipping) -> str:
    mine, other = (name.replace("base", "the base") for name in (point.model, _OTHER[point.model]))
    gone = f", and gone from {_in_points(point.cancels)} on" if point.cancels is not None else ""
    return (
        f"false positives: {point.claim} at k = {point.k} would be uncertain if the share of wrong samples passed as "
        f"right were {_in_points(point.opens)} points higher for {mine} than for {other}{gone}; or if "
        f"{rate(point.opens)} of {_OF[_OTHER[point.model]]} wrong samples were right"
    )


def _in_points(share: float) -> str:
    return rate(share).removesuffix("%")


def _lead(model: str, k: int, curve: pl.DataFrame, counts: Counts) -> Tipping:
    return _at(model, k, curve, counts, claim=f"{_OF[model]} lead", limit=0.0)


def _weakest(model: str, curve: pl.DataFrame, counts: Counts) -> Tipping:
    """The lead that falls first, among the budgets 1, 2, 4 ... and the largest."""
    return min(
        (_lead(model, k, curve, counts) for k in doublings(len(curve))), key=lambda point: (point.opens, point.k)
    )


def _at(model: str, k: int, curve: pl.DataFrame, counts: Counts, *, claim: str, limit: float) -> Tipping:
    ahead_P, behind_P = (pass_at_k_per_problem(counts[name], k)[:, 0] for name in (model, _OTHER[model]))
    row = curve.row(k - 1, named=True)
    lo = row["delta_lo"] if model == "RL" else -row["delta_hi"]
    found = tip(ahead_P, behind_P, k, lo=lo, limit=limit, pair=PAIR.weight)
    return Tipping(claim, k, model, found.opens, found.cancels)
