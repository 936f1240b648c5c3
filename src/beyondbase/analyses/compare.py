"""Base against RL from counts alone: the main result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from beyondbase.analyses.accuracy import accuracy
from beyondbase.analyses.confirmation import check_fresh, confirm, with_confirmed
from beyondbase.analyses.curves import THESE_BAND, band_words, curve_band_words, curves
from beyondbase.analyses.equal_draws import at_equal_draws
from beyondbase.analyses.escalation import escalation_plan, one_sided
from beyondbase.analyses.overturn import overturnable, tipping_points
from beyondbase.analyses.reading import read
from beyondbase.analyses.results import Comparison, Target
from beyondbase.analyses.solvability import boundary, cell_counts, cells_of, resolution_of, solvability, table_asymmetry
from beyondbase.analyses.strata import by_stratum
from beyondbase.checks import confidence_level, instance, names, seed_number, share, shown
from beyondbase.errors import BadInput, NotComparable
from beyondbase.estimators.sampling_noise import sampling_share
from beyondbase.types import IntArray, SuccessCounts


def compare(
    base: SuccessCounts,
    rl: SuccessCounts,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    margin: float = 0.02,
    clusters: Sequence[str] | None = None,
    strata: Mapping[str, Sequence[str]] | None = None,
    guessed: Collection[str] = frozenset(),
    fresh: tuple[SuccessCounts, SuccessCounts] | None = None,
) -> Comparison:
    """Compare two models by their successes on the same problems, at every k up to the samples of both.

    confidence: of the bands, the exact bounds and the confirmed problems. seed: of the band's bootstrap.
    margin: largest difference, as a share of problems, that counts as none.
    clusters: name of each problem's family, in the order of `base`, where problems of a family may change together.
    strata: for each stratum the value of each problem, in the order of `base`; compared within each value as well.
    guessed: ids of problems that guesses solve now and then (estimators.guessing); they confirm nothing.
    fresh: counts of other samples of base and RL on some of the problems. With them, "confirmed" rests on them alone.
    Raises NotComparable where the problems differ, BadInput for settings out of range.

    >>> ids = [f"p{i}" for i in range(200)]
    >>> base = SuccessCounts(ids, n=[64] * 200, c=[3] * 200)
    >>> rl = SuccessCounts(ids, n=[64] * 200, c=[32] * 140 + [0] * 60)
    >>> result = compare(base, rl)
    >>> result.verdict.label.value, result.crossover.status.value
    ('narrowed', 'crosses')
    >>> print(result.verdict.sentence)
    On 200 problems, RL minus base is +30.3 points of pass@k at k = 1 (95% band +26.3 to +33.7) and
    -30.0 points at k = 64 (-36.5 to -22.9): RLVR narrowed what the model can solve.
    """
    confidence, seed = confidence_level(confidence), seed_number(seed)
    margin = share("margin", margin, what="a share of problems, such as 0.02,")
    rl = in_order_of(base, rl)
    guessed = frozenset(names("guessed", list(guessed) if isinstance(guessed, set | frozenset) else guessed))
    cluster_P = None if clusters is None else cluster_codes(clusters, len(base))
    curve = curves(base, rl, confidence=confidence, seed=seed, cluster_P=cluster_P)
    problems = solvability(base, rl, confidence=confidence, guessed=guessed)
    found = one_sided(problems, guessed)
    fresh = None if fresh is None else _checked_fresh(base, fresh)
    confirmation = None if fresh is None else confirm(found, *fresh, confidence=confidence)
    tested = () if confirmation is None else confirmation.problems.drop_nulls("p_value")["problem_id"]
    plan = escalation_plan(base, rl, found, done=tested)
    problems = with_confirmed(problems, confirmation)
    cells = cell_counts(problems)
    fair_base, fair_rl, table_n = at_equal_draws(base, rl, seed=seed)
    fair_P = cells_of(fair_base, fair_rl)
    asymmetry, noise = table_asymmetry(fair_P), sampling_share(base, rl, int(curve["k"][-1]))
    reading = partial(
        read,
        curve,
        problems,
        cells,
        mcnemar=asymmetry,
        margin=margin,
        confidence=confidence,
        noise=noise,
        confirmation=confirmation,
        escalation=plan,
        table_n=table_n,
    )
    over = reading(Target.OVER_PROBLEMS)
    tips = tipping_points(over.verdict.label, over.crossover.status, curve, base, rl, margin=margin)
    return Comparison(
        confidence=confidence,
        band=band_words(cluster_P),
        these_band=THESE_BAND,
        curve_band=curve_band_words(cluster_P),
        seed=seed,
        margin=margin,
        curves=curve,
        crossover=over.crossover,
        on_these=reading(Target.THESE_PROBLEMS),
        solvability=problems,
        cells=cells,
        boundary=boundary(fair_P, confidence=confidence),
        base_resolution=resolution_of(base, confidence=confidence),
        rl_resolution=resolution_of(rl, confidence=confidence),
        mcnemar=asymmetry,
        table_n=table_n,
        confirmation=confirmation,
        escalation=plan,
        accuracy=accuracy(base, rl),
        strata=by_stratum(
            base,
            rl,
            {} if strata is None else strata,
            confidence=confidence,
            seed=seed,
            margin=margin,
            guessed=guessed,
            fresh=fresh,
        ),
        tipping=tips,
        verdict=replace(over.verdict, overturned_by=overturnable(over.verdict.label, tips, problems)),
    )


def _checked_fresh(
    base: SuccessCounts, fresh: tuple[SuccessCounts, SuccessCounts]
) -> tuple[SuccessCounts, SuccessCounts]:
    if not isinstance(fresh, tuple | list) or len(fresh) != 2:
        raise BadInput(f"fresh: expected counts of the base and of RL, got {shown(fresh)}")
    fresh_base, fresh_rl = (instance(SuccessCounts, counts) for counts in fresh)
    check_fresh(fresh_base, base.problem_ids)
    return fresh_base, in_order_of(fresh_base, fresh_rl)


def in_order_of(base: SuccessCounts, rl: SuccessCounts) -> SuccessCounts:
    """The RL counts in the base's order of problems, or NotComparable if the problems differ."""
    base, rl = instance(SuccessCounts, base), instance(SuccessCounts, rl)
    only_base, only_rl = set(base.problem_ids) - set(rl.problem_ids), set(rl.problem_ids) - set(base.problem_ids)
    if only_base or only_rl:
        example = min(only_base or only_rl)
        side = "base" if only_base else "RL"
        raise NotComparable(
            f"expected the same problems for both models, got {len(only_base)} only in base and {len(only_rl)} "
            f"only in RL ({shown(example)} only in {side}); give both the same problem set"
        )
    place = {problem_id: i for i, problem_id in enumerate(rl.problem_ids)}
    order_P = np.array([place[problem_id] for problem_id in base.problem_ids])
    return rl.take(order_P)


def cluster_codes(clusters: Sequence[str], problems: int) -> IntArray:
    """The number of each problem's cluster, or BadInput for names that are not one a problem."""
    texts = names("clusters", clusters)
    if len(texts) != problems:
        raise BadInput(f"clusters: expected one text for each of {problems} problems, got {len(texts)}")
    code = {text: i for i, text in enumerate(sorted(set(texts)))}
    return np.array([code[text] for text in texts])
