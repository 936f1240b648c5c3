"""The audit of runs that lie on disk: what is missing, failed or not judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.plan import Plan
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import Run
from beyondbase.store.audit import Finding, Kind, Severity, audit
from beyondbase.store.audit.rows import RunRows
from beyondbase.store.audit.shortfalls import owed
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.plan_rows import record
from tests.store.audit_runs import manifest

IDS = ["p0", "p1", "p2", "p3"]
PROBLEMS = ProblemSet("four", tuple(Problem(i, f"question {i}", f'{{"answer": "{i}"}}') for i in IDS))
NO_FAULTS = Faults()
STATES = st.sampled_from(["correct", "wrong", "verifier_error", None, "absent"])


def _found(run: Run) -> dict[Kind, Finding]:
    return {finding.kind: finding for finding in audit(run).findings}


def _draw(
    path: Path,
    rule: DrawRule,
    faults: Faults = NO_FAULTS,
    seed: int = 0,
    chars: int = 0,
    verifier: ExactMatch | None = None,
) -> Run:
    rates = dict(zip(IDS, [0.0, 0.1, 0.6, 1.0], strict=True))
    engine = ScriptedEngine(rates, {i: f"answer: {i}" for i in IDS}, faults=faults, reasoning_chars=chars)
    spec = SamplingSpec(seed=seed, temperature=1.0)
    return sample_run(path, PROBLEMS, engine, spec, rule, ExactMatch())


@pytest.mark.parametrize("rule", [DrawRule(n_max=40, stop_at=None), DrawRule(n_max=40, stop_at=3, n_first=4)])
@pytest.mark.parametrize("chars", [0, 300])
def test_a_finished_run_raises_no_alarm(tmp_path: Path, rule: DrawRule, chars: int) -> None:
    found = audit(_draw(tmp_path / "run", rule, Faults(truncated=0.05, failed=0.1), chars=chars))
    assert found.alarms == ()
    assert {finding.kind for finding in found.findings} <= {Kind.TRUNCATED, Kind.FAILED_MENDED}
    assert found.repeats.judged == found.samples


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_two_hundred_stored_runs_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    for stop_at in (None, 3):
        rule = DrawRule(n_max=100, stop_at=stop_at, n_first=8)
        assert audit(_draw(tmp_path / str(stop_at), rule, seed=seed)).alarms == ()


def test_samples_that_a_broken_seed_repeats_are_found(tmp_path: Path) -> None:
    rule = DrawRule(n_max=60, stop_at=None)
    found = _found(_draw(tmp_path / "run", rule, Faults(duplicated=0.2), chars=300))
    drawn = audit(_draw(tmp_path / "run", rule, Faults(duplicated=0.2), chars=300)).samples
    assert abs(found[Kind.REPEATS].count - (0.2 * drawn - 4)) < 5 * (0.16 * drawn) ** 0.5
    assert found[Kind.REPEATS].severity is Severity.WRONG


def test_failed_requests_are_told_apart_by_what_became_of_them(tmp_path: Path) -> None:
    rule = DrawRule(n_max=40, stop_at=None)
    run = _draw(tmp_path / "run", rule, Faults(failed=0.2, failures=None))
    found = _found(run)
    assert run.audit() == audit(run)
    asked = {finding.count for finding in (found[Kind.FAILED_OWED], found[Kind.OWED])}
    assert asked == {160 - run.n_drawn()} and Kind.FAILED_MENDED not in found
    assert "scripted failure" in found[Kind.FAILED_OWED].what
    found = _found(_draw(tmp_path / "run", rule))
    assert not {Kind.FAILED_OWED, Kind.OWED} & set(found)
    assert found[Kind.FAILED_MENDED].count == run.n_failed()


def test_a_part_that_is_gone_is_named(write: Callable[..., Run]) -> None:
    for problem_id in "ab":
        run = write([(problem_id, index, "wrong") for index in range(4)])
    first = sorted((run.path / "samples").glob("*.parquet"))[0]
    Path(str(first)).unlink()
    found = _found(run)
    assert (found[Kind.PARTS_GONE].count, found[Kind.PARTS_GONE].where) == (1, (str(first),))
    assert (found[Kind.OWED].count, found[Kind.OWED].where) == (2, ("problem a: 2",))


def test_samples_that_are_not_judged_are_counted_with_the_reasons(write: Callable[..., Run]) -> None:
    rows = [("b", 0, None), ("b", 1, "verifier_error"), *(("a", index, "wrong") for index in range(4))]
    found = _found(write(rows))
    assert found[Kind.UNJUDGED].where == ("problem b: sample 0",)
    assert found[Kind.VERIFIER_ERRORS].where == ("problem b: sample 1",)
    assert f"beyondbase verify {write([]).path}" in found[Kind.UNJUDGED].mend


@given(
    st.lists(st.lists(STATES, min_size=12, max_size=12), min_size=3, max_size=3),
    st.none() | st.integers(2, 3),
    st.integers(1, 5),
)
def test_what_is_owed_is_what_the_plan_would_ask_for(
    states: list[list[str | None]], stop_at: int | None, n_first: int
) -> None:
    ids = ["x", "y", "z"]
    rule = DrawRule(n_max=12, stop_at=stop_at, n_first=n_first)
    rows = [
        (i, k, state) for i, each in zip(ids, states, strict=True) for k, state in enumerate(each) if state != "absent"
    ]
    plan = Plan(ids, rule)
    record(plan, rows)
    owing = {span.problem_id: len(span.index_N) for span in plan.lease()}
    schema = {"problem_id": pl.Enum(ids), "sample_index": pl.Int64, "verdict": pl.String}
    judged = pl.DataFrame(rows, schema=schema, orient="row")
    run = RunRows("RUN", manifest(rule=rule), ids, judged, judged, judged, ())
    np.testing.assert_array_equal(owed(judged, run), [owing.get(i, 0) for i in ids])


def test_a_cut_sample_is_cut_early_only_below_the_cap(tmp_path: Path) -> None:
    rule = DrawRule(n_max=40, stop_at=None)
    run = _draw(tmp_path / "run", rule, Faults(truncated=0.3))
    found = _found(run)
    assert found[Kind.TRUNCATED].severity is Severity.SUSPICIOUS and Kind.CUT_EARLY not in found
    run.manifest = replace(run.manifest, spec=replace(run.manifest.spec, max_tokens=2**20))
    assert _found(run)[Kind.CUT_EARLY].count == found[Kind.TRUNCATED].count
