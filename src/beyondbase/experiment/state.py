"""What of the work is done: read from the folders alone, never from a mark beside them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from beyondbase.errors import BadInput, StoreError
from beyondbase.experiment.folders import COLLAPSED
from beyondbase.experiment.units import Pretrain, Sample, Train, Unit
from beyondbase.lab.checkpoint import latest_step, step_folder
from beyondbase.pipeline.runs import settled
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.store import open_run, problems_to_ask
from beyondbase.store.manifest import find_manifest

_PRETRAINING, _TRAINING = "pretraining.json", "config.json"
"""what a base or a training was made with"""


class State(StrEnum):
    """Of a unit."""

    DONE = "done"
    MISSING = "missing"
    COLLAPSED = "collapsed"
    """a training that ended because its policy collapsed; some of its models may be there"""


def state_of(unit: Unit) -> State:
    """Say whether a unit is done; raises BadInput where its folder holds the same work with other settings."""
    if isinstance(unit.task, Pretrain):
        return _pretrained(unit.task)
    return _trained(unit.task) if isinstance(unit.task, Train) else _sampled(unit.task)


def amount_done(unit: Unit) -> int:
    """Steps of a training that need not be made again, or samples that a run holds."""
    if isinstance(unit.task, Train):
        return min(latest_step(unit.task.folder), unit.task.steps)
    if isinstance(unit.task, Sample) and find_manifest(unit.task.folder) is not None:
        return open_run(unit.task.folder).n_drawn()
    return 0


def _pretrained(task: Pretrain) -> State:
    if not task.folder.exists():
        return State.MISSING
    check_model_folder(task.folder)
    _check_settings(task.folder, _read(task.folder / _PRETRAINING).get("settings", {}), task.settings)
    return State.DONE


def _trained(task: Train) -> State:
    if not task.folder.exists():
        return State.MISSING
    _check_settings(task.folder, _read(task.folder / _TRAINING), {**task.settings, "seed": task.seed})
    if (task.folder / COLLAPSED).exists():
        return State.COLLAPSED
    reached = latest_step(task.folder)
    for step in task.measured:
        if step < reached and not step_folder(task.folder, step).exists():
            raise StoreError(
                f"{task.folder}: expected its model of step {step}, found it gone though the training is at step "
                f"{reached}; measure another step, or remove the folder to train again"
            )
    done = reached >= task.steps and (task.folder / "final").exists()
    return State.DONE if done else State.MISSING


def _read(file: Path) -> dict[str, Any]:
    """Read what a folder was made with; nothing where it was only begun."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _check_settings(folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise BadInput if what lies in a folder was made with other settings; what writes checkpoints is none of them."""
    for name, value in wanted.items():
        if name in found and name != "checkpoint_every" and found[name] != value:
            raise BadInput(
                f"{folder}: expected {name} = {value!r}, as the experiment says now, got one made with "
                f"{found[name]!r}; give back the old value, rename the arm or base, or remove the folder and its runs"
            )


def _sampled(task: Sample) -> State:
    manifest = find_manifest(task.folder)
    if manifest is None:
        return State.MISSING
    problem_set = task.problem_set
    wanted = settled(task.spec, problem_set)
    for field in dataclasses.fields(wanted):
        old, new = getattr(manifest.spec, field.name), getattr(wanted, field.name)
        if old != new:
            raise StoreError(
                f"{task.folder}: expected {field.name} = {new!r}, as the experiment says now, got a run made with "
                f"{old!r}; give back the old value, or remove the run"
            )
    if task.model.exists() and manifest.engine.get("weights_hash") != weights_hash(task.model):
        raise StoreError(
            f"{task.folder}: expected a run of the model in {task.model}, got one of other weights; remove the run"
        )
    if manifest.rule != task.rule:
        return State.MISSING
    if manifest.problems_hash != problem_set.hash:
        problems_to_ask(task.folder, problem_set.problems)  # raises where it is no longer the same set
        return State.MISSING
    lack = open_run(task.folder).shortfall()
    return State.MISSING if lack.problems_owing or lack.unjudged else State.DONE
