"""What the scorer says of responses: equal to a plain pass over prompt and response, whatever is scored beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import (
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LogitsProcessorList,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.hf import HfEngine, response_batches
from beyondbase.sampling.hf.score import HfScorer
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored
from beyondbase.seeds import sample_seed
from beyondbase.types import FloatArray, SampleRequest, SamplingSpec

SPECS = [ScoreSpec(), ScoreSpec(0.6), ScoreSpec(1.0, 0.9), ScoreSpec(0.8, 0.95, 20), ScoreSpec(1.5, 1.0, 5)]


@pytest.fixture(scope="module")
def scorer() -> HfScorer:
    return HfScorer.load(BASE_MODEL)


@pytest.fixture(scope="module")
def responses(scorer: HfScorer) -> list[Response]:
    """Responses of the model itself, whole and truncated, and tokens at random, to prompts of several lengths."""
    rng = np.random.default_rng(5)
    made = []
    for max_tokens in (24, 5, 1):
        spec = SamplingSpec(1.2, 1.0, max_tokens=max_tokens)
        requests = [
            SampleRequest(p.problem_id, render("plain", p), i, sample_seed(0, p.problem_id, i))
            for p in load_problems("countdown", 4)
            for i in range(5)
        ]
        for request, completion in scorer.engine.generate(requests, spec):
            made.append(Response(scorer.encode(request.prompt, spec), list(completion.token_ids)))
    for length in (1, 2, 15, 16, 17, 18, 21, 33, 40):
        made.append(Response(tuple(range(3, 3 + length % 7 + 2)), rng.integers(212, size=length).tolist()))
    return made


@torch.inference_mode()
def plain_pass(model: PreTrainedModel, response: Response, spec: ScoreSpec) -> tuple[FloatArray, FloatArray]:
    """Log-probabilities (tokens, vocabulary) by one pass over prompt and response: the model's own, and the warped."""
    begin = len(response.prompt_ids)
    ids = torch.tensor([[*response.prompt_ids, *response.token_ids]], device=model.device)
    logits = model(input_ids=ids, use_cache=False).logits[0, begin - 1 : -1].double()
    warpers = LogitsProcessorList([TemperatureLogitsWarper(spec.temperature)])
    if spec.top_k is not None:
        warpers.append(TopKLogitsWarper(spec.top_k))
    if spec.top_p < 1:
        warpers.append(TopPLogitsWarper(spec.top_p))
    warped = warpers(torch.zeros(len(logits), 1, dtype=torch.int64), logits)
    return logits.log_softmax(-1).numpy(), warped.log_softmax(-1).numpy()


def scored(scorer: HfScorer, responses: Sequence[Response]) -> list[Scored]:
    """Scores in the order of the responses, each of which comes once."""
    pairs = list(scorer.score(responses))
    found = dict(pairs)
    assert len(pairs) == len(found) == len(responses)
    assert all(isinstance(found[i], Scored) for i in found)
    return [found[i] for i in range(len(responses))]  # type: ignore[misc]


def assert_equals_plain_pass(scorer: HfScorer, responses: Sequence[Response]) -> None:
    for response, came in zip(responses, scored(scorer, responses), strict=True):
        own_T_V, warped_T_V = plain_pass(scorer.model, response, scorer.spec)
        at_T = np.arange(len(response.token_ids)), np.asarray(response.token_ids)
        n = came.n_tokens
        assert n == len(response.token_ids)
        assert came.n_outside == np.isneginf(warped_T_V[at_T]).sum()
        expected = warped_T_V[at_T].sum()
        assert came.logprob_sum == expected or abs(came.logprob_sum - expected) < 1e-4 * n
        assert came.entropy_mean == pytest.approx(stats.entropy(np.exp(warped_T_V), axis=1).mean(), abs=1e-4)
        rank_T = (own_T_V > own_T_V[at_T][:, None]).sum(axis=1) + 1
        assert (came.n_top1, came.n_top5) == ((rank_T == 1).sum(), (rank_T <= 5).sum())
        assert (came.rank_mean, came.worst_rank) == (pytest.approx(rank_T.mean()), rank_T.max())
        assert list(came.top_ids) == own_T_V.argmax(axis=1).tolist()


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_score_is_that_of_a_plain_pass_and_transformers_warpers(
    scorer: HfScorer, responses: list[Response], spec: ScoreSpec
) -> None:
    assert_equals_plain_pass(replace(scorer, spec=spec), responses)


@pytest.mark.parametrize("spec", [SPECS[0], SPECS[3]], ids=str)
def test_a_score_does_not_depend_on_batch_or_order_or_company(
    scorer: HfScorer, responses: list[Response], spec: ScoreSpec
) -> None:
    scorer = replace(scorer, spec=spec)
    whole = [repr(each) for each in scored(scorer, responses)]
    narrow = replace(scorer, engine=replace(scorer.engine, batch_size=3))
    assert [repr(each) for each in scored(narrow, responses[::-1])][::-1] == whole
    for i in range(0, len(responses), 7):
        assert [repr(each) for each in scored(scorer, responses[i : i + 1])] == whole[i : i + 1]


def test_equal_responses_of_a_prompt_are_computed_once(
    scorer: HfScorer, responses: list[Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = []
    own = response_batches._logits
    monkeypatch.setattr(
        response_batches,
        "_logits",
        lambda model, ids, *args, **kw: fed.append(ids.numel()) or own(model, ids, *args, **kw),
    )
    once = scored(scorer, responses[:10])
    tokens, fed[:] = sum(fed), []
    assert [repr(each) for each in scored(scorer, responses[:10] * 3)] == [repr(each) for each in once * 3]
    assert sum(fed) == tokens > 0


@pytest.mark.parametrize("spec", [SamplingSpec(1.0, 1.0), SamplingSpec(0.6, 0.95), SamplingSpec(1.2, 0.9, 12)], ids=str)
def test_samples_scored_by_what_drew_them_have_their_own_log_probability(scorer: HfScorer, spec: SamplingSpec) -> None:
    spec = replace(spec, max_tokens=14)
    under = replace(scorer, spec=ScoreSpec(spec.temperature, spec.top_p, spec.top_k))
    requests = [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(1, p.problem_id, i))
        for p in load_problems("countdown", 8)
        for i in range(40)
    ]
    drawn = list(scorer.engine.generate(requests, spec))
    own = [Response(scorer.encode(request.prompt, spec), list(c.token_ids)) for request, c in drawn]
    for (_, completion), came in zip(drawn, scored(under, own), strict=True):
        assert came.n_outside == 0
        assert came.logprob_sum == pytest.approx(completion.logprob_sum, abs=2e-4)
        assert came.entropy_mean == pytest.approx(completion.entropy_mean, abs=1e-4)


def test_what_cannot_be_scored_gets_a_reason_and_no_number(scorer: HfScorer) -> None:
    prompt = tuple(range(3, 43))
    fits = Response(prompt, [7] * 24)
    asked = [Response(prompt, [7] * 25), Response(prompt, [212]), Response(prompt, [-1, 3]), Response(prompt, []), fits]
    came = dict(scorer.score(asked))
    assert [isinstance(came[i], Unscored) for i in range(5)] == [True, True, True, True, False]
    reasons = ["have 65 tokens, the model's context 64", "token 212 is not one", "token -1 is not one", "no token ids"]
    for i, reason in enumerate(reasons):
        assert reason in came[i].error  # type: ignore[union-attr]
        assert came[i].n_tokens == len(asked[i].token_ids)


def test_a_model_that_gives_no_numbers_scores_nothing(scorer: HfScorer, responses: list[Response]) -> None:
    broken = HfEngine.load(BASE_MODEL)
    with torch.no_grad():
        broken.model.get_input_embeddings().weight[7] = torch.nan
    came = dict(HfScorer(broken.model, broken, ScoreSpec(), "broken").score(responses[:1]))
    assert came[0] == Unscored(len(responses[0].token_ids), came[0].error)  # type: ignore[union-attr]
    assert "NaN" in came[0].error  # type: ignore[union-attr]


def _saved(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(BASE_MODEL).save_pretrained(folder)
    return folder


def _small_models() -> dict[str, PreTrainedModel]:
    torch.manual_seed(3)
    sizes = {"vocab_size": 212, "bos_token_id": 0, "eos_token_id": 1}
    windowed = MistralConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        sliding_window=9, max_position_embeddings=512, **sizes,
    )  # fmt: skip
    by_position = GPT2Config(n_positions=96, n_embd=32, n_layer=2, n_head=2, **sizes)
    return {"windowed": MistralForCausalLM(windowed), "positions learned": GPT2LMHeadModel(by_position)}


@pytest.mark.parametrize("kind", ["windowed", "positions learned"])
def test_other_attention_and_responses_taken_in_steps_score_alike(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _small_models()[kind]
    scorer = HfScorer.load(_saved(model, tmp_path / "model"))
    rng = np.random.default_rng(1)
    asked = [
        Response(tuple(rng.integers(3, 212, size=p).tolist()), rng.integers(3, 212, size=n).tolist())
        for p, n in [(3, 1), (20, 70), (20, 31), (45, 51), (90, 6), (95, 1)]
    ]
    assert_equals_plain_pass(scorer, asked)
    whole = scored(scorer, asked)
    monkeypatch.setattr(response_batches, "_EXACT", 8)
    monkeypatch.setattr(response_batches, "_STEP", 20)
    monkeypatch.setattr(response_batches, "_LOGITS", 1)
    assert_equals_plain_pass(scorer, asked)
    for stepped, at_once in zip(scored(scorer, asked), whole, strict=True):
        assert stepped.logprob_sum == pytest.approx(at_once.logprob_sum, abs=1e-4)


def test_a_model_to_which_a_kept_prompt_is_not_the_same_is_refused(
    scorer: HfScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = response_batches._logits

    def forgetful(model: PreTrainedModel, ids: torch.Tensor, cache: object, **kwargs: int) -> torch.Tensor:
        return own(model, ids, type(cache)(config=model.config), **kwargs)  # type: ignore[call-arg]

    monkeypatch.setattr(response_batches, "_logits", forgetful)
    with pytest.raises(BadInput, match=r"kept prompt gives the numbers of a plain pass.*--engine vllm"):
        scorer.check_kept_prompt()
