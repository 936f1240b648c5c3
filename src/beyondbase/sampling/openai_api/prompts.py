"""How a prompt stands in a request, and its token ids where a server tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.sampling.messages import check_system, messages
from beyondbase.types import Prompt, PromptForm, SamplingSpec

PATHS = {PromptForm.PLAIN: "/completions", PromptForm.CHAT: "/chat/completions"}

TokenIds = Sequence[int]


def asked(prompt: Prompt, spec: SamplingSpec, token_ids: TokenIds | None) -> Mapping[str, Any]:
    """The part of a request that is the prompt: its exact tokens where they are known and no template stands around."""
    if spec.form is PromptForm.CHAT:
        return {"messages": messages(prompt, spec)}
    return {"prompt": prompt.text if token_ids is None else list(token_ids)}


def check_prompts(prompts: Sequence[Prompt], spec: SamplingSpec) -> None:
    """Raise BadInput for prompts that a request cannot hold."""
    check_system(spec)
    for prompt in prompts:
        if prompt.images and spec.form is PromptForm.PLAIN:
            raise BadInput(f"form: expected chat for a prompt with images, got plain: {prompt.text[:60]!r}")
        for url in prompt.images:
            if not url.startswith(("data:", "https:")):
                raise BadInput(f"images: expected data: or https: addresses, got {url[:60]!r}")


def check_length(counts: Sequence[int], spec: SamplingSpec, context: int | None) -> None:
    """Raise BadInput if the longest prompt (0 where no count is known) and its answer exceed the context."""
    longest = max(counts, default=0)
    if context is not None and longest + spec.max_tokens > context:
        room = context - longest
        raise BadInput(
            f"max-tokens: expected at most {room} (the server's context of {context} less the longest prompt of "
            f"{longest} tokens), got {spec.max_tokens}; lower it, or start the server with a longer context"
        )
