"""Samples that stop at the r-th success, read as a fixed number of draws.

Given that the r-th success came on draw N, the first N - 1 draws hold r - 1 successes in an order
that is uniform over all orders. So whatever is unbiased for N - 1 fixed draws with r - 1 successes
is unbiased here (Haldane 1945; Girshick, Mosteller and Savage 1946), and the last draw says no more.
"""

from __future__ import annotations

from beyondbase.types import IntArray, SuccessCounts


def exchangeable_counts(counts: SuccessCounts) -> tuple[IntArray, IntArray]:
    """Draws and successes of each problem whose order is uniform, as (n_P, c_P).

    A fixed number of draws is as it is; so is a problem that reached n_max before its r-th success.
    A problem that was stopped loses the success that stopped it.

    >>> counts = SuccessCounts(["a", "b"], n=[9, 16], c=[2, 1], stop_at=2, n_max=16)
    >>> [array.tolist() for array in exchangeable_counts(counts)]
    [[8, 16], [1, 1]]
    """
    if counts.stop_at is None:
        return counts.n_P, counts.c_P
    stopped_P = counts.c_P == counts.stop_at
    return counts.n_P - stopped_P, counts.c_P - stopped_P
