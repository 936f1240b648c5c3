"""Named prompt templates, the same for both models, and the hash that proves it.

plain            the question alone; for code, the beginning of a program that a base model completes
boxed            the question, and a request to reason and to box the answer: chat, and the default of the math sets
qwen-boxed       the same in Qwen's chat form written out: of simpleRL-reason, and of Yue et al. 2025 for its models
abel             Question, Answer, "Let's think step by step." on lines of their own: simpleRL-reason, base models
question-answer  the same on two lines, for base models
three-shots      three worked examples whose answers are boxed, for small base models
answer-line      reason, and end with a line `Answer: X`: for the verifier "exact"
answer-tags      reason, and put the answer between <answer> and </answer>: for the verifier "gym"
code             a request for a whole program in one block: chat
direct           the answer at once, without reasoning: the guess filter, with the verifier "exact"
direct-boxed     the same in a box, with the verifier "math"
countdown-words  Countdown in words, for models that are not trained on it

A name that ends in .txt is a file of the user's: its text, but for one line break at its end, with {question} in it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

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
    "abel": "Question:\n{question}\nAnswer:\nLet's think step by step.\n",
    "question-answer": "Question: {question}\nAnswer: Let's think step by step.",
    "three-shots": _THREE_SHOTS.replace("\\\n", "") + "Question: {question}\nAnswer:",
    "answer-line": (
        "{question}\nPlease reason step by step, and end with a line `Answer: X` where X is the answer alone."
    ),
    "answer-tags": (
        "{question}\nPlease reason step by step, and put your final answer alone between <answer> and </answer>."
    ),
    "code": (
        "Solve this in Python. Answer with the whole program, its imports included, in one block that begins with "
        "```python and ends with ```.\n\n{question}"
    ),
    "direct": "{question}\nGive the final answer alone, at once, with no reasoning and no steps.\nAnswer:",
    "direct-boxed": (
        "{question}\nGive the final answer alone within \\boxed{}, at once, with no reasoning and no steps."
    ),
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
    if template.endswith(".txt"):
        return _own(Path(template).expanduser())
    if template not in TEMPLATES:
        raise BadInput(
            f"template: expected one of {', '.join(TEMPLATES)}, or a .txt file with {{question}}, got {template!r}"
        )
    return TEMPLATES[template]


def _own(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"template: expected a UTF-8 text file, cannot read {str(file)!r} ({error})") from None
    if "{question}" not in text:
        raise BadInput(f"template: expected {{question}} in {str(file)!r}, found none; write it where a question goes")
    # most editors add a line break that nobody means
    return text.removesuffix("\n")
