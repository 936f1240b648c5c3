"""A run to be killed: `python killed_run.py PATH` samples with a slow scripted engine until nothing is owed."""

from __future__ import annotations

import sys
from pathlib import Path

from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import Run, run_writer
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

RULE = DrawRule(n_max=200, stop_at=3, n_first=8)
PROBLEMS = ProblemSet("twelve", tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": {i}}}') for i in range(12)))


def draw(path: Path, latency_s: float = 0.0) -> Run:
    engine = ScriptedEngine(
        rates={f"p{i}": (i / 11) ** 4 for i in range(12)},
        answers={f"p{i}": f"answer: {i}" for i in range(12)},
        faults=Faults(no_answer=0.05, truncated=0.05, failed=0.1),
        latency_s=latency_s,
    )
    return sample_run(path, PROBLEMS, engine, SamplingSpec(seed=3), RULE, ExactMatch())


if __name__ == "__main__":
    # Many small commits: a kill then falls into every step of one.
    run_writer.COMMIT_ROWS = 5
    draw(Path(sys.argv[1]), latency_s=0.0005)
