"""kill -9 in the middle of an experiment, twice: the rerun does only what is missing, and ends in the same bytes."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from beyondbase.experiment.folders import TIMINGS
from beyondbase.experiment.lock import runner_lock
from beyondbase.experiment.resolved import claim
from beyondbase.experiment.state import State, state_of
from beyondbase.experiment.timings import read_rates
from beyondbase.experiment.units import units_of
from beyondbase.store import open_run
from tests.experiment.conftest import GRPO, SETS, SFT, SHORT, TINY
from tests.experiment.killed import ended, killed, start

# enough steps and samples that a kill finds some of them half done
LONGER = GRPO.replace("steps = 3", "steps = 8").replace("[1, 3]", "[4, 8]") + "checkpoint_every = 2\n"
STUDY = SETS.replace("n_max = 8", "n_max = 64") + TINY + LONGER + SHORT + "checkpoint_every = 2\n" + SFT


def content(root: Path) -> dict[str, str]:
    """Everything that was learned: logs, weights, and the rows of runs, in whatever parts they lie."""
    logs = {path: path.read_bytes() for path in root.glob("trainings/*/*/metrics.jsonl")}
    weights = {path: path.read_bytes() for path in root.glob("**/model.safetensors")}
    found = {str(path.relative_to(root)): hashlib.sha256(text).hexdigest() for path, text in (logs | weights).items()}
    for manifest in root.glob("runs/**/manifest.json"):
        run = open_run(manifest.parent)
        key = ["problem_id", "sample_index"]
        rows = [frame.collect().sort(key).drop("run_id", strict=False) for frame in (run.samples(), run.verdicts())]
        found[str(manifest.parent.relative_to(root))] = repr([frame.rows() for frame in rows])
    return found


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if ".lock" not in path.name and path.is_file()}


@pytest.mark.slow
def test_an_experiment_that_was_killed_twice_ends_as_one_that_was_not(tmp_path: Path) -> None:
    study, rng = tmp_path / "study.toml", random.Random(0)
    study.write_text(STUDY)
    assert start(study, tmp_path / "whole").wait() == 0
    out = tmp_path / "killed"
    for _ in range(2):
        assert killed(study, out, units=rng.randint(1, 3), after_s=rng.random())
    folders = claim(study, out)
    with runner_lock(out):  # waits until the workers are gone
        done = [unit for unit in units_of(folders) if state_of(unit) is State.DONE]
        before = {unit.name: stamps(unit.task.folder) for unit in done}
    told = {timing.unit for timing in read_rates(out / TIMINGS).timings}
    assert told <= set(before)
    assert 0 < len(before) < len(units_of(folders))
    n_before = len(ended(out))
    assert start(study, out).wait() == 0
    assert before == {unit.name: stamps(unit.task.folder) for unit in done}
    again = {timing.unit for timing in read_rates(out / TIMINGS).timings[n_before:]}
    assert again == {unit.name for unit in units_of(folders)} - set(before)
    assert content(out) == content(tmp_path / "whole")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_workers_end_with_a_killed_runner_and_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    study, out = tmp_path / "study.toml", tmp_path / "out"
    study.write_text(STUDY)
    process = start(study, out)
    while not (out / "trainings").exists():
        time.sleep(0.02)
    workers = [pid for pid in children(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait() == 0
    assert all(state_of(unit) is State.DONE for unit in units_of(claim(study, out)))
    other = tmp_path / "other"
    process = start(study, other)
    while not (other / "trainings").exists():
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with runner_lock(other):  # raises if a worker is still at work
        assert any(state_of(unit) is State.MISSING for unit in units_of(claim(study, other)))
