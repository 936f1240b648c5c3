"""Visual problems through the whole chain: drawn, sent to a chat server, answered from the picture, verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beyondbase import open_run
from beyondbase.problems import load_problems
from tests.sampling.openai_api.faulty_server import Script, serving

Cli = Callable[..., Any]
SPEC = ["--max-tokens", 20, "--n-max", 3, "--n-first", 3, "--fixed-n", "--form", "chat", "--engine", "openai"]


def picture_of(body: dict[str, Any]) -> str:
    (image, text) = body["messages"][-1]["content"]
    assert (image["type"], text["type"]) == ("image_url", "text")
    return str(image["image_url"]["url"])


def test_a_model_that_sees_the_pictures_solves_the_figures_and_only_then(beyondbase: Cli, tmp_path: Path) -> None:
    figures = load_problems("figures", 30)
    answers = {problem.images[0]: json.loads(problem.reference)["answer"] for problem in figures}
    seeing = Script(answer=lambda body: f"I look.\nAnswer: {answers[picture_of(body)]}")
    with serving(seeing) as url, serving(Script(answer=lambda body: "Answer: 99")) as other:
        words = ["sample", "--model", "m", "--problems", "figures", "--limit", 30, *SPEC]
        assert beyondbase(*words, "--base-url", url, "--out", tmp_path / "seeing").code == 0
        assert beyondbase(*words, "--base-url", other, "--out", tmp_path / "blind").code == 0
    seen, blind = open_run(tmp_path / "seeing"), open_run(tmp_path / "blind")
    assert seen.counts().c_P.tolist() == [3] * 30
    assert blind.counts().c_P.tolist() == [0] * 30
    assert {picture_of(body) for body in seeing.bodies} == set(answers)
    assert (seen.manifest.verifier, seen.manifest.spec.template) == ("exact-1", "answer-line")


def test_choices_below_a_picture_are_answered_by_letter(beyondbase: Cli, tmp_path: Path) -> None:
    url = load_problems("figures", 1).problems[0].images[0]
    row = {"pid": "1", "query": "How many?", "choices": ["3", "10"], "answer": "10", "image": url}
    (tmp_path / "set.jsonl").write_text(json.dumps(row))
    script = Script(answer=lambda body: "Answer: B")
    with serving(script) as address:
        words = ["sample", "--model", "m", "--problems", tmp_path / "set.jsonl", *SPEC, "--base-url", address]
        words += ["--question-column", "query", "--id-column", "pid", "--template", "answer-line"]
        assert beyondbase(*words, "--out", tmp_path / "run", "--expect-rows", 1).code == 0
        refused = beyondbase(*words, "--out", tmp_path / "other", "--expect-rows", 2)
    assert open_run(tmp_path / "run").counts().c_P.tolist() == [3]
    assert "How many?\n(A) 3\n(B) 10\n" in script.bodies[0]["messages"][-1]["content"][1]["text"]
    assert "expected 2 problems in set, got 1" in refused.error
    assert 'question_column = "query"' in (tmp_path / "run" / "sample.toml").read_text()


def test_a_template_of_ones_own_is_gone_on_with_until_its_text_changes(beyondbase: Cli, tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps({"id": 1, "question": "1 + 1", "answer": 2}))
    template = tmp_path / "mine.txt"
    template.write_text("Sum: {question}\n")
    script = Script(answer=lambda body: "Answer: 2")
    with serving(script) as address:
        words = ["sample", "--model", "m", "--problems", tmp_path / "set.jsonl", *SPEC, "--base-url", address]
        words += ["--out", tmp_path / "run", "--template", template]
        assert beyondbase(*words).code == beyondbase(*words).code == 0
        template.write_text("Total: {question}\n")
        said = beyondbase(*words)
    assert script.bodies[0]["messages"][-1]["content"] == "Sum: 1 + 1"
    assert said.code == 2 and "template_hash" in said.error
