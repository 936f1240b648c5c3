"""An experiment whose runs are drawn from known rates: folders as the runner leaves them, without a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from beyondbase.experiment.folders import COLLAPSED, Folders
from beyondbase.experiment.resolved import claim
from beyondbase.experiment.units import Sample, Train, Unit, units_of
from beyondbase.pipeline.runs import sample_run
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import FloatArray, silent
from beyondbase.verification import verifier_of

PROBLEMS = 30
STUDY = """
title = "Scripted"
question = "Does <training> help?"
seeds = [0, 1, 2]
[sampling]
n_max = 32
n_first = 8
[sets.held-out]
problems = "{problems}"
[sets.hot]
problems = "{problems}"
temperature = 1.3
[bases.other]
path = "{other}"
[arms.better]
steps = 4
measured_steps = [2, 4]
[arms.worse]
steps = 4
learning_rate = 0.001
[arms.alone]
steps = 4
seeds = [7]
[arms.fallen]
steps = 4
learning_rate = 0.3
seeds = [0, 1]
[[tables]]
title = "All of <them>"
source = "A source, Table 1"
rows = ["shipped", "better", "worse", "alone", "fallen", "other"]
sets = ["held-out", "hot"]
k = [1, 32]
gap = true
paper_columns = ["model", "@1"]
paper = [["GRPO", 26.1]]
[[findings]]
text = "Better is ahead at k = 1"
paper = "yes"
arms = ["better@4"]
set = "held-out"
k = 1
expect = "above"
[[findings]]
text = "Worse is ahead of better"
arms = ["worse", "alone"]
set = "held-out"
k = 1
expect = "above"
against = "better@4"
[[findings]]
text = "Fallen falls behind"
arms = ["fallen", "worse"]
set = "hot"
k = 1
expect = "below"
"""


def rates_of(unit: Unit) -> FloatArray:
    """Success rates that a run is drawn from, by its model."""
    base_P = np.linspace(0.05, 0.4, PROBLEMS)
    shift = {"better": 0.4, "worse": -0.04, "alone": 0.1}.get(unit.group, 0.0)
    if "step 2" in unit.name:
        shift /= 2
    shift += 0.02 * (unit.name.count("seed 1") - unit.name.count("seed 2"))
    return np.clip(base_P + shift, 0.0, 1.0)


def write_experiment(
    folder: Path, *, study: str = STUDY, leave: Callable[[Unit], bool] = lambda unit: "fallen" in unit.name
) -> Folders:
    """Make the folders of an experiment; trainings of "fallen" collapse, and runs that `leave` names are not made."""
    problems, other = folder / "problems.jsonl", folder / "other"
    lines = [json.dumps({"id": f"p{i}", "question": f"{i}?", "answer": str(i)}) for i in range(PROBLEMS)]
    problems.write_text("\n".join(lines) + "\n")
    other.mkdir()
    (folder / "study.toml").write_text(study.format(problems=problems, other=other))
    folders = claim(folder / "study.toml", folder / "experiment")
    for unit in units_of(folders):
        if isinstance(unit.task, Train):
            _train(unit.task)
        elif isinstance(unit.task, Sample) and not leave(unit):
            _sample(unit, unit.task)
    return folders


def _train(task: Train) -> None:
    task.folder.mkdir(parents=True)
    fallen = task.settings["learning_rate"] == 0.3
    steps = range(1, (3 if fallen else task.steps) + 1)
    logged = [{"step": s, "reward": s / 10, "entropy": 0.5, "kl": 0.01 * s, "loss": 0.1} for s in steps]
    (task.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in logged))
    if fallen:
        (task.folder / COLLAPSED).write_text(json.dumps({"step": 3, "why": "the policy collapsed at step 3"}))


def _sample(unit: Unit, task: Sample) -> None:
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    problem_set = task.problem_set
    rates = {f"p{i}": float(rate) for i, rate in enumerate(rates_of(unit))}
    engine = ScriptedEngine(rates, {f"p{i}": str(i) for i in range(PROBLEMS)})
    verifier = verifier_of(problem_set.verifier)
    sample_run(task.folder, problem_set, engine, task.spec, task.rule, verifier, silent, task.label)
