"""Rows of lighteval's details, of its two layouts, as rows of a log."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.formats.lighteval_scores import counts, size, successes
from beyondbase.interop.messages import Message, prompt_of
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Verdict
from beyondbase.wording import in_short

M = TypeVar("M", bound=BaseModel)
_MOST_WRITTEN = 64 * 2**20
"""characters of a written-out list"""


@dataclass(frozen=True, slots=True)
class Detail:
    """One row: a problem and its samples."""

    problem_id: str
    where: str
    question: str | None
    prompt: str | None
    gold: str | None
    texts: Sequence[str]
    reasonings: Sequence[str | None]
    n_tokens: Sequence[int]
    """of each text; empty where they are not told"""
    metrics: Mapping[str, object]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Doc(_Fields):
    query: str
    choices: list[str | list[str]] | None = None
    gold_index: int | list[int] | None = None
    id: str | int | None = None


class _Response(_Fields):
    input: str | list[Message] | None = None
    text: list[str] | None = None
    output_tokens: list[list[int] | int] | None = None
    reasonings: list[str | None] | None = None


class _New(_Fields):
    doc: _Doc
    model_response: _Response
    metric: dict[str, object]


class _Old(_Fields):
    example: str | None = None
    full_prompt: str | list[Message] | None = None
    predictions: list[str | list[str]]
    metrics: dict[str, object]
    gold: list[str] | str | None = None
    cont_tokens: list[list[int] | list[list[int]]] | None = None


def detail_of(cells: Mapping[str, object], number: int, where: str) -> Detail:
    """Read a row of the columns doc, model_response and metric."""
    row = _checked(_New, cells, where)
    doc, response = row.doc, row.model_response
    indexes = [doc.gold_index] if isinstance(doc.gold_index, int) else doc.gold_index or []
    golds = [(doc.choices or [])[i] for i in indexes if 0 <= i < len(doc.choices or [])]
    flat = [text for gold in golds for text in ([gold] if isinstance(gold, str) else gold)]
    tokens = [len(ids) for ids in response.output_tokens or [] if isinstance(ids, list)]
    prompt = prompt_of(response.input) if isinstance(response.input, list) else response.input
    return Detail(
        str(number - 1) if doc.id in (None, "") else str(doc.id),
        where,
        doc.query,
        prompt if prompt is not None else doc.query,
        flat[0] if len(flat) == 1 else None,  # several that are right are no one reference
        response.text or [],
        response.reasonings or [],
        tokens if len(tokens) == len(response.text or []) else [],
        {name: value for name, value in row.metric.items() if not isinstance(value, dict | list)},
    )


def detail_of_old(cells: Mapping[str, object], number: int, where: str) -> Detail:
    """Read a row of the columns full_prompt, predictions and metrics, which may be written out as text."""
    lists = ("predictions", "metrics", "gold", "cont_tokens")
    row = _checked(_Old, {key: _written(cell, where) if key in lists else cell for key, cell in cells.items()}, where)
    texts = [text for one in row.predictions for text in ([one] if isinstance(one, str) else one)]
    golds = [row.gold] if isinstance(row.gold, str) else row.gold or []
    tokens = row.cont_tokens[0] if row.cont_tokens and len(row.cont_tokens) == 1 else row.cont_tokens or []
    sizes = [len(ids) for ids in tokens if isinstance(ids, list)]
    prompt = prompt_of(row.full_prompt) if isinstance(row.full_prompt, list) else row.full_prompt
    return Detail(
        str(number - 1),
        where,
        row.example or prompt,
        prompt,
        golds[0] if len(golds) == 1 else None,
        texts,
        [],
        sizes if len(sizes) == len(texts) else [],
        row.metrics,
    )


def rows_of(detail: Detail, scorer: str, threshold: float | None) -> Iterator[ForeignRow]:
    """The samples that the metric is about, and those beyond them, which are not scored."""
    n, where = len(detail.texts), detail.where
    if n == 1:
        value = detail.metrics.get(scorer)
        yield _row(detail, [_sample(detail, 0, verdict_of_score(value, where, threshold), f"{scorer} {value}")])
        return
    samples = [_sample(detail, i) for i in range(n)]
    told = min(n, size(scorer, n)) if counts(scorer) else 0
    # a sample that is not there was counted as a wrong one
    correct = successes(detail.metrics, scorer, size(scorer, n), where) if told else None
    if told:
        yield _row(detail, samples[:told], correct)
    if told < n:
        yield _row(detail, samples[told:])


def _row(detail: Detail, samples: Sequence[ForeignSample], correct: int | None = None) -> ForeignRow:
    question, gold, prompt = detail.question, detail.gold, detail.prompt
    return ForeignRow(detail.problem_id, samples, detail.where, question, gold, prompt, correct=correct)


def _sample(detail: Detail, i: int, verdict: Verdict | None = None, score: str = "") -> ForeignSample:
    reasoning = detail.reasonings[i] if i < len(detail.reasonings) else None
    n_tokens = detail.n_tokens[i] if detail.n_tokens else None
    return ForeignSample(detail.texts[i], verdict, i, detail=score, reasoning=reasoning or "", n_tokens=n_tokens)


def _checked(model: type[M], cells: Mapping[str, object], where: str) -> M:
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        message = f"expected a row of lighteval's details, but {name}: {first['msg']}; see the file"
        raise BadInput(f"{where}: {message}") from None


def _written(cell: object, where: str) -> object:
    """A list or object that was written as Python writes it; anything else as it is."""
    if not isinstance(cell, str) or cell[:1] not in ("[", "{"):
        return cell
    if len(cell) > _MOST_WRITTEN:
        raise BadInput(f"{where}: expected a list of at most {_MOST_WRITTEN:,} characters, got {len(cell):,}")
    try:
        return ast.literal_eval(cell.replace(": nan", ": None"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise BadInput(f"{where}: expected a list as Python writes it, got {in_short(cell)}; see the file") from None
