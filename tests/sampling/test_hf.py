from __future__ import annotations

from pathlib import Path

import pytest
import torch

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.hf import HfEngine
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec

SPEC = SamplingSpec(1.0, 1.0, max_tokens=24)


def requests(problems: int, samples: int) -> list[SampleRequest]:
    return [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(0, p.problem_id, i))
        for p in load_problems("countdown", problems)
        for i in range(samples)
    ]


def sampled(engine: HfEngine, wanted: list[SampleRequest], spec: SamplingSpec = SPEC) -> dict[object, Completion]:
    return {(r.problem_id, r.sample_index): completion for r, completion in engine.generate(wanted, spec)}


@pytest.fixture(scope="module")
def engine() -> HfEngine:
    return HfEngine.load(BASE_MODEL)


def with_batch(engine: HfEngine, batch_size: int) -> HfEngine:
    return HfEngine(engine.model, engine.tokenizer, batch_size)


def test_a_sample_does_not_depend_on_batch_size_or_order_or_company(engine: HfEngine) -> None:
    wanted = requests(6, 50)
    whole = sampled(engine, wanted)
    assert len(whole) == 300
    assert sampled(with_batch(engine, 64), wanted) == whole
    assert sampled(with_batch(engine, 7), wanted[::-1]) == whole
    alone = wanted[123]
    assert sampled(engine, [alone]) == {
        (alone.problem_id, alone.sample_index): whole[alone.problem_id, alone.sample_index]
    }


def test_samples_of_one_problem_and_of_different_problems_differ(engine: HfEngine) -> None:
    texts = [completion.text for completion in sampled(engine, requests(2, 40)).values()]
    assert len(set(texts)) > 60


@torch.inference_mode()
def test_log_probability_and_entropy_are_those_of_a_plain_forward_pass(engine: HfEngine) -> None:
    for request, completion in engine.generate(requests(3, 5), SPEC):
        prompt = engine.encode(request.prompt, SPEC)
        ids = torch.tensor([[*prompt, *completion.token_ids]])
        log_p = torch.log_softmax(engine.model(input_ids=ids).logits[0, len(prompt) - 1 : -1].double(), -1)
        chosen = log_p.gather(1, ids[0, len(prompt) :, None]).sum()
        entropy = torch.special.entr(log_p.exp()).sum(-1).mean()
        assert completion.logprob_sum == pytest.approx(chosen.item(), abs=1e-3)
        assert completion.entropy_mean == pytest.approx(entropy.item(), abs=1e-4)


def test_greedy_decoding_equals_that_of_transformers(engine: HfEngine) -> None:
    wanted = requests(5, 1)
    for request, completion in engine.generate(wanted, SamplingSpec(0.0, 1.0, max_tokens=24)):
        ids = torch.tensor([engine.encode(request.prompt, SPEC)])
        mask = torch.ones_like(ids)
        theirs = engine.model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=24)[0, ids.shape[1] :]
        assert list(completion.token_ids) == theirs.tolist()


def test_every_ending_is_told_apart(engine: HfEngine) -> None:
    assert {c.finish for c in sampled(engine, requests(2, 8)).values()} == {Finish.EOS}
    cut = sampled(engine, requests(2, 8), SamplingSpec(1.0, 1.0, max_tokens=5)).values()
    assert {(c.finish, len(c.token_ids)) for c in cut} == {(Finish.LENGTH, 5)}
    stopped = sampled(engine, requests(2, 8), SamplingSpec(1.0, 1.0, max_tokens=24, stop=(" ,",))).values()
    assert {(c.finish, c.text.count(","), c.text[-1]) for c in stopped} == {(Finish.STOP, 1, ",")}


def test_settings_name_what_was_resolved(engine: HfEngine) -> None:
    settings = engine.settings(SPEC, [Prompt("numbers 3 7 target 21 :")])
    assert settings["first_prompt_token_ids"].count(",") == 5
    assert {"weights_hash", "tokenizer_hash", "dtype", "device", "eos_token_ids"} <= settings.keys()


def test_a_context_that_would_overflow_is_refused(engine: HfEngine) -> None:
    with pytest.raises(BadInput, match=r"max_tokens: expected at most 56 .* got 16384"):
        engine.settings(SamplingSpec(), [Prompt("numbers 1 2 3 4 target 5 :")])


def test_a_beginning_of_sequence_token_that_does_not_exist_is_refused(engine: HfEngine) -> None:
    with pytest.raises(BadInput, match="add_bos"):
        engine.encode(Prompt("numbers"), SamplingSpec(max_tokens=8, add_bos=True))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "which is no folder"),
        ([], "expected config.json"),
        (["config.json"], "expected weights as"),
        (["config.json", "model.safetensors"], "expected one of tokenizer.json"),
    ],
)
def test_a_folder_that_is_not_a_model_is_named_with_what_it_lacks(
    tmp_path: Path, files: list[str] | None, message: str
) -> None:
    folder = tmp_path / "model"
    if files is not None:
        folder.mkdir()
        for name in files:
            (folder / name).touch()
    with pytest.raises(BadInput, match=message):
        HfEngine.load(folder)
