from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.hf import HfEngine
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Finish, Prompt, PromptForm, SampleRequest, SamplingSpec

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
    return replace(engine, batch_size=batch_size)


def mixed(samples: int) -> list[SampleRequest]:
    """Prompts of 9 to 28 tokens: exact widths, and several lengths of one padded width."""
    prompts = [
        " ".join(["numbers", *map(str, range(1, length - 3)), "target 10 :"]) for length in (9, 10, 17, 19, 20, 25, 28)
    ]
    return [
        SampleRequest(prompt, Prompt(prompt), i, sample_seed(0, prompt, i))
        for prompt in prompts
        for i in range(samples)
    ]


def test_a_sample_does_not_depend_on_batch_size_or_order_or_company(engine: HfEngine) -> None:
    wanted = requests(4, 30)
    whole = sampled(engine, wanted)
    assert len(whole) == 120
    assert sampled(with_batch(engine, 64), wanted) == whole
    assert sampled(with_batch(engine, 7), wanted[::-1]) == whole
    alone = wanted[73]
    assert sampled(engine, [alone]) == {
        (alone.problem_id, alone.sample_index): whole[alone.problem_id, alone.sample_index]
    }


@pytest.mark.parametrize("spec", [SPEC, SamplingSpec(0.8, 0.9, top_k=30, max_tokens=24)])
def test_nor_does_it_where_prompts_of_unequal_length_share_a_batch(engine: HfEngine, spec: SamplingSpec) -> None:
    wanted = mixed(12)
    whole = sampled(engine, wanted, spec)
    assert len(whole) == len(wanted)
    assert sampled(with_batch(engine, 33), wanted[::-1], spec) == whole
    assert sampled(engine, wanted[::17], spec).items() <= whole.items()
    for alone in wanted[::23]:
        assert sampled(engine, [alone], spec).items() <= whole.items()


def test_samples_of_one_problem_and_of_different_problems_differ(engine: HfEngine) -> None:
    texts = [completion.text for completion in sampled(engine, requests(2, 40)).values()]
    assert len(set(texts)) > 60


@torch.inference_mode()
def test_log_probability_and_entropy_are_those_of_a_plain_forward_pass(engine: HfEngine) -> None:
    for request, completion in engine.generate([*requests(3, 5), *mixed(2)], SPEC):
        prompt = engine.encode(request.prompt, SPEC)
        ids = torch.tensor([[*prompt, *completion.token_ids]])
        log_p = torch.log_softmax(engine.model(input_ids=ids).logits[0, len(prompt) - 1 : -1].double(), -1)
        chosen = log_p.gather(1, ids[0, len(prompt) :, None]).sum()
        entropy = torch.special.entr(log_p.exp()).sum(-1).mean()
        assert completion.logprob_sum == pytest.approx(chosen.item(), abs=1e-3)
        assert completion.entropy_mean == pytest.approx(entropy.item(), abs=1e-4)


def test_greedy_decoding_equals_that_of_transformers(engine: HfEngine) -> None:
    wanted = [*requests(5, 1), *mixed(1)]
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
    assert settings["first_prompt"] == "numbers 3 7 target 21 :"
    assert json.loads(settings["first_prompt_token_ids"])[0] == 3
    assert {"weights_hash", "tokenizer_hash", "dtype", "device"} <= settings.keys()
    told = ("engine", "form", "attention", "begins_with_bos", "eos_token_ids", "stop", "generation_config")
    assert [settings[name] for name in told] == [
        "hf", "plain", "shared-prompt", "no", "[1]", "[]", "not applied: {}",
    ]  # fmt: skip


def test_settings_list_what_generation_config_says_and_is_not_done(engine: HfEngine) -> None:
    own = engine.model.generation_config
    try:
        engine.model.generation_config = GenerationConfig(
            eos_token_id=[1, 7], do_sample=True, temperature=0.7, top_p=0.95, top_k=20, repetition_penalty=1.05
        )
        settings = engine.settings(SamplingSpec(0.6, 0.95, max_tokens=24), [Prompt("numbers 3 7 target 21 :")])
    finally:
        engine.model.generation_config = own
    ignored = {"repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20}
    assert settings["generation_config"] == f"not applied: {json.dumps(ignored)}"
    assert settings["eos_token_ids"] == "[1, 7]"


def test_a_chat_prompt_without_a_template_is_refused(engine: HfEngine) -> None:
    with pytest.raises(BadInput, match=r"form: expected a tokenizer with a chat template, .* use --form plain"):
        engine.settings(SamplingSpec(max_tokens=8, form=PromptForm.CHAT), [Prompt("numbers")])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"dtype": "int8"}, "dtype: expected one of float32"),
        ({"device": "tpu7"}, "device: expected cpu, cuda"),
        ({"device": "meta"}, "device: expected one that torch finds here"),
    ],
)
def test_a_device_or_number_format_that_is_not_there_is_refused(told: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        HfEngine.load(BASE_MODEL, device=told.get("device"), dtype=told.get("dtype"))


def test_a_context_that_would_overflow_is_refused(engine: HfEngine) -> None:
    with pytest.raises(BadInput, match=r"max_tokens: expected at most 56 .* got 16384"):
        engine.settings(SamplingSpec(), [Prompt("numbers 1 2 3 4 target 5 :")])


def test_a_beginning_of_sequence_token_that_does_not_exist_is_refused(engine: HfEngine) -> None:
    with pytest.raises(BadInput, match="add_bos"):
        engine.encode(Prompt("numbers"), SamplingSpec(max_tokens=8, add_bos=True))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "expected a folder that save_pretrained wrote"),
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
