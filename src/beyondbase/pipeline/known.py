"""What the rows of a store tell a plan."""

from __future__ import annotations

import polars as pl

from beyondbase.sampling.plan import STATE_OF, Plan, Span, State

_STATE_OF = {str(verdict): int(state) for verdict, state in STATE_OF.items() if verdict is not None}


def note_known(plan: Plan, rows: pl.DataFrame) -> None:
    """Tell a plan of samples that were drawn: rows of problem_id, sample_index and verdict (null: none yet).

    >>> from beyondbase.types import DrawRule
    >>> plan = Plan(["a", "b"], DrawRule(n_max=2, stop_at=None))
    >>> note_known(plan, pl.DataFrame({"problem_id": ["b", "b"], "sample_index": [1, 0], "verdict": ["wrong", None]}))
    >>> plan.drawn, [span.problem_id for span in plan.lease()]
    (2, ['a'])
    """
    state = pl.col("verdict").cast(pl.String).replace_strict(_STATE_OF, return_dtype=pl.Int8)
    told = rows.select("problem_id", pl.col("sample_index").cast(pl.Int64), state.fill_null(int(State.PENDING)))
    of_problem = told.group_by("problem_id", maintain_order=True).agg("sample_index", "verdict")
    index_N, state_N = (of_problem[name].explode().to_numpy() for name in ("sample_index", "verdict"))
    first = 0
    for problem_id, n in zip(of_problem["problem_id"].cast(pl.String), of_problem["verdict"].list.len(), strict=True):
        plan.note(Span(problem_id, index_N[first : first + n]), state_N[first : first + n])
        first += n
