"""Power sampling: the law of its samples, by enumeration of a model small enough to have all its responses listed."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy import stats
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.engines import EngineName, EngineOptions, engine_of
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.hf.power import Chain, PowerEngine
from beyondbase.sampling.options import PowerOptions
from beyondbase.seeds import sample_seed
from beyondbase.types import Finish, Prompt, SampleRequest, SamplingSpec

WORDS = ["a", "b", "c", "d", "</s>"]
EOS, MAX = 4, 3
SPEC = SamplingSpec(temperature=1.0, top_p=1.0, max_tokens=MAX, template="plain")
ALPHA = 3.0


@pytest.fixture(scope="module")
def engine() -> HfEngine:
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.6,
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=EOS,
    )
    model = LlamaForCausalLM(config).eval()
    model.config._attn_implementation = "eager"
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="a"))
    words.pre_tokenizer = WhitespaceSplit()
    return HfEngine(model, PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>"))


def requests(n: int, text: str = "a b") -> list[SampleRequest]:
    return [SampleRequest("p", Prompt(text), i, sample_seed(7, "p", i)) for i in range(n)]


def responses() -> Iterator[tuple[int, ...]]:
    """All responses: those that end, and those that are cut."""
    for length in range(1, MAX + 1):
        for head in itertools.product(range(EOS), repeat=length - 1):
            yield (*head, EOS)
    yield from itertools.product(range(EOS), repeat=MAX)


def valued(engine: HfEngine, alpha: float) -> list[Chain]:
    prompt = engine.encode(Prompt("a b"), SPEC)
    return PowerEngine(engine, PowerOptions(alpha, 0))._valued([(prompt, ids) for ids in responses()])


def law(engine: HfEngine, alpha: float) -> dict[tuple[int, ...], float]:
    weight = {chain.ids: math.exp(alpha * chain.target_T.sum()) for chain in valued(engine, alpha)}
    return {ids: value / sum(weight.values()) for ids, value in weight.items()}


def test_the_responses_are_all_there_are(engine: HfEngine) -> None:
    assert sum(law(engine, 1.0).values()) == pytest.approx(1)
    assert sum(math.exp(chain.target_T.sum()) for chain in valued(engine, ALPHA)) == pytest.approx(1, abs=1e-5)
    assert sum(math.exp(chain.proposal_T.sum()) for chain in valued(engine, ALPHA)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("alpha", [0.5, 1.0, ALPHA])
def test_the_moves_keep_the_power_law_in_detailed_balance(engine: HfEngine, alpha: float) -> None:
    chains, pi = valued(engine, alpha), law(engine, alpha)

    def flow(one: Chain, other: Chain) -> float:
        total = 0.0
        for kept in range(min(len(one.ids), len(other.ids))):
            if one.ids[:kept] != other.ids[:kept]:
                break
            proposed = math.exp(other.proposal_T[kept:].sum()) / len(one.ids)
            total += proposed * math.exp(one.log_acceptance(other, kept, alpha))
        return pi[one.ids] * total

    for one, other in itertools.combinations(chains, 2):
        assert flow(one, other) == pytest.approx(flow(other, one), rel=1e-5)


@pytest.mark.parametrize(("alpha", "moves"), [(ALPHA, 12), (1.0, 2), (0.5, 12)])
def test_samples_have_the_power_law(engine: HfEngine, alpha: float, moves: int) -> None:
    power = PowerEngine(engine, PowerOptions(alpha, moves))
    drawn = Counter(chain.ids for chain in power.chains(requests(3000), SPEC))
    expected = law(engine, alpha)
    often = [ids for ids, share in expected.items() if share * 3000 >= 5]
    observed = [drawn[ids] for ids in often] + [3000 - sum(drawn[ids] for ids in often)]
    wanted = [3000 * expected[ids] for ids in often] + [3000 * (1 - sum(expected[ids] for ids in often))]
    kept = [(o, w) for o, w in zip(observed, wanted, strict=True) if w > 1]
    total_o, total_w = (sum(column) for column in zip(*kept, strict=True))
    p = stats.chisquare([o for o, _ in kept], [w * total_o / total_w for _, w in kept]).pvalue
    assert p > 1e-3


def test_without_moves_it_is_another_law(engine: HfEngine) -> None:
    """Each token at temperature 1 / alpha is not the power of the whole: the moves are needed."""
    proposal = {chain.ids: math.exp(chain.proposal_T.sum()) for chain in valued(engine, ALPHA)}
    apart = sum(abs(proposal[ids] - share) for ids, share in law(engine, ALPHA).items()) / 2
    assert apart > 0.05


def test_at_power_one_every_move_is_taken(engine: HfEngine) -> None:
    chains = valued(engine, 1.0)
    same_length = [(a, b) for a, b in itertools.combinations(chains, 2) if len(a.ids) == len(b.ids)]
    assert all(a.log_acceptance(b, 0, 1.0) == pytest.approx(0, abs=1e-6) for a, b in same_length)


def test_a_sample_does_not_depend_on_its_company(engine: HfEngine) -> None:
    power = PowerEngine(engine, PowerOptions(ALPHA, 5))
    asked = [*requests(40), *requests(25, "c"), *requests(3, "a b c d a b")]
    together = dict(power.generate(asked, SPEC))
    alone = dict(pair for request in asked for pair in power.generate([request], SPEC))
    assert together == alone
    assert dict(power.generate(asked[::-1], SPEC)) == together


def test_what_a_completion_says(engine: HfEngine) -> None:
    for _, completion in PowerEngine(engine, PowerOptions(0.5, 2)).generate(requests(60), SPEC):
        assert completion.logprob_sum is None and completion.entropy_mean is None
        ended = completion.token_ids[-1] == EOS
        assert completion.finish is (Finish.EOS if ended else Finish.LENGTH)
        assert ended or len(completion.token_ids) == MAX


def test_settings_name_the_power_and_refuse_what_has_no_meaning(engine: HfEngine) -> None:
    power = PowerEngine(engine, PowerOptions(2.5, 3))
    settings = power.settings(SPEC, [Prompt("a")])
    assert (settings["engine"], settings["power_alpha"], settings["power_moves"]) == ("power", "2.5", "3")
    for spec in (
        SamplingSpec(0.6, 1.0),
        SamplingSpec(1.0, 0.9),
        SamplingSpec(1.0, 1.0, 5),
        SamplingSpec(1.0, 1.0, stop=("x",)),
    ):
        with pytest.raises(BadInput, match="engine power"):
            power.settings(spec, [Prompt("a")])
    for options in (PowerOptions(0.0), PowerOptions(float("nan")), PowerOptions(2.0, -1)):
        with pytest.raises(BadInput, match="power-"):
            options.checked()


def test_the_lab_model_is_likelier_under_power_sampling_than_alone() -> None:
    options = EngineOptions(EngineName.POWER, power=PowerOptions(4.0, 4))
    power = engine_of(str(BASE_MODEL), options)()
    assert isinstance(power, PowerEngine)
    spec = SamplingSpec(1.0, 1.0, max_tokens=24)
    asked = [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(0, p.problem_id, i))
        for p in load_problems("countdown", 3)
        for i in range(16)
    ]
    chains = power.chains(asked, spec)
    plain = {r: c.logprob_sum for r, c in power.engine.generate(asked, spec)}
    assert np.mean([c.target_T.sum() for c in chains]) > np.mean([v for v in plain.values() if v is not None]) + 1
