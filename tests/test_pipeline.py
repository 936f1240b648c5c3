from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.errors import StoreError
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.pipeline import Gold, GoldPolicy, sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import Run, open_run
from beyondbase.types import (
    Completion,
    DrawRule,
    Judgement,
    Problem,
    Prompt,
    SampleRequest,
    SamplingSpec,
    Verdict,
)
from beyondbase.verification.exact import ExactMatch

KEY = ["problem_id", "sample_index"]
IDS = ["never", "rarely", "often", "always"]
RATES = dict(zip(IDS, [0.0, 0.05, 0.6, 1.0], strict=True))
ANSWERS = {problem_id: f"answer: {problem_id}" for problem_id in IDS}
PROBLEMS = ProblemSet("four", tuple(Problem(i, f"How often {i}?", f'{{"answer": "{i}"}}') for i in IDS))
RULE = DrawRule(n_max=60, stop_at=3, n_first=4)
SPEC = SamplingSpec(seed=1)
NO_FAULTS = Faults()
UNCHECKED = Gold(GoldPolicy.SKIP)


def _engine(faults: Faults = NO_FAULTS) -> ScriptedEngine:
    return ScriptedEngine(RATES, ANSWERS, faults=faults)


def _draw(path: Path, engine: Engine | None = None, rule: DrawRule = RULE) -> Run:
    return sample_run(path, PROBLEMS, engine or _engine(), SPEC, rule, ExactMatch())


def _assert_same(run: Run, other: Run) -> None:
    """Two runs hold the same samples, verdicts and counts."""
    for frames in ((run.samples(), other.samples()), (run.verdicts(), other.verdicts())):
        one, two = (frame.sort(KEY).collect() for frame in frames)
        assert one.equals(two, null_equal=True)
    assert run.counts().n_P.tolist() == other.counts().n_P.tolist()
    assert run.counts().c_P.tolist() == other.counts().c_P.tolist()
    assert run.counted().equals(other.counted())


class WrappedEngine:
    """The scripted engine, with a say in the order and the number of what comes."""

    def __init__(self, change: Callable[[list[tuple[SampleRequest, Completion]]], object]) -> None:
        self.change = change

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return _engine().settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        replies = list(_engine().generate(requests, spec))
        self.change(replies)
        yield from replies


def test_order_and_number_of_completions_do_not_matter(tmp_path: Path) -> None:
    whole = _draw(tmp_path / "whole")
    _assert_same(_draw(tmp_path / "shuffled", WrappedEngine(random.Random(0).shuffle)), whole)
    # An engine that answers half of what it is asked: the other half is asked again.
    rng = random.Random(1)
    halves = WrappedEngine(lambda replies: replies.__delitem__(slice(len(replies) // 2 + rng.randint(0, 1), None)))
    run = _draw(tmp_path / "halved", halves)
    while run.n_drawn() < whole.n_drawn():
        run = _draw(tmp_path / "halved", halves)
    _assert_same(run, whole)
    assert run.n_failed() > 0


def test_n_max_raised_later_is_n_max_from_the_start(tmp_path: Path) -> None:
    for n_max in (10, 17, 60):
        raised = _draw(tmp_path / "raised", rule=replace(RULE, n_max=n_max))
    whole = _draw(tmp_path / "whole")
    assert raised.manifest == whole.manifest
    assert raised.counted().equals(whole.counted())
    assert raised.counts().n_P.tolist() == whole.counts().n_P.tolist()


def test_a_finished_run_asks_the_engine_for_nothing(tmp_path: Path) -> None:
    _draw(tmp_path / "run")
    before = sorted((tmp_path / "run").rglob("*"))

    def fail(replies: list[tuple[SampleRequest, Completion]]) -> None:
        raise AssertionError("the engine was asked")

    _draw(tmp_path / "run", WrappedEngine(fail))
    assert sorted((tmp_path / "run").rglob("*")) == before


def test_the_stop_is_at_the_last_success_needed_and_truth_is_recovered(tmp_path: Path) -> None:
    problems = 400
    ids = [f"p{i}" for i in range(problems)]
    problem_set = ProblemSet("many", tuple(Problem(i, i, f'{{"answer": "{i}"}}') for i in ids))
    rates = np.linspace(0.0, 0.3, problems)
    engine = ScriptedEngine(dict(zip(ids, rates.tolist(), strict=True)), {i: i for i in ids})
    k = np.array([1, 4, 16, 64])
    truth = (1 - (1 - rates[:, None]) ** k).mean(axis=0)
    # A problem's estimate has a standard deviation below 1/4 at every k: five standard errors of the mean.
    tolerance = 5 * 0.25 / np.sqrt(problems)
    for rule in (DrawRule(n_max=64, stop_at=4, n_first=8), DrawRule(n_max=64, stop_at=None)):
        run = sample_run(tmp_path / str(rule.stop_at), problem_set, engine, SPEC, rule, ExactMatch())
        assert np.abs(pass_at_k(run.counts(), k) - truth).max() < tolerance
    stopped, fixed = open_run(tmp_path / "4"), open_run(tmp_path / "None")
    assert stopped.n_drawn() < 0.6 * fixed.n_drawn()
    # The same seeds were drawn: the stopped run is the beginning of the fixed one.
    both = stopped.samples().join(fixed.samples(), on=[*KEY, "seed", "text"]).collect()
    assert both.height == stopped.n_drawn()


def test_truncated_and_empty_answers_have_verdicts_of_their_own(tmp_path: Path) -> None:
    run = _draw(tmp_path / "run", _engine(Faults(no_answer=0.3, truncated=0.3)), DrawRule(n_max=200, stop_at=None))
    shares = dict(run.counted().filter(pl.col("problem_id") == "always")["verdict"].value_counts(normalize=True).rows())
    assert shares == pytest.approx({"no_answer": 0.3, "truncated": 0.3, "correct": 0.4}, abs=0.15)


def test_requests_that_keep_failing_stay_owed_and_are_drawn_when_the_engine_is_back(tmp_path: Path) -> None:
    def lose_often(replies: list[tuple[SampleRequest, Completion]]) -> None:
        lost = Completion.failed("gone")
        replies[:] = [(r, lost if r.problem_id == "often" and r.sample_index < 2 else c) for r, c in replies]

    run = _draw(tmp_path / "run", WrappedEngine(lose_often))
    assert run.n_failed() == 6
    with pytest.raises(StoreError, match="1 of 4 problems still owe samples"):
        run.counts()
    _assert_same(_draw(tmp_path / "run"), _draw(tmp_path / "whole"))


class Flaky(ExactMatch):
    """Dies on right answers until it is mended."""

    mended = False

    def verify(self, problem: Problem, text: str) -> Judgement:
        judgement = super().verify(problem, text)
        if judgement.verdict is Verdict.CORRECT and not self.mended:
            raise RuntimeError("out of memory")
        return judgement


def test_a_verifier_that_dies_leaves_missing_data_and_never_a_wrong_answer(tmp_path: Path) -> None:
    flaky = Flaky()
    run = sample_run(tmp_path / "run", PROBLEMS, _engine(), SPEC, RULE, flaky, gold=UNCHECKED)
    errors = run.verdicts().filter(pl.col("verdict") == "verifier_error").collect()
    assert errors["detail"].unique().to_list() == ["RuntimeError: out of memory"]
    with pytest.raises(StoreError, match=rf"counted samples lack a verdict .*`beyondbase verify {run.path}`"):
        run.counts()
    flaky.mended = True
    verify_run(run.path, flaky)
    assert run.n_unjudged() == 0
    _assert_same(
        sample_run(run.path, PROBLEMS, _engine(), SPEC, RULE, flaky, gold=UNCHECKED), _draw(tmp_path / "whole")
    )


class Strict(ExactMatch):
    """Finds fault with the right answers to one problem."""

    name = "strict-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        judgement = super().verify(problem, text)
        if problem.problem_id == "always" and judgement.verdict is Verdict.CORRECT:
            return Judgement(Verdict.WRONG, judgement.answer, "not strict enough")
        return judgement


def test_a_second_verifier_owes_its_own_samples_before_it_is_counted(tmp_path: Path) -> None:
    run = _draw(tmp_path / "run")
    counts = run.counts()
    verify_run(run.path, Strict())
    with pytest.raises(StoreError, match="1 of 4 problems still owe samples"):
        run.counts("strict-1")
    sample_run(run.path, PROBLEMS, _engine(), SPEC, RULE, Strict(), gold=UNCHECKED)
    assert run.counts("strict-1").n_P.tolist() == [60, *run.counts("strict-1").n_P.tolist()[1:3], 60]
    verify_run(run.path, ExactMatch())
    assert run.counts().n_P.tolist() == counts.n_P.tolist()


def test_progress_ends_at_its_total_and_names_the_run(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int, str]] = []
    sample_run(
        tmp_path / "run",
        PROBLEMS,
        _engine(),
        SPEC,
        RULE,
        ExactMatch(),
        lambda stage, done, total, note="": seen.append((stage, done, total, note)),
        label="base",
    )
    stages = {stage for stage, *_ in seen}
    assert stages == {"check gold answers of base", "sample base", "verify base"}
    assert all(0 <= done <= total for _, done, total, _ in seen)
    samples = [(done, total) for stage, done, total, _ in seen if stage == "sample base"]
    assert [done for done, _ in samples] == sorted(done for done, _ in samples)
    assert samples[-1][0] == samples[-1][1] == open_run(tmp_path / "run").n_drawn()
    first = next(report for report in seen if report[0] == "sample base")
    assert first == ("sample base", first[1], 240, "4 problems open")
