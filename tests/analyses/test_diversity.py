from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.analyses.diversity import diversity
from beyondbase.analyses.diversity.measures import Measures
from beyondbase.analyses.results import Diversity
from beyondbase.errors import BadInput
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store.run_store import Run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

PROBLEMS = tuple(Problem(f"p{i}", f"question {i}", json.dumps({"answer": str(i)}), n_solutions=2) for i in range(12))
NO_FAULTS = Faults(no_answer=0.1, truncated=0.05)


def sampled(path: Path, seed: int, *, n_max: int = 32, problems: tuple[Problem, ...] = PROBLEMS) -> Run:
    names = [problem.problem_id for problem in problems]
    engine = ScriptedEngine(
        dict.fromkeys(names, 0.2 + 0.4 * seed), {name: name[1:] for name in names}, faults=NO_FAULTS
    )
    spec = SamplingSpec(template="plain", seed=seed)
    rule = DrawRule(n_max=n_max, stop_at=None)
    return sample_run(path, ProblemSet("toy", problems), engine, spec, rule, ExactMatch())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return sampled(folder / "base", 1), sampled(folder / "rl", 2)


def row(result: Diversity, measure: str) -> dict[str, float]:
    return result.measures.filter(pl.col("measure") == measure).row(0, named=True)


def test_the_same_run_twice_changes_nothing(runs: tuple[Run, Run]) -> None:
    result = diversity(runs[0], runs[0])
    assert result.n == 32 and result.measures.height > 8
    assert result.measures["delta"].to_list() == [0.0] * result.measures.height
    assert set(result.measures["ratio"].drop_nulls()) == {1.0}
    assert (result.measures["delta_lo"] <= 0).all() and (result.measures["delta_hi"] >= 0).all()


def test_both_models_swapped_turn_every_sign(runs: tuple[Run, Run]) -> None:
    one, other = diversity(*runs), diversity(*reversed(runs))
    assert one.measures["base"].equals(other.measures["rl"].alias("base"))
    assert np.allclose(one.measures["delta"], -other.measures["delta"])
    assert np.allclose(one.measures["delta_lo"], -other.measures["delta_hi"])
    assert np.allclose(one.measures["ratio_lo"].drop_nulls(), 1 / other.measures["ratio_hi"].drop_nulls())


def test_equal_runs_give_equal_bytes(runs: tuple[Run, Run]) -> None:
    assert diversity(*runs).to_json() == diversity(*runs).to_json()


def test_every_measure_lies_within_its_bounds(runs: tuple[Run, Run]) -> None:
    for each in diversity(*runs).measures.iter_rows(named=True):
        for side in ("base", "rl", "delta", "ratio"):
            if each[side] is not None:
                assert each[f"{side}_lo"] <= each[side] <= each[f"{side}_hi"]
        assert each["base_lo"] >= 0


def test_what_cannot_be_told_says_why_and_what_would_tell_it(runs: tuple[Run, Run], tmp_path: Path) -> None:
    unknown = tuple(Problem(p.problem_id, p.question, p.reference) for p in PROBLEMS)
    base, rl = (sampled(tmp_path / str(seed), seed, problems=unknown) for seed in (1, 2))
    missing = diversity(base, rl).missing
    assert "n_solutions" in missing["solutions"]
    assert not any(name.startswith("solutions") for name in diversity(base, rl).measures["measure"])


def test_entropies_that_no_engine_told_are_missing(runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Run.samples
    monkeypatch.setattr(
        Run, "samples", lambda run: whole(run).with_columns(pl.lit(None, dtype=pl.Float64).alias("entropy_mean"))
    )
    result = diversity(*runs)
    assert "--engine hf" in result.missing["token_entropy"]
    assert "token_entropy" not in result.measures["measure"]


def test_runs_without_texts_keep_their_answers(runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Run.samples
    monkeypatch.setattr(Run, "samples", lambda run: whole(run).with_columns(text=pl.lit("")))
    result = diversity(*runs)
    assert result.n_texts == 0 and "no texts" in result.missing["words"]
    assert row(result, "answers_0")["problems"] == len(PROBLEMS)


def test_a_single_sample_is_bad_input(tmp_path: Path) -> None:
    one = sampled(tmp_path / "one", 1, n_max=1)
    with pytest.raises(BadInput, match="expected 2 first samples"):
        diversity(one, one)


def test_correct_samples_are_compared_at_equal_numbers() -> None:
    """RL is right ten times as often and has the same shares of its solutions: nothing changed."""
    rng = np.random.default_rng(0)
    base = [[str(kind) for kind in rng.integers(4, size=8)] for _ in range(400)]
    rl = [[str(kind) for kind in rng.integers(4, size=80)] for _ in range(400)]
    made = Measures(0.95)
    made.add_kinds("solutions", base, rl, what="correct samples", more="draw more")
    rows = {str(each["measure"]): each for each in made.rows}
    assert {each["samples"] for each in made.rows} == {8}
    for each in rows.values():
        lo, hi = each["ratio_lo"], each["ratio_hi"]
        assert isinstance(lo, float) and isinstance(hi, float) and lo <= 1 <= hi and hi - lo < 0.1
    assert rows["solutions_2"]["base"] == pytest.approx(4, rel=0.1)


def test_too_few_problems_with_enough_samples_are_missing() -> None:
    made = Measures(0.95)
    made.add_kinds("solutions", [["a"], ["a", "b"]], [["a", "b"]] * 2, what="correct samples", more="draw more")
    assert not made.rows
    assert made.missing == {"solutions": "2 problems with 2 correct samples of both models are needed; draw more"}


class Code:
    """Says that every program is right, and names it as the verifier of programs does."""

    name = "code-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        return Judgement(Verdict.CORRECT, text, "")


PYTHON = (
    "def f(a):\n    return a + 1\n",
    "def f(b):\n    # one more\n    return b + 1\n",
    "def f(a):\n    return a + 2\n",
)


def code_run(path: Path, programs: tuple[str, ...], seed: int) -> Run:
    reference = json.dumps({"kind": "function", "prompt": "", "test": "", "entry_point": "f", "style": "mbpp"})
    problems = tuple(Problem(f"p{i}", "add one", reference) for i in range(4))
    names = [problem.problem_id for problem in problems]
    engine = ScriptedEngine(dict.fromkeys(names, 1.0), dict.fromkeys(names, "x"))
    run = sample_run(
        path, ProblemSet("toy", problems), engine, SamplingSpec(template="plain", seed=seed), DrawRule(6, None), Code()
    )
    texts = pl.Series([f"```python\n{programs[i % len(programs)]}```" for i in range(6)])
    whole = run.samples
    run.samples = lambda: whole().with_columns(  # type: ignore[method-assign]
        text=pl.col("sample_index").replace_strict(dict(enumerate(texts)), return_dtype=pl.String)
    )
    return run


def test_programs_that_differ_in_names_and_comments_are_one(tmp_path: Path) -> None:
    base, rl = code_run(tmp_path / "base", PYTHON, 1), code_run(tmp_path / "rl", PYTHON[:2], 2)
    result = diversity(base, rl)
    found = row(result, "solutions_found")
    assert (found["base"], found["rl"]) == (2.0, 1.0)
    assert row(result, "programs_2")["rl"] == 1.0
    assert "distinct programs" in result.missing["answers"]
