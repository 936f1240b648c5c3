"""Counts by hand; and those of problems that were stopped, which a plain reader must not take for a fixed n."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.estimators.pass_at_k import pass_at_k, pass_at_k_per_problem
from beyondbase.interop.export.counts import write_counts
from beyondbase.interop.export.options import ExportOptions
from beyondbase.interop.export.plain_draws import plain_counts
from beyondbase.store import Run
from beyondbase.types import DrawRule, SuccessCounts

Make = Callable[..., Run]
STOPPING = DrawRule(n_max=8, stop_at=2, n_first=4)
# a stops at its third draw, b at its seventh, c never; what was drawn past a stop lies there too
STOPPED = {"a": "wccc", "b": "wcwwwwc", "c": "wwwwwwwc"}


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_is_a_problem_in_the_order_of_the_problem_set(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"b": "cwnt", "ä": "cccc", "a": "wwww"})
    write_counts(run, tmp_path / "counts.jsonl")
    assert lines(tmp_path / "counts.jsonl") == [
        {"id": "b", "c": 1, "n": 4},
        {"id": "ä", "c": 4, "n": 4},
        {"id": "a", "c": 0, "n": 4},
    ]


def test_n_max_takes_the_first_samples(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"b": "cwcc", "a": "wwwc"})
    write_counts(run, tmp_path / "counts.jsonl", ExportOptions(n_max=2))
    assert lines(tmp_path / "counts.jsonl") == [{"id": "b", "c": 1, "n": 2}, {"id": "a", "c": 0, "n": 2}]
    with pytest.raises(BadInput, match="n-max: expected at least 1"):
        write_counts(run, tmp_path / "none.jsonl", ExportOptions(n_max=0))


def test_stopped_problems_are_refused_and_nothing_is_written(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", STOPPED, STOPPING)
    assert run.counts().n_P.tolist() == [3, 7, 8]
    with pytest.raises(BadInput, match=r"stop at success 2.*--n-max 4.*--before-stop") as refused:
        write_counts(run, tmp_path / "counts.jsonl")
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match=r"got the first 5 of problems.*--n-max 4"):
        write_counts(run, tmp_path / "counts.jsonl", ExportOptions(n_max=5))
    assert not (tmp_path / "counts.jsonl").exists()


def test_the_first_samples_of_stopped_problems_are_a_fixed_draw(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", STOPPED, STOPPING)
    write_counts(run, tmp_path / "counts.jsonl", ExportOptions(n_max=4))
    assert lines(tmp_path / "counts.jsonl") == [
        {"id": "a", "c": 3, "n": 4},
        {"id": "b", "c": 1, "n": 4},
        {"id": "c", "c": 0, "n": 4},
    ]


def test_the_draws_before_the_stop_give_our_pass_at_k_by_the_formula_for_a_fixed_n(
    make_run: Make, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", STOPPED, STOPPING)
    said = write_counts(run, tmp_path / "counts.jsonl", ExportOptions(before_stop=True))
    assert lines(tmp_path / "counts.jsonl") == [
        {"id": "a", "c": 1, "n": 2},
        {"id": "b", "c": 1, "n": 6},
        {"id": "c", "c": 1, "n": 8},
    ]
    assert "for k up to 2" in said[-1]
    plain = plain_counts(run, before_stop=True)
    assert plain.stop_at is None
    np.testing.assert_allclose(pass_at_k_per_problem(plain, [1, 2]), pass_at_k_per_problem(run.counts(), [1, 2]))


def test_only_the_draws_before_the_stop_are_without_bias() -> None:
    """One problem of rate 0.3, stopped at its second success or after 12 draws; exact expectations of pass@1."""
    p, r, n_max = 0.3, 2, 12
    raw = before = total = 0.0
    for n in range(r, n_max + 1):
        chance = (n - 1) * p**2 * (1 - p) ** (n - 2)
        raw += chance * r / n
        before += chance * (r - 1) / (n - 1)
        total += chance
    for c in (0, 1):
        chance = (n_max * p) ** c * (1 - p) ** (n_max - c) if c else (1 - p) ** n_max
        raw, before, total = raw + chance * c / n_max, before + chance * c / n_max, total + chance
    assert total == pytest.approx(1)
    assert before == pytest.approx(p, abs=1e-12)
    assert raw > p + 0.05
    stopped = SuccessCounts(["x"], n=[5], c=[2], stop_at=2, n_max=12)
    assert pass_at_k(stopped, 1).item() == pytest.approx(1 / 4)
