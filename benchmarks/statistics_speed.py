"""How fast the statistics are, against peers on the same counts, in one process.

    python -m venv PEERS && PEERS/bin/pip install . passk-inference==0.3.1 scorio==0.2.3
    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 PEERS/bin/python benchmarks/statistics_speed.py [--problems 500] [--runs 3]

Every ratio is the median over runs of peer / ours, each pair of times taken one after the other, of the wall clock.
Both sides get all 1,024 budgets and, where they bootstrap, 4,000 draws, and their curves must agree to 1e-9.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

import beyondbase as bb
from beyondbase.estimators.bands import difference_band
from beyondbase.types import IntArray

N = 1024
K = np.arange(1, N + 1)
DRAWS = 4000


def rates(problems: int) -> tuple[IntArray, IntArray]:
    """Successes of both models: rates of a beta law with many near 0, and higher ones under RL."""
    rng = np.random.default_rng(0)
    rate_P = rng.beta(0.3, 0.6, problems)
    return rng.binomial(N, rate_P), rng.binomial(N, rate_P**0.8)


def counts_of(c_P: IntArray) -> bb.SuccessCounts:
    return bb.SuccessCounts([f"p{i}" for i in range(len(c_P))], n=np.full(len(c_P), N), c=c_P)


def product_formula(c_P: IntArray) -> list[float]:
    """pass@k as the code of Chen et al. 2021 has it: one product a problem and budget."""
    return [
        float(np.mean([1.0 if N - c < k else 1.0 - np.prod(1.0 - k / np.arange(N - c + 1, N + 1)) for c in c_P]))
        for k in K
    ]


def peers(c_P: IntArray, d_P: IntArray) -> dict[str, Callable[[], object]]:
    """The peers' calls, each giving the base's curve; imported here, since a large run needs none of them."""
    from passk_inference import compare
    from scorio.eval import pass_at_k

    outcomes = (np.arange(N) < c_P[:, None]).astype(int)
    return {
        "passk-inference": lambda: compare(c_P, N, d_P, N, ks=K.tolist(), bootstrap=DRAWS)["base_pass_at_k"],
        "scorio": lambda: [float(pass_at_k(outcomes, int(k))) for k in K],
        "product formula": lambda: product_formula(c_P),
    }


def seconds(call: Callable[[], object]) -> tuple[float, object]:
    start = perf_counter()
    value = call()
    return perf_counter() - start, value


def against_peers(problems: int, runs: int) -> None:
    c_P, d_P = rates(problems)
    base, rl, theirs = counts_of(c_P), counts_of(d_P), peers(c_P, d_P)
    rows: list[tuple[str, str, Callable[[], object]]] = [
        ("compare, all of it", "passk-inference", lambda: bb.compare(base, rl)),
        ("the band over problems alone", "passk-inference", lambda: difference_band(base, rl, K, draws=DRAWS)),
        ("pass@k", "scorio", lambda: bb.pass_at_k(base, K)),
        ("pass@k", "product formula", lambda: bb.pass_at_k(base, K)),
    ]
    known_K = bb.pass_at_k(base, K)
    bb.compare(base, rl)  # what is loaded at the first call
    print(f"{problems} problems, n = {N}, k = 1..{N}, {DRAWS} draws; medians of {runs} pairs")
    for mine, name, call in rows:
        pairs = []
        for _ in range(runs):
            their_time, curve = seconds(theirs[name])
            np.testing.assert_allclose(np.array(curve), known_K, atol=1e-9)
            pairs.append((their_time, seconds(call)[0]))
        peer_time, our_time = (median(pair[side] for pair in pairs) for side in (0, 1))
        ratios = sorted(a / b for a, b in pairs)
        print(
            f"{mine:28} against {name:16} {peer_time:8.3f} s / {our_time:7.4f} s = {median(ratios):7.1f} "
            f"({ratios[0]:.1f} to {ratios[-1]:.1f})",
            flush=True,
        )


def many_problems(sizes: list[int]) -> None:
    for size in sizes:
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


def one_large(problems: int) -> None:
    base, rl = (counts_of(c_P) for c_P in rates(problems))
    distinct = len(np.unique(base.c_P * (N + 1) + rl.c_P))
    bb.compare(counts_of(base.c_P[:9]), counts_of(rl.c_P[:9]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent, _ = seconds(lambda: bb.compare(base, rl))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = problems * N * 8 / 2**20
    print(
        f"{problems:7,} problems ({distinct:,} distinct pairs of counts): compare {spent:5.1f} s, peak {peak:4.0f} MB, "
        f"{before:.0f} MB before it; one table of P x K numbers would be {table:,.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--large", type=int, nargs="*", default=[10_000, 100_000, 300_000])
    parser.add_argument("--one", type=int, help="only compare() on that many problems, and its memory")
    args = parser.parse_args()
    if args.one:
        one_large(args.one)
        return
    against_peers(args.problems, args.runs)
    many_problems(args.large)


if __name__ == "__main__":
    main()
