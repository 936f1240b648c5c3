"""A line of NeMo-Skills' output files: what it says of one sample."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish, Verdict

SCORERS = ("symbolic_correct", "is_correct", "is_correct-plus", "judgement", "graded_list")
"""what a sample may be judged by, the first of them by default"""
_JUDGED = re.compile(r"\*{0,2}judgement\*{0,2}\s*:\s*\*{0,2}\s*(yes|no)\b", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{(correct|incorrect)\}", re.IGNORECASE)
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH}
_OF_A_SAMPLE = {"generation", "predicted_answer", "symbolic_correct", "is_correct", "judgement", "graded_list"}
_STRATA = ("subset_for_metrics", "level", "subject", "category")


class Row(BaseModel):
    """The fields that are looked at; what the data set had stands beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: int | str | None = None
    problem: str | None = None
    question: str | None = None
    expected_answer: str | int | float | None = None
    generation: str | None = None
    full_generation: str | None = Field(None, alias="_full_generation")
    reasoning_content: str | None = None
    predicted_answer: str | int | float | None = None
    symbolic_correct: bool | float | None = None
    is_correct: bool | float | None = None
    is_correct_plus: bool | float | None = Field(None, alias="is_correct-plus")
    judgement: str | None = None
    graded_list: list[bool | float] | None = None
    finish_reason: str | None = None
    num_generated_tokens: int | None = None
    error: str | None = None
    async_position: int | None = Field(None, alias="_async_position")
    subset_for_metrics: str | None = None
    level: str | int | None = None
    subject: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands among the lines of a log."""

    number: int
    """of its problem, from 1"""
    sample_index: int
    seed: int | None
    where: str


def scorers_of(row: Row) -> list[str]:
    """List what a sample is judged by."""
    return [name for name in SCORERS if getattr(row, name.replace("-", "_")) is not None]


def row_of(row: Row, place: Place, scorer: str, threshold: float | None) -> ForeignRow:
    """Make a row of a line; a problem without id has its number. Raises BadInput for a line that holds no sample."""
    if not row.model_fields_set & _OF_A_SAMPLE:
        raise BadInput(
            f"{place.where}: expected a sample of NeMo-Skills (generation, or a score such as symbolic_correct), got "
            "none; see that the file is one of its outputs"
        )
    sample = ForeignSample(
        row.generation,
        None if row.error else _verdict(row, place.where, scorer, threshold),
        place.sample_index,
        answer="" if row.predicted_answer is None else str(row.predicted_answer),
        detail=_detail(row, scorer),
        finish=Finish.ERROR if row.error else _FINISH.get(row.finish_reason or "", Finish.UNKNOWN),
        error=row.error or "",
        reasoning=_reasoning(row),
        n_tokens=row.num_generated_tokens,
        seed=place.seed,
    )
    problem_id = str(place.number if row.id is None else row.id)
    question = row.problem if row.question is None else row.question
    gold = None if row.expected_answer is None else str(row.expected_answer)
    strata = {name.split("_")[0]: str(value) for name in _STRATA if (value := getattr(row, name)) is not None}
    return ForeignRow(problem_id, [sample], place.where, question, gold, strata=strata)


def _verdict(row: Row, where: str, scorer: str, threshold: float | None) -> Verdict | None:
    if scorer == "judgement":
        verdict = judged(row.judgement)
    elif scorer == "graded_list":
        verdict = verdict_of_score(all(row.graded_list) if row.graded_list else None, where)
    else:
        score = getattr(row, scorer.replace("-", "_")) if scorer else None
        verdict = verdict_of_score(score, where, threshold)
    # null where nothing was found in the text; a line without the field does not say so
    no_answer = "predicted_answer" in row.model_fields_set and row.predicted_answer in (None, "")
    return Verdict.NO_ANSWER if verdict is Verdict.WRONG and no_answer else verdict


def judged(judgement: str | None) -> Verdict | None:
    r"""Read what a judge wrote; a text without a verdict is a failure of the judge, not a wrong answer.

    >>> judged("They differ.\nJudgement: No"), judged("**Judgement**: Yes"), judged("I cannot say"), judged(None)
    (<Verdict.WRONG: 'wrong'>, <Verdict.CORRECT: 'correct'>, <Verdict.VERIFIER_ERROR: 'verifier_error'>, None)
    """
    if judgement is None:
        return None
    words = [*_JUDGED.findall(judgement)[-1:], *_BOXED.findall(judgement)[-1:]]
    if not words:
        return Verdict.VERIFIER_ERROR
    return Verdict.CORRECT if words[0].lower() in ("yes", "correct") else Verdict.WRONG


def _detail(row: Row, scorer: str) -> str:
    if scorer == "judgement":
        return (row.judgement or "")[-200:]
    return "" if not scorer else f"{scorer} {getattr(row, scorer.replace('-', '_'))}"


def _reasoning(row: Row) -> str:
    """The thoughts, which NeMo-Skills takes out of the generation and keeps in the whole of it."""
    if row.reasoning_content or row.full_generation is None:
        return row.reasoning_content or ""
    return row.full_generation.removesuffix(row.generation or "").rstrip()
