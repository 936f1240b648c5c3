"""A verifier that passes wrong samples at a known rate, found out by a second one on the same samples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.guards import GuardInput, guards, guesses_of
from beyondbase.analyses.second_opinion import second_opinion
from beyondbase.pipeline import AnalysisOptions, analyze_runs, sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.report.guards import guard_sentences
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

N, RATE = 60, 0.02
NAMES = [f"p{i}" for i in range(N)]
PROBLEMS = ProblemSet(
    "toy",
    tuple(Problem(n, f"question {n}", json.dumps({"answer": n}), {"family": str(i // 6)}) for i, n in enumerate(NAMES)),
)
TRUE = {"base": [0.3] * 20 + [0.0] * 40, "rl": [0.6] * 20 + [0.0] * 40}
RULES = {"fixed": DrawRule(128, None, n_first=128), "stopped": DrawRule(128, 4, n_first=4)}


@dataclass(frozen=True)
class Passing:
    """The exact verifier, which passes a share of the wrong texts, more of them on some problems if it is uneven."""

    uneven: bool = False
    name: str = "passing-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        true = ExactMatch().verify(problem, text)
        digest = hashlib.blake2b(f"{problem.problem_id} {text}".encode(), digest_size=6).digest()
        rate = RATE * (2 * (int(problem.problem_id[1:]) % 2) if self.uneven else 1)
        return Judgement(Verdict.CORRECT, "passed") if int.from_bytes(digest, "big") / 2**48 < rate else true


def drawn(folder: Path, rule: DrawRule, verifier: Passing) -> dict[str, Run]:
    runs = {}
    for seed, (name, rates) in enumerate(TRUE.items()):
        engine = ScriptedEngine(dict(zip(NAMES, rates, strict=True)), {n: n for n in NAMES}, n_wrong=1_000_000)
        sample_run(folder / name, PROBLEMS, engine, SamplingSpec(seed=seed), rule, verifier)
        runs[name] = verify_run(folder / name, ExactMatch())
    return runs


@pytest.fixture(scope="module", params=[(rule, uneven) for rule in RULES for uneven in (False, True)], ids=str)
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    rule, uneven = request.param
    folder = tmp_path_factory.mktemp("uneven" if uneven else "even_")
    return drawn(folder, RULES[rule], Passing(uneven))


def test_the_measured_rate_holds_the_planted_one_whether_or_not_problems_stop(runs: dict[str, Run]) -> None:
    audit = second_opinion(runs["base"], runs["rl"], "exact")
    lo, hi = audit.false_positive_bounds()
    assert lo < RATE < hi
    assert audit.false_positive == pytest.approx(RATE, rel=0.2)
    assert audit.sensitivity == 1.0


def test_the_corrected_curves_hold_the_truth_where_the_plain_ones_do_not(runs: dict[str, Run]) -> None:
    audit, plain = (
        second_opinion(runs["base"], runs["rl"], "exact"),
        bb.compare(runs["base"].counts(), runs["rl"].counts()),
    )
    uneven = "uneven" in str(runs["base"].path)
    assert ("gather on some problems" in audit.source) == uneven
    if uneven:
        return  # what one rate for all problems cannot mend
    guesses, given = guesses_of(runs["base"], runs["rl"], GuardInput()), GuardInput(audit=audit)
    found = guards(runs["base"].counts(), runs["rl"].counts(), plain, guesses, given)
    assert found is not None and found.audit is not None
    last, seen = found.audit.curves.row(-1, named=True), plain.curves.row(-1, named=True)
    for name in ("base", "rl"):
        assert last[f"{name}_lo"] <= 1 / 3 <= last[f"{name}_hi"]  # 20 of 60 problems can be solved, and are at k = 128
        assert seen[f"{name}_lo"] > 1 / 3


def test_families_are_the_units_where_they_are_named(runs: dict[str, Run]) -> None:
    by_problem, by_family = (
        second_opinion(runs["base"], runs["rl"], "exact", cluster_by=by) for by in (None, "family")
    )
    assert by_problem.false_positive == pytest.approx(by_family.false_positive)
    assert (len(by_problem.of_wrong.share_U), len(by_family.of_wrong.share_U)) == (60, 10)
    assert "family of problems (family)" in by_family.source


def test_the_counts_are_those_of_the_samples_before_a_stop(runs: dict[str, Run]) -> None:
    audit = second_opinion(runs["base"], runs["rl"], "exact")
    wrong = passed = 0
    for run in runs.values():
        true = {(p, i): v for p, i, v, *_ in run.verdicts("exact-1").collect().rows()}
        counted = run.counted()
        seen = dict.fromkeys(NAMES, 0)
        for problem_id, index, verdict in counted.select("problem_id", "sample_index", "verdict").rows():
            seen[problem_id] += verdict == "correct"
            stops = verdict == "correct" and seen[problem_id] == run.manifest.rule.stop_at
            if not stops and true[problem_id, index] != "correct":
                wrong, passed = wrong + 1, passed + (verdict == "correct")
    assert (audit.wrong, audit.wrong_passed) == (wrong, passed)


def test_a_study_takes_it_as_its_audit_and_says_so(tmp_path: Path) -> None:
    runs = drawn(tmp_path, DrawRule(16, None, n_first=16), Passing())
    study = analyze_runs(
        tmp_path / "base", tmp_path / "rl", tmp_path / "study", AnalysisOptions(second_verifier="exact")
    )
    assert study.guards is not None and study.guards.audit is not None
    audit, found = second_opinion(runs["base"], runs["rl"], "exact"), study.guards.audit
    assert (found.wrong, found.false_positive, found.source) == (audit.wrong, audit.false_positive, audit.source)
    assert any("judged again by exact-1" in sentence for sentence in guard_sentences(study))
    assert bb.from_json(study.to_json()).to_json() == study.to_json()


def test_leaving_the_stop_in_would_count_too_many_false_positives(tmp_path: Path) -> None:
    """Why the stop is left out: in each problem, the share with it is biased upwards."""
    found = drawn(tmp_path, DrawRule(128, 2, n_first=2), Passing())
    audit = second_opinion(found["base"], found["rl"], "exact")
    lo, hi = audit.false_positive_bounds()
    with_stop = list[float]()
    for run in found.values():
        verdicts = run.counted().filter(pl.col("problem_id").is_in(NAMES[20:]))  # where every sample is wrong
        shares = verdicts.group_by("problem_id").agg(pl.col("verdict") == "correct")["verdict"].list.mean()
        with_stop += shares.to_list()
    assert lo < RATE < hi
    assert abs(audit.false_positive - RATE) < 0.5 * (np.mean(with_stop) - RATE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda base, rl: second_opinion(base, rl, "passing"), "expected another than that of the runs"),
        (lambda base, rl: second_opinion(base, rl, "math"), "beyondbase verify"),
    ],
)
def test_what_is_no_second_opinion_is_refused(
    runs: dict[str, Run], call: Callable[[Run, Run], object], message: str
) -> None:
    with pytest.raises(bb.BadInput, match=message):
        call(runs["base"], runs["rl"])
