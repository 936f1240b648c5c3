"""Named prompt templates, the same for both models, and the hash that proves it."""

from __future__ import annotations

import hashlib

from beyondbase.errors import BadInput
from beyondbase.types import Problem, Prompt

TEMPLATES: dict[str, str] = {
    "plain": "{question}",
    "direct": "{question}\nGive the final answer alone, at once, with no reasoning and no steps.\nAnswer:",
    "countdown-words": (
        "Combine all of the numbers, each used once, with + - * / to reach the target. Write one step after the other,"
        " separated by commas, for example: 3 + 4 = 7 , 7 * 2 = 14\n{question}\nSteps:"
    ),
}


def render(template: str, problem: Problem) -> Prompt:
    """Fill a problem's question into a template.

    >>> render("plain", Problem("a", "numbers 3 4 target 7 :", "{}")).text
    'numbers 3 4 target 7 :'
    """
    return Prompt(_text(template).replace("{question}", problem.question), problem.images)


def template_hash(template: str) -> str:
    """Digest of a template's text."""
    return hashlib.sha256(_text(template).encode()).hexdigest()[:16]


def _text(template: str) -> str:
    if template not in TEMPLATES:
        raise BadInput(f"template: expected one of {', '.join(TEMPLATES)}, got {template!r}")
    return TEMPLATES[template]
