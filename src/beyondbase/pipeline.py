"""The flow: problems -> sampling -> samples on disk -> verification -> verdicts on disk -> analysis -> report.

    STUDY/runs/base  STUDY/runs/rl  STUDY/analysis.json  STUDY/report.html  STUDY/figures/
    STUDY/runs/confirm-HASH/base, rl: fresh samples of the problems that one model alone solved

The only place that knows the order of the stages; it holds no logic of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from beyondbase.analyses.escalation import solved_by_one
from beyondbase.analyses.fresh_runs import begun_folders, fresh_folder, fresh_pairs
from beyondbase.analyses.guards import GuardInput
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.analyses.serialize import from_json
from beyondbase.analyses.study import analyze
from beyondbase.durable import write_whole, writing
from beyondbase.errors import StoreError
from beyondbase.estimators.verifier_error import Audit
from beyondbase.problems import ProblemSet, render, template_hash
from beyondbase.report.page import write_report
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.plan import Plan
from beyondbase.sampling.runner import sample_round
from beyondbase.sampling.spec import check_spec
from beyondbase.seeds import sample_seed
from beyondbase.store import WHOLE, Run, RunManifest, RunWriter, Shard, open_run, problems_to_ask
from beyondbase.store.place import Place, place
from beyondbase.store.versions import installed_versions
from beyondbase.types import DrawRule, Progress, Prompt, SamplingSpec, silent
from beyondbase.verification.runner import JUDGED, Judge
from beyondbase.verification.verifier import Verifier

ANALYSIS = "analysis.json"


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """Settings of an analysis, as in `analyses.compare` and `analyses.comparable`."""

    confidence: float = 0.95
    margin: float = 0.02
    seed: int = 0
    allow_unequal: frozenset[str] = frozenset()
    base_direct: Path | None = None
    """run of direct answers of the base, and of the RL model"""
    rl_direct: Path | None = None
    guess_below: float = 0.05
    guess_chance: float | None = None
    audit: Audit | None = None
    cluster_by: str | None = None

    def guards(self) -> GuardInput:
        """Open the runs of direct answers."""
        base, rl = (None if path is None else open_run(path) for path in (self.base_direct, self.rl_direct))
        return GuardInput(base, rl, self.guess_below, self.guess_chance, self.audit)


@dataclass(frozen=True, slots=True)
class Study:
    """What two models are compared on: one specification for both, whose seed gives each model its own."""

    path: Path
    problem_set: ProblemSet
    verifier: Verifier
    spec: SamplingSpec
    rule: DrawRule
    options: AnalysisOptions = AnalysisOptions()
    confirm: DrawRule | None = None
    """how fresh samples are drawn of the problems that one model alone solved; None draws none"""

    @property
    def base(self) -> Path:
        """Run of the base model."""
        return self.path / "runs" / "base"

    @property
    def rl(self) -> Path:
        """Run of the RL model."""
        return self.path / "runs" / "rl"


def resolve(
    problem_set: ProblemSet,
    engine: Engine,
    spec: SamplingSpec,
    rule: DrawRule,
    verifier: Verifier,
    label: str = "model",
) -> RunManifest:
    """Settle everything that decides a run, and draw nothing; raises BadInput for what cannot be sampled as asked."""
    check_spec(spec)
    settings = dict(engine.settings(spec, list(_prompts(problem_set, spec).values())))
    return RunManifest(
        model=settings.get("model", label),
        problem_set=problem_set.name,
        problems_hash=problem_set.hash,
        template_hash=template_hash(spec.template),
        spec=spec,
        rule=rule,
        verifier=verifier.name,
        engine=settings,
        versions=installed_versions(),
    )


def _prompts(problem_set: ProblemSet, spec: SamplingSpec) -> dict[str, Prompt]:
    return {problem.problem_id: render(spec.template, problem) for problem in problem_set}


def _to_nobody(manifest: RunManifest) -> None:
    """Show settings to nobody."""


def sample_run(
    path: str | os.PathLike[str],
    problem_set: ProblemSet,
    engine: Engine,
    spec: SamplingSpec,
    rule: DrawRule,
    verifier: Verifier,
    progress: Progress = silent,
    label: str = "model",
    announce: Callable[[RunManifest], None] = _to_nobody,
    shard: Shard = WHOLE,
) -> Run:
    """Make the run at `path` (a folder or a URL), or resume it: rounds of sampling and judging until nothing is owed.

    `announce` is shown every resolved setting before the first token. A `shard` other than WHOLE draws its own
    problems only, beside other processes that draw the other shards. Problems that the run there does not have
    are added to it; those that it has must all be given.

    Given another verifier than the run was made with, it draws what that verifier's stops need.
    Samples whose requests failed three times stay owed: `Run.counts` says so, a later call draws
    them. Raises StoreError if the run there was made with other settings or cannot be written.
    """
    problem_set = ProblemSet(problem_set.name, problems_to_ask(place(path), problem_set.problems))
    manifest = resolve(problem_set, engine, spec, rule, verifier, label)
    announce(manifest)
    plan = Plan(dict(shard.take([*_prompts(problem_set, spec).items()])), rule, spec.seed)
    with RunWriter(path, manifest, problem_set.problems, shard) as writer:
        _judge_stored(writer, verifier, shard, progress, label)
        plan.record(writer.run.states(verifier.name, shard).select(JUDGED).iter_rows())
        judge = Judge(verifier, problem_set.problems)
        while requests := plan.next_round():
            report = _reporter(progress, f"sample {label}", plan.drawn, plan.at_most, f"{plan.n_open} problems open")
            failed = sample_round(engine, requests, spec, writer.append_sample, report)
            writer.commit()
            drawn = plan.drawn + len(requests) - failed
            report = _reporter(progress, f"verify {label}", plan.drawn, drawn)
            for verdicts in judge.rows(writer.new_samples(), report):
                writer.append_verdicts(verifier.name, verdicts)
                plan.record(verdicts.select(JUDGED).iter_rows())
            writer.commit()
    return writer.run


def verify_run(
    path: str | os.PathLike[str],
    verifier: Verifier,
    progress: Progress = silent,
    label: str = "model",
    shard: Shard = WHOLE,
) -> Run:
    """Judge every sample of a run, or a shard of it, that lacks a verdict of this verifier; those of others stay."""
    with RunWriter(path, shard=shard) as writer:
        _judge_stored(writer, verifier, shard, progress, label)
    return writer.run


def analyze_runs(
    base: str | os.PathLike[str],
    rl: str | os.PathLike[str],
    study: str | os.PathLike[str],
    options: AnalysisOptions = AnalysisOptions(),
    training: pl.DataFrame | None = None,
    progress: Progress = silent,
) -> StudyAnalysis:
    """Analyse two finished runs and write STUDY/analysis.json."""
    progress("analyze", 0, 1)
    base_run, rl_run = open_run(base), open_run(rl)
    analysis = analyze(
        base_run,
        rl_run,
        confidence=options.confidence,
        seed=options.seed,
        margin=options.margin,
        allow_unequal=options.allow_unequal,
        training=training,
        given=options.guards(),
        fresh=fresh_pairs(base_run, rl_run),
        cluster_by=options.cluster_by,
    )
    with writing(Path(study)):
        Path(study).mkdir(parents=True, exist_ok=True)
    write_whole(Path(study) / ANALYSIS, analysis.to_json().encode())
    progress("analyze", 1, 1)
    return analysis


def read_analysis(study: str | os.PathLike[str]) -> StudyAnalysis:
    """Read STUDY/analysis.json, or raise StoreError if there is none or it is something else."""
    path = Path(study) / ANALYSIS
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise StoreError(f"{study}: expected a study, cannot read {ANALYSIS} in it; {_mend(Path(study))}") from None
    analysis = from_json(text)
    if not isinstance(analysis, StudyAnalysis):
        raise StoreError(
            f"{path}: expected the analysis of a study, got a {type(analysis).__name__}; run `beyondbase analyze`"
        )
    return analysis


def _mend(folder: Path) -> str:
    """What to do about a folder that holds no study: another verb may have made it."""
    for name, what, verb in (("plan.json", "a plan", "plan"), ("models.json", "a comparison of models", "models")):
        if (folder / name).exists():
            return (
                f"it holds {what} ({name}), whose figure `beyondbase {verb} --config {folder / verb}.toml` draws "
                "again; in Python beyondbase.from_json reads it"
            )
    return "make it with `beyondbase analyze`"


def report_study(study: str | os.PathLike[str], progress: Progress = silent) -> StudyAnalysis:
    """Draw STUDY/report.html and STUDY/figures from STUDY/analysis.json alone."""
    analysis = read_analysis(study)
    write_report(analysis, Path(study), progress)
    return analysis


def compare_checkpoints(
    study: Study,
    base: Callable[[], Engine],
    rl: Callable[[], Engine],
    training: pl.DataFrame | None = None,
    progress: Progress = silent,
    announce: Callable[[RunManifest], None] = _to_nobody,
) -> StudyAnalysis:
    """Sample and verify both models, one in memory at a time, then analyse and report; resumes what is there."""
    for label, load, path in (("base", base, study.base), ("rl", rl, study.rl)):
        spec = replace(study.spec, seed=sample_seed(study.spec.seed, label, 0))
        sample_run(path, study.problem_set, load(), spec, study.rule, study.verifier, progress, label, announce)
    if study.confirm is not None:
        _draw_fresh(study, study.confirm, base, rl, progress)
    analyze_runs(study.base, study.rl, study.path, study.options, training, progress)
    return report_study(study.path, progress)


def _draw_fresh(
    study: Study, rule: DrawRule, base: Callable[[], Engine], rl: Callable[[], Engine], progress: Progress
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
            sample_run(path, problems, engine, spec, rule, study.verifier, progress, f"confirm {label}")
        del engine  # before the next model is loaded


def _ids(run: Place) -> list[str]:
    return [problem.problem_id for problem in open_run(run).problems()]


def _subset(problem_set: ProblemSet, ids: set[str]) -> ProblemSet:
    chosen = tuple(problem for problem in problem_set if problem.problem_id in ids)
    return ProblemSet(f"{problem_set.name}, {len(chosen)} solved by one model", chosen)


def _judge_stored(writer: RunWriter, verifier: Verifier, shard: Shard, progress: Progress, label: str) -> None:
    """Judge what an earlier call left without a verdict."""
    run = writer.run
    owed = run.n_unjudged(verifier.name, shard)
    if not owed:
        return
    report = _reporter(progress, f"verify {label}", 0, owed)
    for verdicts in Judge(verifier, run.problems()).rows(run.unjudged(verifier.name, shard), report):
        writer.append_verdicts(verifier.name, verdicts)
    writer.commit()


def _reporter(progress: Progress, stage: str, before: int, total: int, note: str = "") -> Callable[[int], None]:
    return lambda done: progress(stage, before + done, total, note)
