"""What a success costs under both models: pass@k against pass@tokens, and the way to the first success."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from beyondbase.analyses.health import without_stops
from beyondbase.analyses.recheck import recheck
from beyondbase.analyses.results import Comparison, Cost, Recheck
from beyondbase.analyses.results.cost import EfficiencyGap
from beyondbase.analyses.truncation import TruncationViews, truncation_views
from beyondbase.estimators.bands import paired_band
from beyondbase.estimators.geometric_ratio import geometric_ratio
from beyondbase.estimators.paired_change import paired_change
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.pass_at_tokens import pass_at_tokens
from beyondbase.store.run_store import Run
from beyondbase.types import IntArray, SuccessCounts, Verdict

AT_TOKENS, FIRST_SUCCESS = "equal tokens", "cost of the first success"
GAP_K = 256
_DECIMALS = 12
_NO_TOKENS = (
    "the {model} run does not tell how many tokens its samples have; sample it with an engine that counts them, "
    "`--engine hf`, `--engine vllm`, or a server that reports usage"
)
_LOG_WITHOUT_TOKENS = (
    "the log of the {model} run does not tell how many tokens its samples have; `beyondbase import` of one that counts "
    "them, or `beyondbase sample`, would"
)
EFFICIENCY = {
    "measure": pl.String,
    "mean": pl.String,
    "problems": pl.Int64,
    **dict.fromkeys(("base", "rl", "ratio", "ratio_lo", "ratio_hi"), pl.Float64),
}


@dataclass(frozen=True, slots=True, eq=False)
class Spent:
    """Tokens and verdicts of the draws of a problem whose order is uniform: the one that stopped it is left out."""

    tokens_N: IntArray
    right_N: NDArray[np.bool_]
    stopped: bool

    def to_first(self) -> tuple[float, float]:
        """Expected samples, and tokens, to the first success.

        (n + 1) / (c + 1) is the mean place of the first success over all orders; for draws that stopped at the r-th
        success on draw N it is N / r, whose mean is 1 / p without bias.
        """
        n, c = len(self.right_N), int(self.right_N.sum())
        wrong = (n - c) / (c + 1)
        cost_wrong = float(self.tokens_N[~self.right_N].mean()) if n > c else 0.0
        return 1 + wrong, wrong * cost_wrong + float(self.tokens_N[self.right_N].mean())


def cost(
    base: Run,
    rl: Run,
    base_counts: SuccessCounts,
    rl_counts: SuccessCounts,
    comparison: Comparison,
    *,
    cluster_P: IntArray | None = None,
) -> Cost:
    """Read the tokens and endings of the counted samples; settings are those of the comparison."""
    missing = dict[str, str]()
    ids = list(base_counts.problem_ids)
    rows, rules = (base.counted(), rl.counted()), (base.manifest.rule, rl.manifest.rule)
    views = truncation_views(rows, rules, ids, comparison, missing, cluster_P=cluster_P)
    spent = _spent(rows[0], rules[0].stop_at, ids), _spent(rows[1], rules[1].stop_at, ids)
    for model, run, of in zip(("base", "RL"), (base, rl), spent, strict=True):
        if of is None:
            why = _LOG_WITHOUT_TOKENS if run.manifest.imported else _NO_TOKENS
            missing[AT_TOKENS] = missing[FIRST_SUCCESS] = why.format(model=model)
    known = None if spent[0] is None or spent[1] is None else (spent[0], spent[1])
    return Cost(
        confidence=comparison.confidence,
        gap=_gap(base_counts, rl_counts, comparison, cluster_P),
        at_tokens=None if known is None else _at_tokens(*known, comparison, cluster_P, missing),
        **_truncated(views),
        efficiency=_efficiency(known, comparison.confidence, missing),
        missing=missing,
    )


def _truncated(views: TruncationViews) -> dict[str, Recheck | None]:
    return {
        "untruncated": views.dropped,
        "base_truncated_right": views.base_right,
        "rl_truncated_right": views.rl_right,
    }


def _spent(counted: pl.DataFrame, stop_at: int | None, ids: list[str]) -> list[Spent] | None:
    """The counted draws of each problem, in the order of `ids`; None where a sample's tokens are not told."""
    rows = without_stops(counted, stop_at).select(
        "problem_id", "n_tokens", right=pl.col("verdict") == Verdict.CORRECT.value
    )
    if rows["n_tokens"].null_count():
        return None
    right = counted.filter(pl.col("verdict") == Verdict.CORRECT.value).group_by("problem_id").len()
    stopped = set() if stop_at is None else set(right.filter(pl.col("len") >= stop_at)["problem_id"].to_list())
    of = {name: frame for (name,), frame in rows.partition_by("problem_id", as_dict=True).items()}
    return [
        Spent(of[i]["n_tokens"].to_numpy(), of[i]["right"].to_numpy(), stop_at is not None and i in stopped)
        for i in ids
    ]


def _at_tokens(
    base: list[Spent],
    rl: list[Spent],
    comparison: Comparison,
    cluster_P: IntArray | None,
    missing: dict[str, str],
) -> Recheck | None:
    """Both models at B, 2 B, 4 B ... tokens: from what one sample costs to what every problem was given."""
    least = max(float(np.mean([each.tokens_N.mean() for each in model])) for model in (base, rl))
    # Where every problem stopped, any budget is known: as far as the largest k goes is far enough.
    totals = [int(each.tokens_N.sum()) for each in (*base, *rl) if not each.stopped]
    most = min(totals, default=int(least * comparison.curves.height))
    halvings = int(np.log2(most / least)) if most >= least else -1
    if halvings < 1:
        missing[AT_TOKENS] = (
            f"some problem was given {most:,} tokens in all, less than two samples of the longest kind; draw more: "
            "`beyondbase sample --n-max N`"
        )
        return None
    budgets_B = np.array([most // 2**i for i in range(halvings, -1, -1)])
    rng = np.random.default_rng(comparison.seed)
    base_P_B, rl_P_B = (
        np.array([pass_at_tokens(each.tokens_N, each.right_N, budgets_B, rng=rng) for each in model])
        for model in (base, rl)
    )
    return recheck(base_P_B, rl_P_B, budgets_B, comparison, unit="tokens", cluster_P=cluster_P)


def _gap(base: SuccessCounts, rl: SuccessCounts, comparison: Comparison, cluster_P: IntArray | None) -> EfficiencyGap:
    k = min(GAP_K, base.largest_k)
    base_P_K, rl_P_K = pass_at_k_per_problem(base, [k]), pass_at_k_per_problem(rl, [1])
    band = paired_band(
        rl_P_K, base_P_K, np.array([k]), confidence=comparison.confidence, seed=comparison.seed, cluster_P=cluster_P
    )
    return EfficiencyGap(k, *(round(float(v[0]), _DECIMALS) for v in (band.estimate_K, band.lo_K, band.hi_K)))


def _efficiency(
    spent: tuple[list[Spent], list[Spent]] | None, confidence: float, missing: dict[str, str]
) -> pl.DataFrame:
    rows = list[tuple[object, ...]]()
    if spent is not None:
        base, rl = spent
        tokens = [np.array([float(each.tokens_N.mean()) for each in model]) for model in spent]
        if len(base) > 1:
            change = paired_change(tokens[0], tokens[1], confidence=confidence)
            if change.ratio is not None:
                values = (change.base.value, change.rl.value, *change.ratio)
                rows.append(("tokens a sample", "over problems", len(base), *values))
        both = [i for i, pair in enumerate(zip(base, rl, strict=True)) if all(each.right_N.any() for each in pair)]
        if len(both) < 2:
            missing[FIRST_SUCCESS] = f"both models solved {len(both)} problem together; two are needed"
        else:
            first_2_P_2 = np.array([[model[i].to_first() for i in both] for model in spent])
            for column, measure in enumerate(("samples to the first success", "tokens to the first success")):
                ratio = geometric_ratio(*first_2_P_2[:, :, column], confidence=confidence)
                rows.append((measure, "over problems that both solved", len(both), *ratio))
    frame = pl.DataFrame(rows, schema=EFFICIENCY, orient="row")
    return frame.with_columns(pl.col(pl.Float64).round(_DECIMALS))
