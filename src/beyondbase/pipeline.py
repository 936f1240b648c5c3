"""The flow: problems -> sampling -> samples on disk -> verification -> verdicts on disk.

The only place that knows the order of the stages; it holds no logic of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from beyondbase.problems import ProblemSet, render, template_hash
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.plan import Plan
from beyondbase.sampling.runner import sample_round
from beyondbase.store import Run, RunManifest, RunWriter
from beyondbase.store.versions import installed_versions
from beyondbase.types import DrawRule, Progress, SamplingSpec, silent
from beyondbase.verification.runner import JUDGED, Judge
from beyondbase.verification.verifier import Verifier


def sample_run(
    path: str | os.PathLike[str],
    problem_set: ProblemSet,
    engine: Engine,
    spec: SamplingSpec,
    rule: DrawRule,
    verifier: Verifier,
    progress: Progress = silent,
    label: str = "model",
) -> Run:
    """Make the run at `path`, or resume it: rounds of sampling and judging until nothing is owed.

    Raises StoreError if the run there was made with other settings or cannot be written. Samples
    whose requests failed three times stay owed; `Run.counts` says so, and a later call draws them.
    """
    prompts = {problem.problem_id: render(spec.template, problem) for problem in problem_set}
    plan = Plan(prompts, rule, spec.seed)
    settings = dict(engine.settings(spec, next(iter(prompts.values()))))
    manifest = RunManifest(
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
    with RunWriter(Path(path), manifest, problem_set.problems) as writer:
        _judge_stored(writer, verifier, progress, label)
        plan.record(writer.run.states(verifier.name).select(JUDGED).iter_rows())
        judge = Judge(verifier, problem_set.problems)
        while requests := plan.next_round():
            report = _reporter(progress, f"sample {label}", plan.drawn, plan.at_most, f"{plan.n_open} problems open")
            failed = sample_round(engine, requests, spec, writer.append_sample, report)
            writer.commit()
            report = _reporter(progress, f"verify {label}", 0, len(requests) - failed)
            for verdicts in judge.rows(writer.new_samples(), report):
                writer.append_verdicts(verifier.name, verdicts)
                plan.record(verdicts.select(JUDGED).iter_rows())
            writer.commit()
    return writer.run


def verify_run(
    path: str | os.PathLike[str], verifier: Verifier, progress: Progress = silent, label: str = "model"
) -> Run:
    """Judge every sample of a run that lacks a verdict of this verifier; those of other verifiers stay."""
    with RunWriter(Path(path)) as writer:
        _judge_stored(writer, verifier, progress, label)
    return writer.run


def _judge_stored(writer: RunWriter, verifier: Verifier, progress: Progress, label: str) -> None:
    """Judge what an earlier call left without a verdict."""
    run = writer.run
    report = _reporter(progress, f"verify {label}", 0, run.n_unjudged(verifier.name))
    for verdicts in Judge(verifier, run.problems()).rows(run.unjudged(verifier.name), report):
        writer.append_verdicts(verifier.name, verdicts)
    writer.commit()


def _reporter(progress: Progress, stage: str, before: int, total: int, note: str = "") -> Callable[[int], None]:
    return lambda done: progress(stage, before + done, total, note)
