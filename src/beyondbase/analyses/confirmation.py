"""Which one-sided problems are confirmed by fresh samples alone (docs/method.md, section 9).

Discovery and proof are kept apart: the first samples choose the problems, fresh ones test them. As the
choice does not depend on the fresh samples, the tests need no correction for the problems that were not
chosen: the family of Benjamini-Hochberg is the chosen problems of one direction, and not all problems as
where the same samples discover and prove. That is the more powerful of the two.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl
from numpy.typing import NDArray

from beyondbase.analyses.escalation import ONE_SIDED
from beyondbase.analyses.results import Cell, Confirmation
from beyondbase.checks import confidence_level, instance, truths
from beyondbase.errors import NotComparable
from beyondbase.estimators.exact_tests import benjamini_hochberg, rate_bounds, rl_is_better
from beyondbase.types import FloatArray, SuccessCounts

BoolArray = NDArray[np.bool_]

_SIDE = {"n": pl.Int64, "c": pl.Int64, "lo": pl.Float64, "hi": pl.Float64}
_TESTED = {
    "problem_id": pl.String,
    **{f"base_{name}": dtype for name, dtype in _SIDE.items()},
    **{f"rl_{name}": dtype for name, dtype in _SIDE.items()},
    "p_value": pl.Float64,
    "confirmed": pl.Boolean,
}
_DIRECTIONS = {"cell": pl.String, "discovered": pl.Int64, "tested": pl.Int64, "confirmed": pl.Int64}


def fresh_tests(
    base: SuccessCounts, rl: SuccessCounts, rl_only_P: BoolArray, *, confidence: float
) -> tuple[FloatArray, BoolArray]:
    """Test problems on fresh counts, each in its direction: p_P, one-sided and exact, and confirmed_P.

    rl_only_P: the problem was chosen as "RL only" (else as "base only"), without a look at these counts. Each model
    may have drawn by any rule. Of the confirmed of one direction at most 1 - confidence are expected to be false
    (Benjamini and Hochberg 1995), a false one being a problem whose solver is not the better model.

    >>> base = SuccessCounts(["a", "b", "c"], n=[4096, 4096, 64], c=[0, 1, 4], stop_at=4, n_max=4096)
    >>> rl = SuccessCounts(["a", "b", "c"], n=[4096] * 3, c=[80, 2, 0])
    >>> p_P, confirmed_P = fresh_tests(base, rl, np.array([True, True, False]), confidence=0.95)
    >>> p_P.round(3).tolist(), confirmed_P.tolist()
    ([0.0, 0.597, 0.0], [True, False, True])
    """
    confidence = confidence_level(confidence)
    rl_only_P = truths("rl_only", rl_only_P, len(instance(SuccessCounts, base)))
    if len(instance(SuccessCounts, rl)) != len(base):
        raise NotComparable(f"expected the same problems for both models, got {len(base)} and {len(rl)}")
    p_P, confirmed_P = np.ones(len(base)), np.zeros(len(base), dtype=np.bool_)
    for chosen_P, failed, solved in ((rl_only_P, base, rl), (~rl_only_P, rl, base)):
        row_P = np.flatnonzero(chosen_P)
        if len(row_P):
            p_P[row_P] = rl_is_better(failed.take(row_P), solved.take(row_P))
            confirmed_P[row_P] = benjamini_hochberg(p_P[row_P]) <= 1 - confidence
    return p_P, confirmed_P


def confirm(found: pl.DataFrame, base: SuccessCounts, rl: SuccessCounts, *, confidence: float) -> Confirmation:
    """Test the one-sided problems `found` (problem_id, cell) on fresh counts, of both models in the same order.

    Fresh samples of problems that are not one-sided (any more) have no part in it; one-sided problems without
    fresh samples are listed, and not confirmed.
    """
    place = {problem_id: row for row, problem_id in enumerate(base.problem_ids)}
    row_P = np.array([place[i] for i in found["problem_id"] if i in place], dtype=np.int64)
    tested = (
        _tested(found, base.take(row_P), rl.take(row_P), confidence) if len(row_P) else pl.DataFrame(schema=_TESTED)
    )
    problems = found.join(tested, on="problem_id", how="left", maintain_order="left")
    problems = problems.with_columns(pl.col("confirmed").fill_null(False))
    return Confirmation(
        problems, _directions(problems), int(problems["base_n"].sum() or 0), int(problems["rl_n"].sum() or 0)
    )


def check_fresh(fresh: SuccessCounts, problem_ids: Collection[str]) -> None:
    """Raise NotComparable if fresh counts are of problems that the comparison does not have."""
    strange = set(fresh.problem_ids) - set(problem_ids)
    if strange:
        raise NotComparable(
            f"fresh: expected problems of the comparison, got {len(strange)} others, such as {min(strange)!r}; "
            "give fresh samples of the same problem set"
        )


def with_confirmed(solvability: pl.DataFrame, confirmation: Confirmation | None) -> pl.DataFrame:
    """The table with its column `confirmed` resting on fresh samples, where there are any."""
    if confirmation is None:
        return solvability
    confirmed = confirmation.problems.filter("confirmed")["problem_id"]
    sure = pl.col("problem_id").is_in(confirmed.to_list())
    return solvability.with_columns(confirmed=pl.when(sure).then("cell").otherwise(pl.lit("")))


def _tested(found: pl.DataFrame, base: SuccessCounts, rl: SuccessCounts, confidence: float) -> pl.DataFrame:
    """One row a problem that has fresh samples."""
    cell_of = dict(found.iter_rows())
    rl_only_P = np.array([cell_of[problem_id] == Cell.RL_ONLY.value for problem_id in base.problem_ids])
    p_P, confirmed_P = fresh_tests(base, rl, rl_only_P, confidence=confidence)
    columns: dict[str, object] = {"problem_id": base.problem_ids}
    for name, counts in (("base", base), ("rl", rl)):
        lo_P, hi_P = rate_bounds(counts, confidence=confidence)
        columns |= {f"{name}_n": counts.n_P, f"{name}_c": counts.c_P, f"{name}_lo": lo_P, f"{name}_hi": hi_P}
    return pl.DataFrame(columns | {"p_value": p_P, "confirmed": confirmed_P}, schema=_TESTED)


def _directions(problems: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for cell in ONE_SIDED:
        mine = problems.filter(pl.col("cell") == cell)
        rows.append((cell, mine.height, mine["p_value"].count(), int(mine["confirmed"].sum())))
    return pl.DataFrame(rows, schema=_DIRECTIONS, orient="row")
