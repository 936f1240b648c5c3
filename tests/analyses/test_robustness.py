from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.recheck import recheck, recheck_counts
from beyondbase.analyses.results import Robustness, Stands, VerdictLabel
from beyondbase.analyses.robustness import other_verifiers, robustness, stands
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.pipeline import sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import open_run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

IDS = [f"p{i}" for i in range(120)]
BASE = bb.SuccessCounts(IDS, n=[64] * 120, c=[3] * 120)
RL = bb.SuccessCounts(IDS, n=[64] * 120, c=[32] * 84 + [0] * 36)
PLAIN = bb.compare(BASE, RL)


def test_the_comparison_rechecked_as_it_is_gives_its_own_band_and_label() -> None:
    again = recheck_counts(BASE, RL, PLAIN)
    assert again.label is PLAIN.verdict.label is VerdictLabel.NARROWED
    assert again.crossover == PLAIN.crossover
    for name in ("base", "rl", "delta", "delta_lo", "delta_hi"):
        assert again.curves[name].to_numpy() == pytest.approx(PLAIN.curves[name].to_numpy(), abs=1e-9)


def test_tables_of_estimates_are_read_as_counts_are() -> None:
    k_K = np.array([1, 2, 4, 8, 16, 32, 64])
    tables = [pass_at_k_per_problem(counts, k_K) for counts in (BASE, RL)]
    again = recheck(*tables, k_K, PLAIN)
    at = PLAIN.curves.filter(pl.col("k").is_in(k_K.tolist()))
    assert again.curves["delta"].to_numpy() == pytest.approx(at["delta"].to_numpy())
    assert np.abs(again.curves["delta_lo"].to_numpy() - at["delta_lo"].to_numpy()).max() < 0.02
    assert again.label is VerdictLabel.NARROWED


@pytest.mark.parametrize(
    ("plain", "other", "expected"),
    [
        (VerdictLabel.NARROWED, VerdictLabel.NARROWED, Stands.STANDS),
        (VerdictLabel.UNDECIDED, VerdictLabel.UNDECIDED, Stands.STANDS),
        (VerdictLabel.NARROWED, VerdictLabel.UNDECIDED, Stands.OPENS),
        (VerdictLabel.EXPANDED, VerdictLabel.AHEAD_OPEN, Stands.OPENS),
        (VerdictLabel.UNDECIDED, VerdictLabel.SHARPENED, Stands.DECIDES),
        (VerdictLabel.NARROWED, VerdictLabel.EXPANDED, Stands.CHANGES),
        (VerdictLabel.UNDECIDED, VerdictLabel.AHEAD_OPEN, Stands.CHANGES),
    ],
)
def test_what_another_label_means(plain: VerdictLabel, other: VerdictLabel, expected: Stands) -> None:
    assert stands(plain, other) is expected


def test_every_row_that_cannot_be_made_says_what_would_make_it() -> None:
    rows = robustness(
        PLAIN, None, None, None, {}, {"tuning": "none; `beyondbase study`", "cost": "none; `--engine hf`"}
    )
    made = [row for row in rows if row.stands is not Stands.NOT_MADE]
    assert [row.check for row in made] == ["exactly these problems"]
    missing = [row for row in rows if row.stands is Stands.NOT_MADE]
    assert len(missing) == 7
    assert all("`" in row.note and row.label is None and row.first is None for row in missing)


def test_a_row_holds_both_ends_of_its_band() -> None:
    row: Robustness = robustness(PLAIN, None, None, None, {}, {})[0]
    curves = PLAIN.curves
    assert row.first == (1.0, *curves.select("delta", "these_lo", "these_hi").row(0))
    assert row.last == (64.0, *curves.select("delta", "these_lo", "these_hi").row(-1))


class Strict:
    """Takes no answer that ends in an even digit."""

    name = "strict-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        right = ExactMatch().verify(problem, text).verdict is Verdict.CORRECT and text[-1] in "13579"
        return Judgement(Verdict.CORRECT if right else Verdict.WRONG, text)


def test_every_other_verifier_of_both_runs_makes_a_row(tmp_path: Path) -> None:
    problems = ProblemSet("toy", tuple(Problem(f"p{i}", str(i), f'{{"answer": "{i}"}}') for i in range(30)))
    answers = {f"p{i}": str(i) for i in range(30)}
    for name, rate, seed in (("base", 0.1, 1), ("rl", 0.5, 2)):
        engine = ScriptedEngine(dict.fromkeys(answers, rate), answers)
        spec = SamplingSpec(template="plain", seed=seed)
        sample_run(tmp_path / name, problems, engine, spec, DrawRule(32, None), ExactMatch())
    base, rl = open_run(tmp_path / "base"), open_run(tmp_path / "rl")
    plain = bb.compare(base.counts(), rl.counts())
    assert other_verifiers(base, rl, plain) == {}
    verify_run(tmp_path / "base", Strict())
    assert other_verifiers(base, rl, plain) == {}
    verify_run(tmp_path / "rl", Strict())
    found = other_verifiers(base, rl, plain)
    assert list(found) == ["strict-1"]
    rows = robustness(plain, None, None, None, found, {})
    assert rows[-1].check == "another verifier, strict-1" and rows[-1].label is not None
    judged = robustness(plain, None, None, None, {"judge-any": "why not"}, {})[-1]
    assert judged.check.startswith("reasoning judged too") and judged.note == "why not"
