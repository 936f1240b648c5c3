"""A prompt as the messages of a chat, the same for every engine."""

from __future__ import annotations

from typing import Any

from beyondbase.errors import BadInput
from beyondbase.types import Prompt, PromptForm, SamplingSpec

TEMPLATE_DATE = "26 Jul 2024"
"""what Llama's templates write as today's date where they are told none: a prompt must not change overnight"""


def check_system(spec: SamplingSpec) -> None:
    """Raise BadInput for a system message that no message would hold."""
    if spec.system and spec.form is PromptForm.PLAIN:
        raise BadInput("system: expected none for a plain prompt, got a system message; use --form chat")


def messages(prompt: Prompt, spec: SamplingSpec) -> list[dict[str, Any]]:
    """System and user message; images stand before the text.

    >>> messages(Prompt("6 * 7 ="), SamplingSpec(form=PromptForm.CHAT, system="Be brief."))
    [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': '6 * 7 ='}]
    """
    system = [{"role": "system", "content": spec.system}] if spec.system else []
    if not prompt.images:
        return [*system, {"role": "user", "content": prompt.text}]
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in prompt.images]
    return [*system, {"role": "user", "content": [*parts, {"type": "text", "text": prompt.text}]}]
