from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.guards import GuardInput, guards, guesses_of
from beyondbase.analyses.results import VerdictLabel
from beyondbase.estimators.verifier_error import Audit
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store.run_store import Run
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

N = 60
NAMES = [f"p{i}" for i in range(N)]
PROBLEMS = ProblemSet("toy", tuple(Problem(name, f"question {name}", json.dumps({"answer": name})) for name in NAMES))
LUCKY = NAMES[40:]
"""solved by RL alone, and now and then by guesses"""


class Model:
    """A scripted model of a name: the same weights, whatever the prompt brings out of them."""

    def __init__(self, name: str, rates: list[float]) -> None:
        self.name = name
        self.engine = ScriptedEngine(dict(zip(NAMES, rates, strict=True)), {each: each for each in NAMES})

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {**self.engine.settings(spec, prompts), "weights_hash": self.name}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        return self.engine.generate(requests, spec)


def sampled(path: Path, model: str, rates: list[float], *, seed: int, stop_at: int | None = None) -> Run:
    template = "plain" if path.name in ("base", "rl") else "direct"
    spec = SamplingSpec(template=template, seed=seed)
    return sample_run(path, PROBLEMS, Model(model, rates), spec, DrawRule(200, stop_at, n_first=200), ExactMatch())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "base": sampled(folder / "base", "base", [0.05] * 40 + [0.0] * 20, seed=1),
        "rl": sampled(folder / "rl", "rl", [0.5] * 40 + [0.3] * 20, seed=2),
        "direct": sampled(folder / "direct", "base", [0.5] * 20 + [0.0] * 20 + [0.03] * 20, seed=3),
        "none": sampled(folder / "none", "rl", [0.0] * N, seed=4),
        "all": sampled(folder / "all", "rl", [0.03] * N, seed=5),
    }


def test_problems_that_guesses_solve_now_and_then_are_dropped_from_both_models(runs: dict[str, Run]) -> None:
    study = bb.analyze(runs["base"], runs["rl"], given=GuardInput(base_direct=runs["direct"]))
    assert study.guards is not None
    found = study.guards.guess_filter
    assert found is not None
    counts = runs["direct"].counts()
    lucky = [name for name, c in zip(NAMES, counts.c_P.tolist(), strict=True) if 0 < c / 200 < 0.05]
    assert set(lucky) <= set(LUCKY)
    assert found.dropped["problem_id"].to_list() == lucky
    assert found.dropped["base_c"].to_list() == [counts.c_P[NAMES.index(name)] for name in lucky]
    assert found.dropped["rl_c"].null_count() == len(lucky)
    assert found.kept == N - len(lucky)
    keep = [name for name in NAMES if name not in lucky]
    alone = bb.compare(*(of_problems(runs[name].counts(), keep) for name in ("base", "rl")))
    assert found.curves.equals(alone.curves.select(found.curves.columns))
    assert found.verdict is not None
    assert found.verdict.label is alone.verdict.label


def of_problems(counts: bb.SuccessCounts, keep: list[str]) -> bb.SuccessCounts:
    rows = np.array([counts.problem_ids.index(name) for name in keep])
    return bb.SuccessCounts(keep, n=counts.n_P[rows], c=counts.c_P[rows])


def test_an_expansion_that_rests_on_lucky_problems_alone_is_none(runs: dict[str, Run]) -> None:
    plain = bb.analyze(runs["base"], runs["rl"])
    assert plain.comparison.verdict.label is VerdictLabel.EXPANDED
    assert plain.guards is None
    kept = bb.analyze(runs["base"], runs["rl"], given=GuardInput(rl_direct=runs["none"]))
    assert kept.comparison.verdict.label is VerdictLabel.EXPANDED
    dropped = bb.analyze(runs["base"], runs["rl"], given=GuardInput(rl_direct=runs["all"]))
    assert dropped.comparison.verdict.label is VerdictLabel.AHEAD_OPEN
    assert dropped.comparison.curves.equals(plain.comparison.curves)
    assert dropped.guards is not None
    assert dropped.guards.guess_filter is not None
    confirmed = plain.comparison.solvability.filter(plain.comparison.solvability["confirmed"] != "")["problem_id"]
    lost = set(dropped.guards.guess_filter.dropped["problem_id"]) & set(confirmed)
    assert lost == set(dropped.guards.guess_filter.unconfirmed) != set()


def test_where_every_problem_is_dropped_nothing_is_compared(runs: dict[str, Run]) -> None:
    study = bb.analyze(runs["base"], runs["rl"], given=GuardInput(rl_direct=runs["all"], below=0.5))
    assert study.guards is not None
    assert study.guards.guess_filter is not None
    assert study.guards.guess_filter.kept == 0
    assert study.guards.guess_filter.curves.height == 0
    assert study.guards.guess_filter.verdict is None
    assert bb.from_json(study.to_json()).to_json() == study.to_json()


def test_the_floor_is_pass_at_k_of_the_guesses_and_else_that_of_the_chance(runs: dict[str, Run]) -> None:
    given = GuardInput(base_direct=runs["direct"], chance=0.01)
    guards = bb.analyze(runs["base"], runs["rl"], given=given).guards
    assert guards is not None
    assert guards.floor is not None
    np.testing.assert_allclose(guards.floor["base"], bb.pass_at_k(runs["direct"].counts(), range(1, 201)), atol=1e-11)
    np.testing.assert_allclose(guards.floor["rl"], 1 - 0.99 ** np.arange(1, 201), atol=1e-11)
    unasked = bb.analyze(runs["base"], runs["rl"], given=GuardInput(base_direct=runs["direct"])).guards
    assert unasked is not None
    assert unasked.floor is not None
    assert unasked.floor["rl"].null_count() == 200


def test_guesses_that_stop_give_the_filter_and_the_floor_too(runs: dict[str, Run], tmp_path: Path) -> None:
    stopped = sampled(tmp_path / "stopped", "base", [0.5] * 20 + [0.0] * 40, seed=6, stop_at=4)
    guards = bb.analyze(runs["base"], runs["rl"], given=GuardInput(base_direct=stopped)).guards
    assert guards is not None
    assert guards.guess_filter is not None
    assert guards.guess_filter.kept == N


def test_an_audit_bounds_the_curves_wider_than_their_own_bands_and_moves_them_down(runs: dict[str, Run]) -> None:
    audit = Audit(right=100, right_passed=97, wrong=2000, wrong_passed=4)
    study = bb.analyze(runs["base"], runs["rl"], given=GuardInput(audit=audit))
    assert study.guards is not None
    found, plain = study.guards.audit, study.comparison.curves
    assert found is not None
    assert (found.false_positive, found.sensitivity) == (0.002, 0.97)
    assert found.false_positive_lo < 0.002 < found.false_positive_hi
    for name in ("base", "rl"):
        curve = found.curves
        assert (curve[f"{name}_lo"] <= curve[name]).all()
        assert (curve[name] <= curve[f"{name}_hi"]).all()
        assert (curve[name] <= plain[name] + 1e-12).all()
        assert (curve[f"{name}_lo"] <= plain[f"{name}_lo"] + 1e-12).all()
    k = plain["k"].to_numpy()
    np.testing.assert_allclose(found.curves["rl"], np.maximum(1 - (1 - plain["rl"]) / 0.998**k, 0), atol=1e-9)


def test_families_of_problems_widen_the_guarded_bands_as_they_do_the_plain_one(runs: dict[str, Run]) -> None:
    given, families = GuardInput(base_direct=runs["direct"], audit=Audit(0, 0, 999, 1)), [name[:2] for name in NAMES]
    base, rl = runs["base"].counts(), runs["rl"].counts()
    guesses = guesses_of(runs["base"], runs["rl"], given)
    plain = bb.compare(base, rl, clusters=families)
    found = guards(base, rl, plain, guesses, given, clusters=families)
    alone = guards(base, rl, bb.compare(base, rl), guesses, given)
    assert found is not None and found.guess_filter is not None and found.audit is not None
    assert alone is not None and alone.guess_filter is not None and alone.audit is not None
    keep = [name for name in NAMES if name not in guesses.guessed]
    counts = (of_problems(each, keep) for each in (base, rl))
    kept = bb.compare(*counts, clusters=[name[:2] for name in keep])
    assert found.guess_filter.curves.equals(kept.curves.select(found.guess_filter.curves.columns))
    assert not found.guess_filter.curves.equals(alone.guess_filter.curves)
    assert found.audit.curves["base"].equals(alone.audit.curves["base"])
    assert not found.audit.curves["base_lo"].equals(alone.audit.curves["base_lo"])


def test_a_study_with_guards_comes_back_with_the_same_bytes(runs: dict[str, Run]) -> None:
    given = GuardInput(runs["direct"], runs["all"], 0.04, None, Audit(0, 0, 50, 1))
    texts = [bb.analyze(runs["base"], runs["rl"], given=given).to_json() for _ in range(2)]
    assert texts[0] == texts[1] == bb.from_json(texts[0]).to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problems_hash": "other"}, "rl-direct: expected the problems of the rl run"),
        ({"verifier": "other-1"}, "rl-direct: expected the verifier of the rl run"),
        ({"engine": {"weights_hash": "other"}}, "rl-direct: expected the weights of the rl run"),
    ],
)
def test_guesses_of_something_else_are_refused(runs: dict[str, Run], change: dict[str, object], message: str) -> None:
    other = ChangedRun(runs["none"], dataclasses.replace(runs["none"].manifest, **change))  # type: ignore[arg-type]
    with pytest.raises(bb.BadInput, match=message):
        bb.analyze(runs["base"], runs["rl"], given=GuardInput(rl_direct=other))  # type: ignore[arg-type]


class ChangedRun:
    """A run with another manifest."""

    def __init__(self, run: Run, manifest: object) -> None:
        self.counts, self.manifest = run.counts, manifest


def test_samples_of_the_same_prompt_are_no_guesses(runs: dict[str, Run]) -> None:
    with pytest.raises(
        bb.BadInput, match=r"base-direct: .* got the template of the base run \(plain\); .*--template direct"
    ):
        bb.analyze(runs["base"], runs["rl"], given=GuardInput(base_direct=runs["base"]))


@pytest.mark.parametrize("bad", [{"below": 0.0}, {"below": float("nan")}, {"chance": 1.5}, {"chance": float("nan")}])
def test_settings_out_of_range_are_refused_before_any_work(bad: dict[str, float]) -> None:
    with pytest.raises(bb.BadInput, match=f"guess-{next(iter(bad))}: expected"):
        GuardInput(**bad)  # type: ignore[arg-type]
