"""A verifier as verl's custom reward function.

reward.custom_reward_function.path=pkg://beyondbase.integrations.verl.reward
reward.custom_reward_function.name=compute_score
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from beyondbase.integrations.verl.rows import problem_of
from beyondbase.types import Finish, Verdict
from beyondbase.verification import Verifier, verifier_of
from beyondbase.verification.runner import Judge

_AT_WORK = threading.Lock()
"""verl calls from several threads, and a verifier may keep what it parsed last"""


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: object,
    extra_info: Mapping[str, Any] | None = None,
    **_others: object,
) -> dict[str, float | str]:
    """Judge one answer to a row of `write_rows`: score 1 where it is correct, 0 otherwise, and why.

    verl wants a number for each answer, so that one at which the verifier failed has score 0 too; `verdict` tells
    the two apart in its dumps, and so do `no_answer` and `verifier_error` (0 or 1) in its logs, which average
    numbers and leave text out. `pred` is the canonical answer, which verl's maj@k votes on. What ended an answer is
    not told here: one that was cut is wrong, or has no answer.

    Raises BeyondbaseError for what would fail at every answer, and for a row of other makers.

    >>> row = {"problem_id": "a", "question": "6 * 7 =", "verifier": "exact"}
    >>> said = compute_score("beyondbase/one", "Answer: 41", '{"answer": 42}', row)
    >>> said["score"], said["verdict"], said["pred"]
    (0.0, 'wrong', '41')
    """
    problem, name = problem_of(ground_truth, extra_info)
    with _AT_WORK:
        verifier = _verifier(name)
        [judged] = Judge(verifier, [problem]).rows([_sample(problem.problem_id, solution_str)])
    [(verdict, answer, detail)] = judged.select("verdict", "answer", "detail").iter_rows()
    return {
        "score": float(verdict == Verdict.CORRECT),
        "verdict": verdict,
        "no_answer": float(verdict == Verdict.NO_ANSWER),
        "verifier_error": float(verdict == Verdict.VERIFIER_ERROR),
        "pred": answer,
        "detail": detail,
        "problem_id": problem.problem_id,
        "verifier": verifier.name,
    }


@cache
def _verifier(name: str) -> Verifier:
    return verifier_of(name)


def _sample(problem_id: str, text: str) -> pl.DataFrame:
    columns = {"problem_id": problem_id, "sample_index": 0, "text": text, "finish": Finish.UNKNOWN.value}
    return pl.DataFrame([columns])
