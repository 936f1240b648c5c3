"""What must be known of a run before its curve is believed."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl

from beyondbase.analyses.results import RunHealth
from beyondbase.store.manifest import RunManifest
from beyondbase.store.run_store import Run
from beyondbase.types import SETTLED, Finish, FloatArray, Verdict

NOTICED = "noticed"
"""in the manifest of an imported run: what was noticed, a JSON list of sentences"""


def run_health(run: Run) -> RunHealth:
    """Shares of verdicts, lengths, entropy and failures of a run."""
    counted = run.counted()
    error, settled = pl.col("verdict") == Verdict.VERIFIER_ERROR.value, pl.col("detail").str.starts_with(SETTLED)
    n_errors, n_settled = run.verdicts().select(error.sum(), settled.sum()).collect().row(0)
    rows = without_stops(counted, run.manifest.rule.stop_at)
    share = {verdict: _mean_over_problems(rows, rows["verdict"] == verdict.value) for verdict in Verdict}
    end_unknown = _mean_over_problems(rows, rows["finish"] == Finish.UNKNOWN.value)
    per_problem = counted.group_by("problem_id").len()["len"].to_numpy()
    imported = run.manifest.imported
    return RunHealth(
        model=run.manifest.model,
        problems=counted["problem_id"].n_unique(),
        samples=counted.height,
        drawn=run.n_drawn(),
        correct=share[Verdict.CORRECT],
        wrong=share[Verdict.WRONG],
        no_answer=share[Verdict.NO_ANSWER],
        truncated=math.nan if imported and end_unknown == 1 else share[Verdict.TRUNCATED],
        verifier_errors=int(n_errors),
        failed_requests=run.n_failed(),
        mean_tokens=_told_mean(rows, "n_tokens"),
        mean_entropy=_told_mean(rows, "entropy_mean"),
        settled=int(n_settled),
        source=source_of(run.manifest),
        missing=run.n_drawn() - counted.height if imported else 0,
        n_fewest=int(per_problem.min()),
        n_most=int(per_problem.max()),
        end_unknown=end_unknown,
        noticed=_noticed(run.manifest),
    )


def source_of(manifest: RunManifest) -> str:
    """Say which files an imported run was read from, and in which format; "" of a run that we drew.

    >>> from beyondbase.types import DrawRule, Origin, SamplingSpec
    >>> made = RunManifest(model="m", problem_set="p", problems_hash="1f", template_hash="", spec=SamplingSpec(),
    ...     rule=DrawRule(), verifier="imported", engine={"format": "lm-eval", "files": "a.jsonl"},
    ...     origin=Origin.IMPORTED)
    >>> source_of(made)
    'a.jsonl (format lm-eval)'
    """
    if not manifest.imported:
        return ""
    told = manifest.engine.get("format", "not told")
    return f"{manifest.engine.get('files', 'files that are not told')} (format {told})"


def _noticed(manifest: RunManifest) -> tuple[str, ...]:
    """What the import said, which keeps it as a JSON list."""
    try:
        lines = json.loads(manifest.engine.get(NOTICED, "[]"))
    except ValueError:
        return ()
    return tuple(map(str, lines)) if isinstance(lines, list) else ()


def mean_entropy(run: Run) -> float:
    """Nats a token that a run's samples were drawn at, mean over problems; NaN where the engine did not tell."""
    return _told_mean(without_stops(run.counted(), run.manifest.rule.stop_at), "entropy_mean")


def without_stops(counted: pl.DataFrame, stop_at: int | None) -> pl.DataFrame:
    """Leave out the success that stopped each problem: the mean of what stays is without bias.

    (estimators.inverse_sampling; the order of the draws before the stop is uniform.)
    """
    if stop_at is None:
        return counted
    correct = pl.col("verdict") == Verdict.CORRECT.value
    return counted.filter(~(correct & (correct.cast(pl.Int32).cum_sum().over("problem_id") == stop_at)))


def _told_mean(rows: pl.DataFrame, column: str) -> float:
    """Mean over problems of what an engine told of its samples; NaN if it told nothing."""
    told = rows.filter(pl.col(column).is_not_null())
    return _mean_over_problems(told, told[column]) if told.height else float("nan")


def _mean_over_problems(rows: pl.DataFrame, values: pl.Series) -> float:
    """Mean over problems of each one's mean, so that a problem that drew more does not weigh more.

    Summed in the order of the rows: the last digits must not depend on threads.
    """
    value_N: FloatArray = values.cast(pl.Float64).to_numpy()
    _, problem_N = np.unique(rows["problem_id"].to_numpy(), return_inverse=True)
    return float((np.bincount(problem_N, value_N) / np.bincount(problem_N)).mean())
