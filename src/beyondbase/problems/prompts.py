"""Named prompt templates, the same for both models, and the hash that proves it."""

from __future__ import annotations

import hashlib

from beyondbase.errors import BadInput
from beyondbase.types import Problem, Prompt

_BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
_THREE_SHOTS = r"""Question: A box holds 12 pencils. Mia buys 3 boxes and gives away 7 pencils. How many \
pencils are left?
Answer: Mia buys 3 * 12 = 36 pencils. After giving away 7 there are 36 - 7 = 29. The final answer is \boxed{29}.

Question: A ticket costs $8, and children pay half. What do 2 adults and 3 children pay together?
Answer: Adults pay 2 * 8 = 16 dollars. A child pays 8 / 2 = 4 dollars, so 3 children pay 3 * 4 = 12 dollars. \
Together that is 16 + 12 = 28. The final answer is \boxed{28}.

Question: Tom reads 15 pages on each of 4 days. The book has 100 pages. How many pages has he still to read?
Answer: In 4 days Tom reads 4 * 15 = 60 pages. There are 100 - 60 = 40 left. The final answer is \boxed{40}.

"""

TEMPLATES: dict[str, str] = {
    "plain": "{question}",
    "boxed": f"{{question}}\n{_BOXED}",
    "qwen-boxed": (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{{question}}\n{_BOXED}<|im_end|>\n<|im_start|>assistant\n"
    ),
    "three-shots": _THREE_SHOTS.replace("\\\n", "") + "Question: {question}\nAnswer:",
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
