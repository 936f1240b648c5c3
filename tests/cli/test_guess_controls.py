"""Guess controls on boxed answers, from runs to the report: the math verifier, and direct answers in a box."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from beyondbase import from_json
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import open_run
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification import verifier_of

Cli = Callable[..., object]

N = 200
GOLDS = [str(i) for i in range(24)]
PROBLEMS = ProblemSet(
    "ours",
    tuple(Problem(f"p{gold}", f"question {gold}", json.dumps({"answer": gold})) for gold in GOLDS),
    verifier="math",
    template="boxed",
)


class Boxing:
    """A scripted model of a name, whose wrong answers stand in a box too."""

    def __init__(self, name: str, rates: list[float]) -> None:
        ids = [problem.problem_id for problem in PROBLEMS]
        answers = {f"p{gold}": f"So \\boxed{{{gold}.0}}." for gold in GOLDS}
        self.name, self.engine = name, ScriptedEngine(dict(zip(ids, rates, strict=True)), answers)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {**self.engine.settings(spec, prompts), "weights_hash": self.name}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request, completion in self.engine.generate(requests, spec):
            text = completion.text.replace("wrong", r"\boxed{-1} or \boxed{-2}")
            yield request, dataclasses.replace(completion, text=text)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base guesses 8 problems often, 8 now and then (RL alone solves them), 8 never."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, (run, model, template, rates) in enumerate(
        (
            ("base", "base", "", [0.1] * 8 + [0.0] * 8 + [0.1] * 8),
            ("rl", "rl", "", [0.5] * 24),
            ("direct", "base", "direct-boxed", [0.3] * 8 + [0.02] * 8 + [0.0] * 8),
        )
    ):
        spec = SamplingSpec(template=template, seed=seed)
        rule = DrawRule(N, None, n_first=N)
        sample_run(folder / run, PROBLEMS, Boxing(model, rates), spec, rule, verifier_of(PROBLEMS.verifier))
    return folder


def test_direct_answers_in_a_box_are_filter_and_floor_of_the_report(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    manifests = {name: open_run(runs / name).manifest for name in ("base", "direct")}
    assert (manifests["base"].spec.template, manifests["direct"].spec.template) == ("boxed", "direct-boxed")
    assert (
        manifests["direct"]
        .engine["first_prompt"]
        .endswith("within \\boxed{}, at once, with no reasoning and no steps.")
    )
    counts = open_run(runs / "direct").counts()
    guessed = dict(zip(counts.problem_ids, counts.c_P.tolist(), strict=True))
    lucky = [name for name, c in guessed.items() if 0 < c < 0.06 * N]
    assert 4 <= len(lucky) <= 8

    study = tmp_path / "study"
    words = ["--base", runs / "base", "--rl", runs / "rl", "--base-direct", runs / "direct"]
    flags = ["--guess-below", 0.06]
    said = beyondbase("analyze", *words, *flags, "--out", study)
    assert said.code == 0, said.err
    analysis = from_json((study / "analysis.json").read_text(encoding="utf-8"))
    assert isinstance(analysis, StudyAnalysis) and analysis.guards is not None
    found, floor = analysis.guards.guess_filter, analysis.guards.floor
    assert found is not None and floor is not None
    assert (found.dropped["problem_id"].to_list(), found.kept) == (lucky, len(GOLDS) - len(lucky))
    k_K = np.arange(1, N + 1)
    assert floor["base"].to_list() == pytest.approx(pass_at_k(counts, k_K).tolist())
    assert floor["rl"].is_null().all()  # its direct answers were not drawn
    page = (study / "report.html").read_text(encoding="utf-8")
    assert f"Guess filter: direct answers solve {len(lucky)} problems of 24 at a rate above 0 and below 6%" in page
    assert "Guess floor: guesses alone reach" in page
    assert page.count("after the guess filter") >= 3  # each model, and their difference
    assert page.count(">guesses alone<") == 1
    assert "dotted: what guesses alone reach" in page


def test_a_run_that_reasons_is_no_run_of_guesses(beyondbase: Cli, runs: Path, tmp_path: Path) -> None:
    words = ["--base", runs / "base", "--rl", runs / "rl", "--base-direct", runs / "base"]
    said = beyondbase("analyze", *words, "--out", tmp_path / "study")
    assert said.code == 2
    assert said.error.endswith("(boxed); sample it with --template direct, or direct-boxed where answers are boxed")
