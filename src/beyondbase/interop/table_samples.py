"""From a row of a plain table to samples: one, or as many as its lists are long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beyondbase.errors import BadInput
from beyondbase.interop.cells import is_missing, is_missing_word, name_in, real_in, text_in, whole_in
from beyondbase.interop.dotted import value_at
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.plain_table import Record
from beyondbase.interop.scores import verdict_of_score
from beyondbase.interop.table_columns import OF_SAMPLE
from beyondbase.types import Finish
from beyondbase.wording import in_short

_FINISH = {finish.value: finish for finish in Finish}
_FINISH |= dict.fromkeys(("max_tokens", "max_length", "model_length"), Finish.LENGTH)
_FINISH |= dict.fromkeys(("failed", "timeout", "abort", "aborted", "cancelled"), Finish.ERROR)
_FINISH |= {"end_turn": Finish.STOP, "stop_sequence": Finish.STOP}


@dataclass(frozen=True, slots=True)
class TableReading:
    """How the rows of a table are read."""

    columns: Mapping[str, str]
    """our name -> column"""
    threshold: float | None = None
    """least score that counts as correct"""
    rank_of_seed: Mapping[int, int] | None = None
    """the sample's index, where the seed tells which sample of its problem it is"""


def row_of(record: Record, reading: TableReading) -> ForeignRow:
    """Read a row; raises BadInput for values that are none of their column, and for lists of unequal length."""
    values = {name: value_at(record.values, column) for name, column in reading.columns.items()}
    where = record.where
    question, gold, prompt = (text_in(values.get(name), name, where) for name in ("question", "gold", "prompt"))
    samples = [_sample(each, reading, where) for each in _each(values, where)]
    return ForeignRow(name_in(values["problem_id"], "problem's id", where), samples, where, question, gold, prompt)


def _each(values: Mapping[str, object], where: str) -> list[dict[str, object]]:
    """The values of each sample of a row."""
    of_sample = {name: values[name] for name in OF_SAMPLE if name in values}
    lists = {name: value for name, value in of_sample.items() if isinstance(value, list)}
    if not lists:
        return [of_sample]
    first, listed = next(iter(lists.items()))
    for name, value in of_sample.items():
        if value is not None and (not isinstance(value, list) or len(value) != len(listed)):
            got = f"{len(value)} values" if isinstance(value, list) else in_short(value)
            raise BadInput(f"{where}: expected {len(listed)} of {name}, one for each {first}, got {got}; mend the row")
    return [{name: value[i] for name, value in lists.items()} for i in range(len(listed))]


def _sample(values: Mapping[str, object], reading: TableReading, where: str) -> ForeignSample:
    score, seed = values.get("correct"), whole_in(values.get("seed"), "seed", where)
    index = whole_in(values.get("sample_index"), "sample_index", where)
    if index is None and reading.rank_of_seed is not None and seed is not None:
        index = reading.rank_of_seed[seed]
    answer, reasoning, error = (
        text_in(values.get(name), name, where) or "" for name in ("answer", "reasoning", "error")
    )
    text, unscored = text_in(values.get("text"), "text", where), is_missing(score) or is_missing_word(score)
    if text == "" and unscored and isinstance(score, str):
        text = None  # csv tells no missing text from an empty one: a row without a score is no answer to be judged
    return ForeignSample(
        text,
        None if unscored else verdict_of_score(score, where, reading.threshold),
        index,
        answer,
        "" if unscored else f"score {score}",
        Finish.ERROR if error else _finish(values.get("finish"), where),
        error,
        reasoning,
        _n_tokens(values.get("n_tokens"), where),
        logprob_sum=real_in(values.get("logprob_sum"), "logprob_sum", where),
        seed=seed,
    )


def _finish(value: object, where: str) -> Finish:
    word = text_in(value, "finish", where)
    return Finish.UNKNOWN if word is None else _FINISH.get(word.strip().lower(), Finish.UNKNOWN)


def _n_tokens(value: object, where: str) -> int | None:
    n_tokens = whole_in(value, "n_tokens", where)
    if n_tokens is not None and not 0 <= n_tokens < 2**31:
        raise BadInput(f"{where}: expected 0 or more tokens as n_tokens, got {n_tokens}; mend the row")
    return n_tokens
