"""Texts and tables for LaTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "\u2212": "$-$",
    "ε": r"$\varepsilon$",
    "τ": r"$\tau$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
}
_MINUS = re.compile(r"(?<![\w.)-])-(?=\d)")
_SET_UP = "–—‘’“”…ÆæØøß"
"""beside ASCII and the accented letters of Latin-1, what every LaTeX of today prints as it stands"""


def escaped(text: str) -> str:
    r"""Write a text so that LaTeX prints it as it is, on one line; a hyphen before a number is a minus.

    A letter that a plain LaTeX does not know is written as its number, since it would stop the compilation.

    >>> escaped("50% of a_b at -3.1, --n {x}"), escaped("数")
    ('50\\% of a\\_b at $-$3.1, -{}-n \\{x\\}', 'U+6570')
    """
    line = _MINUS.sub("\u2212", " ".join("".join(c if c.isprintable() else " " for c in text).split()))
    return "".join(_SPECIAL.get(c) or _letter(c) for c in line).replace("--", "-{}-")


def signed(text: str) -> str:
    """Write a number with a true minus.

    >>> signed("-3.1"), signed("+0.2")
    ('$-3.1$', '$+0.2$')
    """
    return f"${text}$"


def table(name: str, caption: str, columns: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with the rules of booktabs, labelled tab:NAME; `columns` aligns them, the cells are LaTeX already."""
    lines = [r"\begin{table}[t]", r"  \centering", f"  \\caption{{{caption}}}", f"  \\label{{tab:{name}}}"]
    lines += [f"  \\begin{{tabular}}{{{columns}}}", r"    \toprule", f"    {' & '.join(head)} \\\\", r"    \midrule"]
    lines += [f"    {' & '.join(cells)} \\\\" for cells in rows]
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]) + "\n"


def _letter(c: str) -> str:
    accented = ord(c) <= 0xFF and unicodedata.normalize("NFD", c)[:1].isascii()
    return c if accented or c in _SET_UP else f"U+{ord(c):04X}"
