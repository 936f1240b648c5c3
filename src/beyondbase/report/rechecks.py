"""The comparison under another condition, in words: both ends of its band, and the label."""

from __future__ import annotations

from beyondbase.analyses.results import Recheck
from beyondbase.wording import band_text, points


def ends(recheck: Recheck) -> str:
    """RL minus base at the smallest and the largest budget, with the bands.

    >>> import polars as pl
    >>> from beyondbase.analyses.results import Crossover, CrossoverStatus, VerdictLabel
    >>> curves = pl.DataFrame({"k": [1, 8], "delta": [0.1, 0.0], "delta_lo": [0.05, -0.1], "delta_hi": [0.2, 0.1]})
    >>> ends(Recheck("samples", 9, curves, Crossover(8, 2, None, CrossoverStatus.UNDECIDED), VerdictLabel.UNDECIDED))
    '+10.0 points at k = 1 (+5.0 to +20.0) and 0.0 at k = 8 (-10.0 to +10.0)'
    """
    rows = [recheck.curves.row(place, named=True) for place in (0, -1)]
    said = [
        f"{points(row['delta'])}{unit} at {budget(row['k'], recheck.unit)} "
        f"({band_text(row['delta_lo'], row['delta_hi'])})"
        for row, unit in zip(rows, (" points", ""), strict=True)
    ]
    return " and ".join(said)


def budget(k: float, unit: str) -> str:
    """Name a budget.

    >>> budget(1024, "samples"), budget(18342, "tokens")
    ('k = 1,024', '18,342 tokens')
    """
    return f"k = {k:,.0f}" if unit == "samples" else f"{k:,.0f} {unit}"
