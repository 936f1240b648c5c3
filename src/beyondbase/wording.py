"""How numbers stand in sentences."""

from __future__ import annotations

from collections.abc import Sequence


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


def rate(share: float) -> str:
    """A rate or its bound in percent; a small one keeps two digits.

    >>> rate(0.0), rate(0.00291), rate(0.00002), rate(0.00999), rate(0.5), rate(1.0)
    ('0%', '0.29%', '0.002%', '1%', '50.0%', '100%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share >= 0.01:
        return f"{share:.1%}"
    return f"{float(f'{share * 100:.2g}'):.12f}".rstrip("0").rstrip(".") + "%"


def number(count: int, noun: str) -> str:
    """A count with its noun.

    >>> number(1, "problem"), number(1060, "problem")
    ('1 problem', '1,060 problems')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def some(names: Sequence[str], noun: str = "problem", few: int = 5) -> str:
    """How many there are, and the first few names.

    >>> some(["a", "b"]), some(list("abcdefg"), few=2)
    ('2 problems (a, b)', '7 problems (a, b, ...)')
    """
    return f"{number(len(names), noun)} ({', '.join(names[:few])}{', ...' if len(names) > few else ''})"


def in_short(value: object) -> str:
    """Write a value as Python does, cut to 60 characters.

    >>> in_short("1" * 70)[-5:], in_short(7)
    ('11...', '7')
    """
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(7.4), duration(100), duration(4000)
    ('7s', '1m40s', '1h06m')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m{whole % 60:02d}s" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02d}m"
