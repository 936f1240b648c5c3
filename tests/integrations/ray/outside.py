"""Draws a run from outside of a cluster, whose processes have the package and nothing of the tests: PATH [ADDRESS]."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from beyondbase.integrations.ray.fleet import RayFleet
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.options import RayOptions
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

NAMES = [f"p{i}" for i in range(8)]
ENGINE = partial(ScriptedEngine, dict.fromkeys(NAMES, 0.2), dict.fromkeys(NAMES, "1"))


def draw_outside(path: Path, on: str = "") -> Run:
    """Draw it on the cluster at an address, or here."""
    problems = ProblemSet("ones", tuple(Problem(name, name, '{"answer": 1}') for name in NAMES))
    engine = RayFleet(ENGINE, RayOptions(lease=32), on) if on else ENGINE()
    return sample_run(path, problems, engine, SamplingSpec(), DrawRule(n_max=60, stop_at=4), ExactMatch())


if __name__ == "__main__":
    draw_outside(Path(sys.argv[1]), *sys.argv[2:])
