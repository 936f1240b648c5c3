"""Was it in the base's distribution? Responses of both runs under both models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from beyondbase.analyses.likelihood_ranks import HISTOGRAM, PERCENTILES, SPREAD, percentiles, spread
from beyondbase.analyses.results import Likelihood
from beyondbase.analyses.scored import first_choices, is_own_law, scored_first, unscored
from beyondbase.errors import BadInput
from beyondbase.estimators.ratio_of_means import Ratio, ratio_of_means
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, Verdict

DECIMALS = 12
_NAMES = {"base": "base", "rl": "RL"}
_VERDICTS = ("all", Verdict.CORRECT.value, Verdict.WRONG.value, Verdict.NO_ANSWER.value, Verdict.TRUNCATED.value)
_BOUNDS = ("value", "lo", "hi")
_PERPLEXITY = {
    **dict.fromkeys(("scorer", "run", "verdict"), pl.String),
    **dict.fromkeys(("problems", "responses"), pl.Int64),
    **dict.fromkeys(("median", "lo", "hi", "nll", "nll_lo", "nll_hi"), pl.Float64),
}
_DIFFERENCES = {"scorer": pl.String, "verdict": pl.String, "problems": pl.Int64, **dict.fromkeys(_BOUNDS, pl.Float64)}
_KL = {"run": pl.String, "own_law": pl.Boolean, "problems": pl.Int64, **dict.fromkeys(_BOUNDS, pl.Float64)}
_RANKS = ("not_first", "not_first_five", "mean_rank")
_POSITIONS = {
    "run": pl.String,
    "problems": pl.Int64,
    **{name + end: pl.Float64 for name in _RANKS for end in ("", "_lo", "_hi")},
}
Scored = Mapping[tuple[str, str], pl.DataFrame]
"""(scorer, run) -> the first samples of the run with what the scorer's model gives them"""


def likelihood(base: Run, rl: Run, *, confidence: float = 0.95) -> Likelihood:
    """Read the scores of both runs; intervals over problems.

    Raises BadInput, with what would make it, where the base's view of both runs is not there.
    """
    runs, missing = {"base": base, "rl": rl}, dict[str, str]()
    scored = dict[tuple[str, str], pl.DataFrame]()
    for scorer in runs:
        for name, run in runs.items():
            try:
                scored[scorer, name] = scored_first(run, runs[scorer], (_NAMES[name], _NAMES[scorer]))
            except BadInput as error:
                if scorer == "base":
                    raise
                missing[f"responses of the {_NAMES[name]} run under {_NAMES[scorer]}"] = str(error)
    return likelihood_of(
        scored,
        n=max(int(frame["sample_index"].to_numpy().max()) + 1 for frame in scored.values()),
        confidence=confidence,
        own_law={name: is_own_law(run) for name, run in runs.items()},
        first_choices=_first_choices(base, rl, confidence, missing),
        unscored=max(unscored(run, model) for run in runs.values() for model in runs.values()),
        missing=missing,
    )


def likelihood_of(
    scored: Scored,
    *,
    n: int,
    confidence: float,
    own_law: Mapping[str, bool],
    unscored: int,
    first_choices: tuple[float, float, float] | None,
    missing: dict[str, str],
) -> Likelihood:
    """The result of scores that were read; both runs under the base must be among them."""
    ranks, histogram = percentiles(scored["base", "base"], scored["base", "rl"], confidence)
    positions = [row for run in _NAMES for row in _positions(run, scored, confidence, missing)]
    return Likelihood(
        n=n,
        confidence=confidence,
        perplexity=_frame([row for key, f in scored.items() for row in _perplexity(key, f, confidence)], _PERPLEXITY),
        differences=_frame(list(_differences(scored, confidence)), _DIFFERENCES),
        percentiles=_frame(ranks, PERCENTILES),
        histogram=_frame(histogram, HISTOGRAM),
        spread=_frame(spread(scored["base", "base"], scored["base", "rl"]), SPREAD),
        positions=_frame(positions, _POSITIONS),
        kl=_frame([row for run in _NAMES for row in _kl(run, own_law[run], scored, confidence)], _KL),
        first_choices=first_choices,
        unscored=unscored,
        missing=missing,
    )


def of_verdict(frame: pl.DataFrame, verdict: str) -> pl.DataFrame:
    """The rows of one verdict, or all."""
    return frame if verdict == "all" else frame.filter(pl.col("verdict") == verdict)


def _frame(rows: Sequence[tuple[object, ...]], schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row").with_columns(pl.col(pl.Float64).round(DECIMALS))


def _by_problem(frame: pl.DataFrame, **means: pl.Expr) -> dict[str, FloatArray]:
    """Means of each problem, problems in order of their names."""
    of = frame.group_by("problem_id").agg(**means).sort("problem_id")
    return {name: of[name].cast(pl.Float64).to_numpy() for name in means}


def _perplexity(key: tuple[str, str], frame: pl.DataFrame, confidence: float) -> list[tuple[object, ...]]:
    rows = list[tuple[object, ...]]()
    for verdict in _VERDICTS:
        some = of_verdict(frame, verdict)
        if some.is_empty():
            continue
        of = _by_problem(
            some,
            median=(-pl.col("logprob_sum") / pl.col("n_tokens")).median(),
            nats=-pl.col("logprob_sum").mean(),
            tokens=pl.col("n_tokens").mean(),
        )
        median = ratio_of_means(np.exp(of["median"]), confidence=confidence)
        nll = ratio_of_means(of["nats"], of["tokens"], confidence=confidence)
        least = max(median.lo, 1.0)  # no perplexity is smaller
        rows.append((*key, verdict, len(of["nats"]), some.height, median.value, least, median.hi, *nll))
    return rows


def _differences(scored: Scored, confidence: float) -> list[tuple[object, ...]]:
    """Nats a token of RL's responses minus the base's, under each model, on problems that have both."""
    rows = list[tuple[object, ...]]()
    for scorer in ("base", "rl"):
        if (scorer, "base") not in scored or (scorer, "rl") not in scored:
            continue
        for verdict in _VERDICTS[:3]:
            nll_N = -pl.col("logprob_sum").sum() / pl.col("n_tokens").sum()
            sides = [
                of_verdict(scored[scorer, run], verdict).group_by("problem_id").agg(nll_N.alias(run))
                for run in ("base", "rl")
            ]
            both = sides[0].join(sides[1], on="problem_id").sort("problem_id")
            if both.height:
                value = ratio_of_means((both["rl"] - both["base"]).to_numpy(), confidence=confidence)
                rows.append((scorer, verdict, both.height, *value))
    return rows


def _positions(run: str, scored: Scored, confidence: float, missing: dict[str, str]) -> list[tuple[object, ...]]:
    """Ranks among the base's choices of the tokens of a run."""
    frame = scored["base", run]
    if frame["rank_sum"].null_count():
        missing[f"ranks of the {_NAMES[run]} run's tokens under the base"] = (
            "log-probabilities alone are known of them; `beyondbase score RUN --model BASE` tells ranks"
        )
        return []
    names = ("not_first", "not_first_five", "rank_sum")
    of = _by_problem(frame, tokens=pl.col("n_tokens").mean(), **{name: pl.col(name).mean() for name in names})
    told = [ratio_of_means(of[name], of["tokens"], confidence=confidence) for name in names]
    return [(run, len(of["tokens"]), *(bound for ratio in told for bound in ratio))]


def _kl(run: str, own_law: bool, scored: Scored, confidence: float) -> list[tuple[object, ...]]:
    """Nats a token by which the run's own model finds its responses likelier than the other."""
    other = "base" if run == "rl" else "rl"
    if (run, run) not in scored or (other, run) not in scored:
        return []
    keys = ["problem_id", "sample_index"]
    theirs = scored[other, run].select(*keys, theirs="logprob_sum")
    both = scored[run, run].join(theirs, on=keys, how="inner")
    gap = (pl.col("logprob_sum") - pl.col("theirs")).mean()
    of = _by_problem(both, gap=gap, tokens=pl.col("n_tokens").mean())
    return [(run, own_law, len(of["gap"]), *ratio_of_means(of["gap"], of["tokens"], confidence=confidence))]


def _first_choices(base: Run, rl: Run, confidence: float, missing: dict[str, str]) -> tuple[float, float, float] | None:
    found = first_choices(rl, base, rl)
    if found is None:
        missing["first choices of both models in RL's responses"] = (
            "the RL run is not scored under both models; `beyondbase score RUN --model MODEL` for each"
        )
        return None
    ids, length_N, differ_N = found
    frame = pl.DataFrame({"problem_id": ids, "tokens": length_N, "differ": differ_N})
    of = _by_problem(frame, tokens=pl.col("tokens").mean(), differ=pl.col("differ").mean())
    share: Ratio = ratio_of_means(of["differ"], of["tokens"], confidence=confidence)
    value, lo, hi = (round(float(bound), DECIMALS) for bound in share)
    return value, lo, hi
