"""A problem set as the data set that TRL trains on, with the prompts that the evaluation asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, render
from beyondbase.sampling.encode import check_context, encode
from beyondbase.sampling.messages import TEMPLATE_DATE, messages
from beyondbase.types import Problem, PromptForm, SamplingSpec

CHAT_ARGUMENTS: dict[str, Any] = {"date_string": TEMPLATE_DATE}
"""what TRL has to tell a chat template, so that its prompts are the evaluation's"""


def as_dataset(problem_set: ProblemSet, spec: SamplingSpec) -> Dataset:
    """Make a row of each problem: `prompt` (a text, or the messages of a chat) and `problem_id`.

    The template is that of the specification, or else that of the problem set.

    >>> from beyondbase.types import Problem
    >>> as_dataset(ProblemSet("one", (Problem("a", "6 * 7 =", "{}"),)), SamplingSpec())[0]
    {'prompt': '6 * 7 =', 'problem_id': 'a'}
    """
    return Dataset.from_list(
        [{"prompt": _asked(p, problem_set, spec), "problem_id": p.problem_id} for p in problem_set]
    )


def _asked(problem: Problem, problem_set: ProblemSet, spec: SamplingSpec) -> Any:
    prompt = render(spec.template or problem_set.template, problem)
    return messages(prompt, spec) if spec.form is PromptForm.CHAT else prompt.text


def check_prompts(
    tokenizer: PreTrainedTokenizerBase, problem_set: ProblemSet, spec: SamplingSpec, context: int | None
) -> int:
    """Return the tokens of the longest prompt.

    Raises BadInput unless TRL gives a model the token ids that the evaluation gives it, with room to answer.
    """
    longest = 0
    for problem in problem_set:
        wanted = encode(tokenizer, render(spec.template or problem_set.template, problem), spec)
        check_context([wanted], spec, context)
        found = _by_trl(tokenizer, _asked(problem, problem_set, spec), spec.form)
        if tuple(found) != wanted:
            raise BadInput(
                f"prompt of {problem.problem_id!r}: expected the same tokens in training as in evaluation, got "
                f"{_short(found)} in training and {_short(wanted)} in evaluation; {_mend(tokenizer, found, wanted)}"
            )
        longest = max(longest, len(wanted))
    return longest


def _by_trl(tokenizer: PreTrainedTokenizerBase, prompt: Any, form: PromptForm) -> Sequence[int]:
    """Encode a prompt with the calls that TRL makes."""
    if form is PromptForm.PLAIN:
        ids: Sequence[int] = tokenizer(text=[prompt])["input_ids"][0]
        return ids
    chat: Any = tokenizer.apply_chat_template(
        conversation=[prompt], add_generation_prompt=True, tokenize=True, return_dict=True, **CHAT_ARGUMENTS
    )
    rendered: Sequence[int] = chat["input_ids"][0]
    return rendered


def _mend(tokenizer: PreTrainedTokenizerBase, found: Iterable[int], wanted: Iterable[int]) -> str:
    if list(found) == [tokenizer.bos_token_id, *wanted]:
        return "TRL lets this tokenizer begin a text with its own token: --add-bos"
    return "use --form chat, or a tokenizer that adds no tokens of its own"


def _short(ids: Sequence[int]) -> str:
    return f"{list(ids[:4])} ... ({len(ids)} tokens)"
