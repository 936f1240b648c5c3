"""Rows as a store holds them, for plans in tests."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from beyondbase.pipeline.known import note_known
from beyondbase.sampling.plan import Plan

SCHEMA = pl.Schema({"problem_id": pl.String, "sample_index": pl.Int64, "verdict": pl.String})


def record(plan: Plan, rows: Iterable[tuple[str, int, str | None]]) -> None:
    """Tell a plan of samples, as (problem_id, sample_index, verdict or None if it has none yet)."""
    note_known(plan, pl.DataFrame([*rows], SCHEMA, orient="row"))
