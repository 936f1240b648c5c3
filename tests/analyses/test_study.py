from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.comparable import check_comparable
from beyondbase.analyses.examples import choose
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.health import without_stops
from beyondbase.analyses.profile import profile
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store.run_store import Run
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

N_PROBLEMS = 24
PROBLEMS = tuple(
    Problem(f"p{i}", f"question {i}", json.dumps({"answer": str(i)}), {"level": str(i % 2), "kind": "x"}, n_solutions=2)
    for i in range(N_PROBLEMS)
)
SPEC = SamplingSpec(template="plain", seed=1)


def sampled(path: Path, rates: list[float], spec: SamplingSpec, stop_at: int | None) -> Run:
    names = [problem.problem_id for problem in PROBLEMS]
    engine = ScriptedEngine(
        dict(zip(names, rates, strict=True)),
        {name: str(i) for i, name in enumerate(names)},
        faults=Faults(no_answer=0.1, truncated=0.05, failed=0.01),
    )
    rule = DrawRule(n_max=64, stop_at=stop_at, n_first=16)
    return sample_run(path, ProblemSet("toy", PROBLEMS), engine, spec, rule, ExactMatch())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    folder = tmp_path_factory.mktemp("runs")
    base = sampled(folder / "base", [0.1] * N_PROBLEMS, SPEC, stop_at=4)
    rl_rates = [0.0] * 12 + [0.9] * 12
    return base, sampled(folder / "rl", rl_rates, dataclasses.replace(SPEC, seed=2), stop_at=4)


@pytest.fixture(scope="module")
def study(runs: tuple[Run, Run]) -> StudyAnalysis:
    return bb.analyze(*runs)


def test_a_study_gives_the_same_bytes_each_time_and_names_no_path(runs: tuple[Run, Run], study: StudyAnalysis) -> None:
    text = study.to_json()
    assert bb.analyze(*runs).to_json() == text
    assert str(runs[0].path) not in text
    assert bb.from_json(text).to_json() == text


def test_the_comparison_is_that_of_the_runs_counts(runs: tuple[Run, Run], study: StudyAnalysis) -> None:
    alone = bb.compare(*(run.counts() for run in runs))
    assert study.comparison.curves.equals(alone.curves)
    assert study.comparison.verdict.sentence == alone.verdict.sentence
    assert any("truncated" in fact for fact in study.comparison.verdict.rests_on)


def test_the_extrapolation_and_the_profile_are_those_of_the_runs_and_the_verdict_is_the_same_without_them(
    runs: tuple[Run, Run], study: StudyAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, rl = (run.counts() for run in runs)
    assert study.extrapolation is not None and study.profile is not None
    assert not {"extrapolation", "profile"} & study.not_made.keys()
    assert study.extrapolation.to_json() == extrapolate(base, rl).to_json()
    assert study.profile.to_json() == profile(*runs).to_json()

    def refused(*_: object, **__: object) -> None:
        raise bb.BadInput("expected more, got less")

    for name in ("extrapolate", "profile"):
        monkeypatch.setattr(f"beyondbase.analyses.study.{name}", refused)
    without = bb.analyze(*runs)
    assert without.extrapolation is None and without.profile is None
    refusals = dict.fromkeys(("extrapolation", "profile"), "expected more, got less")
    assert without.not_made == dict(study.not_made) | refusals
    assert without.comparison.to_json() == study.comparison.to_json()


def test_where_too_little_was_drawn_to_extrapolate_the_study_says_so(tmp_path: Path) -> None:
    runs = [
        sampled(tmp_path / name, [0.0] * N_PROBLEMS, dataclasses.replace(SPEC, seed=seed), stop_at=None)
        for seed, name in enumerate(("base", "rl"))
    ]
    study = bb.analyze(*runs)
    assert study.extrapolation is None and study.profile is not None
    assert "expected a problem that the base solved, got none" in study.not_made["extrapolation"]
    assert bb.from_json(study.to_json()).to_json() == study.to_json()


def test_health_shares_add_up_and_correct_is_pass_at_1(runs: tuple[Run, Run], study: StudyAnalysis) -> None:
    for run, health in zip(runs, (study.base_health, study.rl_health), strict=True):
        assert health.correct + health.wrong + health.no_answer + health.truncated == pytest.approx(1)
        assert health.correct == pytest.approx(bb.pass_at_k(run.counts(), 1)[0])
        assert health.samples == run.counts().n_P.sum() <= health.drawn
        assert health.problems == N_PROBLEMS
        assert 0.02 < health.truncated < 0.1


def test_the_share_of_a_fault_is_unbiased_under_the_stopping_rule() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for problem in range(3000):
        right = 0
        for index in range(40):
            verdict = rng.choice(["correct", "wrong", "truncated"], p=[0.3, 0.5, 0.2])
            rows.append((f"{problem}", index, str(verdict)))
            right += verdict == "correct"
            if right == 2:
                break
    counted = pl.DataFrame(rows, schema=["problem_id", "sample_index", "verdict"], orient="row")
    kept = without_stops(counted, 2)
    share = kept.group_by("problem_id").agg((pl.col("verdict") == "truncated").mean())["verdict"].mean()
    assert share == pytest.approx(0.2, abs=0.02)


def test_examples_are_distinct_correct_first_and_of_both_models(study: StudyAnalysis) -> None:
    shown = study.examples
    assert set(shown["model"]) == {"base", "rl"}
    assert set(shown["problem_id"]) == {problem.problem_id for problem in PROBLEMS}
    for (problem_id, _), rows in shown.group_by("problem_id", "model", maintain_order=True):
        assert 1 <= rows.height <= 4
        correct = (rows["verdict"] == "correct").to_list()
        assert correct == sorted(correct, reverse=True)
        assert set(rows.filter(rows["verdict"] == "correct")["text"]) <= {str(problem_id)[1:]}


def test_choosing_examples_keeps_three_correct_answers_and_room_for_a_wrong_one() -> None:
    answers = ["a", "a", "b", "c", "d", "x", "x", ""]
    verdicts = ["correct"] * 5 + ["wrong", "wrong", "no_answer"]
    rows = pl.DataFrame({"problem_id": "p", "sample_index": range(8), "verdict": verdicts, "answer": answers})
    assert choose(rows)["sample_index"].to_list() == [0, 2, 3, 5]
    assert choose(rows.reverse()).equals(choose(rows))
    assert choose(rows.tail(3))["sample_index"].to_list() == [5, 7]


def test_settings_hold_both_runs_and_problems_their_strata(study: StudyAnalysis) -> None:
    settings = {row["setting"]: (row["base"], row["rl"]) for row in study.settings.iter_rows(named=True)}
    assert settings["sampling.seed"] == ("1", "2")
    assert settings["rule.stop_at"] == ("4", "4")
    assert study.problems["strata"][1] == "kind: x, level: 1"


def test_path_coverage_uses_the_samples_that_every_problem_has(study: StudyAnalysis) -> None:
    assert study.paths is not None
    assert study.paths.n == 16
    found = study.paths.problems["rl_found"].sum() / (2 * N_PROBLEMS)
    assert study.paths.curves["rl"][-1] == pytest.approx(found)
    assert study.paths.curves["rl"].is_sorted()


def test_a_fixed_rule_covers_paths_up_to_its_n(tmp_path: Path) -> None:
    base = sampled(tmp_path / "base", [0.1] * N_PROBLEMS, SPEC, stop_at=None)
    rl = sampled(tmp_path / "rl", [0.5] * N_PROBLEMS, dataclasses.replace(SPEC, seed=2), stop_at=None)
    study = bb.analyze(base, rl, training=pl.DataFrame({"step": [1]}))
    assert study.paths is not None
    assert study.paths.n == 64
    assert study.training is not None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("problems", {"problems_hash": "other"}),
        ("template", {"template_hash": "other"}),
        ("template", {"spec": dataclasses.replace(SPEC, seed=2, template="chat")}),
        ("add_bos", {"spec": dataclasses.replace(SPEC, seed=2, add_bos=True)}),
        ("stop", {"spec": dataclasses.replace(SPEC, seed=2, stop=("END",))}),
        ("max_tokens", {"spec": dataclasses.replace(SPEC, seed=2, max_tokens=9)}),
        ("verifier", {"verifier": "other-2"}),
        ("seed", {"spec": SPEC}),
    ],
)
def test_a_difference_that_would_spoil_the_comparison_is_refused_and_can_be_allowed(
    runs: tuple[Run, Run], name: str, change: dict[str, object]
) -> None:
    base, rl = runs[0].manifest, dataclasses.replace(runs[1].manifest, **change)  # type: ignore[arg-type]
    with pytest.raises(bb.NotComparable, match=f"^{name}: expected .*--allow-unequal {name}$"):
        check_comparable(base, rl, frozenset())
    assert list(check_comparable(base, rl, frozenset({name}))) == [name]


def test_temperature_may_differ_and_an_unknown_name_may_not(runs: tuple[Run, Run]) -> None:
    base, rl = (run.manifest for run in runs)
    hot = dataclasses.replace(rl, spec=dataclasses.replace(rl.spec, temperature=1.0))
    assert check_comparable(base, hot, frozenset()) == {}
    with pytest.raises(bb.BadInput, match="'temprature'"):
        check_comparable(base, hot, frozenset({"temprature"}))
