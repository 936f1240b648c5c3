"""The grid of temperatures, from engines whose success rates and entropies at each temperature are known."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import beyondbase as bb
from beyondbase.analyses.results import StudyAnalysis, Tuning
from beyondbase.pipeline import Power, Study, Sweep, analysis, analyze_runs, compare_checkpoints
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

N = 40
PROBLEMS = ProblemSet(
    "toy", tuple(Problem(f"p{i}", f"question {i}", json.dumps({"answer": f"a{i}"})) for i in range(N))
)
ANSWERS = {f"p{i}": f"a{i}" for i in range(N)}
SPEC = SamplingSpec(temperature=1.0, top_p=1.0, max_tokens=32, seed=5)
RULE = DrawRule(n_max=64, stop_at=None)


@dataclass
class Tempered:
    """Right at a rate that the temperature decides, drawn with an entropy of `free` nats a degree."""

    rates: Mapping[float, float]
    free: float | None
    name: str
    power_alpha: float | None = None

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        told = {"model": self.name, "weights_hash": f"weights of {self.name}"}
        return told if self.power_alpha is None else told | {"engine": "power", "power_alpha": str(self.power_alpha)}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        nearest = min(self.rates, key=lambda t: abs(t - spec.temperature))
        engine = ScriptedEngine(dict.fromkeys(ANSWERS, self.rates[nearest]), ANSWERS)
        entropy = None if self.free is None else self.free * spec.temperature
        for request, completion in engine.generate(requests, spec):
            yield request, dataclasses.replace(completion, entropy_mean=entropy)


BASE = Tempered({0.5: 0.30, 1.0: 0.10, 1.5: 0.02}, 0.4, "base")
RL = Tempered({0.5: 0.20, 1.0: 0.25, 1.5: 0.30}, 0.2, "rl")


@pytest.fixture(scope="module", autouse=True)
def _without_figures() -> Iterator[None]:
    """The report is drawn elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(analysis, "write_report", lambda *_: None)
        yield


def made(path: Path, sweep: Sweep, base: Tempered = BASE, rl: Tempered = RL) -> StudyAnalysis:
    study = Study(path, PROBLEMS, ExactMatch(), SPEC, RULE, sweep=sweep)
    return compare_checkpoints(study, lambda: base, lambda: rl)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tuning") / "study"
    power = Power(4.0, lambda: dataclasses.replace(BASE, rates={1.0: 0.4}, power_alpha=4.0))
    made(path, Sweep((0.5, 1.0, 1.5), (), match_entropy=True, power=power))
    return path


@pytest.fixture(scope="module")
def result(whole: Path) -> Tuning:
    tuning = bb_tuning(whole)
    assert tuning is not None
    return tuning


def bb_tuning(study: Path) -> Tuning | None:
    return analyze_runs(study / "runs/base", study / "runs/rl", study).tuning


def test_the_grid_has_each_setting_once_and_the_first_runs_are_members(whole: Path, result: Tuning) -> None:
    names = sorted(path.name for path in (whole / "runs/grid").iterdir())
    assert (
        names == ["base-power4", "base-t0.5-p1", "base-t1.5-p1", "rl-t0.5-p1", "rl-t1.5-p1", "rl-t2-p1"][: len(names)]
    )
    at_1 = result.grid.filter(k=1)
    assert at_1.filter("first")["temperature"].to_list() == [1.0, 1.0]
    assert at_1.filter(model="base")["temperature"].sort().to_list() == [0.5, 1.0, 1.5]


def test_each_model_is_tuned_to_its_own_best_temperature(result: Tuning) -> None:
    chosen = {
        (row["model"], row["temperature"]): row["folds"] for row in result.chosen.filter(k=1).iter_rows(named=True)
    }
    assert chosen == {
        ("base", 0.5): 9,
        ("base", 1.0): 1,
        ("rl", 1.5): 9,
        ("rl", 1.0): 1,
    }  # the first fold: the first runs
    assert result.tuned is not None
    first, tuned = (result.tuned.curves.filter(k=1)[name][0] for name in ("base", "rl"))
    assert [first, tuned] == pytest.approx([0.9 * 0.30 + 0.1 * 0.10, 0.9 * 0.30 + 0.1 * 0.25], abs=0.02)


def test_rl_at_equal_entropy_is_not_made_up_where_no_run_encloses_it(result: Tuning) -> None:
    assert result.matched is None
    assert "0.300 nats a token and the base 0.400" in result.missing["equal token entropy"]


def test_rl_is_drawn_where_its_entropy_is_that_of_the_base(tmp_path: Path) -> None:
    tuning = made(tmp_path, Sweep((0.5, 2.5), match_entropy=True)).tuning
    assert tuning is not None and tuning.matched is not None
    assert tuning.matched.temperature == 2.0
    assert tuning.matched.entropy == pytest.approx(tuning.matched.base_entropy)
    again = {path.name for path in (tmp_path / "runs/grid").iterdir()}
    made(tmp_path, Sweep((0.5, 2.5), match_entropy=True))
    assert {path.name for path in (tmp_path / "runs/grid").iterdir()} == again


def test_entropies_that_no_engine_told_are_said_to_be_missing(tmp_path: Path) -> None:
    silent = [dataclasses.replace(each, free=None) for each in (BASE, RL)]
    tuning = made(tmp_path, Sweep((0.5,), match_entropy=True), *silent).tuning
    assert tuning is not None
    assert "--engine hf" in tuning.missing["equal token entropy"]
    assert tuning.grid["mean_entropy"].null_count() == tuning.grid.height


def test_the_union_is_that_of_three_settings_at_three_times_the_budget(result: Tuning) -> None:
    assert result.union_of == 3 and result.union is not None
    assert result.union.curves["k"].to_list() == [3 * 2**i for i in range(7)]
    of_base = result.grid.filter(model="base", k=1)["pass_at_k"].to_numpy()
    # all problems have one rate here, so that the mean of products is near the product of means
    assert result.union.curves["base"][0] == pytest.approx(1 - (1 - of_base).prod(), abs=0.01)


def test_the_power_arm_stands_beside_the_first_runs(result: Tuning) -> None:
    assert result.power is not None and result.power.alpha == 4.0
    row = result.power.curves.row(0, named=True)
    assert row["power"] == pytest.approx(0.4, abs=0.05)
    assert row["over_base_lo"] > 0 and row["under_rl_hi"] < 0
    assert row["over_base"] == pytest.approx(row["power"] - row["base"])


def test_without_other_runs_the_study_says_what_would_draw_them(tmp_path: Path) -> None:
    alone = made(tmp_path, Sweep())
    assert alone.tuning is None
    assert "beyondbase study" in alone.not_made["tuning"]


def test_a_run_that_is_unfinished_is_told_and_not_taken(whole: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(whole, tmp_path / "copy")
    shutil.rmtree(copy / "runs/grid/rl-t1.5-p1/samples")
    tuning = bb_tuning(copy)
    assert tuning is not None
    assert "still owe samples" in tuning.missing["rl-t1.5-p1"]
    assert tuning.grid.filter(model="rl", k=1)["temperature"].to_list() == [1.0, 0.5]


def test_runs_of_another_model_are_none_of_these(whole: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(whole, tmp_path / "copy")
    shutil.rmtree(copy / "runs/rl")
    other = dataclasses.replace(RL, name="another")
    tuning = made(copy, Sweep(), rl=other).tuning
    assert tuning is not None
    assert tuning.grid.filter(model="rl", k=1)["temperature"].to_list() == [1.0]


def test_the_same_runs_give_the_same_bytes_and_they_are_read_back(whole: Path) -> None:
    text = (whole / "analysis.json").read_text(encoding="utf-8")
    assert bb_tuning(whole) is not None
    assert (whole / "analysis.json").read_text(encoding="utf-8") == text
    assert bb.from_json(text).to_json() == text


@pytest.mark.parametrize("sweep", [Sweep((0.0,)), Sweep((0.5,), (1.5,)), Sweep((), (0.9,)), Sweep((float("nan"),))])
def test_settings_that_cannot_be_sampled_are_refused_before_the_first_token(tmp_path: Path, sweep: Sweep) -> None:
    with pytest.raises(bb.BadInput, match=r"temperatures|top-ps"):
        made(tmp_path, sweep)
    assert not (tmp_path / "runs").exists()
