"""The prompts that TRL trains on are those that the evaluation asks, to the token."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import ProblemSet
from beyondbase.problems.countdown import make_problem
from beyondbase.types import PromptForm, SamplingSpec

pytest.importorskip("datasets")

from beyondbase.integrations.trl.dataset import as_dataset, check_prompts

ONE = ProblemSet("one", (make_problem((3, 7), 21),), verifier="countdown")
CHAT = (
    "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}{% if add_generation_prompt %}:{% endif %}"
)
SPEC = SamplingSpec(max_tokens=24)


def beginning_with_bos() -> PreTrainedTokenizerFast:
    """The lab's tokenizer, made to begin each text with a token of its own."""
    model = Tokenizer.from_file(str(BASE_MODEL / "tokenizer.json"))
    model.post_processor = TemplateProcessing(single="<unk> $A", special_tokens=[("<unk>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=model, bos_token="<unk>", eos_token="<eos>")


def test_a_plain_prompt_is_the_template_filled_in() -> None:
    assert as_dataset(ONE, SPEC).to_list() == [{"prompt": "numbers 3 7 target 21 :", "problem_id": "3 7 -> 21"}]
    words = as_dataset(ONE, SamplingSpec(template="question-answer"))[0]["prompt"]
    assert words.startswith("Question: numbers 3 7 target 21 :\n")


def test_a_chat_prompt_is_its_messages() -> None:
    spec = SamplingSpec(form=PromptForm.CHAT, system="Be brief.")
    system, user = as_dataset(ONE, spec)[0]["prompt"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user == {"role": "user", "content": "numbers 3 7 target 21 :"}


def test_the_same_tokens_pass_whether_plain_or_chat() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
    check_prompts(tokenizer, ONE, SPEC, context=64)
    tokenizer.chat_template = CHAT
    check_prompts(tokenizer, ONE, SamplingSpec(max_tokens=24, form=PromptForm.CHAT, system="numbers"), context=64)


def test_a_token_that_training_alone_would_see_is_refused_and_the_flag_named() -> None:
    tokenizer = beginning_with_bos()
    with pytest.raises(BadInput, match=r"expected the same tokens in training as in evaluation.*--add-bos"):
        check_prompts(tokenizer, ONE, SPEC, context=64)
    check_prompts(tokenizer, ONE, SamplingSpec(max_tokens=24, add_bos=True), context=64)


def test_a_prompt_that_leaves_no_room_for_the_rollout_is_refused() -> None:
    with pytest.raises(BadInput, match="max_tokens: expected at most 9"):
        check_prompts(AutoTokenizer.from_pretrained(BASE_MODEL), ONE, SPEC, context=15)
