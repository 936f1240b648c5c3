"""Samples of one run that repeat each other: by chance, or since a seed is broken?

Independent samples of one problem are one sequence y of probability p twice and more often by chance. Each of the n
samples of a problem is y with probability p, so y comes m times or more with the binomial tail T(m; n, p). Sequences
with T < eps p are called impossible: over all y, one is found with a chance of sum eps p(y) <= eps. With eps = alpha
over the number of problems, and of the steps at which their draws may stop, the whole run holds one with a chance of
alpha at most, whatever the model. For m = 2 that is p < eps / C(n, 2): a single repeat of an unlikely sequence.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import bdtrc

from beyondbase.draw_ladder import ladder
from beyondbase.store.audit.results import Finding, Kind, Repeats, Severity
from beyondbase.store.audit.rows import ALPHA, BROKEN_SEEDS, LONG_CHARS, RunRows, greedy, groups_in_words, share
from beyondbase.wording import number


def repeats(run: RunRows) -> tuple[Repeats, list[Finding]]:
    """Count pairs of equal samples, and find those that chance does not make."""
    rows, same = run.samples, greedy(run.manifest)
    groups = _groups(rows.filter(pl.col("sequence").is_not_null()))
    judged = pl.col("logprob").is_not_null() if not same else pl.lit(False)
    bad = _impossible(run, groups.filter(judged))
    repeated = Repeats(
        pairs=_pairs(groups),
        expected=None if same else _expected(rows),
        impossible=_pairs(bad),
        judged=0 if same else rows["logprob"].count(),
        alpha=ALPHA,
    )
    if same:
        return repeated, _greedy(run, repeated)
    found = [_repeated(bad, rows), _long_repeats(groups.filter(~judged), rows)]
    return repeated, [finding for finding in found if finding.count]


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """List the sequences that come more than once in a problem: problem_id, sequence, m, logprob, chars, indices."""
    repeated = rows.filter(pl.struct("problem_id", "sequence").is_duplicated())
    return (
        repeated.group_by("problem_id", "sequence", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("m"),
            # The largest: what rounding differs by must not make a sequence less likely than it is.
            pl.col("logprob").max(),
            pl.col("chars").first(),
            pl.col("sample_index").head(4).alias("indices"),
        )
        .sort("m", descending=True, maintain_order=True)
    )


def _pairs(groups: pl.DataFrame) -> int:
    return int((groups["m"] * (groups["m"] - 1) // 2).sum())


def _expected(rows: pl.DataFrame) -> float | None:
    """Estimate the number of equal pairs: over problems, C(n, 2) times the mean of p(y) over the samples y."""
    if not rows["logprob"].count():
        return None
    n = pl.len()
    per_problem = rows.group_by("problem_id").agg(n * (n - 1) / 2 * pl.col("logprob").exp().mean())
    return float(per_problem.to_series(1).sum())


def _impossible(run: RunRows, groups: pl.DataFrame) -> pl.DataFrame:
    """Keep the sequences that are repeated more often than their probability allows."""
    rungs = np.array(ladder(run.manifest.rule))
    eps = ALPHA / (len(run.problem_ids) * len(rungs))
    reach = run.samples.group_by("problem_id").agg(pl.col("sample_index").max() + 1)
    reach_G = groups.join(reach, on="problem_id", how="left", maintain_order="left")["sample_index"].to_numpy()
    # Samples come in no order within a step of the draws, so the step is what n must be.
    n_G = rungs[np.minimum(np.searchsorted(rungs, reach_G), len(rungs) - 1)].astype(float)
    log_p_G = np.minimum(groups["logprob"].to_numpy(), 0.0)
    p_G = np.exp(log_p_G)
    twice_G = log_p_G < np.log(eps) - np.log(n_G * (n_G - 1) / 2)  # where p is too small for a float
    often_G = bdtrc(groups["m"].to_numpy() - 1, n_G.astype(int), p_G) < eps * p_G
    return groups.filter(pl.Series(twice_G | often_G))


def _repeated(bad: pl.DataFrame, rows: pl.DataFrame) -> Finding:
    count = int((bad["m"] - 1).sum())
    what = (
        f"{share(count, rows.height)} repeat another sample of their problem, which the model makes too seldom for that"
    )
    return Finding(Severity.WRONG, Kind.REPEATS, what, count, rows.height, groups_in_words(bad), BROKEN_SEEDS)


def _long_repeats(groups: pl.DataFrame, rows: pl.DataFrame) -> Finding:
    long = groups.filter(pl.col("chars") >= LONG_CHARS)
    count = int((long["m"] - 1).sum())
    chars = int((long["chars"] * (long["m"] - 1)).sum()) / max(1, count)
    what = (
        f"{share(count, rows.height)} repeat another sample of their problem; texts of {chars:,.0f} characters on "
        "average, which cannot be judged by probability, since the engine told none"
    )
    mend = "see that the server samples, and takes the seeds it is sent; with log-probabilities this could be judged"
    return Finding(Severity.SUSPICIOUS, Kind.LONG_REPEATS, what, count, rows.height, groups_in_words(long), mend)


def _greedy(run: RunRows, repeated: Repeats) -> list[Finding]:
    rows = run.samples
    if rows.height == rows["problem_id"].n_unique():
        return []
    what = (
        f"temperature 0 makes one sample of each problem again and again: {number(repeated.pairs, 'pair')} of the "
        f"{number(rows.height, 'sample')} are equal"
    )
    mend = "one sample a problem is all that greedy decoding has; for pass@k sample at a temperature above 0"
    return [Finding(Severity.SUSPICIOUS, Kind.GREEDY, what, rows.height, rows.height, (), mend)]
