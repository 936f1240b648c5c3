"""Guards against luck and an erring verifier: what is given for them, and what they do to the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from beyondbase.analyses.compare import cluster_codes, compare, in_order_of
from beyondbase.analyses.results import Comparison, Guards, GuessFilter, VerifierAudit
from beyondbase.analyses.solvability import solvability
from beyondbase.errors import BadInput
from beyondbase.estimators.audit_by_problem import AuditByProblem
from beyondbase.estimators.bands import own_band
from beyondbase.estimators.guessing import guess_floor, guessable, only
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.verifier_error import Audit, without_false_positives
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, SuccessCounts

_KEPT = ["k", "base", "rl", "delta", "delta_lo", "delta_hi"]
_DECIMALS = 12  # what lies beyond depends on the number of threads of the matrix product


@dataclass(frozen=True, slots=True)
class GuardInput:
    """What is known of guesses and of the verifier, beside the two runs."""

    base_direct: Run | None = None
    """samples of the base under a prompt that asks for the answer with no reasoning: template direct or direct-boxed"""
    rl_direct: Run | None = None
    """the same of the RL model"""
    below: float = 0.05
    """drop a problem that guesses solve at a rate above 0 and below this"""
    chance: float | None = None
    """chance that a blind guess is right, where the form of the answer gives it, such as 0.25 for four choices"""
    audit: Audit | AuditByProblem | None = None
    """a trusted judgement of some samples of both models"""

    def __post_init__(self) -> None:
        if not 0 < self.below <= 1:
            raise BadInput(
                f"guess-below: expected a share of right guesses 0 < guess-below <= 1, such as 0.05, got {self.below}"
            )
        if self.chance is not None and not 0 <= self.chance <= 1:
            raise BadInput(f"guess-chance: expected a chance in 0..1, such as 0.25, got {self.chance}")


@dataclass(frozen=True, slots=True)
class Guesses:
    """Counts of guesses in the order of the base's problems."""

    base: SuccessCounts | None
    rl: SuccessCounts | None
    guessed: frozenset[str]
    """the problems that the filter drops"""


def guesses_of(base: Run, rl: Run, given: GuardInput) -> Guesses:
    """Read the direct-answer runs, or raise BadInput for one that does not belong to its run."""
    names = base.counts()
    counts = {}
    for name, run, direct in (("base", base, given.base_direct), ("rl", rl, given.rl_direct)):
        counts[name] = None if direct is None else in_order_of(names, _checked(name, run, direct))
    guessed = {
        problem_id
        for each in counts.values()
        if each is not None
        for problem_id, lucky in zip(each.problem_ids, guessable(each, below=given.below), strict=True)
        if lucky
    }
    return Guesses(counts["base"], counts["rl"], frozenset(guessed))


def guards(
    base: SuccessCounts,
    rl: SuccessCounts,
    plain: Comparison,
    guesses: Guesses,
    given: GuardInput,
    *,
    clusters: Sequence[str] | None = None,
) -> Guards | None:
    """What each guard that was given does; None where none was. clusters: those that `plain` was made with."""
    asked = guesses.base is not None or guesses.rl is not None
    if not asked and given.chance is None and given.audit is None:
        return None
    rl = in_order_of(base, rl)
    return Guards(
        floor=_floor(len(plain.curves), guesses, given.chance) if asked or given.chance is not None else None,
        guess_filter=_filtered(base, rl, plain, guesses, given.below, clusters) if asked else None,
        audit=_audited(base, rl, plain, given.audit, clusters) if given.audit is not None else None,
    )


def _checked(name: str, run: Run, direct: Run) -> SuccessCounts:
    mine, theirs, flag = run.manifest, direct.manifest, f"{name}-direct"
    for what, one, other in (
        ("problems", mine.problems_hash, theirs.problems_hash),
        ("verifier", mine.verifier, theirs.verifier),
        ("weights", mine.engine.get("weights_hash"), theirs.engine.get("weights_hash")),
    ):
        if one != other:
            raise BadInput(f"{flag}: expected the {what} of the {name} run ({one}), got {other}; sample it again")
    if mine.template_hash == theirs.template_hash:
        raise BadInput(
            f"{flag}: expected a prompt that asks for the answer alone, got the template of the {name} run "
            f"({theirs.spec.template}); sample it with --template direct, or direct-boxed where answers are boxed"
        )
    return direct.counts()


def _floor(largest: int, guesses: Guesses, chance: float | None) -> pl.DataFrame:
    """pass@k of guesses: where they were drawn from their counts, else from the chance of a blind one."""
    k_K = np.arange(1, largest + 1)
    columns: dict[str, object] = {"k": k_K}
    for name, counts in (("base", guesses.base), ("rl", guesses.rl)):
        floor_K = np.full(largest, np.nan)
        if counts is not None:
            known = min(largest, counts.largest_k)
            floor_K[:known] = pass_at_k(counts, k_K[:known])
        elif chance is not None:
            floor_K = guess_floor(chance, k_K)
        columns[name] = np.round(floor_K, _DECIMALS)
    return pl.DataFrame(columns).with_columns(pl.col("base", "rl").fill_nan(None))


def _filtered(
    base: SuccessCounts,
    rl: SuccessCounts,
    plain: Comparison,
    guesses: Guesses,
    below: float,
    clusters: Sequence[str] | None,
) -> GuessFilter:
    unfiltered = solvability(base, rl, confidence=plain.confidence)
    kept_P = np.array([problem_id not in guesses.guessed for problem_id in base.problem_ids])
    after = None
    if kept_P.any():
        kept = (only(counts, kept_P) for counts in (base, rl))
        families = None if clusters is None else [clusters[row] for row in np.flatnonzero(kept_P).tolist()]
        after = compare(*kept, confidence=plain.confidence, seed=plain.seed, margin=plain.margin, clusters=families)
    table: dict[str, object] = {"problem_id": base.problem_ids}
    for name, counts in (("base", guesses.base), ("rl", guesses.rl)):
        nothing = [None] * len(base)
        table |= {f"{name}_n": nothing if counts is None else counts.n_P.tolist()}
        table |= {f"{name}_c": nothing if counts is None else counts.c_P.tolist()}
    integers = {f"{name}_{column}": pl.Int64 for name in ("base", "rl") for column in "nc"}
    lost = pl.col("problem_id").is_in(guesses.guessed) & (pl.col("confirmed") != "")
    return GuessFilter(
        below=below,
        kept=int(kept_P.sum()),
        dropped=pl.DataFrame(table, schema_overrides=integers).filter(pl.Series(~kept_P)),
        curves=plain.curves.select(_KEPT).clear() if after is None else after.curves.select(_KEPT),
        verdict=None if after is None else after.verdict,
        unconfirmed=tuple(unfiltered.filter(lost)["problem_id"]),
    )


def _audited(
    base: SuccessCounts,
    rl: SuccessCounts,
    plain: Comparison,
    audit: Audit | AuditByProblem,
    clusters: Sequence[str] | None,
) -> VerifierAudit:
    """Problems and audit may each miss with half of the error: together the bounds hold at the confidence."""
    half = (1 + plain.confidence) / 2
    least, most = audit.false_positive_bounds(confidence=half)
    k_K = plain.curves["k"].to_numpy()
    cluster_P = None if clusters is None else cluster_codes(clusters, len(base))
    columns: dict[str, FloatArray] = {"k": k_K}
    rates, rates_hi = dict[str, float](), dict[str, float]()
    for name, counts in (("base", base), ("rl", rl)):
        band = own_band(counts, k_K, confidence=half, cluster_P=cluster_P)
        rates[name], lo, rates_hi[name] = audit.false_positives_of(name, confidence=half)
        columns[name] = without_false_positives(band.estimate_K, rates[name], k_K)
        columns[f"{name}_lo"] = without_false_positives(band.lo_K, rates_hi[name], k_K)
        columns[f"{name}_hi"] = without_false_positives(band.hi_K, lo, k_K)
    return VerifierAudit(
        right=audit.right,
        right_passed=audit.right_passed,
        wrong=audit.wrong,
        wrong_passed=audit.wrong_passed,
        false_positive=audit.false_positive,
        false_positive_lo=least,
        false_positive_hi=most,
        sensitivity=audit.sensitivity,
        sensitivity_lo=audit.sensitivity_bounds(confidence=half)[0],
        curves=pl.DataFrame(columns).with_columns(pl.exclude("k").round(_DECIMALS)),
        source=audit.source,
        rates=rates,
        rates_hi=rates_hi,
    )
