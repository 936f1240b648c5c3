"""A person's labels: which samples to look at, the file they stand in, and the audit of a verifier that they make.

    {"right": null, "question": ..., "reference": ..., "text": ..., "run": "base", "problem_id": ..., "sample_index": 3}

one JSON object a line; only run, problem_id, sample_index and right are read, and right is true or false.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from beyondbase.checks import seed_number, whole_number
from beyondbase.errors import BadInput
from beyondbase.estimators.verifier_error import Audit
from beyondbase.store.counting import no_verdict
from beyondbase.store.run_store import Run
from beyondbase.types import Verdict
from beyondbase.wording import in_short, number

_KEY = ["problem_id", "sample_index"]
_RUNS = ("base", "rl")
_SIDE_SEED = 0x1ABE1


class Label(NamedTuple):
    """One line of a file of labels."""

    where: str
    """file and line"""
    run: str
    problem_id: str
    sample_index: int
    right: bool | None
    """None: not yet filled in"""


def to_label(base: Run, rl: Run, n: int, *, seed: int = 0) -> list[dict[str, object]]:
    """Draw n samples of each run for a person to label, in random order; the same at each call.

    Drawn, each with the same chance, from those that every problem got whatever came of them: all of a run with
    fixed n, else those below n_first. What a verifier said has no part in it. Raises BadInput if there are fewer.
    """
    rng = np.random.default_rng([seed_number(seed), _SIDE_SEED])
    rows = [row for name, run in zip(_RUNS, (base, rl), strict=True) for row in _drawn(run, name, n, rng)]
    return [rows[i] for i in rng.permutation(len(rows)).tolist()]


def read_labels(path: Path) -> list[Label]:
    """Read a file of labels; raises BadInput with file and line for what is none, and for rows not filled in."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: expected a file of labels, cannot read it ({error}); see `beyondbase label`") from None
    labels = [_label(f"{path}, line {i}", line) for i, line in enumerate(lines, 1) if line.strip()]
    if not labels:
        raise BadInput(f"{path}: expected labels, found none; draw samples to label with `beyondbase label`")
    if empty := [label for label in labels if label.right is None]:
        raise BadInput(
            f"{path}: {len(empty):,} of {number(len(labels), 'sample')} are not labelled, the first in "
            f'{empty[0].where.rpartition(", ")[2]}; write true or false after "right", or take the line out'
        )
    first = dict[tuple[str, str, int], str]()
    for label in labels:
        if label[1:4] in first:
            raise BadInput(
                f"{label.where}: labels the sample of {first[label[1:4]].rpartition(', ')[2]} again; keep one"
            )
        first[label[1:4]] = label.where
    return labels


def audit_of_labels(base: Run, rl: Run, path: Path) -> Audit:
    """Hold the verdicts of the runs' verifier against labels: what it passed of right and of wrong samples.

    Raises BadInput for a file that cannot be used, and for a label of a sample that is not there or has no verdict.
    """
    labels = read_labels(path)
    passed = {name: _passed(run) for name, run in zip(_RUNS, (base, rl), strict=True)}
    said = Counter[tuple[bool, bool]]()
    for label in labels:
        said[bool(label.right), _looked_up(label, passed[label.run])] += 1
    if not said[False, True] + said[False, False]:
        raise BadInput(
            f"{path}: expected some samples that are wrong, got {number(len(labels), 'right one')}; label more"
        )
    return Audit(
        right=said[True, True] + said[True, False],
        right_passed=said[True, True],
        wrong=said[False, True] + said[False, False],
        wrong_passed=said[False, True],
        source=f"labels of {number(len(labels), 'sample')}",
    )


def _drawn(run: Run, name: str, n: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    rule, problems = run.manifest.rule, {problem.problem_id: problem for problem in run.problems()}
    below = rule.n_max if rule.stop_at is None else rule.n_first
    keys = run.states().select(pl.col("problem_id").cast(pl.String), "sample_index")
    if run.manifest.imported:  # a log may lack texts, and nobody can label those
        keys = run.samples().filter(pl.col("text").is_not_null()).select(_KEY).collect()
    pool = keys.filter(pl.col("sample_index") < below).sort(_KEY)
    whole_number("n", n, 1, max(1, pool.height), what=f"of the {pool.height:,} samples of {run.path} to be drawn from")
    chosen = pool[np.sort(rng.choice(pool.height, n, replace=False))]
    texts = run.samples().select(*_KEY, "text").join(chosen.lazy(), on=_KEY, how="semi").collect().sort(_KEY)
    for problem_id, index, text in texts.iter_rows():
        problem = problems[problem_id]
        yield {
            "right": None,
            "question": problem.question,
            "reference": problem.reference,
            "text": text,
            "run": name,
            "problem_id": problem_id,
            "sample_index": index,
        }


def _label(where: str, line: str) -> Label:
    shape = '{"run": "base" or "rl", "problem_id": "...", "sample_index": 0, "right": true or false}'
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BadInput(f"{where}: expected a JSON object {shape}, got {in_short(line)}")
    run, problem_id, index, right = row.get("run"), row.get("problem_id"), row.get("sample_index"), row.get("right")
    if run not in _RUNS:
        raise BadInput(f"{where}: expected {shape}, got run {in_short(run)}")
    if not isinstance(problem_id, str):
        raise BadInput(f"{where}: expected {shape}, got problem_id {in_short(problem_id)}")
    if not isinstance(index, int) or isinstance(index, bool):
        raise BadInput(f"{where}: expected {shape}, got sample_index {in_short(index)}")
    if not isinstance(right, bool) and (right is not None or "right" not in row):
        raise BadInput(f"{where}: expected {shape}, got right {in_short(right)}")
    return Label(where, run, problem_id, index, right)


def _passed(run: Run) -> dict[str, dict[int, bool | None]]:
    """Whether each sample of each problem was passed; None: no verdict."""
    right = pl.col("verdict") == Verdict.CORRECT.value
    rows = run.states().select(pl.col("problem_id").cast(pl.String), "sample_index", pl.when(~no_verdict()).then(right))
    found: dict[str, dict[int, bool | None]] = {problem.problem_id: {} for problem in run.problems()}
    for problem_id, index, passed in rows.iter_rows():
        found[problem_id][index] = passed
    return found


def _looked_up(label: Label, passed: dict[str, dict[int, bool | None]]) -> bool:
    of_problem = passed.get(label.problem_id)
    if of_problem is None:
        raise BadInput(f"{label.where}: expected a problem of the {label.run} run, got {in_short(label.problem_id)}")
    if label.sample_index not in of_problem:
        raise BadInput(f"{label.where}: the {label.run} run has no sample {label.sample_index} of this problem")
    verdict = of_problem[label.sample_index]
    if verdict is None:
        raise BadInput(f"{label.where}: this sample has no verdict yet; judge the run with `beyondbase verify`")
    return verdict
