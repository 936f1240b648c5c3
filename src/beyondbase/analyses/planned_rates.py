"""Where the success rates of a study that is only planned come from: an assumption, or a pilot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from beyondbase.analyses.comparable import check_runs
from beyondbase.analyses.compare import in_order_of
from beyondbase.checks import instance, more_than_nothing, share
from beyondbase.errors import BadInput
from beyondbase.estimators.rate_law import RateLaw, fit_rate_law
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, IntArray, SuccessCounts
from beyondbase.wording import number


class Truth(NamedTuple):
    """Success rates of problems under both models, and the mean tokens of a sample (nan: not known)."""

    base_P: FloatArray
    rl_P: FloatArray
    base_tokens_P: FloatArray
    rl_tokens_P: FloatArray


class Rates(Protocol):
    """A source of problems whose rates are known, as a simulation needs them."""

    @property
    def source(self) -> str:
        """Where they come from, in words."""

    def draw(self, problems: int, rng: np.random.Generator) -> Truth:
        """Draw that many new problems."""

    def caveats(self, n_max: int) -> list[str]:
        """Say what a reader must know of rates that are drawn for up to n_max samples a problem."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Base rates of a law, and what RL does to them.

    >>> truth = Assumed(RateLaw(0.5, 1.0, 1.0), odds=3.0, unlocked=1.0).draw(2000, np.random.default_rng(0))
    >>> bool((truth.rl_P >= truth.base_P).all()), bool((truth.rl_P > 0).all())
    (True, True)
    """

    base: RateLaw
    odds: float = 1.0
    """RL multiplies each problem's odds of success by this"""
    lost: float = 0.0
    """share of problems, taken at random, whose rate becomes 0"""
    unlocked: float = 0.0
    """share of the problems at 0 under the base that get a rate of the law's other part"""
    tokens: float | None = None
    """mean tokens of a sample, the same for both models; None: not known"""

    def __post_init__(self) -> None:
        instance(RateLaw, self.base)
        more_than_nothing("odds", self.odds, hint="; 1 leaves the rates as they are")
        for name, value in (("lost", self.lost), ("unlocked", self.unlocked)):
            share(name, value, what="a share of problems")
        if self.tokens is not None:
            more_than_nothing("tokens-per-sample", self.tokens, hint="; leave it out if not known")

    @property
    def source(self) -> str:
        """The assumption."""
        return (
            f"assumed: base rates 0 for {self.base.zero:.1%} of problems, else Beta({self.base.alpha:.3g}, "
            f"{self.base.beta:.3g}); RL multiplies the odds by {self.odds:.3g}, loses {self.lost:.1%} of problems "
            f"and unlocks {self.unlocked:.1%} of those at 0"
        )

    def draw(self, problems: int, rng: np.random.Generator) -> Truth:
        """Draw problems of the law."""
        base_P = self.base.draw(problems, rng)
        rl_P = self.odds * base_P / (1 + (self.odds - 1) * base_P)
        new_P = rng.beta(self.base.alpha, self.base.beta, problems)
        rl_P = np.where((base_P == 0) & (rng.random(problems) < self.unlocked), new_P, rl_P)
        rl_P = np.where(rng.random(problems) < self.lost, 0.0, rl_P)
        tokens_P = np.full(problems, np.nan if self.tokens is None else self.tokens)
        return Truth(base_P, rl_P, tokens_P, tokens_P)

    def caveats(self, n_max: int) -> list[str]:
        """Nothing was measured."""
        return ["the rates are assumed, not measured: a pilot replaces them by data"]


@dataclass(frozen=True, slots=True, eq=False)
class Piloted:
    """Problems of a pilot drawn again, each with rates that it may have given its counts.

    Empirical Bayes: a Beta with a mass at zero is fitted to the pilot's counts of each model, and a problem's
    rates are draws of its two posteriors. Which problems there are is uncertain too: every simulated study
    weighs the pilot's problems anew (the Bayesian bootstrap, Rubin 1981), so that a chance is a prediction
    (an assurance, O'Hagan, Stevens and Campbell 2005) and not one that takes the pilot's difference for true.
    """

    base: SuccessCounts
    rl: SuccessCounts
    base_tokens_P: FloatArray
    rl_tokens_P: FloatArray
    base_law: RateLaw = field(init=False)
    rl_law: RateLaw = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_law", fit_rate_law(self.base))
        object.__setattr__(self, "rl_law", fit_rate_law(self.rl))

    @property
    def source(self) -> str:
        """The pilot."""
        problems = number(len(self.base), "problem")
        return f"pilot: {problems}, up to {number(self._n, 'sample')} a problem from each model"

    def draw(self, problems: int, rng: np.random.Generator) -> Truth:
        """Draw problems of the pilot, with repetition."""
        weight_P = rng.dirichlet(np.ones(len(self.base)))
        which_P = rng.choice(len(self.base), size=problems, p=weight_P)
        return Truth(
            self.base_law.draw_given(rows(self.base, which_P), rng),
            self.rl_law.draw_given(rows(self.rl, which_P), rng),
            self.base_tokens_P[which_P],
            self.rl_tokens_P[which_P],
        )

    def caveats(self, n_max: int) -> list[str]:
        """What a pilot cannot show."""
        said = [
            "the rates are the pilot's: its problems drawn again, each with rates it may have given its counts, base "
            "and RL apart, and the mix of problems as uncertain as the pilot leaves it; a kind of change that the "
            "pilot never met is not foreseen"
        ]
        if n_max > self._n:
            said.append(
                f"the pilot drew up to {self._n:,} samples of a problem and the plan {n_max:,}: rates below about "
                f"1/{self._n:,} are those of a fitted Beta law, not measured"
            )
        return said

    @property
    def _n(self) -> int:
        return min(self.base.largest_k, self.rl.largest_k)


def piloted(base: Run, rl: Run, *, allow_unequal: frozenset[str] = frozenset()) -> Piloted:
    """Take two finished runs for a pilot; refuses what `analyze` refuses, and a pilot of one problem."""
    check_runs(base, rl, allow_unequal)
    base_counts = base.counts()
    rl_counts = in_order_of(base_counts, rl.counts())
    if len(base_counts) < 2:
        raise BadInput(f"pilot: expected at least 2 problems, got {len(base_counts)}; one shows no spread")
    ids = list(base_counts.problem_ids)
    return Piloted(base_counts, rl_counts, _tokens(base, ids), _tokens(rl, ids))


def rows(counts: SuccessCounts, which_P: IntArray) -> SuccessCounts:
    """The counts of these problems, of which one may come twice, under new names."""
    return counts.take(which_P, [str(i) for i in range(len(which_P))])


def _tokens(run: Run, ids: list[str]) -> FloatArray:
    """Mean tokens of a problem's samples, in the order of `ids`; those past a stop too, or right answers weigh more."""
    mean = run.samples().group_by("problem_id").agg(pl.col("n_tokens").mean()).collect()
    of = dict(mean.select(pl.col("problem_id").cast(pl.String), "n_tokens").iter_rows())
    return np.array([of[problem_id] for problem_id in ids], dtype=np.float64)


PRESETS: dict[str, Assumed] = {
    "deepscaler": Assumed(RateLaw(0.062, 0.406, 0.236), odds=3.8, lost=0.044),
    "countdown": Assumed(RateLaw(0.0, 1.03, 16.5), odds=6.4, lost=0.18),
}
"""Assumptions near what was measured.

deepscaler: DeepScaleR-1.5B and its base, 1,060 problems x 128 samples (the counts of test_deepscaler.py): the law is
fitted to the base's counts, odds and lost to the difference at k = 1 and 128, which it meets at every k to within a
point. countdown: the demo's two models, likewise, at k = 1 and 1024; between them up to 14 points too high.
"""
