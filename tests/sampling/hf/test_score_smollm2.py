"""The scorer with a real model: 30 layers, grouped queries, 49,152 tokens; plain and chat, truncated, sharpened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from beyondbase.errors import BadInput
from beyondbase.sampling.hf.score import HfScorer
from beyondbase.sampling.model_source.smollm2 import smollm2_folder
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Finish, Prompt, PromptForm, SampleRequest, SamplingSpec

QUESTIONS = ["Name a colour.", "Name three animals that live in the sea.", "Where is Paris? " * 6]
DRAWN = [
    SamplingSpec(0.9, 0.95, max_tokens=8, form=PromptForm.CHAT),
    SamplingSpec(1.0, 1.0, max_tokens=5),
    SamplingSpec(0.7, 1.0, 40, max_tokens=24, form=PromptForm.CHAT, system="Answer in one word."),
]


@pytest.fixture(scope="module")
def scorer() -> HfScorer:
    try:
        folder = smollm2_folder()
    except BadInput as missing:
        pytest.skip(str(missing))
    return HfScorer.load(folder)


def drawn(scorer: HfScorer, spec: SamplingSpec) -> list[tuple[Response, Completion]]:
    requests = [SampleRequest(q, Prompt(q), i, sample_seed(0, q, i)) for q in QUESTIONS for i in range(2)]
    pairs = scorer.engine.generate(requests, spec)
    return [(Response(scorer.encode(r.prompt, spec), list(c.token_ids)), c) for r, c in pairs]


@torch.inference_mode()
def plain_pass(scorer: HfScorer, response: Response, spec: ScoreSpec) -> tuple[np.ndarray, np.ndarray]:
    begin = len(response.prompt_ids)
    ids = torch.tensor([[*response.prompt_ids, *response.token_ids]])
    logits = scorer.model(input_ids=ids, use_cache=False).logits[0, begin - 1 : -1]
    warpers = LogitsProcessorList([TemperatureLogitsWarper(spec.temperature)])
    if spec.top_k is not None:
        warpers.append(TopKLogitsWarper(spec.top_k))
    if spec.top_p < 1:
        warpers.append(TopPLogitsWarper(spec.top_p))
    warped = warpers(torch.zeros(len(logits), 1, dtype=torch.int64), logits)
    return logits.log_softmax(-1).numpy(), warped.log_softmax(-1).numpy()


@pytest.mark.parametrize("spec", DRAWN, ids=["chat", "plain", "chat with a system message"])
@pytest.mark.parametrize("under", [ScoreSpec(), ScoreSpec(0.8, 0.9)], ids=["own", "sharpened"])
def test_a_score_is_that_of_a_plain_pass(scorer: HfScorer, spec: SamplingSpec, under: ScoreSpec) -> None:
    pairs = drawn(scorer, spec)
    assert Finish.LENGTH in {completion.finish for _, completion in pairs}
    came = dict(replace(scorer, spec=under).score([response for response, _ in pairs]))
    for i, (response, _) in enumerate(pairs):
        own_T_V, warped_T_V = plain_pass(scorer, response, under)
        at_T = np.arange(len(response.token_ids)), np.array(response.token_ids)
        each = came[i]
        assert isinstance(each, Scored)
        expected = warped_T_V[at_T].sum()
        assert each.n_outside == np.isneginf(warped_T_V[at_T]).sum()
        assert each.logprob_sum == expected or abs(each.logprob_sum - expected) < 1e-4 * each.n_tokens
        assert each.entropy_mean == pytest.approx(stats.entropy(np.exp(warped_T_V), axis=1).mean(), abs=1e-4)
        rank_T = (own_T_V > own_T_V[at_T][:, None]).sum(axis=1) + 1
        assert (each.n_top1, each.worst_rank) == ((rank_T == 1).sum(), rank_T.max())
        assert list(each.top_ids) == own_T_V.argmax(axis=1).tolist()


@pytest.mark.parametrize("spec", DRAWN, ids=["chat", "plain", "chat with a system message"])
def test_samples_scored_by_what_drew_them_have_their_own_log_probability(scorer: HfScorer, spec: SamplingSpec) -> None:
    pairs = drawn(scorer, spec)
    own = replace(scorer, spec=ScoreSpec(spec.temperature, spec.top_p, spec.top_k))
    came = dict(own.score([response for response, _ in pairs]))
    for i, (_, completion) in enumerate(pairs):
        each = came[i]
        assert isinstance(each, Scored)
        assert each.logprob_sum == pytest.approx(completion.logprob_sum, abs=1e-3)
        assert each.entropy_mean == pytest.approx(completion.entropy_mean, abs=1e-4)


def test_a_score_does_not_depend_on_its_company(scorer: HfScorer) -> None:
    responses = [response for response, _ in drawn(scorer, DRAWN[2])]
    whole = dict(scorer.score(responses))
    for i in (0, 3, 5):
        [(_, alone)] = scorer.score([responses[i]])
        assert repr(alone) == repr(whole[i])


def test_settings_name_the_chat_and_the_distribution(scorer: HfScorer) -> None:
    told = replace(scorer, spec=ScoreSpec(0.6, 0.95)).settings(DRAWN[0], [Prompt(QUESTIONS[0])])
    engine = scorer.engine.settings(DRAWN[0], [Prompt(QUESTIONS[0])])
    for name in ("tokenizer_hash", "weights_hash", "chat_template_hash", "first_prompt_token_ids"):
        assert told[name] == engine[name]
    assert (told["attention"], told["temperature"], told["top_p"]) == ("eager", "0.6", "0.95")
