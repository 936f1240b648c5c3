"""Bias of the estimators of diversity against the number of samples: python -m simulations.diversity [docs/why.md].

Prints a table, or puts it between the marks of a document. 2,000 sets of n samples of each law; the values of order 0
are kinds among 8 samples, those of order 1 and 2 effective numbers of kinds from the mean over the sets, as in a study.
"""

from __future__ import annotations

import math

import numpy as np

from beyondbase.estimators.hill import agreement, entropy, kinds_among, plug_in
from beyondbase.types import FloatArray
from simulations.in_document import table_command

N, SETS, M = (8, 16, 32, 64, 256, 1024), 2000, 8


def laws() -> dict[str, FloatArray]:
    """Shares of the kinds: few and equal, many and unequal, one that is most of all."""
    zipf = 1 / np.arange(1, 101)
    return {
        "20 equal kinds": np.full(20, 0.05),
        "100 kinds, share 1/rank": zipf / zipf.sum(),
        "80% one kind, 50 others": np.append(0.8, np.full(50, 0.2 / 50)),
    }


def rows(share_S: FloatArray) -> list[tuple[str, float, list[float]]]:
    """Each estimator, the truth, and its value at each n."""
    rng = np.random.default_rng(0)
    sets = [rng.multinomial(n, share_S, size=SETS) for n in N]
    order_1 = math.exp(-float((share_S * np.log(share_S)).sum()))
    order_2 = 1 / float((share_S**2).sum())
    among = float((1 - (1 - share_S) ** M).sum())

    def means(of: object) -> list[float]:
        assert callable(of)
        return [float(np.mean([of(counts) for counts in some])) for some in sets]

    return [
        ("order 0, kinds seen", len(share_S), means(lambda c: plug_in(c, 0))),
        (f"order 0, rarefied to {M}", among, means(lambda c: kinds_among(c, M))),
        ("order 1, shares seen", order_1, [math.exp(x) for x in means(lambda c: math.log(plug_in(c, 1)))]),
        ("order 1, corrected", order_1, [math.exp(x) for x in means(entropy)]),
        ("order 2, shares seen", order_2, [1 / x for x in means(lambda c: 1 / plug_in(c, 2))]),
        ("order 2, corrected", order_2, [1 / x for x in means(agreement)]),
    ]


def table() -> str:
    """The table in Markdown: value over truth."""
    lines = [
        f"| law | estimate | truth | {' | '.join(f'n = {n:,}' for n in N)} |",
        "|---|---|---" + "|---" * len(N) + "|",
    ]
    for law, share_S in laws().items():
        for name, truth, values in rows(share_S):
            cells = " | ".join(f"{value / truth:.2f}" for value in values)
            lines.append(f"| {law} | {name} | {truth:.1f} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    table_command("diversity", table)
