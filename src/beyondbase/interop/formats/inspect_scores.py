"""From the values of Inspect's scorers to verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from beyondbase.errors import BadInput
from beyondbase.interop.formats.inspect_fields import Score
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Verdict
from beyondbase.wording import in_short

_WORDS: Mapping[str, bool] = {"yes": True, "no": False}
_PARTIAL = 0.5
_NOT_GRADED = ("grader_failed", "scoring_failed")
_NO_ANSWER = ("invalid_response_format", "refusal", "no_response")


def verdict_of(score: Score, key: str, where: str, threshold: float | None) -> Verdict | None:
    """Read the value of a score, or of its `key`; None: not scored. Raises BadInput for what is neither.

    C is correct, I wrong, N no answer; P, partial credit, is 0.5 and needs a threshold. A grader that failed is an
    error of the verifier, whatever value it left.

    >>> verdict_of(Score(value="N"), "", "sample 1", None), verdict_of(Score(value=float("nan")), "", "sample 1", None)
    (<Verdict.NO_ANSWER: 'no_answer'>, None)
    """
    if score.reason in _NOT_GRADED:
        return Verdict.VERIFIER_ERROR
    value = _at(score.value, key, where)
    if isinstance(value, str):
        word = value.strip().lower()
        value = _PARTIAL if word == "p" else _WORDS.get(word, value)
    verdict = verdict_of_score(value, where, threshold)
    return Verdict.NO_ANSWER if verdict is Verdict.WRONG and score.reason in _NO_ANSWER else verdict


def _at(value: object, key: str, where: str) -> object:
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        got = ", ".join(map(str, value))
        raise BadInput(
            f"{where}: expected one value of a score, got several ({in_short(got)}); choose with --scorer SCORER.NAME"
        )
    if key:
        raise BadInput(f"{where}: expected a score with the value {in_short(key)}, got {in_short(value)} alone")
    if isinstance(value, list):
        raise BadInput(f"{where}: expected one value of a score, got a list; choose another scorer with --scorer")
    return value
