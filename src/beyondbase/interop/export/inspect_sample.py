"""A sample as Inspect's logs have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beyondbase.types import Finish, Problem, Verdict

_VALUES = {
    Verdict.CORRECT: "C",
    Verdict.WRONG: "I",
    Verdict.TRUNCATED: "I",
    Verdict.NO_ANSWER: "N",
    Verdict.VERIFIER_ERROR: float("nan"),
}
_STOPS = {Finish.EOS: "stop", Finish.STOP: "stop", Finish.LENGTH: "max_tokens"}


@dataclass(frozen=True, slots=True)
class LoggedSample:
    """What a sample has from its run."""

    problem: Problem
    prompt: str
    target: str
    model: str
    scorer: str


def target_of(problem: Problem) -> str:
    """The reference answer as text; JSON where it is no single answer, empty where there is none.

    >>> target_of(Problem("a", "2 + 2", '{"answer": "4"}')), target_of(Problem("a", "2 + 2", "{}"))
    ('4', '')
    """
    try:
        reference = json.loads(problem.reference)
    except ValueError:
        return problem.reference
    if isinstance(reference, dict) and isinstance(reference.get("answer"), str):
        return str(reference["answer"])
    return problem.reference if reference else ""


def sample_object(of_run: LoggedSample, row: Mapping[str, Any]) -> dict[str, Any]:
    """Make the object of a row: sample_index, text, reasoning, finish, n_tokens, verdict, answer, detail."""
    problem, text = of_run.problem, row["text"] or ""
    thoughts = [{"type": "reasoning", "reasoning": row["reasoning"]}] if row["reasoning"] else []
    content = [*thoughts, {"type": "text", "text": text}] if thoughts else text
    answer = {"role": "assistant", "content": content, "source": "generate", "model": of_run.model}
    stop = _STOPS.get(Finish(row["finish"]), "unknown")
    output: dict[str, Any] = {
        "model": of_run.model,
        "choices": [{"message": answer, "stop_reason": stop}],
        "completion": text,
    }
    if row["n_tokens"] is not None:
        n_tokens = row["n_tokens"]
        output["usage"] = {"input_tokens": 0, "output_tokens": n_tokens, "total_tokens": n_tokens}
    asked = {"role": "user", "content": of_run.prompt, "source": "input"}
    return {
        "id": problem.problem_id,
        "epoch": row["sample_index"] + 1,
        "input": problem.question,
        "target": of_run.target,
        "messages": [asked, answer],
        "output": output,
        "scores": _scores(of_run.scorer, row),
        "metadata": dict(problem.strata),
    }


def _scores(scorer: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if row["verdict"] is None:
        return {}
    verdict = Verdict(row["verdict"])
    score: dict[str, Any] = {"value": _VALUES[verdict], "explanation": row["detail"] or verdict.value}
    if row["answer"]:
        score["answer"] = row["answer"]
    if verdict is Verdict.VERIFIER_ERROR:
        score["reason"] = "scoring_failed"
    return {scorer: score}
