"""The budgets that are looked at where all of them would be too many."""

from __future__ import annotations


def doublings(largest: int) -> list[int]:
    """The powers of two up to the largest budget, and that.

    >>> doublings(12)
    [1, 2, 4, 8, 12]
    """
    return sorted({2**i for i in range(largest.bit_length())} | {largest})
