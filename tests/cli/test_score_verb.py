"""`beyondbase score` on a model as small as they come."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beyondbase import open_run

Cli = Callable[..., object]
COMMAND = "from beyondbase.cli.main import main; raise SystemExit(main())"


@pytest.fixture(scope="session")
def drawn(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scored") / "run"
    words = [
        *("sample", "--model", str(model), "--out", str(path), "--problems", "countdown", "--limit", "3"),
        *("--n-max", "8", "--n-first", "4", "--max-tokens", "20", "--temperature", "0.8", "--top-p", "0.9"),
    ]
    subprocess.run([sys.executable, "-c", COMMAND, *words], check=True, capture_output=True)
    return path


@pytest.fixture
def run(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "run"))


def test_it_shows_settings_then_progress_then_the_perplexity(beyondbase: Cli, run: Path, model: Path) -> None:
    said = beyondbase("score", run, "--model", model, "--first", 5)
    shown, _, progress = said.err.partition("score run: 0 of 15 (0%)")
    assert said.code == 0 and progress
    for name in ("weights_hash", "tokenizer_hash", "dtype", "first_prompt_token_ids", "temperature", "first"):
        assert f"\n  {name} " in shown
    [name] = open_run(run).scorers()
    scores = open_run(run).scores(name).collect()
    mean = scores["logprob_sum"].sum() / scores["n_tokens"].sum()
    assert f"15 samples scored, {scores['n_tokens'].sum()} tokens" in said.out
    assert f"mean log-probability a token {mean:.4f} nats, perplexity {math.exp(-mean):.4f}" in said.out


def test_given_again_it_changes_nothing_and_all_scores_the_rest(beyondbase: Cli, run: Path, model: Path) -> None:
    first = beyondbase("score", run, "--model", model, "--first", 2, "--json").data
    again = beyondbase("score", run, "--model", model, "--first", 2, "--json").data
    whole = beyondbase("score", run, "--model", model, "--all", "--json").data
    assert first == again and first["samples"] == 6 and whole["samples"] == 24
    assert whole["scorer"] == first["scorer"] and whole["failed"] == whole["samples_outside"] == 0
    assert open_run(run).scorers()[whole["scorer"]]["first"] == "all"


def test_scored_by_what_drew_it_a_run_has_its_own_log_probabilities(beyondbase: Cli, run: Path, model: Path) -> None:
    said = beyondbase("score", run, "--model", model, "--all", "--temperature", 0.8, "--top-p", 0.9, "--json")
    assert said.data["scorer"].endswith("-t0.8-p0.9")
    scores = open_run(run).scores(said.data["scorer"]).collect()
    both = open_run(run).samples().collect().join(scores, on=["problem_id", "sample_index"], suffix="_again")
    assert both.height == 24
    assert (both["logprob_sum"] - both["logprob_sum_again"]).abs().max() < 1e-3
    assert (both["entropy_mean"] - both["entropy_mean_again"]).abs().max() < 1e-4


def test_tokens_outside_top_p_are_counted_and_not_in_the_mean(beyondbase: Cli, run: Path, model: Path) -> None:
    said = beyondbase("score", run, "--model", model, "--all", "--temperature", 0.8, "--top-p", 0.2, "--json").data
    scores = open_run(run).scores(said["scorer"]).collect()
    outside = scores["n_outside"] > 0
    assert said["samples_outside"] == outside.sum() > 0
    assert said["tokens_outside"] == scores["n_outside"].sum()
    assert (scores["logprob_sum"] == -math.inf).to_list() == outside.to_list()
    words = beyondbase("score", run, "--model", model, "--all", "--temperature", 0.8, "--top-p", 0.2).out
    assert f"{outside.sum()} samples have probability 0" in words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--engine", "openai"], "engine openai: expected hf or vllm"),
        (["--engine", "vllm", "--temperature", 0.6], "engine vllm: expected --temperature 1"),
        (["--temperature", 0], "temperature: expected more than 0 to score under"),
        (["--top-p", 1.5], "top-p: expected 0 < top-p <= 1"),
        (["--top-k", 0], "top-k: expected at least 1"),
        (["--first", 0], "first: expected at least 1 sample a problem"),
        (["--shard", "3/2"], "shard: expected I/N"),
        (["--batch-size", 0], "batch-size: expected at least 1"),
    ],
)
def test_what_cannot_be_scored_as_asked_is_refused(
    beyondbase: Cli, run: Path, model: Path, words: list[object], message: str
) -> None:
    said = beyondbase("score", run, "--model", model, *words)
    assert said.code == 2
    assert message in said.error
    assert not (run / "scores").exists()


def test_a_run_that_is_not_there_is_told_before_a_model_is_loaded(beyondbase: Cli, tmp_path: Path) -> None:
    said = beyondbase("score", tmp_path, "--model", tmp_path / "none")
    assert said.code == 2 and "expected a run, found no manifest.json" in said.error
