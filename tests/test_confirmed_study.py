"""A study whose one-sided problems are confirmed on fresh samples, with engines whose rates are known."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.errors import StoreError
from beyondbase.pipeline import Study, analysis, analyze_runs, compare_checkpoints
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import open_run
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

IDS = ["gained", *(f"tiny{i}" for i in range(12)), "both"]
PROBLEMS = ProblemSet("few", tuple(Problem(i, f"question {i}", f'{{"answer": "{i}"}}') for i in IDS))
ANSWERS = {i: f"answer: {i}" for i in IDS}
TINY = {i: 0.004 for i in IDS if i.startswith("tiny")}
BASE_RATES = {"gained": 0.0, "both": 0.5, **TINY}
RL_RATES = {"gained": 0.02, "both": 0.6, **TINY}
FRESH = DrawRule(n_max=1500, stop_at=6, n_first=32)
Load = Callable[[], ScriptedEngine]


class Killed(Exception):
    pass


class Mortal(ScriptedEngine):
    """Dies after that many samples."""

    left = 10**9

    def _complete(self, request, spec):  # type: ignore[no-untyped-def]
        Mortal.left -= 1
        if Mortal.left < 0:
            raise Killed
        return super()._complete(request, spec)


def base_engine() -> ScriptedEngine:
    return Mortal(BASE_RATES, ANSWERS)


def rl_engine() -> ScriptedEngine:
    return Mortal(RL_RATES, ANSWERS)


def study(path: Path, confirm: DrawRule | None = FRESH, n_max: int = 200) -> Study:
    rule = DrawRule(n_max=n_max, stop_at=4, n_first=16)
    return Study(path, PROBLEMS, ExactMatch(), SamplingSpec(seed=3), rule, confirm=confirm)


def compared(path: Path, confirm: DrawRule | None = FRESH, n_max: int = 200) -> StudyAnalysis:
    return compare_checkpoints(study(path, confirm, n_max), base_engine, rl_engine)


@pytest.fixture(scope="module", autouse=True)
def _without_figures() -> Iterator[None]:
    """The report is drawn elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(analysis, "write_report", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("confirmed") / "study"
    compared(path)
    return path


def test_a_real_gain_is_confirmed_and_equal_tiny_rates_are_not(whole: Path) -> None:
    comparison = analyze_runs(whole / "runs/base", whole / "runs/rl", whole).comparison
    confirmation = comparison.confirmation
    assert confirmation is not None
    one_sided = comparison.solvability.filter(comparison.solvability["cell"].is_in(["RL only", "base only"]))
    assert confirmation.problems["problem_id"].to_list() == one_sided["problem_id"].to_list()
    assert confirmation.problems["p_value"].null_count() == 0
    assert sum(i.startswith("tiny") for i in confirmation.problems["problem_id"]) >= 2
    sure = confirmation.problems.filter("confirmed")
    assert sure["problem_id"].to_list() == ["gained"]
    assert (sure["base_c"][0], sure["base_n"][0]) == (0, 1500)
    assert comparison.escalation is None


def test_analysing_again_finds_the_fresh_runs_samples_nothing_and_gives_the_same_bytes(whole: Path) -> None:
    before = (whole / "analysis.json").read_bytes()
    drawn = [open_run(path.parent).n_drawn() for path in sorted(whole.glob("runs/confirm-*/*/manifest.json"))]
    assert len(drawn) == 2
    analyze_runs(whole / "runs/base", whole / "runs/rl", whole)
    assert (whole / "analysis.json").read_bytes() == before
    Mortal.left = 0  # any request to the engine would raise
    try:
        compared(whole)
        compared(whole, confirm=None)
    finally:
        Mortal.left = 10**9
    assert (whole / "analysis.json").read_bytes() == before


def test_a_confirmation_that_was_killed_is_said_to_be_open_and_ends_in_the_same_bytes(
    whole: Path, tmp_path: Path
) -> None:
    path = tmp_path / "study"
    compared(path, confirm=None)
    for lives in (700, 2500, 9000):
        Mortal.left = lives
        try:
            compared(path)
        except Killed:
            with pytest.raises(StoreError, match=r"--confirm|owe samples"):
                analyze_runs(path / "runs/base", path / "runs/rl", path)
        finally:
            Mortal.left = 10**9
    compared(path)
    assert (path / "analysis.json").read_bytes() == (whole / "analysis.json").read_bytes()


def test_other_one_sided_problems_get_fresh_samples_of_their_own_and_the_old_ones_count(
    whole: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(whole, tmp_path / "study"))
    (first,) = path.glob("runs/confirm-*")
    longer = compared(path, confirm=None, n_max=300).comparison
    old = [problem.problem_id for problem in open_run(first / "base").problems()]
    now = longer.solvability.filter(longer.solvability["cell"].is_in(["RL only", "base only"]))["problem_id"].to_list()
    new = [i for i in now if i not in old]
    assert new, "the larger n_max changed which problems are one-sided"
    assert longer.confirmation is not None and longer.escalation is not None
    assert (
        longer.confirmation.problems.filter(longer.confirmation.problems["p_value"].is_null())["problem_id"].to_list()
        == new
    )
    again = compared(path, n_max=300).comparison
    assert again.confirmation is not None and again.escalation is None
    assert again.confirmation.problems["problem_id"].to_list() == now
    assert again.confirmation.problems["p_value"].null_count() == 0
    (second,) = set(path.glob("runs/confirm-*")) - {first}
    assert [problem.problem_id for problem in open_run(second / "rl").problems()] == new


def test_fresh_runs_of_another_model_are_left_out(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(whole, tmp_path / "study"))
    other = ScriptedEngine(RL_RATES | {"both": 0.7}, ANSWERS)
    shutil.rmtree(path / "runs" / "rl")
    result = compare_checkpoints(study(path, None), base_engine, lambda: other).comparison
    assert result.confirmation is None
    assert result.escalation is not None


def test_four_seeds_are_in_use_and_one_engine_at_a_time(tmp_path: Path) -> None:
    stages: list[str] = []
    compare_checkpoints(
        replace(study(tmp_path / "study"), confirm=replace(FRESH, n_max=64)),
        base_engine,
        rl_engine,
        progress=lambda stage, done, total, note="": stages.append(stage),
    )
    samples = list(dict.fromkeys(stage for stage in stages if stage.startswith("sample")))
    assert samples == ["sample base", "sample rl", "sample confirm base", "sample confirm rl"]
    runs = [open_run(path.parent) for path in (tmp_path / "study" / "runs").rglob("manifest.json")]
    assert len({run.manifest.spec.seed for run in runs}) == len(runs) == 4
