from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.agreement import agreement
from beyondbase.analyses.results import Agreement
from beyondbase.pipeline import sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import Run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

NAMES = [f"p{i}" for i in range(20)]
PROBLEMS = ProblemSet("toy", tuple(Problem(name, f"question {name}", json.dumps({"answer": name})) for name in NAMES))
FIXED, STOPPED = DrawRule(24, None, n_first=24), DrawRule(24, 3, n_first=4)


def chance(text: str) -> float:
    """A number in 0..1 that a text alone decides."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


@dataclass(frozen=True)
class Erring:
    """The exact verifier, which passes some wrong answers, misses some right ones, and fails at some."""

    passes: float = 0.0
    misses: float = 0.0
    fails: float = 0.0
    name: str = "erring-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        if chance(f"fail {problem.problem_id} {text}") < self.fails:
            raise RuntimeError("out of order")
        true = ExactMatch().verify(problem, text)
        luck = chance(f"{problem.problem_id} {text}")
        if true.verdict is Verdict.CORRECT:
            return Judgement(Verdict.WRONG, true.answer, "missed") if luck < self.misses else true
        return Judgement(Verdict.CORRECT, "passed") if luck < self.passes else true


def drawn(path: Path, rule: DrawRule, seed: int, rate: float = 0.15, *opinions: Erring) -> Run:
    rates = {name: rate * (i % 4) for i, name in enumerate(NAMES)}
    faults = Faults(no_answer=0.1, truncated=0.1)
    engine = ScriptedEngine(rates, {name: name for name in NAMES}, n_wrong=40, faults=faults)
    run = sample_run(path, PROBLEMS, engine, SamplingSpec(seed=seed), rule, ExactMatch())
    for verifier in opinions:
        run = verify_run(path, verifier)
    return run


LAX, STRICT, BROKEN = Erring(passes=0.1), Erring(misses=0.6, name="strict-1"), Erring(0.1, 0.1, 0.2, "broken-1")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    all_ = (LAX, STRICT, BROKEN)
    return {
        "base": drawn(folder / "base", FIXED, 1, 0.1, *all_),
        "rl": drawn(folder / "rl", FIXED, 2, 0.25, *all_),
        "stopped": drawn(folder / "stopped", STOPPED, 3, 0.2, *all_),
    }


def verdicts_of(run: Run, name: str) -> dict[tuple[str, int], str]:
    rows = run.verdicts(name).select("problem_id", "sample_index", "verdict").collect().rows()
    return {(problem_id, index): verdict for problem_id, index, verdict in rows}


@pytest.mark.parametrize("second", ["erring-1", "strict-1", "broken-1"])
@pytest.mark.parametrize("name", ["base", "stopped"])
def test_tables_and_lists_are_those_of_counting_by_hand(runs: dict[str, Run], name: str, second: str) -> None:
    run = runs[name]
    found = agreement({name: run}, None, second)
    one, other = verdicts_of(run, "exact-1"), verdicts_of(run, second)
    pairs = Counter((one[key], other[key]) for key in one)
    assert {(a, b): n for _, a, b, n in found.table.rows() if n} == pairs
    assert found.table.height == 25
    judged = [key for key in one if "verifier_error" not in (one[key], other[key])]
    row = found.runs.row(0, named=True)
    assert (row["samples"], row["judged"]) == (len(one), len(judged))
    assert row["second_missing"] == len(one) - len(judged)
    only = {key for key in judged if (one[key] == "correct") > (other[key] == "correct")}
    assert row["only_first"] == len(only)
    by_hand = Counter(problem_id for problem_id, _ in only)
    assert dict(found.problems.select("problem_id", "only_first").rows()) == {p: by_hand[p] for p in NAMES}
    differ = {key for key in judged if one[key] != other[key]}
    listed = found.disagreements.select("problem_id", "sample_index").rows()
    assert len(listed) == len(set(listed)) == row["differ"]
    assert set(listed) == differ


@pytest.mark.parametrize("second", ["erring-1", "strict-1"])
def test_each_curve_is_pass_at_k_of_that_verifier_and_the_difference_is_paired(
    runs: dict[str, Run], second: str
) -> None:
    found = agreement({"base": runs["base"], "rl": runs["rl"]}, "exact", second)
    assert found.first_n is None
    k = found.difference["k"].to_list() if found.difference is not None else []
    assert k == [1, 2, 4, 8, 16, 24]
    shares = {
        (name, verifier): bb.pass_at_k(runs[name].counts(verifier), k)
        for name in ("base", "rl")
        for verifier in ("exact-1", second)
    }
    for name in ("base", "rl"):
        curve = found.curves.filter(pl.col("run") == name)
        np.testing.assert_allclose(curve["first"], shares[name, "exact-1"], atol=1e-9)
        np.testing.assert_allclose(curve["second"], shares[name, second], atol=1e-9)
        np.testing.assert_allclose(curve["delta"], curve["second"] - curve["first"], atol=1e-9)
    assert found.difference is not None
    np.testing.assert_allclose(
        found.difference["first"], shares["rl", "exact-1"] - shares["base", "exact-1"], atol=1e-9
    )
    moved = (shares["rl", second] - shares["base", second]) - found.difference["first"].to_numpy()
    np.testing.assert_allclose(found.difference["change"], moved, atol=1e-9)
    assert (found.difference["change_lo"] < found.difference["change"]).all()
    assert (found.difference["change_hi"] > found.difference["change"]).all()


def test_with_the_verifiers_swapped_everything_is_mirrored(runs: dict[str, Run]) -> None:
    there, back = (agreement({"s": runs["stopped"]}, *names) for names in (("exact", "broken"), ("broken", "exact")))
    swapped = back.table.select("run", first="second", second="first", samples="samples").sort("first", "second")
    assert there.table.sort("first", "second").equals(swapped)
    assert there.shares.equals(back.shares)
    assert there.problems["only_first"].equals(back.problems["only_second"].rename("only_first"))
    np.testing.assert_allclose(there.curves["delta"], -back.curves["delta"], atol=1e-12)
    np.testing.assert_allclose(there.curves["delta_lo"], -back.curves["delta_hi"], atol=1e-9)
    assert there.runs["second_owed"].to_list() == back.runs["first_owed"].to_list()


def test_the_order_of_the_problems_changes_nothing_but_order(tmp_path: Path, runs: dict[str, Run]) -> None:
    rates = {name: 0.1 * (i % 4) for i, name in enumerate(NAMES)}
    engine = ScriptedEngine(rates, {n: n for n in NAMES}, n_wrong=40, faults=Faults(no_answer=0.1, truncated=0.1))
    turned = ProblemSet("toy", tuple(reversed(PROBLEMS.problems)))
    sample_run(tmp_path / "base", turned, engine, SamplingSpec(seed=1), FIXED, ExactMatch())
    again = agreement({"base": verify_run(tmp_path / "base", LAX)}, "exact", "erring")
    there = agreement({"base": runs["base"]}, "exact", "erring")
    for name in ("table", "problems", "disagreements"):
        one, other = (getattr(each, name).sort(pl.all()) for each in (there, again))
        assert one.equals(other), name
    for column in ("share", "kappa", "share_lo", "kappa_hi"):
        np.testing.assert_allclose(there.shares[column], again.shares[column], atol=1e-9)
    np.testing.assert_allclose(there.curves["delta_hi"], again.curves["delta_hi"], atol=1e-9)


def test_where_the_second_owes_samples_the_first_ones_of_each_problem_are_compared(runs: dict[str, Run]) -> None:
    run = runs["stopped"]
    found = agreement({"s": run}, None, "strict")
    row = found.runs.row(0, named=True)
    assert found.first_n == STOPPED.n_first
    drawn_, right = Counter(key[0] for key in verdicts_of(run, "strict-1")), Counter[str]()
    for (problem_id, _), verdict in verdicts_of(run, "strict-1").items():
        right[problem_id] += verdict == "correct"
    owing = [name for name in NAMES if drawn_[name] < 24 and right[name] < 3]
    assert (row["second_owing"], row["second_owed"]) == (len(owing), sum(24 - drawn_[name] for name in owing))
    assert row["first_owing"] == 0
    assert owing
    one = verdicts_of(run, "strict-1")
    c = [sum(one[name, i] == "correct" for i in range(4)) for name in NAMES]
    np.testing.assert_allclose(found.curves["second"], bb.pass_at_k(bb.SuccessCounts(NAMES, [4] * 20, c), [1, 2, 4]))


def test_a_stop_does_not_bias_the_share_of_agreement(tmp_path: Path) -> None:
    ids = [f"q{i}" for i in range(400)]
    problems = ProblemSet("same", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    engine = ScriptedEngine(dict.fromkeys(ids, 0.5), dict.fromkeys(ids, "yes"), n_wrong=10_000)
    sample_run(tmp_path / "run", problems, engine, SamplingSpec(seed=5), DrawRule(64, 2, n_first=2), ExactMatch())
    found = agreement({"r": verify_run(tmp_path / "run", Erring(passes=0.5))}, "exact", "erring")
    row = found.shares.row(0, named=True)
    assert row["share_lo"] < 1 - 0.5 * 0.5 < row["share_hi"]
    assert row["share"] == pytest.approx(0.75, abs=0.03)
    with_stops = (found.problems["alike"] / found.problems["samples"]).to_numpy().mean()
    assert with_stops > 0.785  # 0.807 in the mean: the stop is a sample on which both agree


def test_a_verifier_that_failed_is_missing_and_not_a_disagreement(runs: dict[str, Run]) -> None:
    found = agreement({"base": runs["base"]}, "exact", "broken")
    assert found.runs["second_missing"][0] > 0
    assert found.first_n == 24
    assert not found.disagreements["second"].is_in(["verifier_error"]).any()
    one, other = (verdicts_of(runs["base"], name) for name in ("exact-1", "broken-1"))
    keys = [key for key in one if other[key] != "verifier_error"]
    n = Counter(problem_id for problem_id, _ in keys)
    c = Counter(key[0] for key in keys if other[key] == "correct")
    counts = bb.SuccessCounts(NAMES, [n[name] for name in NAMES], [c[name] for name in NAMES])
    np.testing.assert_allclose(found.curves["second"], bb.pass_at_k(counts, found.curves["k"].to_list()), atol=1e-9)


def test_it_comes_back_with_the_same_bytes(runs: dict[str, Run]) -> None:
    for names in (["base"], ["base", "rl"], ["base", "stopped"]):
        found = agreement({name: runs[name] for name in names}, None, "erring")
        again = bb.from_json(found.to_json())
        assert isinstance(again, Agreement)
        assert again.to_json() == found.to_json()
        assert again.disagreements.equals(found.disagreements)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda runs: agreement({}, None, "erring"), "expected one run or two, got 0"),
        (lambda runs: agreement({"base": runs["base"]}, None, "math"), "beyondbase verify .* --verifier"),
        (lambda runs: agreement({"base": runs["base"]}, "erring", "erring-1"), "expected another verifier"),
        (lambda runs: agreement({"base": runs["base"]}, None, "erring", confidence=2), "confidence"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    runs: dict[str, Run], call: Callable[[dict[str, Run]], Agreement], message: str
) -> None:
    with pytest.raises(bb.BadInput, match=message) as caught:
        call(runs)
    assert "\n" not in str(caught.value)
