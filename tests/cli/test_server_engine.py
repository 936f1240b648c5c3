"""The verbs on models behind a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from beyondbase import open_run
from tests.sampling.openai_api.faulty_server import Script, serving

Cli = Callable[..., object]
SPEC = ["--max-tokens", 20, "--n-max", 12, "--n-first", 4, "--form", "chat"]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "three.jsonl"
    rows = [{"id": f"p{i}", "question": f"what is {i}", "answer": i} for i in range(3)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_two_models_behind_two_servers_are_compared(beyondbase: Cli, problems: Path, tmp_path: Path) -> None:
    wrong = Script(answer=lambda body: "answer: none")
    with serving(Script()) as url, serving(wrong) as other:
        words = ["--base", "m", "--rl", "m", "--problems", problems, "--out", tmp_path / "study", *SPEC]
        said = beyondbase("compare", *words, "--engine", "openai", "--base-url", url, "--rl-base-url", other, "--json")
        assert said.code == 0, said.err
    base, rl = (open_run(tmp_path / "study" / "runs" / name) for name in ("base", "rl"))
    assert base.counts().c_P.tolist() == [4, 4, 4]
    assert rl.counts().c_P.tolist() == [0, 0, 0]
    assert (base.manifest.engine["base_url"], rl.manifest.engine["base_url"]) == (url, other)
    # a server that tells no log-probabilities and no entropy leaves gaps, not zeros
    assert "entropy, nats a token" in (tmp_path / "study" / "report.html").read_text()


def test_a_dry_run_asks_a_server_for_no_sample(beyondbase: Cli, problems: Path, tmp_path: Path) -> None:
    script = Script()
    with serving(script) as url:
        words = ["--model", "m", "--problems", problems, "--out", tmp_path / "run", *SPEC, "--dry-run"]
        prices = ["--usd-per-million-in", 1, "--usd-per-million-out", 4]
        said = beyondbase("sample", *words, "--engine", "openai", "--base-url", url, *prices)
    assert said.code == 0
    assert "at most 36 samples in 36 requests" in said.out
    assert "cost: at most $" in said.out
    assert script.bodies == []


def test_a_spent_budget_is_a_run_that_failed_and_goes_on(beyondbase: Cli, problems: Path, tmp_path: Path) -> None:
    with serving(Script()) as url:
        words = ["--model", "m", "--problems", problems, "--out", tmp_path / "run", *SPEC]
        words += ["--engine", "openai", "--base-url", url]
        said = beyondbase("sample", *words, "--budget-tokens", 100)
        assert (said.code, said.error.startswith("beyondbase: budget: ")) == (1, True)
        assert open_run(tmp_path / "run").n_drawn() > 0
        assert beyondbase("sample", *words).code == 0
    assert open_run(tmp_path / "run").counts().c_P.tolist() == [4, 4, 4]
