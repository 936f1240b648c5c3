"""One run: sampling and verification in rounds, until nothing is owed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from beyondbase.pipeline.fleet import Fleet, Sampler, Work
from beyondbase.pipeline.gold_check import REFUSE, Gold, gold_checked
from beyondbase.pipeline.known import note_known
from beyondbase.problems import ProblemSet, render, template_hash
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.plan import Plan, requests_of
from beyondbase.sampling.runner import sample_round
from beyondbase.sampling.spec import check_spec
from beyondbase.store import WHOLE, Run, RunManifest, RunWriter, Shard, problems_to_ask
from beyondbase.store.place import place
from beyondbase.store.url_path import UrlPath
from beyondbase.store.versions import installed_versions
from beyondbase.types import DrawRule, Progress, Prompt, SamplingSpec, silent
from beyondbase.verification.runner import Judge
from beyondbase.verification.verifier import Recorded, Verifier


def resolve(
    problem_set: ProblemSet,
    engine: Sampler,
    spec: SamplingSpec,
    rule: DrawRule,
    verifier: Verifier,
    label: str = "model",
) -> RunManifest:
    """Settle everything that decides a run, and draw nothing; raises BadInput for what cannot be sampled as asked."""
    check_spec(spec)
    spec = settled(spec, problem_set)
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


def settled(spec: SamplingSpec, problem_set: ProblemSet) -> SamplingSpec:
    """Fill in what a specification leaves to the problem set: the template."""
    return spec if spec.template else replace(spec, template=problem_set.template)


def _prompts(problem_set: ProblemSet, spec: SamplingSpec) -> dict[str, Prompt]:
    return {problem.problem_id: render(spec.template, problem) for problem in problem_set}


def to_nobody(manifest: RunManifest) -> None:
    """Show settings to nobody."""


def sample_run(
    path: str | os.PathLike[str],
    problem_set: ProblemSet,
    engine: Sampler,
    spec: SamplingSpec,
    rule: DrawRule,
    verifier: Verifier,
    progress: Progress = silent,
    label: str = "model",
    announce: Callable[[RunManifest], None] = to_nobody,
    shard: Shard = WHOLE,
    gold: Gold = REFUSE,
) -> Run:
    """Make the run at `path` (a folder or a URL), or resume it: rounds of sampling and judging until nothing is owed.

    `announce` is shown every resolved setting before the first token. A `shard` other than WHOLE draws its own
    problems only, beside other processes that draw the other shards. Problems that the run there does not have
    are added to it; those that it has must all be given.

    Before the first token the verifier is tried on the gold answers, as `gold` says (pipeline.gold_check).

    Given another verifier than the run was made with, it draws what that verifier's stops need.
    Samples whose requests failed three times stay owed: `Run.counts` says so, a later call draws
    them. Raises StoreError if the run there was made with other settings or cannot be written.
    """
    checked = _reporter(progress, f"check gold answers of {label}", 0, len(problem_set))
    problem_set, record = gold_checked(problem_set, verifier, place(path), gold, checked)
    problem_set = replace(problem_set, problems=tuple(problems_to_ask(place(path), problem_set.problems)))
    spec = settled(spec, problem_set)
    manifest = resolve(problem_set, engine, spec, rule, verifier, label)
    announce(manifest)
    prompts = dict(shard.take([*_prompts(problem_set, spec).items()]))
    plan = Plan([*prompts], rule)
    with RunWriter(path, manifest, problem_set.problems, shard) as writer:
        record.write(writer.run)
        _judge_stored(writer, verifier, shard, progress, label)
        note_known(plan, writer.run.states(verifier.name, shard))
        work = Work(plan, prompts, spec, verifier, problem_set.problems, label)
        if isinstance(engine, Fleet):
            engine.draw(work, writer, progress)
        else:
            _draw_here(engine, work, writer, progress)
    return writer.run


def _draw_here(engine: Engine, work: Work, writer: RunWriter, progress: Progress) -> None:
    """Draw and judge in this process, in rounds, until nothing is owed."""
    plan, name, judge = work.plan, work.verifier.name, Judge(work.verifier, work.problems)
    while spans := plan.lease():
        requests = requests_of(spans, work.prompts, work.spec.seed)
        before, open_ = plan.drawn, f"{plan.n_open} problems open"
        report = _reporter(progress, f"sample {work.label}", before, plan.at_most, open_)
        failed = sample_round(engine, requests, work.spec, writer.append_sample, report)
        writer.commit()
        report = _reporter(progress, f"verify {work.label}", before, before + len(requests) - failed)
        for verdicts in judge.rows(writer.new_samples(), report):
            writer.append_verdicts(name, verdicts)
            note_known(plan, verdicts)
        plan.settle(spans)
        writer.commit()


def verify_run(
    path: str | os.PathLike[str] | UrlPath,
    verifier: Verifier,
    progress: Progress = silent,
    label: str = "model",
    shard: Shard = WHOLE,
) -> Run:
    """Judge every sample of a run, or a shard of it, that lacks a verdict of this verifier; those of others stay."""
    with RunWriter(path, shard=shard) as writer:
        _judge_stored(writer, verifier, shard, progress, label)
    return writer.run


def _judge_stored(writer: RunWriter, verifier: Verifier, shard: Shard, progress: Progress, label: str) -> None:
    """Judge what an earlier call left without a verdict."""
    run = writer.run
    if isinstance(verifier, Recorded):
        writer.note_verifier(verifier.name, verifier.settings)
    owed = run.n_unjudged(verifier.name, shard)
    if not owed:
        return
    report = _reporter(progress, f"verify {label}", 0, owed)
    for verdicts in Judge(verifier, run.problems()).rows(run.unjudged(verifier.name, shard), report):
        writer.append_verdicts(verifier.name, verdicts)
    writer.commit()


def _reporter(progress: Progress, stage: str, before: int, total: int, note: str = "") -> Callable[[int], None]:
    return lambda done: progress(stage, before + done, total, note)
