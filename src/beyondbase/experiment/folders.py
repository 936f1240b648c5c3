"""Where everything of an experiment lies.

    EXP/study.toml  bases/NAME/  trainings/ARM/seed-S/  runs/SET/BASE/  runs/SET/ARM/seed-S/step-000150/
    EXP/runs/training/BASE/: samples of the training problems that arms imitate
    EXP/timings.jsonl, failures.json; of the results: results.json, tables/, figures/, report.html

Arms whose trainings are equal in all but their steps share one, and its runs: that of the arm named first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beyondbase.experiment.spec import SHIPPED, TRAINING, Arm, Experiment
from beyondbase.lab.paths import BASE_MODEL

STUDY, TIMINGS, FAILURES = "study.toml", "timings.jsonl", "failures.json"
COLLAPSED = "collapsed.json"
"""in the folder of a training whose policy collapsed: {"step": ..., "why": ...}"""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of an experiment under `root`."""

    root: Path
    experiment: Experiment
    _owners: Mapping[tuple[str, int], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        first: dict[str, str] = {}
        owners = {
            (arm.name, seed): first.setdefault(training_identity(arm, seed), arm.name)
            for arm in self.experiment.arms.values()
            for seed in arm.seeds
        }
        object.__setattr__(self, "_owners", owners)

    def owner(self, arm: str, seed: int) -> str:
        """Name the arm whose folder holds the training of an arm with a seed."""
        return self._owners[arm, seed]

    def base(self, name: str) -> Path:
        """Folder of a base model."""
        if name == SHIPPED:
            return BASE_MODEL
        return self.experiment.bases[name].path or self.root / "bases" / name

    def training(self, arm: str, seed: int) -> Path:
        """Folder of a training: metrics.jsonl, checkpoints, and COLLAPSED where it collapsed."""
        return self.root / "trainings" / self.owner(arm, seed) / f"seed-{seed}"

    def model(self, arm: str, seed: int, step: int) -> Path:
        """Folder of a trained model."""
        return self.training(arm, seed) / "checkpoints" / f"step-{step:06d}"

    def base_run(self, set_: str, base: str) -> Path:
        """Run of a base on a problem set."""
        return self.root / "runs" / set_ / base

    def arm_run(self, set_: str, arm: str, seed: int, step: int) -> Path:
        """Run of a trained model on a problem set."""
        return self.root / "runs" / set_ / self.owner(arm, seed) / f"seed-{seed}" / f"step-{step:06d}"

    def imitated_run(self, base: str) -> Path:
        """Run of a base on the training problems."""
        return self.base_run(TRAINING, base)


def training_identity(arm: Arm, seed: int) -> str:
    """Text that two trainings share exactly if one may stand for the other, but for its length.

    How often a training writes a checkpoint does not change it.
    """
    settings = {name: value for name, value in arm.settings.items() if name != "checkpoint_every"}
    imitated = None if arm.imitated is None else [arm.imitated.base, arm.imitated.problems, arm.imitated.n]
    return json.dumps([arm.kind, arm.base, settings, imitated, seed], sort_keys=True, default=str)
