"""Token ids of a prompt, the same for every engine that is given them, and the tokens that end an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from beyondbase.errors import BadInput
from beyondbase.sampling.messages import TEMPLATE_DATE, check_system, messages
from beyondbase.types import Prompt, PromptForm, SamplingSpec


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
    """Return the ids of exactly what the specification says, with one beginning-of-sequence token or none.

    A plain prompt has one if `add_bos` asks for it; a chat prompt has what the model's own template
    writes, and one before it if `add_bos` asks for it and the template writes none. Raises BadInput
    for what cannot be encoded as asked.
    """
    if prompt.images:
        raise BadInput("images: expected none, since this engine takes text alone, got some; use --engine openai")
    bos = tokenizer.bos_token_id
    if spec.add_bos and bos is None:
        raise BadInput("add_bos: expected a tokenizer with a beginning-of-sequence token, this one has none")
    if spec.form is PromptForm.CHAT:
        ids = _chat(tokenizer, prompt, spec)
    else:
        check_system(spec)
        ids = tuple(tokenizer(prompt.text, add_special_tokens=False)["input_ids"])
        if spec.add_bos and ids[:1] == (bos,):
            raise BadInput(f"add_bos: expected a prompt without {tokenizer.bos_token}, got one that begins with it")
    if spec.add_bos and ids[:1] != (bos,):
        ids = (bos, *ids)
    if bos is not None and ids[:2] == (bos, bos):
        raise BadInput(f"template: expected one {tokenizer.bos_token} before a prompt, got two; mend the chat template")
    if not ids:
        raise BadInput("prompt: expected at least one token, got an empty text; fill it, or --add-bos")
    return ids


def prompt_settings(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], spec: SamplingSpec) -> dict[str, str]:
    """Return what the manifest keeps of a run's prompts: their form, and how the first one was finally rendered."""
    chat = {}
    if spec.form is PromptForm.CHAT:
        template = tokenizer.get_chat_template()
        chat = {"chat_template_hash": hashlib.sha256(template.encode()).hexdigest()[:16]}
    bos = tokenizer.bos_token_id
    return {
        "form": spec.form.value,
        **chat,
        "begins_with_bos": "yes" if bos is not None and ids[:1] == (bos,) else "no",
        "first_prompt": str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False)),
        "first_prompt_token_ids": json.dumps(ids),
    }


def turn_ending_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the token that the chat template writes after an answer, if it is a special one; it ends a turn."""
    answer = "the answer"
    turns = [{"role": "user", "content": "a question"}, {"role": "assistant", "content": answer}]
    try:
        rendered = tokenizer.apply_chat_template(turns, tokenize=False)
    except Exception:  # a template is a program of the model's makers; one for single questions has no turns
        return frozenset()
    after = str(rendered).rpartition(answer)[2]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    ids = [i for i in tokenizer(after, add_special_tokens=False)["input_ids"] if i in special]
    return frozenset(ids[:1])


def _chat(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
    if not tokenizer.chat_template:
        raise BadInput("form: expected a tokenizer with a chat template, this one has none; use --form plain")
    try:
        rendered: Any = tokenizer.apply_chat_template(
            messages(prompt, spec), add_generation_prompt=True, return_dict=True, date_string=TEMPLATE_DATE
        )
    except Exception as error:  # a template is a program of the model's makers and may raise whatever it likes
        raise BadInput(f"form: expected the model's chat template to take the messages, it says: {error}") from error
    return tuple(rendered["input_ids"])


def check_context(encoded: Iterable[Sequence[int]], spec: SamplingSpec, context: int | None) -> None:
    """Raise BadInput if the longest prompt and an answer of max_tokens exceed the context; None is no limit."""
    longest = max(map(len, encoded), default=0)
    if context is not None and longest + spec.max_tokens > context:
        raise BadInput(
            f"max_tokens: expected at most {context - longest} (context of {context} less a prompt of {longest}), "
            f"got {spec.max_tokens}"
        )


def ending_ids(*sources: object) -> frozenset[int]:
    """Collect the tokens that end a sequence by a model's configurations and its tokenizer: they often differ."""
    ids = set[int]()
    for source in sources:
        value = getattr(source, "eos_token_id", None)
        ids.update([value] if isinstance(value, int) else value or [])
    return frozenset(ids)
