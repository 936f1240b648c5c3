from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from beyondbase.countdown_rules import solutions
from beyondbase.lab.corpus import corpus
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.pretrain import BaseConfig, train_base
from beyondbase.lab.tokenizer import build_tokenizer
from beyondbase.problems import load_problems, render
from beyondbase.problems.countdown import Split, problem_key, split_of
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import weights_hash
from beyondbase.seeds import sample_seed
from beyondbase.types import SampleRequest, SamplingSpec, Verdict
from beyondbase.verification.countdown import CountdownVerifier


def asked(prompt: str) -> tuple[tuple[int, ...], int]:
    words = prompt.split()
    return tuple(map(int, words[1:-3])), int(words[-2])


def test_the_corpus_holds_no_problem_of_another_split() -> None:
    for prompt, _ in islice(corpus(seed=0, wrong_share=0.5), 2000):
        assert split_of(*asked(prompt)) is Split.PRETRAIN


@pytest.mark.parametrize("wrong_share", [0.0, 0.5, 1.0])
def test_the_share_of_traces_that_miss_their_target_is_the_one_asked_for(wrong_share: float) -> None:
    pairs = list(islice(corpus(seed=1, wrong_share=wrong_share), 2000))
    right = sum(int(trace.split()[-1]) == asked(prompt)[1] for prompt, trace in pairs)
    # Traces that end above 99 are lost unless their target is redrawn, which raises the share a little.
    assert right / 2000 == pytest.approx(1 - wrong_share, abs=0.15)
    assert wrong_share or right == 2000


def test_the_tokenizer_gives_back_what_it_was_given() -> None:
    tokenizer = build_tokenizer()
    for prompt, trace in islice(corpus(seed=2, wrong_share=0.5), 200):
        text = f"{prompt} {trace}"
        ids = tokenizer(text)["input_ids"]
        assert len(ids) == len(text.split())
        assert tokenizer.decode(ids) == text


def test_pretraining_repeats_with_its_seed_and_writes_a_folder_that_loads(tmp_path: Path) -> None:
    config = BaseConfig(steps=3, batch_size=8, hidden_size=16, layers=1, heads=2, intermediate_size=16)
    for name in ("a", "b"):
        train_base(replace(config, out=tmp_path / name))
    assert weights_hash(tmp_path / "a") == weights_hash(tmp_path / "b")
    assert HfEngine.load(tmp_path / "a").model.config.model_type == "llama"
    assert "Final loss" in (tmp_path / "a" / "README.md").read_text()


def test_the_shipped_base_is_an_ordinary_folder_of_at_most_six_megabytes() -> None:
    assert sum(file.stat().st_size for file in BASE_MODEL.iterdir()) <= 6_000_000
    assert AutoModelForCausalLM.from_pretrained(BASE_MODEL).config.model_type == "llama"
    assert AutoTokenizer.from_pretrained(BASE_MODEL)("numbers 3 7 target 21 :")["input_ids"]
    card = (BASE_MODEL / "README.md").read_text()
    config = json.loads(card.split("```json")[1].split("```")[0])
    assert {"seed", "steps", "batch_size", "wrong_share"} <= config.keys()
    assert "Final loss" in card


def test_the_shipped_base_is_believable() -> None:
    """Near 5% at k = 1, and most problems solved at a few hundred samples (pass@1024 is in the demo's report)."""
    problems = load_problems("countdown", 40)
    spec = SamplingSpec(1.0, 1.0, max_tokens=24)
    wanted = [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(9, p.problem_id, i))
        for p in problems
        for i in range(128)
    ]
    by_id, verifier = {p.problem_id: p for p in problems}, CountdownVerifier()
    right = [
        request.problem_id
        for request, completion in HfEngine.load(BASE_MODEL).generate(wanted, spec)
        if verifier.verify(by_id[request.problem_id], completion.text).verdict is Verdict.CORRECT
    ]
    assert 0.02 < len(right) / len(wanted) < 0.12
    assert len(set(right)) > 0.6 * len(problems)


def test_every_shipped_test_problem_has_a_solution_and_is_of_the_test_split() -> None:
    for problem in load_problems("countdown"):
        numbers, target = asked(render("plain", problem).text)
        assert problem.problem_id == problem_key(numbers, target)
        assert problem.n_solutions == len(solutions(numbers, target)) > 0
        assert split_of(numbers, target) is Split.TEST
