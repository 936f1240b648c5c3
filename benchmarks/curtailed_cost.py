"""What curtailed sampling saves: samples of the rule "stop at the r-th success" against fixed n at equal spread.

    python benchmarks/curtailed_cost.py [--counts FOLDER] [--runs 300]

For each law of success rates (400 problems stand for it), stop r and budget k: the standard deviation of the mean
pass@k of 200 problems, each drawn until its r-th success or n_max = 1024 (n_first 16, then a quarter more at a time;
samples past the stop are paid for), by simulation; then the fixed n >= k whose pass@k has the same standard deviation
(exact sums over the binomial law). Problems spread both alike, so that n is the same for the spread over problems and
draws as for that of the draws alone. The ratio is fixed n / samples a problem, in brackets at two Monte-Carlo errors;
with completions of equal length it is the ratio of tokens. Marks: "=" even n = k, the least that answers k, is as
exact or more; ">" no fixed n up to 1024 is as exact (at k = 1024, where n is 1024, the two agree within the error).

FOLDER holds base.jsonl with the counts c of n = 128 of each problem (public: examples/deepscaler32k in the source
distribution of passk-inference 0.3.1). A problem's rate is then drawn from its posterior under the fitted law (a
Beta with a mass at zero), since 128 outcomes in any order cannot say what 1,024 draws would hold.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import binom

from beyondbase.draw_ladder import samples_drawn
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.rate_law import fit_rate_law
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import DrawRule, FloatArray, SuccessCounts

N_MAX, PROBLEMS, MANY = 1024, 200, 400
BUDGETS = np.array([1, 32, 256, 1024])
FIXED = np.unique(np.geomspace(1, N_MAX, 120).round().astype(int))


def laws(folder: str | None) -> dict[str, FloatArray]:
    """Rates of MANY problems under each law."""
    rng = np.random.default_rng(0)
    small_P = 1e-4 * 300 ** rng.random(MANY)
    chosen = {
        "mixed: half log-uniform in [1e-4, .03], half uniform": np.where(
            rng.random(MANY) < 0.5, small_P, rng.random(MANY)
        ),
        "hard: log-uniform in [1e-5, .01]": 1e-5 * 1000 ** rng.random(MANY),
        "easy: Beta(8, 1)": rng.beta(8, 1, MANY),
        "like the demo: Beta(.4, 2), 10% never solved": np.where(rng.random(MANY) < 0.1, 0.0, rng.beta(0.4, 2, MANY)),
    }
    if folder is not None:
        rows = [json.loads(line) for line in (Path(folder) / "base.jsonl").read_text(encoding="utf-8").splitlines()]
        counts = SuccessCounts([row["id"] for row in rows], [row["n"] for row in rows], [row["c"] for row in rows])
        law = fit_rate_law(counts)
        chosen["DeepScaleR's base, rates from the posterior"] = rng.choice(
            law.draw_given(counts, rng), MANY, replace=False
        )
    return chosen


def fixed_variances(rate_P: FloatArray, k: int) -> FloatArray:
    """Variance of one problem's pass@k that comes from the draws, at each n of FIXED; none below k."""
    value_P, variance_F = 1 - (1 - rate_P) ** k, np.full(len(FIXED), np.nan)
    for i, n in enumerate(FIXED.tolist()):
        if n >= k:
            counts = SuccessCounts([str(c) for c in range(n + 1)], np.full(n + 1, n), np.arange(n + 1))
            estimate_C = pass_at_k_per_problem(counts, k)[:, 0]
            square_P = binom.pmf(np.arange(n + 1), n, rate_P[:, None]) @ estimate_C**2
            variance_F[i] = max(0.0, float(np.mean(square_P - value_P**2)))
    return variance_F


def n_for(variance: float, variance_F: FloatArray, k: int) -> tuple[float, str]:
    """The fixed n >= k with that variance, between the points of FIXED in logarithms, and a mark where it is cut."""
    able = k <= FIXED
    n_F, have_F = FIXED[able], np.minimum.accumulate(variance_F[able])
    if have_F[0] <= variance:
        return float(n_F[0]), " ="
    if have_F[-1] > variance:
        return float(N_MAX), " >"
    return float(np.exp(np.interp(-variance, -have_F, np.log(n_F)))), ""


def one_law(rate_P: FloatArray, r: int, runs: int) -> None:
    rng, rule = np.random.default_rng(1), DrawRule(n_max=N_MAX, stop_at=r, n_first=16)
    noise_R_K, cost_R = [], []
    for _ in range(runs):
        chosen_P = rng.choice(rate_P, PROBLEMS)
        counts = draw_counts(chosen_P, rule, rng)
        truth_P_K = 1 - (1 - chosen_P[:, None]) ** BUDGETS
        noise_R_K.append(((pass_at_k_per_problem(counts, BUDGETS) - truth_P_K) ** 2).mean(axis=0))
        cost_R.append(samples_drawn(counts.n_P, rule).mean())
    noise_K, error_K = np.mean(noise_R_K, axis=0), np.std(noise_R_K, axis=0) / runs**0.5
    cost = float(np.mean(cost_R))
    for k, noise, error in zip(BUDGETS.tolist(), noise_K, error_K, strict=True):
        variance_F = fixed_variances(rate_P, k)
        n, mark = n_for(noise, variance_F, k)
        low, high = (n_for(noise + side * 2 * error, variance_F, k)[0] for side in (1, -1))
        draws = (noise / PROBLEMS) ** 0.5
        both = ((noise + (1 - (1 - rate_P) ** k).var()) / PROBLEMS) ** 0.5
        ratio = f"{n / cost:.2f} ({low / cost:.2f} to {high / cost:.2f})"
        print(f"| {r} | {cost:.0f} | {k} | {both:.4f} | {draws:.5f} | {n:.0f}{mark} | {ratio} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", help="folder of base.jsonl")
    parser.add_argument("--runs", type=int, default=300)
    args = parser.parse_args()
    for name, rate_P in laws(args.counts).items():
        print(f"\n**{name}**\n")
        print("| r | samples a problem | k | sd, problems and draws | sd, draws | fixed n | ratio of samples |")
        print("|---|---|---|---|---|---|---|")
        for r in (2, 4, 8):
            one_law(rate_P, r, args.runs)


if __name__ == "__main__":
    main()
