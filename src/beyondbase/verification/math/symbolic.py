"""Whether two formulas are equal, by math-verify and sympy; runs in worker processes, for it may hang or crash."""

from __future__ import annotations

import logging
import random
from functools import cache
from typing import Any

import sympy
from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify

from beyondbase.verification.math.compare import same
from beyondbase.verification.math.options import MathRule

for _name in ("math_verify", "latex2sympy2_extended"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # that it has no timeout of its own, once a process

_READ = [
    LatexExtractionConfig(
        try_extract_without_anchor=False,
        boxed_match_priority=0,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=False, boxed="last", equations=False
        ),
    )
]
_DIGITS = 60
"""computed of a number; equal ones agree to 40 of them, relative to their size"""


def graded(task: tuple[str, str, tuple[MathRule, ...]]) -> bool:
    """Compare an answer with the gold answer, given in normal form, by the structure of both and algebra."""
    gold, answer, rules = task
    return same(gold, answer, equal, rules)


def equal(gold: str, answer: str) -> bool:
    """Whether math-verify calls two formulas equal, and exact evaluation does not contradict it.

    Evaluation comes first: it settles in a fraction of a millisecond what takes sympy's simplify ten.
    """
    golds, answers = ([_exact(part) for part in read(text)] for text in (gold, answer))
    both = all(part and isinstance(part[0], sympy.Expr) for part in (golds, answers))
    if both and _contradicted(golds[0], answers[0]):
        return False
    return bool(verify(golds, answers, timeout_seconds=None, raise_on_error=True))


@cache
def read(text: str) -> tuple[Any, ...]:
    """Parse one formula: an expression, or nothing, and the text as math-verify writes it.

    Kept, since a problem's gold answer meets many others; a worker is replaced after some thousands of tasks.
    """
    return tuple(parse(f"\\boxed{{{text}}}", _READ, parsing_timeout=None, raise_on_error=True))


def _exact(part: Any) -> Any:
    """Make decimals fractions: math-verify calls decimals equal that agree in six digits after the point."""
    if not isinstance(part, sympy.Basic | sympy.MatrixBase):
        return part
    return part.xreplace({decimal: sympy.Rational(str(decimal)) for decimal in part.atoms(sympy.Float)})


def _contradicted(gold: sympy.Expr, answer: sympy.Expr) -> bool:
    """Evaluate both at random points to many digits: math-verify compares differences with an absolute tolerance."""
    symbols = sorted(gold.free_symbols | answer.free_symbols, key=str)
    generator = random.Random(0)
    for _ in range(3 if symbols else 1):
        point = {symbol: sympy.Rational(generator.randint(100, 999), 307) for symbol in symbols}
        try:
            left, right = (part.subs(point).doit().evalf(_DIGITS) for part in (gold, answer))
            far = sympy.Abs(left - right) > sympy.Float(10) ** -40 * sympy.Max(sympy.Abs(left), sympy.Abs(right))
        except (TypeError, ValueError, AttributeError):  # no number there: nothing to hold against it
            continue
        if far == True and not _both_vanish(left, right):  # noqa: E712  # sympy's own truth value
            return True
    return False


def _both_vanish(left: sympy.Expr, right: sympy.Expr) -> bool:
    """Whether of both nothing is left but cancelled digits, which sympy tells by a precision of few bits."""
    return all(part._prec < 10 for value in (left, right) for part in value.atoms(sympy.Float))
