"""How often all, most, or the most frequent of k samples are right: read off the profile S(k, t) and the answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import polars as pl

from beyondbase.analyses.first_samples import first_counts, judged_first, whole_prefix
from beyondbase.analyses.results import Profile
from beyondbase.checks import confidence_level, instance, shown
from beyondbase.doublings import doublings
from beyondbase.errors import BadInput
from beyondbase.estimators.cover import cover_at_tau
from beyondbase.estimators.extrapolation import thinned
from beyondbase.estimators.majority import majority_at_k
from beyondbase.estimators.mean_interval import mean_interval
from beyondbase.estimators.success_profile import at_least_t_of_k
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, SuccessCounts, Verdict

INTERVAL = "pointwise, over problems: t interval with one pseudo-problem at 0 and one at 1"
TAUS = (0.25, 0.5, 0.75, 1.0)
_COVER_TAUS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
MOST_VOTES = 64
"""samples of each problem whose answers are counted: the exact count takes the square of their number"""
_DECIMALS, _FITTED_DECIMALS = 12, 6

Answers = Mapping[str, pl.DataFrame]
"""model -> problem_id, sample_index, verdict, answer"""
_SHARES = ("pass_at_k", "pass_hat_k", "pass_hat_k_lo", "pass_hat_k_hi", "g_25", "g_50", "g_75", "g_100", "mg")
_CURVES = {"model": pl.String, "k": pl.Int64} | dict.fromkeys(_SHARES, pl.Float64)
_COVER = {"model": pl.String} | dict.fromkeys(("tau", "plug_in", "bias", "estimate", "profile"), pl.Float64)
_MAJORITY = {"model": pl.String, "k": pl.Int64, "maj": pl.Float64, "lo": pl.Float64, "hi": pl.Float64}


def profile(base: Run, rl: Run, *, confidence: float = 0.95) -> Profile:
    """Read both runs' first n samples: as many as every problem has under both models, whatever came of them.

    That is n_max of a fixed rule and n_first of a stopping rule. Raises BadInput where there is none. Of an imported
    run all samples with a verdict are read, however many each problem has.
    """
    rows = {"base": judged_first(base), "rl": judged_first(rl)}
    ids = [problem.problem_id for problem in base.problems()]
    n = min(whole_prefix(some, ids) for some in rows.values())
    if not n:
        raise BadInput("profile: expected a first sample of every problem with a verdict, got none; verify the runs")
    counts = [
        in_order(run.counts(), ids) if run.manifest.imported else first_counts(some, ids, n)
        for run, some in zip((base, rl), rows.values(), strict=True)
    ]
    first = any(run.manifest.rule.n_max > n and not run.manifest.imported for run in (base, rl))
    return profile_of(*counts, answers=rows, first=first, confidence=confidence)


def in_order(counts: SuccessCounts, ids: Sequence[str]) -> SuccessCounts:
    """The counts of these problems, in this order."""
    place = {problem_id: row for row, problem_id in enumerate(counts.problem_ids)}
    return counts.take(np.array([place[problem_id] for problem_id in ids]))


def profile_of(
    base: SuccessCounts, rl: SuccessCounts, *, answers: Answers, first: bool = False, confidence: float = 0.95
) -> Profile:
    """Profile of counts of either rule; maj@k of `answers`, which may be empty.

    Cover@tau asks for as many samples of each problem: where they have not, of as many as the fewest, at random.
    Draws that stop at the r-th success tell at most r correct of k: what asks for more is null.

    >>> counts = SuccessCounts(["a", "b"], n=[4, 4], c=[2, 4])
    >>> profile_of(counts, counts, answers={}).curves["pass_hat_k"].round(4).to_list()[:3]
    [0.75, 0.5833, 0.5]
    """
    sides, missing = {"base": instance(SuccessCounts, base), "rl": instance(SuccessCounts, rl)}, dict[str, str]()
    confidence = confidence_level(confidence)
    _check_answers(answers)
    n = min(base.largest_k, rl.largest_k)
    curves = [row for model, counts in sides.items() for row in _curve(model, counts, n, confidence)]
    stops = sorted({counts.stop_at for counts in sides.values() if counts.stop_at is not None})
    if stops and n > stops[0]:
        missing["pass^k, G-Pass@k and mG-Pass@k"] = (
            f"draws that stop at success {stops[0]} tell nothing of more than {stops[0]} correct samples"
        )
    try:
        even = {model: _even(counts) for model, counts in sides.items()}
        cover = [_cover(model, counts, tau) for model, counts in even.items() for tau in _COVER_TAUS]
    except BadInput as error:
        cover, missing["Cover@tau"] = [], str(error)
    votes_n = min(n, MOST_VOTES)
    votes = {model: rows.filter(pl.col("sample_index") < votes_n) for model, rows in answers.items()}
    reason = _no_votes(votes)
    if reason:
        missing["maj@k"] = reason
    majority = [] if reason else [row for m, rows in votes.items() for row in _majority(m, rows, votes_n, confidence)]
    return Profile(
        n=n,
        first=first,
        majority_n=votes_n,
        interval=INTERVAL,
        confidence=confidence,
        curves=pl.DataFrame(curves, schema=_CURVES, orient="row"),
        cover=pl.DataFrame(cover, schema=_COVER, orient="row"),
        majority=pl.DataFrame(majority, schema=_MAJORITY, orient="row"),
        missing=missing,
    )


def _check_answers(answers: Answers) -> None:
    needed = {"problem_id", "sample_index", "verdict", "answer"}
    frames = list(answers.values()) if isinstance(answers, Mapping) else [answers]
    if any(not isinstance(rows, pl.DataFrame) or not needed <= set(rows.columns) for rows in frames):
        raise BadInput(
            f"answers: expected a frame with {', '.join(sorted(needed))} for each model, got {shown(answers)}"
        )


def _curve(model: str, counts: SuccessCounts, n: int, confidence: float) -> list[tuple[object, ...]]:
    rows = list[tuple[object, ...]]()
    for k in doublings(n):
        tail_P_T = at_least_t_of_k(counts, k)
        known = tail_P_T.shape[1]
        least = [max(1, math.ceil(round(tau * k, 9))) for tau in TAUS]
        shares = [float(tail_P_T[:, t].mean().round(_DECIMALS)) if t < known else None for t in (1, *least)]
        all_ = _interval(tail_P_T[:, k], confidence) if k < known else (None, None, None)
        # G-Pass@k beyond tau = 1/2, averaged; its sum is empty at k = 1 (arXiv 2412.13147, equation 5)
        half = tail_P_T[:, math.ceil(k / 2) + 1 :].sum(axis=1).mean() * 2 / k
        mg = float(half.round(_DECIMALS)) if 2 <= k < known else None
        rows.append((model, k, shares[0], *all_, *shares[1:], mg))
    return rows


def _interval(value_P: FloatArray, confidence: float) -> tuple[float, float, float]:
    clipped_P = np.clip(value_P, 0, 1)  # sums and quotients may leave 0..1 by their last digit
    mean, lo, hi = (round(bound, _DECIMALS) for bound in mean_interval(clipped_P, confidence=confidence))
    return mean, lo, hi


def _even(counts: SuccessCounts) -> SuccessCounts:
    """As many samples of each problem as the fewest has, where no stop made them differ."""
    uneven = counts.stop_at is None and bool((counts.n_P != counts.largest_k).any())
    return thinned(counts, counts.largest_k) if uneven else counts


def _cover(model: str, counts: SuccessCounts, tau: float) -> tuple[object, ...]:
    cover = cover_at_tau(counts, tau)
    bias = round(cover.bias, _FITTED_DECIMALS)
    estimate = min(1.0, max(0.0, round(cover.plug_in - bias, _FITTED_DECIMALS)))
    return model, tau, round(cover.plug_in, _DECIMALS), bias, estimate, round(cover.profile, _DECIMALS)


def _no_votes(votes: Answers) -> str:
    """Why there is no majority to count, or nothing."""
    if not votes or any(not (rows["answer"] != "").any() for rows in votes.values()):
        return "no answers are stored with the verdicts"
    nameless = sum(
        rows.filter((pl.col("verdict") == Verdict.CORRECT.value) & (pl.col("answer") == "")).height
        for rows in votes.values()
    )
    return f"{nameless} correct samples have no answer stored" if nameless else ""


def _majority(model: str, rows: pl.DataFrame, n: int, confidence: float) -> list[tuple[object, ...]]:
    """maj@k of each budget over problems; an answer is right where more than half of its verdicts are."""
    tally = (
        rows.group_by("problem_id", "answer")
        .agg(pl.len().alias("votes"), right=(pl.col("verdict") == Verdict.CORRECT.value).mean() > 0.5)
        .sort("problem_id", "votes", "right", "answer")
        .select("problem_id", "answer", "votes", "right")
    )
    budgets = doublings(n)
    maj_P_K = np.array(
        [_maj_of_problem(list(group), budgets) for _, group in groupby(tally.iter_rows(), key=lambda row: row[0])]
    )
    return [(model, k, *_interval(maj_P, confidence)) for k, maj_P in zip(budgets, maj_P_K.T, strict=True)]


def _maj_of_problem(tally: list[tuple[str, str, int, bool]], budgets: list[int]) -> list[float]:
    """Samples without an answer have no vote."""
    silent = sum(votes for _, answer, votes, _ in tally if not answer)
    voted = [(votes, right) for _, answer, votes, right in tally if answer]
    votes, correct = [v for v, _ in voted], [right for _, right in voted]
    return [majority_at_k(votes, correct, k, silent=silent) if any(correct) else 0.0 for k in budgets]
