"""Exactly the tokens that the specification says: nothing added in silence, and one beginning or none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.sampling.encode import check_context, encode, ending_ids, prompt_settings, turn_ending_ids
from beyondbase.sampling.model_source.smollm2 import smollm2_folder
from beyondbase.types import Prompt, PromptForm, SamplingSpec

ASK = Prompt("What is 2+2?")
CHAT = PromptForm.CHAT
USER = "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"
WITHOUT_BEGINNING = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
TWO_BEGINNINGS = "{{ bos_token + bos_token }}" + WITHOUT_BEGINNING
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}a"


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(smollm2_folder())


def text(tokenizer: PreTrainedTokenizerBase, spec: SamplingSpec) -> str:
    return str(tokenizer.decode(list(encode(tokenizer, ASK, spec))))


def test_a_plain_prompt_is_its_text_and_a_beginning_if_asked_for(tokenizer: PreTrainedTokenizerBase) -> None:
    assert text(tokenizer, SamplingSpec()) == "What is 2+2?"
    assert text(tokenizer, SamplingSpec(add_bos=True)) == "<|im_start|>What is 2+2?"


def test_a_chat_prompt_is_the_models_own_template_with_one_beginning(tokenizer: PreTrainedTokenizerBase) -> None:
    system = "<|im_start|>system\nBe brief.<|im_end|>\n"
    assert text(tokenizer, SamplingSpec(form=CHAT)).endswith(f"Hugging Face<|im_end|>\n{USER}")
    for add_bos in (False, True):
        assert text(tokenizer, SamplingSpec(form=CHAT, system="Be brief.", add_bos=add_bos)) == system + USER
    tokenizer.chat_template = WITHOUT_BEGINNING
    assert text(tokenizer, SamplingSpec(form=CHAT)) == "user: What is 2+2?\n"
    assert text(tokenizer, SamplingSpec(form=CHAT, add_bos=True)) == "<|im_start|>user: What is 2+2?\n"


def test_a_chat_prompt_that_tells_the_date_is_the_same_every_day(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = "Today is {{ date_string if date_string is defined else strftime_now('%d %b %Y') }}."
    assert text(tokenizer, SamplingSpec(form=CHAT)) == "Today is 26 Jul 2024."


@pytest.mark.parametrize(
    ("prompt", "spec", "template", "message"),
    [
        (Prompt("a", ("data:,",)), SamplingSpec(), None, "images: expected none"),
        (Prompt(""), SamplingSpec(), None, "prompt: expected at least one token"),
        (ASK, SamplingSpec(system="Be brief."), None, "system: expected none for a plain prompt"),
        (Prompt("<|im_start|>a"), SamplingSpec(add_bos=True), None, "got one that begins with it"),
        (ASK, SamplingSpec(form=CHAT), None, "form: expected a tokenizer with a chat template"),
        (ASK, SamplingSpec(form=CHAT), TWO_BEGINNINGS, "expected one <.im_start.> before a prompt, got two"),
        (ASK, SamplingSpec(form=CHAT, system="a"), NO_SYSTEM, "it says: no system role"),
    ],
)
def test_what_cannot_be_encoded_as_asked_is_refused(
    tokenizer: PreTrainedTokenizerBase, prompt: Prompt, spec: SamplingSpec, template: str | None, message: str
) -> None:
    tokenizer.chat_template = template
    with pytest.raises(BadInput, match=message):
        encode(tokenizer, prompt, spec)


def test_a_tokenizer_without_a_beginning_refuses_one() -> None:
    with pytest.raises(BadInput, match="add_bos: expected a tokenizer with a beginning-of-sequence token"):
        encode(AutoTokenizer.from_pretrained(BASE_MODEL), Prompt("numbers"), SamplingSpec(add_bos=True))


def test_the_longest_prompt_and_its_answer_have_room_in_the_context_or_are_refused() -> None:
    encoded = [(1, 2), (1, 2, 3), ()]
    check_context(encoded, SamplingSpec(max_tokens=7), 10)
    check_context(encoded, SamplingSpec(max_tokens=70), None)
    with pytest.raises(BadInput, match=r"max_tokens: expected at most 7 \(context of 10 less a prompt of 3\), got 8"):
        check_context(encoded, SamplingSpec(max_tokens=8), 10)


def test_ending_tokens_are_those_of_all_sources_that_have_some() -> None:
    sources = [SimpleNamespace(eos_token_id=value) for value in (2, [3, 2], None)]
    assert ending_ids(*sources, object(), None) == {2, 3}


def test_settings_show_the_prompt_as_the_model_reads_it(tokenizer: PreTrainedTokenizerBase) -> None:
    for form, template, begins in ((CHAT, {"chat_template_hash"}, "yes"), (PromptForm.PLAIN, set(), "no")):
        spec = SamplingSpec(form=form)
        settings = prompt_settings(tokenizer, encode(tokenizer, ASK, spec), spec)
        told = {"form", "begins_with_bos", "first_prompt", "first_prompt_token_ids"}
        assert settings.keys() == told | template
        assert (settings["form"], settings["begins_with_bos"]) == (form.value, begins)
        assert settings["first_prompt"] == text(tokenizer, spec)
    before = prompt_settings(tokenizer, [1], SamplingSpec(form=CHAT))["chat_template_hash"]
    tokenizer.chat_template += " "
    assert prompt_settings(tokenizer, [1], SamplingSpec(form=CHAT))["chat_template_hash"] != before


@pytest.mark.parametrize(
    ("after_answer", "ids"), [("<|im_end|>\n", {2}), ("\n<|endoftext|><|im_end|>", {0}), ("\n\n", set())]
)
def test_a_turn_is_ended_by_the_special_token_that_the_template_writes_after_an_answer(
    tokenizer: PreTrainedTokenizerBase, after_answer: str, ids: set[int]
) -> None:
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['content'] + '" + after_answer + "' }}{% endfor %}"
    )
    assert turn_ending_ids(tokenizer) == ids
    tokenizer.chat_template = "{{ raise_exception('one question only') }}"
    assert turn_ending_ids(tokenizer) == set()
