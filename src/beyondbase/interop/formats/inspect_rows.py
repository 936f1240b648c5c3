"""Rows of Inspect's samples."""

from __future__ import annotations

from itertools import takewhile

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.formats.inspect_fields import Sample, Score
from beyondbase.interop.formats.inspect_scores import verdict_of
from beyondbase.interop.messages import prompt_of, reasoning_of, text_of
from beyondbase.types import Finish, Verdict
from beyondbase.wording import in_short

_FINISH = {"stop": Finish.STOP, "max_tokens": Finish.LENGTH, "model_length": Finish.LENGTH}
_CUT = ("token", "context")
"""limits on a sample's tokens"""


def row_of(sample: Sample, where: str, scorer: tuple[str, str], threshold: float | None) -> ForeignRow:
    """Make the row of a sample; `scorer`: the name of the scorer that gives its verdict, and of the value within."""
    if sample.epoch < 1:
        raise BadInput(f"{where}: expected an epoch of 1 or more, got {sample.epoch}; give the log that Inspect wrote")
    shown = takewhile(lambda message: message.role != "assistant", sample.messages)
    prompt = prompt_of(list(shown))
    asked = sample.input if isinstance(sample.input, str) else prompt_of(sample.input)
    golds = [sample.target] if isinstance(sample.target, str) else sample.target
    # of several targets each is right; our verifiers know of one
    gold = golds[0] if len(golds) == 1 and golds[0] else None
    samples = [_sample(sample, where, scorer, threshold)]
    return ForeignRow(str(sample.id), samples, where, asked or None, gold, prompt)


def _sample(sample: Sample, where: str, scorer: tuple[str, str], threshold: float | None) -> ForeignSample:
    output, index = sample.output, sample.epoch - 1
    if (failure := _failure(sample)) is not None:
        return ForeignSample(None, None, index, finish=Finish.ERROR, error=failure)
    choice = output.choices[0] if output.choices else None
    text = output.completion or (text_of(choice.message) if choice else "")
    score = (sample.scores or {}).get(scorer[0])
    verdict = None if score is None else verdict_of(score, scorer[1], where, threshold)
    return ForeignSample(
        text,
        verdict,
        index,
        answer=(score.answer if score else None) or "",
        detail=_detail(scorer, score, verdict),
        finish=_finish(sample, choice.stop_reason if choice else ""),
        reasoning=reasoning_of(choice.message) if choice else "",
        n_tokens=output.usage.output_tokens if output.usage else None,
    )


def _failure(sample: Sample) -> str | None:
    if sample.error is not None:
        return sample.error.message or "error"
    if sample.invalidation is not None:
        return f"invalidated: {sample.invalidation.reason or 'no reason told'}"
    return "stopped by its operator" if sample.limit is not None and sample.limit.type == "operator" else None


def _finish(sample: Sample, stop_reason: str) -> Finish:
    if sample.limit is not None:
        return Finish.LENGTH if sample.limit.type in _CUT else Finish.UNKNOWN
    return _FINISH.get(stop_reason, Finish.UNKNOWN)


def _detail(scorer: tuple[str, str], score: Score | None, verdict: Verdict | None) -> str:
    if score is None:
        return f"not scored by {scorer[0]}" if scorer[0] else "not scored"
    said = f"{scorer[0]} {in_short(score.value)}"
    return f"{said}, {score.reason}" if score.reason else said
