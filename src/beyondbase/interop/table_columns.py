"""Which column of a plain table means what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.dotted import value_at
from beyondbase.wording import in_short

OF_PROBLEM = ("problem_id", "question", "gold", "prompt", "model")
"""what a row says once"""
OF_SAMPLE = (
    "sample_index",
    "text",
    "correct",
    "answer",
    "reasoning",
    "finish",
    "error",
    "n_tokens",
    "logprob_sum",
    "seed",
)
"""what a row says of each of its samples"""
NAMES = (*OF_PROBLEM, *OF_SAMPLE)
SCORIO = {
    "problem_id": "data_id",
    "seed": "seed",
    "correct": "processed_results.is_correct",
    "finish": "output.finish_reason",
    "n_tokens": "output.num_completion_tokens",
    "logprob_sum": "tokens.completion_sum_logprob",
    "model": "model",
}
"""as scorio reads samples, a JSON line each"""


def is_scorio(first: Mapping[str, object]) -> bool:
    """Whether a row is a sample as scorio reads it."""
    return "data_id" in first and value_at(first, SCORIO["correct"]) is not None


def columns_of(
    file: Path, there: Sequence[str], said: Mapping[str, str], known: Mapping[str, str] | None
) -> dict[str, str]:
    """Return our names and the columns of that meaning, those of our names as they are; raises BadInput for others.

    there: the table's columns. said: what its user calls them. known: the columns of a layout that is recognised.
    """
    for name, column in said.items():
        if name not in NAMES:
            raise BadInput(f"columns: expected names among {', '.join(NAMES)}, got {in_short(name)}")
        if column not in there and column.partition(".")[0] not in there:
            raise BadInput(f"{file}: expected a column {column!r} ({name}), found {', '.join(there[:30]) or 'none'}")
    own = {name: name for name in NAMES if name in there}
    columns = {**(own if known is None else known), **said}
    if "problem_id" not in columns or not {"text", "correct"} & set(columns):
        raise BadInput(
            f"{file}: expected columns problem_id, and text or correct, found {', '.join(there[:30]) or 'none'}; say "
            "which they are: --columns problem_id=... correct=..."
        )
    return columns
