"""From a score, as other programs write it, to a verdict."""

from __future__ import annotations

import math

from beyondbase.errors import BadInput
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_WORDS = {
    "c": Verdict.CORRECT,
    "correct": Verdict.CORRECT,
    "true": Verdict.CORRECT,
    "passed": Verdict.CORRECT,
    "i": Verdict.WRONG,
    "incorrect": Verdict.WRONG,
    "wrong": Verdict.WRONG,
    "false": Verdict.WRONG,
    "failed": Verdict.WRONG,
    "n": Verdict.NO_ANSWER,
}


def verdict_of_score(score: object, where: str, threshold: float | None = None) -> Verdict | None:
    """Read a score: true and 1 are correct, false and 0 wrong, null and NaN not scored (None).

    Any other number needs a threshold, from which on it is correct. Raises BadInput for what is no score.

    >>> verdict_of_score(1.0, "line 1"), verdict_of_score(float("nan"), "line 1"), verdict_of_score(-1, "line 1", 0.5)
    (<Verdict.CORRECT: 'correct'>, None, <Verdict.WRONG: 'wrong'>)
    """
    if score is None or (isinstance(score, float) and math.isnan(score)):
        return None
    if isinstance(score, str):
        word = score.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        score = _number(word, where)
        if math.isnan(score):
            return None
    if not isinstance(score, int | float):
        raise BadInput(f"{where}: expected a score (true, false or a number), got {in_short(score)}; leave the row out")
    if threshold is not None:
        return Verdict.CORRECT if score >= threshold else Verdict.WRONG
    if score in (0, 1):
        return Verdict.CORRECT if score == 1 else Verdict.WRONG
    raise BadInput(
        f"{where}: expected a score of 0 or 1, got {in_short(score)}; say with --threshold from what score on an "
        "answer is correct"
    )


def _number(word: str, where: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise BadInput(
            f"{where}: expected a score (true, false or a number), got {in_short(word)}; leave the row out"
        ) from None
