"""All measures of diversity of two runs, each made or with the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from beyondbase.analyses.diversity.measures import NATS, NUMBER, SCHEMA, Kinds, Measure, Measures
from beyondbase.analyses.diversity.reading import (
    MOST_TEXTS,
    all_texts_told,
    answers_of,
    correct_answers_of,
    nameless,
    texts_of,
    token_entropy,
)
from beyondbase.analyses.diversity.word_measures import add_words
from beyondbase.analyses.diversity.words import Words, words_of
from beyondbase.analyses.first_samples import judged_first, whole_prefix
from beyondbase.analyses.results import Diversity
from beyondbase.errors import BadInput
from beyondbase.programs.extraction import program_of
from beyondbase.programs.normal_form import meant, normal_form
from beyondbase.programs.references import reference_of
from beyondbase.store.run_store import Run
from beyondbase.types import Problem

_NO_TEXTS = (
    "the logs do not have the text of every sample; `beyondbase import` of logs that do, or `beyondbase sample`, would "
    "give them"
)
_MORE = "draw more samples of each problem: `beyondbase sample --fixed-n --n-max 256`, say"


class _Side(NamedTuple):
    """One run, and the verdicts on its first samples."""

    run: Run
    rows: pl.DataFrame


def diversity(base: Run, rl: Run, *, confidence: float = 0.95) -> Diversity:
    """Compare how many different things two runs say of the same problems, in equally many samples of each problem.

    That is n_max of a fixed rule and n_first of a stopping rule, less where verdicts are missing; texts are read of
    the first 64 at most. Raises BadInput where not every problem has two samples with a verdict under both models.
    """
    sides, problems = [_Side(run, judged_first(run)) for run in (base, rl)], base.problems()
    ids = [problem.problem_id for problem in problems]
    n = min(whole_prefix(side.rows, ids) for side in sides)
    if n < 2:
        raise BadInput(
            f"diversity: expected 2 first samples of every problem with a verdict under both models, got {n}; draw "
            "them with `beyondbase sample --n-first 16` or more, judge them with `beyondbase verify`"
        )
    made = Measures(confidence)
    n_texts = min(n, MOST_TEXTS)
    texts = all(all_texts_told(*side, n_texts) for side in sides)
    if base.manifest.verifier.startswith("code"):
        made.missing["answers"] = "an answer is a whole program here: see the distinct programs"
        _add_programs(made, sides, problems, n_texts)
    else:
        _add_answers(made, sides, ids, n)
        _add_solutions(made, sides, problems, n)
    _add_token_entropy(made, sides, ids, n)
    if not texts:
        made.missing["words"] = _NO_TEXTS
    words = [_words(side, ids, n_texts) for side in sides] if texts else []
    read = texts and add_words(made, words[0], words[1], n_texts, more=_MORE)
    if not made.rows:
        raise BadInput(f"diversity: expected texts or answers of both runs; {'; '.join(made.missing.values())}")
    return Diversity(n, n_texts if read else 0, confidence, _frame(made), made.missing)


def _frame(made: Measures) -> pl.DataFrame:
    return pl.DataFrame(made.rows, schema=SCHEMA, orient="row")


def _add_answers(made: Measures, sides: list[_Side], ids: Sequence[str], n: int) -> None:
    base, rl = (answers_of(side.rows, ids, n) for side in sides)
    if not any(base) or not any(rl):
        made.missing["answers"] = "no answers are stored with the verdicts; judge again by a verifier that tells them"
        return
    made.add_kinds("answers", base, rl, what="samples with an answer", more=_MORE)


def _add_solutions(made: Measures, sides: list[_Side], problems: Sequence[Problem], n: int) -> None:
    """Distinct correct solutions at equally many samples, and at equally many correct samples."""
    lost = sum(nameless(side.rows, n) for side in sides)
    if not all(problem.n_solutions for problem in problems):
        made.missing["solutions"] = (
            "the answer of a correct sample does not name its solution, since the problems have no n_solutions; a "
            "problem set with n_solutions and a verifier whose answers name the solution would, as Countdown's do. "
            "The words of correct samples stand in for it"
        )
        return
    if lost:
        made.missing["solutions"] = f"{lost} correct samples have no answer stored; judge the runs again"
        return
    ids = [problem.problem_id for problem in problems]
    base, rl = (correct_answers_of(side.rows, ids, n) for side in sides)
    _add_found(made, "solutions", base, rl, n)


def _add_found(made: Measures, name: str, base: Kinds, rl: Kinds, n: int) -> None:
    found = [np.array([float(len(set(each))) for each in side]) for side in (base, rl)]
    made.add(Measure(f"{name}_found", n, NUMBER, 0, most=n), found[0], found[1])
    made.add_kinds(name, base, rl, what="correct samples", more=_MORE)


def _add_token_entropy(made: Measures, sides: list[_Side], ids: Sequence[str], n: int) -> None:
    base, rl = (token_entropy(*side, ids, n) for side in sides)
    if base is None or rl is None:
        made.missing["token_entropy"] = (
            "not every sample has the entropy of its tokens, which an engine tells that sees all logits; sample with "
            "`--engine hf`"
        )
        return
    made.add(Measure("token_entropy", n, NATS), base, rl)


def _add_programs(made: Measures, sides: list[_Side], problems: Sequence[Problem], n: int) -> None:
    """Distinct programs in normal form: of all samples that hold one, and of the correct ones."""
    every, correct = zip(*(_programs(side, problems, n) for side in sides), strict=True)
    made.add_kinds("programs", *every, what="samples with a program", more=_MORE)
    _add_found(made, "solutions", correct[0], correct[1], n)


def _programs(side: _Side, problems: Sequence[Problem], n: int) -> tuple[Kinds, Kinds]:
    """Normal forms of the programs of each problem, and those of its correct samples."""
    every, correct = list[list[str]](), list[list[str]]()
    ids = [problem.problem_id for problem in problems]
    for problem, (texts, right) in zip(problems, texts_of(side.run, side.rows, ids, n), strict=True):
        reference = reference_of(problem)
        read = [program_of(text, reference) for text in texts]
        forms = ["" if program is None else normal_form(meant(program)) for program in read]
        every.append([form for form in forms if form])
        correct.append([form for form, good in zip(forms, right, strict=True) if form and good])
    return every, correct


def _words(side: _Side, ids: Sequence[str], n: int) -> list[Words]:
    return [words_of(texts, right) for texts, right in texts_of(side.run, side.rows, ids, n, thoughts=True)]
