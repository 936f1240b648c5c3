"""A study of runs that hold less than all: each part is there, or says why it is not and what would make it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import beyondbase as bb
from beyondbase.analyses.results import Comparison, Stands, StudyAnalysis
from beyondbase.analyses.why import PARTS
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.report.formats import typeset
from beyondbase.report.page import write_report
from beyondbase.report.sections import SECTIONS
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store.run_store import Run
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

PROBLEMS = tuple(
    Problem(f"p{i}", f"question {i}", json.dumps({"answer": str(i)}), {"level": str(i % 2)}) for i in range(12)
)
ALL_TOLD: dict[str, Any] = {}
NO_IDS: dict[str, Any] = {"token_ids": (), "counted_tokens": 7}
NO_PROBABILITIES: dict[str, Any] = {"logprob_sum": None, "entropy_mean": None}
TEXT_ONLY: dict[str, Any] = {**NO_PROBABILITIES, "token_ids": (), "counted_tokens": None}
WITHHELD = {
    "nothing": ALL_TOLD,
    "token ids": NO_IDS,
    "probabilities": NO_PROBABILITIES,
    "all but the text": TEXT_ONLY,
}
REMEDY = re.compile(r"`(?:beyondbase|analyze) [^`]+`|--[a-z-]+|\ba problem set with\b")
"""a command or a flag that would make what is missing; or what the problems would have to hold"""


@dataclass
class Reticent:
    """The scripted engine, which keeps some of what it knows to itself."""

    engine: ScriptedEngine
    withheld: Mapping[str, Any]

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        tells_ids = "token_ids" not in self.withheld
        return {**self.engine.settings(spec, prompts), **({"tokenizer_hash": "bytes"} if tells_ids else {})}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request, completion in self.engine.generate(requests, spec):
            yield request, replace(completion, **self.withheld)


def drawn(path: Path, rate: float, seed: int, withheld: Mapping[str, Any]) -> Run:
    rates = {problem.problem_id: rate * (i % 3) for i, problem in enumerate(PROBLEMS)}
    answers = {problem.problem_id: str(i) for i, problem in enumerate(PROBLEMS)}
    engine = Reticent(ScriptedEngine(rates, answers, faults=Faults(truncated=0.05)), withheld)
    rule, spec = DrawRule(n_max=32, n_first=16), SamplingSpec(template="plain", max_tokens=16, seed=seed)
    return sample_run(path, ProblemSet("toy", PROBLEMS), engine, spec, rule, ExactMatch())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("whole")
    runs = drawn(folder / "base", 0.2, 1, ALL_TOLD), drawn(folder / "rl", 0.4, 2, ALL_TOLD)
    return bb.compare(*(run.counts() for run in runs))


@pytest.fixture(scope="module", params=WITHHELD)
def withheld(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def study(withheld: str, tmp_path_factory: pytest.TempPathFactory) -> StudyAnalysis:
    folder = tmp_path_factory.mktemp("runs")
    told = WITHHELD[withheld]
    return bb.analyze(drawn(folder / "base", 0.2, 1, told), drawn(folder / "rl", 0.4, 2, told))


@pytest.fixture(scope="module")
def page(study: StudyAnalysis, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(study, tmp_path_factory.mktemp("study")).read_text()


def test_each_part_is_made_or_its_reason_is_kept(study: StudyAnalysis) -> None:
    for part in PARTS:
        assert (getattr(study, part) is None) == (part in study.not_made), part


def test_each_section_is_on_the_page_with_what_it_lacks_and_what_would_make_it(study: StudyAnalysis, page: str) -> None:
    for name, make in SECTIONS.items():
        section = make(study)
        assert section is not None and f'<h2 id="{section.name}">' in page and f'href="#{section.name}"' in page, name
        told = words(page.split(f'<h2 id="{section.name}">')[1].split("<h2")[0])
        for what, why in section.missing.items():
            assert words(str(typeset(what))) in told and words(str(typeset(why))) in told, name
            assert REMEDY.search(why), (name, what, why)
        assert section.sentences or section.missing, name


def test_each_condition_of_the_robustness_table_is_made_or_says_what_would_make_it(
    study: StudyAnalysis, page: str
) -> None:
    told = words(page.split('id="robustness"')[1].split("<h2")[0])
    assert len(study.robustness) >= 8
    for row in study.robustness:
        assert (row.label is None) == (row.stands is Stands.NOT_MADE), row
        if row.label is None:
            assert REMEDY.search(row.note), row
            assert words(str(typeset(row.note))) in told, row


def test_what_is_withheld_and_nothing_else_is_missed(study: StudyAnalysis, withheld: str) -> None:
    assert study.shape is not None and study.diversity is not None and study.cost is not None
    no_probabilities = withheld in ("probabilities", "all but the text")
    assert ("token_entropy" in study.diversity.missing) == no_probabilities
    assert (study.cost.at_tokens is None) == (withheld == "all but the text")
    sampled_again = withheld in ("token ids", "all but the text")
    assert ("token ids" in study.not_made["likelihood"]) == sampled_again  # nothing can score what is not there
    assert ("is not scored" in study.not_made["likelihood"]) != sampled_again


def test_the_curves_do_not_depend_on_what_is_withheld(study: StudyAnalysis, whole: Comparison) -> None:
    assert study.comparison.curves.equals(whole.curves)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())
