"""Two models into a study: both sampled, the problems that one alone solved drawn afresh, analysis and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from beyondbase.analyses.escalation import solved_by_one
from beyondbase.analyses.fresh_runs import begun_folders, fresh_folder
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.pipeline.analysis import AnalysisOptions, analyze_runs, report_study
from beyondbase.pipeline.fleet import Sampler
from beyondbase.pipeline.gold_check import Gold, GoldPolicy
from beyondbase.pipeline.runs import sample_run, to_nobody, verify_run
from beyondbase.pipeline.score_pair import Scoring, score_pair
from beyondbase.pipeline.sweep import Sweep, check_sweep, draw_grid, draw_matched, draw_power
from beyondbase.problems import ProblemSet
from beyondbase.seeds import sample_seed
from beyondbase.store import Run, RunManifest, open_run
from beyondbase.store.place import Place
from beyondbase.types import DrawRule, Progress, SamplingSpec, silent
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Study:
    """What two models are compared on: one specification for both, whose seed gives each model its own."""

    path: Path
    problem_set: ProblemSet
    verifier: Verifier
    spec: SamplingSpec
    rule: DrawRule
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    confirm: DrawRule | None = None
    """how fresh samples are drawn of the problems that one model alone solved; None draws none"""
    gold: GoldPolicy = GoldPolicy.REFUSE
    """what becomes of problems whose gold answer the verifier gets wrong"""

    second: Verifier | None = None
    """a verifier that judges the same samples again, where the options name it as the second"""
    sweep: Sweep = field(default_factory=Sweep)
    """other temperatures and top-p, and power sampling"""
    scoring: Scoring | None = None
    """the models that score both runs; None: neither is scored"""

    @property
    def base(self) -> Path:
        """Run of the base model."""
        return self.path / "runs" / "base"

    @property
    def rl(self) -> Path:
        """Run of the RL model."""
        return self.path / "runs" / "rl"


def compare_checkpoints(
    study: Study,
    base: Callable[[], Sampler],
    rl: Callable[[], Sampler],
    training: pl.DataFrame | None = None,
    progress: Progress = silent,
    announce: Callable[[RunManifest], None] = to_nobody,
) -> StudyAnalysis:
    """Sample, verify and score both models, one in memory at a time, analyse and report; resumes what is there."""
    check_sweep(study.sweep, study.spec)
    for label, load, path in (("base", base, study.base), ("rl", rl, study.rl)):
        engine = load()
        draw = partial(_drawn, study, progress, announce)
        run = draw(path, engine, study.spec, label)
        if study.second is not None:
            verify_run(path, study.second, progress, label)
        draw_grid(study.sweep, path.parent, label, study.spec, engine, draw)
        if label == "rl" and study.sweep.match_entropy:
            draw_matched(path.parent, open_run(study.base), run, engine, draw)
        del engine  # before the next model is loaded
        if label == "base" and study.sweep.power is not None:
            draw_power(study.sweep.power, path.parent, study.spec, draw)
    if study.scoring is not None:
        score_pair(study.scoring, study.base, study.rl, progress)
    if study.confirm is not None:
        _draw_fresh(study, study.confirm, base, rl, progress)
    analyze_runs(study.base, study.rl, study.path, study.options, training, progress)
    return report_study(study.path, progress)


def _drawn(
    study: Study,
    progress: Progress,
    announce: Callable[[RunManifest], None],
    path: Path,
    engine: Sampler,
    spec: SamplingSpec,
    label: str,
    n_max: int | None = None,
) -> Run:
    """Make a run of the study, or go on with it; its label gives it its seed."""
    spec, gold = replace(spec, seed=sample_seed(study.spec.seed, label, 0)), Gold(study.gold, known=(study.base,))
    rule = study.rule if n_max is None else replace(study.rule, n_max=n_max)
    return sample_run(path, study.problem_set, engine, spec, rule, study.verifier, progress, label, announce, gold=gold)


def _draw_fresh(
    study: Study, rule: DrawRule, base: Callable[[], Sampler], rl: Callable[[], Sampler], progress: Progress
) -> None:
    """Draw fresh samples: first for the problems of an earlier call, then for those one-sided now that have none.

    The seed of a fresh sample is a function of problem and index, whatever set of problems it is drawn for.
    """
    ids = [set(_ids(folder / "base")) for folder in begun_folders(study.base.parent)]
    have = set[str]().union(*ids)
    owing = set(solved_by_one(open_run(study.base).counts(), open_run(study.rl).counts())) - have
    sets = [_subset(study.problem_set, those) for those in (*ids, owing) if those]
    for label, load in (("base", base), ("rl", rl)):
        spec = replace(study.spec, seed=sample_seed(study.spec.seed, f"confirm {label}", 0))
        engine = load() if sets else None
        for problems in sets:
            path = study.base.parent / fresh_folder(problems.hash) / label
            assert engine is not None
            gold = Gold(study.gold, known=(study.base,))
            sample_run(path, problems, engine, spec, rule, study.verifier, progress, f"confirm {label}", gold=gold)
        del engine  # before the next model is loaded


def _ids(run: Place) -> list[str]:
    return [problem.problem_id for problem in open_run(run).problems()]


def _subset(problem_set: ProblemSet, ids: set[str]) -> ProblemSet:
    chosen = tuple(problem for problem in problem_set if problem.problem_id in ids)
    return replace(problem_set, name=f"{problem_set.name}, {len(chosen)} solved by one model", problems=chosen)
