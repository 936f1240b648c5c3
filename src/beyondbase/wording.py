"""How numbers stand in sentences."""

from __future__ import annotations


def points(share: float) -> str:
    """A difference of shares in signed percentage points, with one decimal.

    >>> points(-0.0312), points(0.00001)
    ('-3.1', '0.0')
    """
    text = f"{share * 100:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def band_text(lo: float, hi: float) -> str:
    """Two bounds of a difference.

    >>> band_text(-0.03, 0.021)
    '-3.0 to +2.1'
    """
    return f"{points(lo)} to {points(hi)}"


def number(count: int, noun: str) -> str:
    """A count with its noun.

    >>> number(1, "problem"), number(1060, "problem")
    ('1 problem', '1,060 problems')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
