"""A verifier that passes one wrong answer in a thousand: the verdict it makes, the warning, and what mends it."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beyondbase.analyses.results import StudyAnalysis, VerdictLabel
from beyondbase.estimators.verifier_error import Audit
from beyondbase.pipeline import AnalysisOptions, analyze_runs, report_study, sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.report.summary import summary_lines
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import open_run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch

RATE = 0.001
EASY = {"base": 0.06, "rl": 0.6}
SILENT = 0.9
"""share of RL's samples of an impossible problem that are no answer: nothing there to pass"""


class Lenient(ExactMatch):
    """Passes one wrong text in a thousand, chosen by a hash of it and its problem."""

    name = "lenient-1"

    def verify(self, problem: Problem, text: str) -> Judgement:
        judgement = super().verify(problem, text)
        digest = hashlib.blake2b(f"{problem.problem_id} {text}".encode(), digest_size=8).digest()
        lucky = int.from_bytes(digest, "big") % 1000 == 0
        return (
            replace(judgement, verdict=Verdict.CORRECT) if lucky and judgement.verdict is Verdict.WRONG else judgement
        )


@dataclass(frozen=True)
class Planted:
    """Problems that both models solve, RL more often, and some that neither can, all judged by Lenient."""

    easy: int
    impossible: int
    rule: DrawRule
    folder: Path

    def draw(self) -> None:
        """Sample both models, and judge all again by the exact verifier."""
        names = [f"p{i}" for i in range(self.easy + self.impossible)]
        problems = tuple(Problem(name, f"question {name}", f'{{"answer": "{name}"}}') for name in names)
        for seed, (model, rate) in enumerate(EASY.items()):
            never = SILENT if model == "rl" else 0.0
            rates = {name: rate if i < self.easy else never for i, name in enumerate(names)}
            texts = {name: f"answer: {name}" if i < self.easy else "" for i, name in enumerate(names)}
            engine = ScriptedEngine(rates, texts, n_wrong=10**9)
            spec = SamplingSpec(seed=seed)
            sample_run(self.folder / model, ProblemSet("planted", problems), engine, spec, self.rule, Lenient())
            verify_run(self.folder / model, ExactMatch())

    def study(self, **options: Any) -> StudyAnalysis:
        base, rl, study = (self.folder / name for name in ("base", "rl", "study"))
        return analyze_runs(base, rl, study, AnalysisOptions(**options))

    def audit_of(self, model: str) -> Audit:
        """What the lenient verifier passes among one model's samples, by the exact one."""
        seen, true = (open_run(self.folder / model, name).counts().c_P.sum() for name in ("lenient", "exact"))
        drawn = (self.easy + self.impossible) * self.rule.n_max
        return Audit(int(true), int(true), int(drawn - true), int(seen - true))

    def truth(self, model: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """pass@k at every k."""
        k_K = np.arange(1, self.rule.n_max + 1)
        return self.easy / (self.easy + self.impossible) * (1 - (1 - EASY[model]) ** k_K)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    made = Planted(15, 45, DrawRule(512, None), tmp_path_factory.mktemp("planted"))
    made.draw()
    return made


def test_the_verdict_is_misled_and_the_report_warns(planted: Planted) -> None:
    _assert_misled_and_warned(planted)


@pytest.mark.slow
def test_it_warns_at_1024_samples_that_stop_at_the_fourth_success(tmp_path: Path) -> None:
    stopped = Planted(16, 30, DrawRule(1024, 4), tmp_path)
    stopped.draw()
    _assert_misled_and_warned(stopped)


def test_an_audit_of_the_base_gives_its_curve_back(planted: Planted) -> None:
    mended, truth_K = planted.study(audit=planted.audit_of("base")), planted.truth("base")
    assert mended.guards is not None
    assert mended.guards.audit is not None
    assert mended.guards.audit.false_positive_lo < RATE < mended.guards.audit.false_positive_hi
    corrected, seen = mended.guards.audit.curves, mended.comparison.curves
    lo_K, hi_K = (corrected[f"base_{end}"].to_numpy() for end in ("lo", "hi"))
    assert ((lo_K <= truth_K) & (truth_K <= hi_K)).all()
    assert abs(corrected["base"][-1] - truth_K[-1]) < abs(seen["base"][-1] - truth_K[-1]) / 2
    assert not seen["base_lo"][-1] <= truth_K[-1] <= seen["base_hi"][-1]


def test_a_second_verifier_gives_each_model_its_own_rate_and_bounds_that_hold_the_truth(planted: Planted) -> None:
    """The rate of RL, which seldom answers, is a tenth of the base's: one for both would leave the base misled."""
    mended = planted.study(second_verifier="exact")
    assert mended.guards is not None
    assert mended.guards.audit is not None
    audit, own = mended.guards.audit, {model: planted.audit_of(model).false_positive for model in EASY}
    assert own["rl"] < RATE / 4 < audit.false_positive < own["base"]
    for model in EASY:
        assert abs(audit.rates[model] - own[model]) < RATE / 10
        lo_K, hi_K = (audit.curves[f"{model}_{end}"].to_numpy() for end in ("lo", "hi"))
        assert ((lo_K <= planted.truth(model)) & (planted.truth(model) <= hi_K)).all()


def test_the_second_verifiers_own_verdicts_hold_the_truth_and_give_no_warning(planted: Planted) -> None:
    clean = planted.study(by_verifier="exact")
    assert clean.comparison.verdict.label is not VerdictLabel.NARROWED
    assert [(each.problems, each.unsettles) for each in clean.thin] == [(0, None), (0, None)]
    assert "WARNING" not in " ".join(summary_lines(clean))
    for model in EASY:
        lo_K, hi_K = (clean.comparison.curves[f"{model}_{end}"].to_numpy() for end in ("lo", "hi"))
        assert ((lo_K <= planted.truth(model)) & (planted.truth(model) <= hi_K)).all()


def _assert_misled_and_warned(planted: Planted) -> None:
    misled, n = planted.study(), planted.rule.n_max
    assert misled.comparison.verdict.label is VerdictLabel.NARROWED
    base, rl = misled.thin
    assert base.problems + base.unsolved >= planted.impossible * 0.9
    assert RATE / 2 < base.rate < RATE * 2
    assert base.unsettles is not None
    assert base.unsettles.opens < RATE
    assert rl.unsettles is None
    text = " ".join(summary_lines(misled))
    share = f"the base counts as solving {base.problems} problems of {planted.easy + planted.impossible} by 1 to 3"
    lead = f"the base's lead at k = {n}"
    assert f"WARNING: {share}" in text
    assert f"enough to unsettle {lead}. Check those successes by hand or by a second verifier." in text
    assert f"to unsettle {lead}: false positives" in text

    report_study(planted.folder / "study")
    page = html.unescape((planted.folder / "study" / "report.html").read_text())
    first_screen, _, rest = page.partition('<section class="first">')
    assert "Few successes among many samples" in first_screen
    assert share in first_screen
    assert f"false positives: {lead} would be uncertain if the share of wrong samples passed as right were" in rest
