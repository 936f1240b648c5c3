"""A validation dump as verl writes it, made of the answers that a test names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.integrations.verl.reward import compute_score
from beyondbase.integrations.verl.rows import rows_of
from beyondbase.problems import ProblemSet
from beyondbase.problems.countdown import make_problem
from beyondbase.types import SamplingSpec

RIGHT, WRONG, NONE = "3 * 7 = 21", "3 + 7 = 10", "I do not know"


TWO = ProblemSet("two", (make_problem((3, 7), 21), make_problem((3, 7), 10)), verifier="countdown")
FIRST, SECOND = (problem.problem_id for problem in TWO)


def lines_of(problem_set: ProblemSet, answers: Mapping[str, Sequence[str]], step: int = 20) -> list[dict[str, Any]]:
    """The lines of a dump: keys and values as verl 0.9.1 writes them, the reward being ours."""
    lines = []
    for row in rows_of(problem_set, SamplingSpec()):
        truth, extra = row["reward_model"]["ground_truth"], row["extra_info"]
        for session, answer in enumerate(answers[extra["problem_id"]]):
            said = compute_score(row["data_source"], answer, truth, {**extra, "num_turns": 2})
            line = {"input": row["prompt"][0]["content"], "output": answer, "gts": truth, "score": said["score"]}
            lines.append(
                {**line, "step": step, "reward": said["score"], **said, "uid": f"{extra['index']}_{session}_0"}
            )
    return lines


def write_dump(path: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path
