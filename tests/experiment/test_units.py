"""The work as units: what is shared, what comes first, and what takes how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.experiment.schedule import Schedule
from beyondbase.experiment.state import State
from beyondbase.experiment.timings import Rates, Timing, append_timing, read_rates, time_left
from beyondbase.experiment.units import Sample, Train, Unit, UnitKind, units_of
from tests.experiment.conftest import GRPO, SETS, SFT, SHORT, TINY, Make

WHOLE = SETS + TINY + GRPO + SHORT + SFT


def by_name(units: tuple[Unit, ...]) -> dict[str, Unit]:
    named = {unit.name: unit for unit in units}
    assert len(named) == len(units)
    return named


def test_arms_equal_but_for_their_steps_share_one_training_of_the_longest(make: Make) -> None:
    folders = make(WHOLE)
    units = by_name(units_of(folders))
    trainings = {name: unit.task for name, unit in units.items() if isinstance(unit.task, Train)}
    assert set(trainings) == {"train grpo seed 0", "train grpo seed 1", "train sft seed 0"}
    shared = trainings["train grpo seed 0"]
    assert (shared.steps, shared.measured) == (3, (1, 2, 3))
    assert folders.training("short", 1) == folders.training("grpo", 1) == folders.root / "trainings" / "grpo" / "seed-1"
    assert folders.arm_run("held-out", "short", 0, 2).parts[-4:] == ("held-out", "grpo", "seed-0", "step-000002")


@pytest.mark.parametrize("other", ["kl = 0.1", 'algorithm = "rloo"', "mix_from = 'shipped'", "train_problems = 8"])
def test_arms_that_differ_in_anything_else_share_nothing(make: Make, other: str) -> None:
    short = SHORT.replace("train_problems = 16\n", "") if "train" in other else SHORT
    folders = make(SETS, TINY, GRPO, short, f"{other}\n")
    assert folders.training("short", 0) != folders.training("grpo", 0)


def test_how_often_a_training_writes_a_checkpoint_does_not_make_it_another(make: Make) -> None:
    folders = make(SETS, TINY, GRPO, SHORT, "checkpoint_every = 1\n")
    assert folders.training("short", 0) == folders.training("grpo", 0)


@pytest.mark.parametrize(("measured", "kept"), [((150, 300, 450), 50), ((1, 3), 1), ((20, 60), 10), ((7,), 1)])
def test_a_training_keeps_every_model_that_is_measured(measured: tuple[int, ...], kept: int, tmp_path: Path) -> None:
    task = Train(tmp_path, "rl", tmp_path, {}, measured[-1], measured, 0, None)  # type: ignore[arg-type]
    assert task.keep_every == kept
    assert all(step % task.keep_every == 0 for step in measured)


def test_what_a_unit_needs_stands_before_it(make: Make) -> None:
    units = units_of(make(WHOLE))
    place = {unit.name: i for i, unit in enumerate(units)}
    for unit in units:
        assert all(place[need] < place[unit.name] for need in unit.needs)
    needs = by_name(units)
    assert needs["train sft seed 0"].needs == ("pretrain tiny", "sample training shipped")
    assert needs["sample held-out grpo seed 1 step 2"].needs == ("train grpo seed 1",)
    assert needs["sample held-out tiny"].needs == ("pretrain tiny",)


def test_each_model_is_sampled_once_on_a_set_with_a_seed_of_its_own(make: Make) -> None:
    samples = [unit.task for unit in units_of(make(WHOLE)) if isinstance(unit.task, Sample)]
    assert len({task.folder for task in samples}) == len(samples) == 1 + 1 + 2 * 3 + 1
    assert len({task.spec.seed for task in samples}) == len(samples)
    assert {(task.spec.temperature, task.rule) for task in samples if task.problems == "countdown"} == {
        (1.0, samples[1].rule)
    }


def test_a_set_may_have_sampling_of_its_own(make: Make) -> None:
    units = by_name(units_of(make(WHOLE.replace("limit = 4", "limit = 4\nn_max = 16\ntemperature = 0.6"))))
    task = units["sample held-out tiny"].task
    assert isinstance(task, Sample)
    assert (task.rule.n_max, task.rule.stop_at, task.spec.temperature, task.most) == (16, 4, 0.6, 64)


def test_the_longest_chain_comes_first_and_a_failure_stops_what_needs_it_alone(make: Make) -> None:
    units = units_of(make(WHOLE))
    rates = Rates(tuple(Timing("", kind.value, "", 1, 1.0) for kind in UnitKind))
    schedule = Schedule(units, rates)
    first, second = schedule.next_unit(), schedule.next_unit()
    assert first is not None
    assert second is not None
    # two steps of SFT and its samples wait for these 64 samples, more than for 3 steps of pretraining
    assert (first.name, second.name) == ("sample training shipped", "pretrain tiny")
    assert schedule.next_unit() is None
    schedule.failed(first, "why")
    assert set(schedule.failures) == {
        "sample training shipped",
        "train sft seed 0",
        "sample held-out sft seed 0 step 2",
    }
    schedule.ended(second, State.DONE)
    following = schedule.next_unit()
    assert following is not None
    assert following.name == "train grpo seed 0"


def test_samples_of_a_model_that_a_collapsed_training_did_not_reach_are_dropped_and_no_failure(make: Make) -> None:
    folders = make(SETS, TINY, GRPO)
    schedule = Schedule(units_of(folders), Rates())
    units = by_name(tuple(schedule.units))
    folders.model("grpo", 0, 1).mkdir(parents=True)
    schedule.ended(units["pretrain tiny"], State.DONE)
    schedule.ended(units["train grpo seed 0"], State.COLLAPSED)
    assert "sample held-out grpo seed 0 step 1" in schedule.left
    assert "sample held-out grpo seed 0 step 3" not in schedule.left
    assert not schedule.failures


def test_the_time_left_is_that_of_the_work_shared_and_no_less_than_the_longest_chain(make: Make) -> None:
    units = units_of(make(SETS, TINY, GRPO))
    left = {unit.name: unit.size for unit in units}
    kinds = {UnitKind.PRETRAIN: 1.0, UnitKind.RL: 10.0, UnitKind.SAMPLE: 0.5}
    rates = Rates(tuple(Timing("", kind.value, "", 1, seconds) for kind, seconds in kinds.items()))
    work = 3 + 2 * 3 * 10 + 5 * 32 * 0.5
    assert time_left(units, left, rates, 1) == pytest.approx(work)
    assert time_left(units, left, rates, 2) == pytest.approx(work / 2)
    assert time_left(units, left, rates, 100) == pytest.approx(3 + 30 + 16)
    assert time_left(units, left, Rates(rates.timings[:2]), 1) is None
    assert time_left(units, {}, Rates(), 1) == 0


def test_timings_are_read_back_but_for_a_line_that_a_kill_tore(tmp_path: Path) -> None:
    file = tmp_path / "timings.jsonl"
    first, second = Timing("a", "rl", "g", 3, 1.5), Timing("b", "rl", "g", 0, 0.5)
    append_timing(file, first)
    with file.open("a") as lines:
        lines.write('{"unit": "torn')
    append_timing(file, second)
    assert read_rates(file).timings == (first, second)
