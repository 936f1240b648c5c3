"""Normal forms of answers, made without algebra: of the text, of numbers, of words, of units."""

from __future__ import annotations

import re
from fractions import Fraction

_REPLACED = [
    (re.compile(r"\\!\s*"), ""),
    (re.compile(r"\\(?:left|right)\.(?!\d)"), ""),
    (re.compile(r"\\(?:left|right|displaystyle|textstyle|limits|big|Big|bigg|Bigg)(?![A-Za-z])"), ""),
    (re.compile(r"(?<!\\)\\[,;: ]|~|\\q?quad(?![A-Za-z])"), " "),
    (re.compile(r"\\\$|\$|(?<!\\)\\[()]"), ""),
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:mathrm|textbf|textit|textrm|mbox|hbox|operatorname|mathbf|bf|rm)\s*\{"), r"\\text{"),
    (re.compile(r"\\%|\\?\bpercent\b|\\text\{\s*%\s*\}"), "%"),
    (re.compile(r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ|\^\s*\{\s*°\s*\}|°|\\degree|\\text\{\s*degrees?\s*\}"), r"^\\circ"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"\\leqslant|\\leq(?![A-Za-z])|≤"), r"\\le"),
    (re.compile(r"\\geqslant|\\geq(?![A-Za-z])|≥"), r"\\ge"),
    (re.compile(r"×"), r"\\times"),
    (re.compile(r"π"), r"\\pi"),
    (re.compile(r"√"), r"\\sqrt"),
    (re.compile(r"∞"), r"\\infty"),
    (re.compile(r"\s+"), " "),
]
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_WORDS = re.compile(r"[^\W\d_]+(?:[ .,'’()-]+[^\W\d_]+)*\.?")
_DECIMAL = re.compile(
    r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.(\d*))?"
    r"(?:[eE]([+-]?\d{1,9})| ?\\(?:times|cdot) ?10 ?\^ ?(?:\{ ?([+-]?\d{1,9}) ?\}|(\d)))?"
)
_POWER = re.compile(r"([+-]?)10 ?\^ ?(?:\{ ?([+-]?\d{1,9}) ?\}|(\d))")
_PART = r"([+-]?[\d.,]+)"
_FRACTION = re.compile(rf"([+-]?)(\d*) ?\\frac ?(?:\{{ ?{_PART} ?\}}|(\d)) ?(?:\{{ ?{_PART} ?\}}|(\d))")
_SLASH = re.compile(rf"{_PART} ?/ ?{_PART}")
_UNIT = re.compile(r"(?: ?\\text\{[^{}]*\}(?: ?\^ ?\{? ?-?\d ?\}?)?| ?\^\\circ(?: ?\\text\{[^{}]*\})?)+$")
_BASE = re.compile(r"\d ?_ ?\{? ?(?:\\text\{)? ?([a-z\d]+)")
_MOST_DIGITS = 4_000
"""of a number that is compared exactly here"""

Number = Fraction | tuple[str, str, int]


def normal(answer: str) -> str:
    r"""Return the text without what never tells answers apart: spacing, dollar signs, sizes of brackets, spellings.

    >>> normal(r"$\left( 3,\, \dfrac{\pi}{2} \right)$.")
    '( 3, \\frac{\\pi}{2} )'
    """
    text = answer.replace("\0", "").encode("utf-8", "replace").decode()
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    text = text.strip()
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip()
    wrapped = _TEXT.fullmatch(text)
    if wrapped and number(inner := wrapped.group(1).strip()) is not None:
        return inner
    return text


def number(text: str) -> Number | None:
    r"""Read an integer, a decimal, a power of ten, a fraction or a mixed number exactly; None where it is none of them.

    >>> number("1,234.50") == number(r"\frac{2469}{2}"), number("0.333333") == number("1/3"), number("3e-2")
    (True, False, Fraction(3, 100))
    """
    if len(text) > _MOST_DIGITS:
        return None
    if match := _DECIMAL.fullmatch(text):
        sign, whole, decimals, *exponents = match.groups()
        exponent = int(next((e for e in exponents if e), "0"))
        return _scaled(sign, whole.replace(",", "") + (decimals or ""), exponent - len(decimals or ""))
    if match := _POWER.fullmatch(text):
        return _scaled(match.group(1), "1", int(match.group(2) or match.group(3)))
    if match := _FRACTION.fullmatch(text):
        sign, whole, *parts = match.groups()
        above, below = (number(part) for part in parts if part is not None)
        value = _ratio(above, below)
        if value is None or (whole and value < 0):
            return None
        return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
    if match := _SLASH.fullmatch(text):
        return _ratio(number(match.group(1)), number(match.group(2)))
    return None


def _ratio(above: Number | None, below: Number | None) -> Fraction | None:
    return above / below if isinstance(above, Fraction) and isinstance(below, Fraction) and below else None


def _scaled(sign: str, digits: str, exponent: int) -> Number:
    significant = digits.strip("0")
    if not significant:
        return Fraction(0)
    exponent += len(digits) - len(digits.rstrip("0"))
    if abs(exponent) > _MOST_DIGITS:  # not expanded: a few characters can mean a billion digits
        return (sign.strip("+"), significant, exponent)
    value = int(significant) * Fraction(10) ** exponent
    return -value if sign == "-" else value


def words(text: str, *, bare: bool) -> str | None:
    r"""Return the words of an answer that is text, in small letters; None if it is something else.

    Text stands in \text{...}; with `bare`, three letters or more may stand without. A single letter keeps its case.

    >>> words(r"\text{No  solution}", bare=False), words(r"\text{(A)}", bare=False), words("x", bare=False)
    ('no solution', 'A', None)
    """
    if match := _TEXT.fullmatch(text):
        text = match.group(1)
    elif not bare or (len(text) < 3 and text.strip("()") == text):
        return None
    text = " ".join(text.split()).strip("().,")
    if not _WORDS.fullmatch(text):
        return None
    return text if len(text) == 1 else text.casefold().strip(". ")


def split_unit(text: str) -> tuple[str, str]:
    r"""Split text or a degree sign off the end of a formula.

    >>> split_unit(r"864 \text{ inches}^2"), split_unit("30^\\circ")
    (('864', 'inches^2'), ('30', '°'))
    """
    match = _UNIT.search(text)
    if match is None or not text[: match.start()].strip():
        return text, ""
    unit = _TEXT.sub(r"\1", match.group()).replace(r"^\circ", "°")
    return text[: match.start()].strip(), "".join(unit.split()).replace("{", "").replace("}", "").casefold()


def signs(text: str) -> tuple[int, int, list[str]]:
    """Count percent and degree signs and list number bases: what math-verify reads over, and answers must agree in."""
    return text.count("%"), text.count(r"\circ"), sorted(_BASE.findall(text))


def canonical(answer: str) -> str:
    """Write an answer in normal form so that equal numbers, and equal words, are equal strings.

    >>> canonical("0.50"), canonical("1/2"), canonical("(1,  x)")
    ('1/2', '1/2', '(1,x)')
    """
    value = number(answer)
    if isinstance(value, Fraction):
        return str(value)
    if value is not None:
        return f"{value[0]}{value[1]}e{value[2]}"
    text = words(answer, bare=True)
    return text if text is not None else re.sub(r"(?<![A-Za-z]) | (?![A-Za-z])", "", answer)
