"""How numbers and texts of our own are written on the page."""

from __future__ import annotations

import math
import re
from typing import Any

from markupsafe import Markup, escape

_CODE = re.compile("`([^`]+)`")
_MINUS = re.compile(r"(?<![\w.)-])-(?=\d)")


def percent(share: float) -> str:
    """Write a share in percent with one decimal.

    >>> percent(0.0512), percent(1.0), percent(float("nan"))
    ('5.1%', '100.0%', '–')
    """
    return f"{share:.1%}" if math.isfinite(share) else "–"


def decimals(value: float, digits: int) -> str:
    """Write a number with `digits` decimals, or a dash where it was not measured.

    >>> decimals(18.04, 1), decimals(float("nan"), 1)
    ('18.0', '–')
    """
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def cell(value: Any) -> str:
    """Write a value of a data table.

    >>> cell(0.123456), cell(1024), cell(None)
    ('0.1235', '1024', '')
    """
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def typeset(text: str) -> Markup:
    """Escape a sentence of ours, with a real minus before a number where it has a hyphen, and its commands as code.

    >>> typeset("-17.0 (-23.9 to -9.8), p = 1e-10, 5-19") == "\u221217.0 (\u221223.9 to \u22129.8), p = 1e-10, 5-19"
    True
    >>> typeset("`a --b` of <i>")
    Markup('<code>a --b</code> of &lt;i&gt;')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_MINUS.sub("\u2212", text)))))
