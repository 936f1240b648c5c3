"""A whole experiment on a tiny base: what it makes, what a rerun makes, and what failures leave."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from beyondbase.errors import BadInput, StoreError
from beyondbase.experiment.folders import FAILURES, TIMINGS, Folders
from beyondbase.experiment.foresight import Foresight, foresee
from beyondbase.experiment.lock import runner_lock
from beyondbase.experiment.resolved import claim
from beyondbase.experiment.runner import Ran, run_experiment
from beyondbase.experiment.timings import read_rates
from beyondbase.experiment.units import UnitKind, units_of
from beyondbase.store import open_run
from tests.experiment.conftest import GRPO, SETS, SFT, SHORT, TINY, Make

# the learning rate destroys it
BROKEN = """
[arms.broken]
steps = 15
measured_steps = [1, 15]
problems_per_step = 16
samples_per_problem = 16
learning_rate = 0.03
seeds = [0]
sets = ["held-out"]
"""
# a base that solves nothing has no correct samples to imitate
HOPELESS = SFT.replace("arms.sft", "arms.hopeless").replace('"shipped"', '"tiny"')
WHOLE = SETS + TINY + GRPO + SHORT + SFT + BROKEN + HOPELESS


class Made:
    """The experiment after one call, with what was foreseen before and told during it."""

    folders: Folders
    foreseen: Foresight
    ran: Ran
    told: list[tuple[str, int, int, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder, made = tmp_path_factory.mktemp("whole"), Made()
    (folder / "study.toml").write_text(WHOLE)
    made.folders, made.told = claim(folder / "study.toml", folder / "experiment"), []
    made.foreseen = foresee(made.folders, workers=2)
    made.ran = run_experiment(made.folders, 2, lambda *said: made.told.append((*said, "")[:4]))
    return made


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".lock")]
    return {str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_everything_is_made_but_what_cannot_be(made: Made) -> None:
    assert [failure.unit for failure in made.ran.failures] == [
        "train hopeless seed 0",
        "sample held-out hopeless seed 0 step 2",
    ]
    why, not_reached = (failure.why for failure in made.ran.failures)
    assert "expected samples that countdown-1 found correct, found none to imitate" in why
    assert not_reached == "not reached: needs train hopeless seed 0, which failed"
    assert made.ran.collapsed == ("train broken seed 0",)
    runs = {path.parent for path in made.folders.root.rglob("manifest.json")}
    asked = {unit.task.folder for unit in units_of(made.folders) if unit.kind is UnitKind.SAMPLE}
    gone = {made.folders.arm_run("held-out", arm, 0, step) for arm, step in (("broken", 15), ("hopeless", 2))}
    assert runs == asked - gone
    for run in runs:
        assert not open_run(run).shortfall().problems_owing
    assert json.loads((made.folders.root / FAILURES).read_text())[0]["unit"] == "train hopeless seed 0"


def test_a_collapse_is_kept_with_its_step_and_the_models_before_it_are_measured(made: Made) -> None:
    training = made.folders.training("broken", 0)
    collapsed = json.loads((training / "collapsed.json").read_text())
    log = [json.loads(line) for line in (training / "metrics.jsonl").read_text().splitlines()]
    assert 5 < collapsed["step"] == log[-1]["step"] < 15
    assert f"collapsed at step {collapsed['step']}" in collapsed["why"]
    assert open_run(made.folders.arm_run("held-out", "broken", 0, 1)).counts().n_P.tolist() == [8] * 4


def test_the_dry_run_foresaw_what_was_then_done(made: Made) -> None:
    foreseen = {work.kind: work for work in made.foreseen.work}
    assert made.foreseen.seconds is None
    assert all(work.missing == work.units for work in made.foreseen.work)
    units, root = units_of(made.folders), made.folders.root
    assert sum(work.units for work in made.foreseen.work) == len(units)
    ended = Counter(timing.kind for timing in read_rates(root / TIMINGS).timings)
    # one SFT failed; one run would be of a model past the collapse, one of the SFT that failed
    wanted = {work.kind: work.units for work in made.foreseen.work}
    assert ended == {kind: n - {UnitKind.SFT: 1, UnitKind.SAMPLE: 2}.get(kind, 0) for kind, n in wanted.items()}
    steps = [len(path.read_text().splitlines()) for path in root.glob("trainings/[gb]*/*/metrics.jsonl")]
    left_out = 15 - json.loads((made.folders.training("broken", 0) / "collapsed.json").read_text())["step"]
    assert sum(steps) == foreseen[UnitKind.RL].steps - left_out == 2 * 3 + 15 - left_out
    assert foreseen[UnitKind.RL].rollouts == 2 * 3 * 8 + 15 * 256
    drawn = [open_run(path.parent).n_drawn() for path in root.rglob("manifest.json")]
    assert sum(drawn) <= foreseen[UnitKind.SAMPLE].samples == 64 + 64 + 32 * (2 + 2 * 3 + 1 + 2 + 1)


def test_a_rerun_tries_what_failed_and_touches_nothing_else(made: Made) -> None:
    before = tree(made.folders.root)
    again = run_experiment(made.folders, 1)
    assert (again.made, again.failures, again.collapsed) == (0, made.ran.failures, made.ran.collapsed)
    after = tree(made.folders.root)
    changed = {name for name in after if before.get(name) != after[name]}
    assert set(before) <= set(after)
    assert all(name == FAILURES or name.startswith("trainings/hopeless/") for name in changed)


def test_progress_counts_units_and_says_what_each_worker_does(made: Made) -> None:
    units = [(done, total) for stage, done, total, _ in made.told if stage == "units"]
    assert units[0] == (0, len(units_of(made.folders)))
    assert units[-1] == (len(units_of(made.folders)),) * 2
    assert units == sorted(units)
    assert {stage for stage, *_ in made.told if stage.startswith("worker")} <= {"worker 1", "worker 2"}
    assert any("train grpo seed" in note for _, _, _, note in made.told)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("train_problems = 16", "train_problems = 8", "trainings/grpo/seed-0: expected train_problems = 8"),
        ("layers = 1", "layers = 2", "bases/tiny: expected layers = 2"),
        ("n_max = 8", "n_max = 8\ntemperature = 0.5", "expected temperature = 0.5"),
        ("limit = 4", "limit = 3", "expected all problems of this run"),
        ("steps = 3\nmeasured_steps = [1, 3]", "steps = 3\nmeasured_steps = [1, 3]\nalgorithm = 'ppo'", "'grpo'"),
    ],
)
def test_work_made_with_other_settings_is_refused_before_anything_is_done(
    made: Made, old: str, new: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(WHOLE.replace(old, new))
    before = tree(made.folders.root / "runs")
    other = claim(tmp_path / "study.toml", made.folders.root)
    with pytest.raises(BadInput, match=said.replace("[", r"\[")):
        run_experiment(other, 1)
    assert tree(made.folders.root / "runs") == before


def test_a_longer_training_and_more_problems_go_on_from_what_is_there(made: Made, tmp_path: Path) -> None:
    more = WHOLE.replace("steps = 3\nmeasured_steps = [1, 3]", "steps = 4\nmeasured_steps = [1, 3, 4]")
    (tmp_path / "study.toml").write_text(more.replace("seeds = [0, 1]", "seeds = [0]").replace(HOPELESS, ""))
    begun = made.folders.training("grpo", 0) / "checkpoints" / "step-000003" / "model.safetensors"
    before = (begun.stat().st_mtime_ns, begun.read_bytes())
    longer = claim(tmp_path / "study.toml", made.folders.root)
    foreseen = {work.kind: work for work in foresee(longer, 1).work}
    assert (foreseen[UnitKind.RL].missing, foreseen[UnitKind.RL].steps) == (1, 1)
    assert foreseen[UnitKind.SAMPLE].missing == 1
    ran = run_experiment(longer, 1)
    assert (ran.made, ran.failures) == (2, ())
    assert (begun.stat().st_mtime_ns, begun.read_bytes()) == before
    assert len((longer.training("grpo", 0) / "metrics.jsonl").read_text().splitlines()) == 4


def test_two_runners_do_not_share_an_experiment(make: Make) -> None:
    folders = make(SETS, TINY, GRPO)
    with runner_lock(folders.root), pytest.raises(StoreError, match="another process runs this experiment"):
        run_experiment(folders, 1)
