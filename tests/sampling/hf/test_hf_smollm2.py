"""The engine with a real model: 30 layers, grouped queries, 49,152 tokens, a chat template."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from beyondbase.errors import BadInput
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.smollm2 import smollm2_folder
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Prompt, PromptForm, SampleRequest, SamplingSpec

CHAT = PromptForm.CHAT
QUESTIONS = ["Name a colour.", "Name three animals that live in the sea.", "Where is Paris? " * 6]
SPECS = [
    SamplingSpec(0.7, 0.9, max_tokens=1, form=CHAT),
    SamplingSpec(1.0, 1.0, top_k=5, max_tokens=1, form=CHAT),
    SamplingSpec(1.2, 0.8, top_k=50, max_tokens=1, form=CHAT),
]


@pytest.fixture(scope="module")
def engine() -> HfEngine:
    try:
        folder = smollm2_folder()
    except BadInput as missing:
        pytest.skip(str(missing))
    return HfEngine.load(folder)


def requests(questions: list[str], samples: int) -> list[SampleRequest]:
    return [SampleRequest(q, Prompt(q), i, sample_seed(0, q, i)) for q in questions for i in range(samples)]


def sampled(engine: HfEngine, wanted: list[SampleRequest], spec: SamplingSpec) -> dict[object, Completion]:
    return {(r.problem_id, r.sample_index): completion for r, completion in engine.generate(wanted, spec)}


@torch.inference_mode()
def warped(engine: HfEngine, prompt: Prompt, ids: list[int], spec: SamplingSpec) -> torch.Tensor:
    """Log-probabilities of each of `ids` after the prompt by a plain forward pass and transformers' own warpers."""
    before = engine.encode(prompt, spec)
    logits = engine.model(input_ids=torch.tensor([[*before, *ids]])).logits[0, len(before) - 1 : -1]
    warpers = LogitsProcessorList([TemperatureLogitsWarper(spec.temperature)])
    if spec.top_k is not None:
        warpers.append(TopKLogitsWarper(spec.top_k))
    if spec.top_p < 1:
        warpers.append(TopPLogitsWarper(spec.top_p))
    return torch.log_softmax(warpers(torch.zeros(len(ids), 1, dtype=torch.int64), logits), dim=-1)


def test_settings_show_the_whole_chat_prompt_and_what_ends_a_turn(engine: HfEngine) -> None:
    settings = engine.settings(SPECS[0], [Prompt(QUESTIONS[0])])
    assert settings["first_prompt"].startswith("<|im_start|>system\n")
    assert settings["first_prompt"].endswith("<|im_start|>user\nName a colour.<|im_end|>\n<|im_start|>assistant\n")
    assert [settings[name] for name in ("form", "begins_with_bos", "attention")] == ["chat", "yes", "shared-prompt"]
    assert (settings["eos_token_ids"], len(settings["chat_template_hash"])) == ("[2]", 16)


def test_a_sample_does_not_depend_on_batch_size_or_order_or_company(engine: HfEngine) -> None:
    spec = SamplingSpec(0.9, 0.95, max_tokens=3, form=CHAT)
    wanted = requests(QUESTIONS, 4)
    whole = sampled(engine, wanted, spec)
    assert len({completion.token_ids.tobytes() for completion in whole.values()}) > 6  # type: ignore[attr-defined]
    assert sampled(replace(engine, batch_size=5), wanted[::-1], spec) == whole
    assert sampled(engine, wanted[3:4], spec).items() <= whole.items()


@pytest.mark.parametrize("top_k", [None, 40])
def test_log_probability_and_entropy_are_those_of_a_plain_pass_and_transformers_warpers(
    engine: HfEngine, top_k: int | None
) -> None:
    spec = SamplingSpec(0.8, 0.9, top_k=top_k, max_tokens=6, form=CHAT)
    for request, completion in engine.generate(requests(QUESTIONS[:2], 1), spec):
        ids = list(completion.token_ids)
        log_p = warped(engine, request.prompt, ids, spec)
        assert completion.logprob_sum == pytest.approx(sum(log_p[i, t].item() for i, t in enumerate(ids)), abs=2e-3)
        assert completion.entropy_mean == pytest.approx(stats.entropy(log_p.exp(), axis=1).mean(), abs=1e-3)


@pytest.mark.parametrize("spec", SPECS)
def test_first_tokens_are_drawn_from_transformers_own_distribution(engine: HfEngine, spec: SamplingSpec) -> None:
    wanted = requests(QUESTIONS[1:2], 600)
    drawn = Counter(c.token_ids[0] for c in sampled(replace(engine, batch_size=200), wanted, spec).values())
    p_V = warped(engine, wanted[0].prompt, [0], spec)[0].double().exp().numpy()
    often = np.flatnonzero(p_V * len(wanted) >= 5)
    observed = [*(drawn[token] for token in often), len(wanted) - sum(drawn[token] for token in often)]
    expected = len(wanted) * np.array([*p_V[often], 1 - p_V[often].sum()])
    assert all(p_V[token] > 0 for token in drawn)
    assert len(often) > 1
    if expected[-1] < 5:
        observed, expected = (
            [*observed[:-2], observed[-2] + observed[-1]],
            np.array([*expected[:-2], expected[-2:].sum()]),
        )
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 1e-3


def test_greedy_decoding_equals_that_of_transformers(engine: HfEngine) -> None:
    spec = SamplingSpec(0.0, 1.0, max_tokens=8, form=CHAT)
    for request, completion in engine.generate(requests(QUESTIONS[:2], 1), spec):
        ids = torch.tensor([engine.encode(request.prompt, spec)])
        theirs = engine.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=8)
        assert list(completion.token_ids) == theirs[0, ids.shape[1] :].tolist()
