"""A study of simulated models whose truth is known, with texts that try to break the page."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from beyondbase.analyses.compare import compare
from beyondbase.analyses.cost import EFFICIENCY
from beyondbase.analyses.diversity.measures import SCHEMA, Measures
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.likelihood import likelihood_of
from beyondbase.analyses.profile import profile_of
from beyondbase.analyses.recheck import recheck
from beyondbase.analyses.results import (
    Comparison,
    Cost,
    Diversity,
    Extrapolation,
    Likelihood,
    PathCoverage,
    Profile,
    Recheck,
    Robustness,
    RunHealth,
    Stands,
    StudyAnalysis,
    Tuning,
    VerdictLabel,
)
from beyondbase.analyses.results.cost import EfficiencyGap
from beyondbase.analyses.results.tuning import Matched, PowerArm
from beyondbase.analyses.shape import shape
from beyondbase.analyses.tuning import CHOSEN
from beyondbase.analyses.tuning_tables import GRID
from beyondbase.types import SuccessCounts

HOSTILE = "</pre><script>window.hacked = 1</script><img src=x onerror='window.hacked=1'> \" ' \x00 " + "x" * 5000


def make_study(
    problems: int = 40, *, gain: float = 5.0, lost: float = 0.3, whole: bool = True, shown: int = 10
) -> StudyAnalysis:
    """Base rates from a Beta law; RL multiplies them by `gain` and loses a share `lost` of the problems.

    Samples of `shown` problems are there to look at; `whole` adds path coverage, a training log, the profile and the
    extrapolation, these two of 40 problems however many there are, for speed.
    """
    rng = np.random.default_rng(1)
    ids = [f"problem {i} <b>" for i in range(problems)]
    base_P = rng.beta(0.35, 6, problems)
    rl_P = np.where(rng.random(problems) < lost, 0.0, np.minimum(base_P * gain, 0.95))
    base, rl = (SuccessCounts(ids, [256] * problems, rng.binomial(256, p_P)) for p_P in (base_P, rl_P))
    comparison = compare(base, rl, strata={"level": ["easy" if i % 3 else "hard" for i in range(problems)]})
    return StudyAnalysis(
        comparison=comparison,
        base_health=_health("base", base_P),
        rl_health=_health("rl", rl_P),
        paths=_paths(ids) if whole else None,
        shape=shape(base, rl, comparison) if whole else None,
        diversity=_diversity() if whole else None,
        settings=pl.DataFrame({"setting": ["model", "seed"], "base": ["a", "1"], "rl": ["b", "2"]}),
        examples=_examples(ids[:shown]),
        problems=pl.DataFrame({"problem_id": ids, "question": [HOSTILE] * problems, "strata": ["x"] * problems}),
        training=_training() if whole else None,
        unequal={} if whole else {"max_tokens": "24 / 32"},
        tuning=_tuning(comparison) if whole else None,
        cost=_cost(comparison) if whole else None,
        likelihood=_likelihood() if whole else None,
        robustness=_robustness(comparison),
        profile=_profile() if whole else None,
        extrapolation=_beyond() if whole else None,
        not_made={} if whole else {"extrapolation": "expected <more>, got less"},
    )


def _few() -> tuple[SuccessCounts, SuccessCounts]:
    rng = np.random.default_rng(2)
    base_P = rng.beta(0.35, 6, 40)
    rl_P = np.where(rng.random(40) < 0.3, 0.0, np.minimum(base_P * 5, 0.95))
    base, rl = (SuccessCounts(range(40), [256] * 40, rng.binomial(256, p_P)) for p_P in (base_P, rl_P))
    return base, rl


BUDGETS = np.array([1, 2, 4, 8, 16, 32])


def _again(comparison: Comparison, unit: str = "samples") -> Recheck:
    rng = np.random.default_rng(3)
    base_P, rl_P = rng.beta(0.35, 6, (40, 1)), rng.beta(0.5, 4, (40, 1))
    k_K = BUDGETS if unit == "samples" else BUDGETS * 35
    return recheck(1 - (1 - base_P) ** BUDGETS, 1 - (1 - rl_P) ** BUDGETS, k_K, comparison, unit=unit)


def _tuning(comparison: Comparison) -> Tuning:
    again = _again(comparison)
    rows = [
        (model, t, 1.0, t == 1.0, 10_240, 0.4 * t, k, p, p * 0.9, p * 1.1)
        for model, free in (("base", 0.2), ("rl", 0.3))
        for t in (1.0, 0.6, 1.4)
        for k in BUDGETS.tolist()
        for p in [round(1 - (1 - free / (1 + t)) ** k, 12)]
    ]
    chosen = [
        (model, k, t, 1.0, n) for model in ("base", "rl") for k in BUDGETS.tolist() for t, n in ((0.6, 7), (1.4, 3))
    ]
    power = again.curves.select("k", "base", "rl", power=(pl.col("base") + pl.col("rl")) / 2).with_columns(
        power_lo=pl.col("power") - 0.05, power_hi=pl.col("power") + 0.05
    )
    for name, value in (("over_base", pl.col("power") - pl.col("base")), ("under_rl", pl.col("rl") - pl.col("power"))):
        bounds = {name: value, f"{name}_lo": value - 0.1, f"{name}_hi": value + 0.1}
        power = power.with_columns(**bounds)
    return Tuning(
        confidence=0.95,
        folds=10,
        grid=pl.DataFrame(rows, schema=GRID, orient="row"),
        chosen=pl.DataFrame(chosen, schema=CHOSEN, orient="row"),
        tuned=again,
        matched=Matched(1.4, 1.0, 0.41, 0.40, again),
        union=again,
        union_of=3,
        power=PowerArm(4.0, power),
        missing={"rl-t2-p1": "expected <more>; still owes samples"},
    )


def _cost(comparison: Comparison) -> Cost:
    rows = [("tokens a sample", "over problems", 40, 18.0, 17.0, 0.94, 0.9, 0.99)]
    rows += [("tokens to the first success", "over problems that both solved", 30, 400.0, 200.0, 0.5, 0.4, 0.6)]
    again = _again(comparison)
    return Cost(
        confidence=0.95,
        gap=EfficiencyGap(32, 0.4, 0.3, 0.5),
        at_tokens=_again(comparison, "tokens"),
        untruncated=again,
        base_truncated_right=again,
        rl_truncated_right=again,
        efficiency=pl.DataFrame(rows, schema=EFFICIENCY, orient="row"),
    )


@cache
def _likelihood() -> Likelihood:
    """Log-probabilities at random, RL's responses a little likelier."""
    scored = {}
    for scorer, run, nats in (("base", "base", 0.5), ("base", "rl", 0.4), ("rl", "rl", 0.3), ("rl", "base", 0.7)):
        rng = np.random.default_rng(len(scored))
        rows = [
            (f"p{i}", j, "correct" if j % 3 else "wrong", 18, -18 * nats * rng.gamma(9, 1 / 9), 3, 1, 25.0)
            for i in range(20)
            for j in range(16)
        ]
        names = [
            "problem_id",
            "sample_index",
            "verdict",
            "n_tokens",
            "logprob_sum",
            "not_first",
            "not_first_five",
            "rank_sum",
        ]
        scored[scorer, run] = pl.DataFrame(rows, schema=names, orient="row")
    return likelihood_of(
        scored,
        n=16,
        confidence=0.95,
        own_law={"base": False, "rl": True},
        first_choices=(0.1, 0.08, 0.12),
        unscored=7,
        missing={},
    )


def _robustness(comparison: Comparison) -> tuple[Robustness, ...]:
    end = (1.0, 0.1, 0.05, 0.15)
    return (
        Robustness("exactly these problems", Stands.STANDS, comparison.verdict.label, "samples", end, end),
        Robustness("equal tokens", Stands.OPENS, VerdictLabel.UNDECIDED, "tokens", end, end, "a note <b>"),
        Robustness("another verifier", Stands.NOT_MADE, None, note="nobody else; `beyondbase verify RUN`"),
    )


@cache
def _profile() -> Profile:
    answers = {}
    for model, counts in zip(("base", "rl"), _few(), strict=True):
        right = [(i, j, j < c) for i, c in enumerate(counts.c_P.tolist()) for j in range(256)]
        rows = [
            (f"{i:02}", (j * 37) % 256, "correct" if good else "wrong", "yes" if good else f"no {j % 5}")
            for i, j, good in right
        ]
        answers[model] = pl.DataFrame(rows, schema=["problem_id", "sample_index", "verdict", "answer"], orient="row")
    return profile_of(*_few(), answers=answers)


@cache
def _beyond() -> Extrapolation:
    return extrapolate(*_few())


def _health(name: str, p_P: np.ndarray) -> RunHealth:
    correct = float(p_P.mean())
    return RunHealth(name, len(p_P), 9000, 9100, correct, 0.9 - correct, 0.06, 0.04, 2, 3, 18.0, 0.5)


def _paths(ids: list[str]) -> PathCoverage:
    """What 64 samples find of 9 solutions, three of which only the base finds and none only RL."""
    k = np.arange(1, 65)
    base, rl = 1 - np.exp(-k / 60), 0.5 - 0.5 * np.exp(-k / 9)
    delta = rl - base
    curves = {"k": k, "base": base, "rl": rl, "delta": delta, "delta_lo": delta - 0.1, "delta_hi": delta + 0.1}
    per_problem = {
        "problem_id": ids,
        "n_solutions": [9] * len(ids),
        "base_found": [3] * len(ids),
        "rl_found": [1] * len(ids),
        "both_found": [1] * len(ids),
    }
    found_by = {
        "found_by": ["both", "base", "rl", "neither"],
        "solutions": [len(ids), 2 * len(ids), 0, 6 * len(ids)],
        "share": [1 / 9, 2 / 9, 0.0, 6 / 9],
        "lo": [0.08, 0.2, 0.0, 0.6],
        "hi": [0.15, 0.25, 0.03, 0.7],
    }
    return PathCoverage(64, pl.DataFrame(curves), pl.DataFrame(per_problem), pl.DataFrame(found_by))


@cache
def _diversity() -> Diversity:
    """RL has the first 3 of 6 kinds of correct samples."""
    rng, made = np.random.default_rng(3), Measures(0.95)
    base, rl = ([[f"{kind}" for kind in rng.integers(kinds, size=32)] for _ in range(40)] for kinds in (6, 3))
    for name in ("solutions", "answers"):
        made.add_kinds(name, base, rl, what="correct samples", more="draw more")
    made.missing["token_entropy"] = "not every sample has the <entropy> of its tokens; sample with `--engine hf`"
    return Diversity(64, 64, 0.95, pl.DataFrame(made.rows, schema=SCHEMA, orient="row"), made.missing)


def _training() -> pl.DataFrame:
    step = np.arange(1, 21)
    return pl.DataFrame(
        {"step": step, "reward": 0.05 + step * 0.01, "entropy": 0.6 - step * 0.01, "no_signal": step / 40}
    )


def _examples(ids: list[str]) -> pl.DataFrame:
    verdicts = ["correct", "wrong", "no_answer", "truncated"]
    rows = [
        (problem_id, model, index, verdict, HOSTILE, "why <i>")
        for problem_id in ids
        for model in ("base", "rl")
        for index, verdict in enumerate(verdicts)
    ]
    return pl.DataFrame(rows, schema=["problem_id", "model", "sample_index", "verdict", "text", "detail"], orient="row")
