from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.cost import Spent, cost
from beyondbase.analyses.results import Cost
from beyondbase.analyses.truncation import recount
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store.run_store import Run
from beyondbase.types import Completion, DrawRule, Problem, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

N = 30
IDS = [f"p{i}" for i in range(N)]
PROBLEMS = ProblemSet("toy", tuple(Problem(i, i, json.dumps({"answer": f"a {i}"})) for i in IDS))
ANSWERS = {i: f"a {i}" for i in IDS}


class Counted(ScriptedEngine):
    """Every sample has as many tokens as told, but for those that are cut; None: it does not tell."""

    length: int | None = 10

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request, made in super().generate(requests, spec):
            cut = made.finish.value == "length"
            n_tokens = spec.max_tokens if cut and self.length else self.length
            yield request, dataclasses.replace(made, token_ids=(), counted_tokens=n_tokens)


def run_of(path: Path, rate: float, length: int | None, stop_at: int | None, seed: int, cut: float = 0.1) -> Run:
    engine = Counted(dict.fromkeys(IDS, rate), ANSWERS, faults=Faults(truncated=cut))
    engine.length = length  # type: ignore[misc]
    rule = DrawRule(n_max=64, stop_at=stop_at, n_first=16)
    spec = SamplingSpec(template="plain", max_tokens=40, seed=seed)
    return sample_run(path, PROBLEMS, engine, spec, rule, ExactMatch())


def cost_of(base: Run, rl: Run) -> Cost:
    counts = base.counts(), rl.counts()
    return cost(base, rl, *counts, bb.compare(*counts))


@pytest.fixture(scope="module", params=[None, 4])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cost:
    folder = tmp_path_factory.mktemp("cost")
    base = run_of(folder / "base", 0.2, 10, request.param, 1)
    return cost_of(base, run_of(folder / "rl", 0.2, 20, request.param, 2))


def test_a_model_that_answers_twice_as_long_is_behind_at_equal_tokens_and_not_at_equal_samples(result: Cost) -> None:
    assert result.at_tokens is not None and result.at_tokens.unit == "tokens"
    middle = result.at_tokens.curves.row(1, named=True)
    assert middle["delta_hi"] < 0
    tokens, samples, both = (
        result.efficiency.filter(pl.col("measure").str.starts_with(m)).row(0, named=True)
        for m in ("tokens a sample", "samples to", "tokens to")
    )
    assert tokens["base"] == pytest.approx(13, abs=1) and tokens["rl"] == pytest.approx(22, abs=1)
    assert samples["ratio_lo"] < 1 < samples["ratio_hi"]
    assert both["ratio_lo"] > 1.2


def test_the_efficiency_gap_is_that_of_the_counts(result: Cost, tmp_path: Path) -> None:
    assert result.gap.k == 64
    assert result.gap.lo < result.gap.value < result.gap.hi
    assert result.gap.value == pytest.approx(0.8, abs=0.07)


def test_without_truncated_samples_the_rate_is_that_of_whole_ones(result: Cost) -> None:
    assert result.untruncated is not None and result.base_truncated_right is not None
    assert result.untruncated.curves["base"][0] == pytest.approx(0.2, abs=0.06)
    assert 50 < result.untruncated.curves["k"][-1] <= 64
    assert result.base_truncated_right.curves["base"][0] == pytest.approx(0.2 * 0.9 + 0.1, abs=0.06)
    assert result.base_truncated_right.curves["rl"][0] == pytest.approx(0.2 * 0.9, abs=0.06)


def test_a_run_that_tells_no_tokens_says_what_would(tmp_path: Path) -> None:
    base = run_of(tmp_path / "base", 0.2, 10, None, 1, cut=0.0)
    silent = cost_of(base, run_of(tmp_path / "rl", 0.2, None, None, 2, cut=0.0))
    assert silent.at_tokens is None and silent.efficiency.is_empty()
    assert "the RL run does not tell how many tokens" in silent.missing["equal tokens"]
    assert silent.missing["without truncated samples"] == "no sample was truncated"


def test_a_problem_of_which_nothing_is_left_is_named(tmp_path: Path) -> None:
    base = run_of(tmp_path / "base", 0.2, 10, None, 1, cut=0.1)
    all_cut = cost_of(base, run_of(tmp_path / "rl", 0.2, 10, None, 2, cut=1.0))
    assert all_cut.untruncated is None
    assert "every sample of RL on problem 'p0' was truncated" in all_cut.missing["without truncated samples"]


def test_samples_to_the_first_success_are_one_over_the_rate_without_bias() -> None:
    rng, r, p = np.random.default_rng(3), 4, 0.1
    found = []
    for _ in range(4000):
        right_N = rng.random(400) < p
        stop = int(np.flatnonzero(right_N)[r - 1])
        found.append(Spent(np.full(stop, 7), right_N[:stop], True).to_first())
    samples, tokens = np.mean(found, axis=0)
    assert samples == pytest.approx(1 / p, rel=0.03)
    assert tokens == pytest.approx(7 / p, rel=0.03)


@pytest.mark.parametrize("stop_at", [None, 3])
def test_a_recount_of_all_rows_is_the_count_of_the_run(tmp_path: Path, stop_at: int | None) -> None:
    run = run_of(tmp_path / "run", 0.15, 10, stop_at, 4)
    rows = run.counted().select("problem_id", right=pl.col("verdict") == "correct")
    again, counts = recount(rows, IDS, 64, stop_at), run.counts()
    assert (again.n_P == counts.n_P).all() and (again.c_P == counts.c_P).all()


def test_the_same_runs_give_the_same_result(tmp_path: Path) -> None:
    base, rl = run_of(tmp_path / "base", 0.2, 10, 4, 1), run_of(tmp_path / "rl", 0.3, 12, 4, 2)
    assert cost_of(base, rl).to_json() == cost_of(base, rl).to_json()
