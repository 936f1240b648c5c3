"""Rows for verl: what a row tells is the problem again, and its prompt is the one that the evaluation asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.integrations.verl.rows import SCHEMA, problem_of, rows_of, write_rows
from beyondbase.problems import ProblemSet, load_problems, render
from beyondbase.sampling.messages import messages
from beyondbase.types import Problem, PromptForm, SamplingSpec
from tests.integrations.verl.dumps_of_verl import TWO

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4, unique_by=lambda row: row[0]))
def test_problems_come_back_out_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, str, str]]
) -> None:
    problems = ProblemSet("any", tuple(Problem(*row) for row in asked))
    path = write_rows(problems, tmp_path_factory.mktemp("rows") / "train.parquet", SamplingSpec())
    rows = pq.read_table(path).to_pylist()
    back = [problem_of(row["reward_model"]["ground_truth"], row["extra_info"]) for row in rows]
    assert back == [(problem, "exact") for problem in problems]
    assert [row["extra_info"]["index"] for row in rows] == list(range(len(asked)))


def test_the_file_has_the_schema_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    problems = load_problems("countdown", 3)
    one, other = (write_rows(problems, tmp_path / name, SamplingSpec()) for name in ("a.parquet", "b.parquet"))
    assert one.read_bytes() == other.read_bytes()
    assert pq.read_schema(one).equals(SCHEMA)


@pytest.mark.parametrize("form", PromptForm)
def test_a_prompt_is_the_evaluations(form: PromptForm) -> None:
    spec = SamplingSpec(template="answer-line", form=form, system="Be brief." if form is PromptForm.CHAT else "")
    for problem, row in zip(TWO, rows_of(TWO, spec), strict=True):
        prompt = render("answer-line", problem)
        chat = messages(prompt, replace(spec, form=PromptForm.CHAT))
        assert row["prompt"] == chat and row["extra_info"]["template"] == "answer-line"


def test_the_verifier_asked_for_stands_in_each_row() -> None:
    assert {row["extra_info"]["verifier"] for row in rows_of(TWO, SamplingSpec(), "exact")} == {"exact"}
    assert {row["extra_info"]["verifier"] for row in rows_of(TWO, SamplingSpec())} == {"countdown"}


def test_images_and_rows_of_other_makers_are_refused() -> None:
    seen = ProblemSet("seen", (Problem("a", "?", "{}", images=("https://a.example/b.png",)),))
    with pytest.raises(BadInput, match="problem 'a': expected text alone, got images"):
        rows_of(seen, SamplingSpec())
    with pytest.raises(BadInput, match=r"extra_info\.problem_id: expected the text that .* got 7"):
        problem_of("{}", {"problem_id": 7, "question": "?", "verifier": "exact"})
    with pytest.raises(BadInput, match=r"extra_info\.problem_id: .* got None"):
        problem_of("{}", None)
    with pytest.raises(BadInput, match="ground_truth: expected the reference of 'a' as text, got 42"):
        problem_of(42, {"problem_id": "a", "question": "?", "verifier": "exact"})
