"""Base against RL from counts alone: the main result."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from beyondbase.analyses.accuracy import accuracy
from beyondbase.analyses.crossover import crossover
from beyondbase.analyses.curves import BAND, CURVE_BAND, curves
from beyondbase.analyses.evidence import evidence_of
from beyondbase.analyses.overturn import overturnable, tipping_points
from beyondbase.analyses.results import Comparison
from beyondbase.analyses.solvability import boundary, cell_counts, resolution_of, solvability, table_asymmetry
from beyondbase.analyses.verdict import verdict
from beyondbase.errors import BadInput, NotComparable
from beyondbase.estimators.sampling_noise import sampling_share
from beyondbase.types import SuccessCounts

TARGET = "over problems"


def compare(
    base: SuccessCounts,
    rl: SuccessCounts,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    margin: float = 0.02,
    guessed: Collection[str] = frozenset(),
) -> Comparison:
    """Compare two models by their successes on the same problems, at every k up to the samples of both.

    confidence: of the bands, the exact bounds and the confirmed problems. seed: of the band's bootstrap.
    margin: largest difference, as a share of problems, that counts as none.
    guessed: ids of problems that guesses solve now and then (estimators.guessing); they confirm nothing.
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
    if not 0.5 <= confidence < 1:
        raise BadInput(f"confidence: expected 0.5 <= confidence < 1, such as 0.95, got {confidence}")
    if not 0 <= margin < 1:
        raise BadInput(f"margin: expected a share of problems 0 <= margin < 1, such as 0.02, got {margin}")
    rl = in_order_of(base, rl)
    curve = curves(base, rl, confidence=confidence, seed=seed)
    problems = solvability(base, rl, confidence=confidence, guessed=guessed)
    cells, cross = cell_counts(problems), crossover(curve)
    asymmetry, noise = table_asymmetry(cells), sampling_share(base, rl, int(curve["k"][-1]))
    evidence = evidence_of(curve, cross, cells, mcnemar=asymmetry, margin=margin, confidence=confidence, noise=noise)
    judged = verdict(evidence, problems)
    tips = tipping_points(judged.label, cross.status, curve, base, rl, margin=margin)
    return Comparison(
        confidence=confidence,
        target=TARGET,
        band=BAND,
        curve_band=CURVE_BAND,
        seed=seed,
        margin=margin,
        curves=curve,
        crossover=cross,
        solvability=problems,
        cells=cells,
        boundary=boundary(cells, confidence=confidence),
        base_resolution=resolution_of(base, confidence=confidence),
        rl_resolution=resolution_of(rl, confidence=confidence),
        mcnemar=asymmetry,
        accuracy=accuracy(base, rl),
        tipping=tips,
        verdict=replace(judged, overturned_by=overturnable(judged.label, tips, problems)),
    )


def in_order_of(base: SuccessCounts, rl: SuccessCounts) -> SuccessCounts:
    """The RL counts in the base's order of problems, or NotComparable if the problems differ."""
    only_base, only_rl = set(base.problem_ids) - set(rl.problem_ids), set(rl.problem_ids) - set(base.problem_ids)
    if only_base or only_rl:
        example = min(only_base or only_rl)
        side = "base" if only_base else "RL"
        raise NotComparable(
            f"expected the same problems for both models, got {len(only_base)} only in base and {len(only_rl)} "
            f"only in RL ({example!r} only in {side}); give both the same problem set"
        )
    place = {problem_id: i for i, problem_id in enumerate(rl.problem_ids)}
    order_P = np.array([place[problem_id] for problem_id in base.problem_ids])
    return SuccessCounts(base.problem_ids, n=rl.n_P[order_P], c=rl.c_P[order_P], stop_at=rl.stop_at, n_max=rl.n_max)
