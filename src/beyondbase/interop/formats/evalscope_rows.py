"""EvalScope's reviews and predictions as rows, joined on their index.

A review has the text, the score and the messages; a prediction adds how the text ended, its tokens, and whether the
request failed. These few bytes a row are held while the reviews are read; what was never reviewed is read at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample, ReadOptions
from beyondbase.interop.formats.evalscope_answers import Answers
from beyondbase.interop.formats.evalscope_fields import Prediction, Review, Score, ending
from beyondbase.interop.messages import Message, prompt_of, reasoning_of, text_of
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish
from beyondbase.wording import in_short

_USABLE = ("success", "fallback")
"""statuses of a judge whose score counts"""


def reviewed_row(review: Review, answers: Answers, scorer: str, options: ReadOptions, where: str) -> ForeignRow:
    """The row of a review, with what its prediction adds."""
    given, score = review.sample_score, review.sample_score.score
    finish, n_tokens = answers.review(review.index, given.group_id, where)
    asked, answer = _split(review.messages)
    prompt = prompt_of(asked) or review.input
    golds = [review.target] if isinstance(review.target, str) else review.target or []
    gold = golds[0].strip() if len(golds) == 1 else None  # several that are right are no one reference
    problem_id = str(review.index if given.group_id is None else given.group_id)
    sample_index = given.generation_index
    if sample_index is None:
        sample_index = answers.sample_index(review.index)
    if error := answers.errors.get(review.index):
        failed = ForeignSample(sample_index=sample_index, finish=Finish.ERROR, error=error)
        return ForeignRow(problem_id, (failed,), where, prompt, gold, prompt)
    name, value = _value(score, scorer, where)
    usable = score.status in _USABLE
    sample = ForeignSample(
        score.prediction if score.prediction is not None or answer is None else text_of(answer),
        verdict_of_score(value, where, options.threshold) if usable else None,
        sample_index,
        answer=score.extracted_prediction or "",
        detail=f"{name} {value}" if usable else f"status {score.status}",
        finish=finish,
        reasoning=reasoning_of(answer) if answer is not None else "",
        n_tokens=n_tokens,
    )
    return ForeignRow(problem_id, (sample,), where, prompt, gold, prompt)


def unreviewed_row(prediction: Prediction, answers: Answers, where: str) -> ForeignRow:
    """The row of a prediction that no review is about: not scored."""
    problem_id, sample_index = answers.place(prediction.index, where)
    asked, answer = _split(prediction.messages)
    prompt = prompt_of(asked)
    finish, n_tokens, error = ending(prediction)
    if error:
        sample = ForeignSample(sample_index=sample_index, finish=finish, error=error)
        return ForeignRow(problem_id, (sample,), where, prompt, prompt=prompt)
    choices = prediction.model_output.choices if prediction.model_output is not None else []
    message = choices[0].message if choices else answer
    text, reasoning = (text_of(message), reasoning_of(message)) if message is not None else (None, "")
    sample = ForeignSample(text, None, sample_index, finish=finish, reasoning=reasoning, n_tokens=n_tokens)
    return ForeignRow(problem_id, (sample,), where, prompt, prompt=prompt)


def _split(messages: Sequence[Message]) -> tuple[Sequence[Message], Message | None]:
    """What was asked, and the last answer."""
    if messages and messages[-1].role == "assistant":
        return messages[:-1], messages[-1]
    return messages, None


def _value(score: Score, scorer: str, where: str) -> tuple[str, float | bool | None]:
    name = scorer or score.main_score_name or next(iter(score.value), "")
    if score.value and name not in score.value and score.status in _USABLE:
        raise BadInput(
            f"{where}: expected the score {in_short(name)}, got {', '.join(score.value)}; name one with --scorer"
        )
    return name, score.value.get(name)
