"""Try a verifier before it judges: it must pass each problem's own answer, and must not pass a wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from beyondbase.types import Finish, Problem, Verdict
from beyondbase.verification.runner import Judge
from beyondbase.verification.verifier import Checkable, GoldTexts, Verifier
from beyondbase.wording import in_short


class GoldStatus(StrEnum):
    """What a verifier made of one problem's right and wrong answer."""

    VERIFIED = "verified"
    """the right one passed, the wrong one did not"""
    GOLD_REFUSED = "gold_refused"
    WRONG_PASSED = "wrong_passed"
    VERIFIER_FAILED = "verifier_failed"
    """no verdict on the right one, so that nothing is known"""
    WRONG_UNJUDGED = "wrong_unjudged"
    """the right one passed; on the wrong one no verdict came, as on a sample that would then be missing data"""
    NOT_CHECKABLE = "not_checkable"
    """the problem, or the verifier, offers no answer to try"""


EXCEPTIONS = frozenset({GoldStatus.GOLD_REFUSED, GoldStatus.WRONG_PASSED, GoldStatus.VERIFIER_FAILED})


@dataclass(frozen=True, slots=True)
class GoldResult:
    """What came of one problem."""

    problem_id: str
    status: GoldStatus
    came: str = ""
    """the text that was tried, its verdict and the verifier's reason; empty where all is well"""


@dataclass(frozen=True, slots=True)
class GoldCheck:
    """What came of each problem, in their order."""

    verifier: str
    results: tuple[GoldResult, ...]

    @property
    def counts(self) -> Mapping[GoldStatus, int]:
        """Number of problems of each status."""
        counted = Counter(result.status for result in self.results)
        return {status: counted[status] for status in GoldStatus}

    @property
    def exceptions(self) -> tuple[GoldResult, ...]:
        """The problems that this verifier cannot be trusted on."""
        return tuple(result for result in self.results if result.status in EXCEPTIONS)


def check_gold(
    verifier: Verifier, problems: Iterable[Problem], report: Callable[[int], None] = lambda done: None
) -> GoldCheck:
    """Judge the right and the wrong answer of each problem as samples are judged; tell `report` how many are done.

    Raises BeyondbaseError for what would fail at every answer.

    >>> from beyondbase.verification.exact import ExactMatch
    >>> problems = [Problem("p", "6 * 7 =", '{"answer": 42}'), Problem("q", "7 * 8 =", '{"answer": ""}')]
    >>> check = check_gold(ExactMatch(), problems)
    >>> [(result.status.value, result.came) for result in check.results]
    [('verified', ''), ('gold_refused', "'answer: ': no_answer (the answer line is empty)")]
    """
    problems = tuple(problems)
    tried = {problem.problem_id: _texts(verifier, problem) for problem in problems}
    offered = {problem_id: texts for problem_id, texts in tried.items() if isinstance(texts, GoldTexts)}
    rows = [(problem_id, i, text) for problem_id, texts in offered.items() for i, text in enumerate(texts)]
    frame = pl.DataFrame(rows, {"problem_id": pl.String, "sample_index": pl.Int64, "text": pl.String}, orient="row")
    frame = frame.with_columns(finish=pl.lit(Finish.EOS.value))
    judge = Judge(verifier, problems)
    came = dict[tuple[str, int], tuple[str, str]]()
    for verdicts in judge.rows([frame] if rows else [], lambda done: report(done // 2)):
        for problem_id, index, verdict, _, detail in verdicts.iter_rows():
            came[problem_id, index] = (verdict, detail)
    results = [
        _result(problem_id, texts, [came[problem_id, i] for i in range(len(texts))])
        if isinstance(texts, GoldTexts)
        else texts
        for problem_id, texts in tried.items()
    ]
    return GoldCheck(verifier.name, tuple(results))


def _texts(verifier: Verifier, problem: Problem) -> GoldTexts | GoldResult:
    """Return what to try of a problem, or what came where there is nothing."""
    nothing = GoldResult(problem.problem_id, GoldStatus.NOT_CHECKABLE)
    if not isinstance(verifier, Checkable):
        return nothing
    try:
        return verifier.gold_texts(problem) or nothing
    except Exception as error:  # a reference of another kind: as it would fail at each sample of the problem
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return GoldResult(problem.problem_id, GoldStatus.VERIFIER_FAILED, said)


def _result(problem_id: str, texts: GoldTexts, verdicts: Sequence[tuple[str, str]]) -> GoldResult:
    right, wrong = (Verdict(verdict) for verdict, _ in verdicts)
    said = [
        f"{in_short(text)}: {verdict}" + (f" ({why})" if why else "")
        for text, (verdict, why) in zip(texts, verdicts, strict=True)
    ]
    if right is Verdict.VERIFIER_ERROR:
        return GoldResult(problem_id, GoldStatus.VERIFIER_FAILED, said[0])
    if right is not Verdict.CORRECT:
        return GoldResult(problem_id, GoldStatus.GOLD_REFUSED, said[0])
    if wrong is Verdict.CORRECT:
        return GoldResult(problem_id, GoldStatus.WRONG_PASSED, said[1])
    if wrong is Verdict.VERIFIER_ERROR:
        return GoldResult(problem_id, GoldStatus.WRONG_UNJUDGED, said[1])
    return GoldResult(problem_id, GoldStatus.VERIFIED)
