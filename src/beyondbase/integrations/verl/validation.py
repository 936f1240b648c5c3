"""verl's validation dumps as ordinary runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from beyondbase.errors import BadInput
from beyondbase.integrations.verl.dumps import Dump, Line, dump_files, read_dump
from beyondbase.pipeline import verify_run
from beyondbase.pipeline.runs import settled
from beyondbase.problems import ProblemSet, template_hash
from beyondbase.seeds import sample_seed
from beyondbase.store import Run, RunManifest, RunWriter
from beyondbase.store.versions import installed_versions
from beyondbase.types import Completion, DrawRule, Finish, Progress, Prompt, SampleRequest, SamplingSpec, silent
from beyondbase.verification.verifier import Verifier

IN_VERL = "verl-1"
"""name that the verdicts of the training itself are kept by"""
_NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Said:
    """What a dump does not tell, and its user must."""

    model: str
    """display name of what was trained"""
    spec: SamplingSpec
    """how verl drew the samples; its seed is not read, since verl's samples have none of their own"""
    verifier: Verifier
    n_max: int | None = None
    """samples of each problem that are taken, the first ones; None: all, which must be as many of each"""
    steps: tuple[int, ...] = ()
    """which steps; none: all"""


def read_validation(
    dumps: Path, problem_set: ProblemSet, out: Path, said: Said, progress: Progress = silent
) -> list[Run]:
    """Make a run of each dump, OUT/step-000150, judged by the verifier, and return them in order of steps.

    The dump tells texts alone: token ids, log-probabilities and what ended a sample stay unknown, so that a sample
    that was cut counts as wrong. The verdicts that the training gave, where our reward gave them, are kept beside
    those of the verifier, as verl-1. A run that is there is gone on with. Raises BadInput for a dump of other
    problems, or that is torn.

    The seeds of the rows are stand-ins, drawn from the file's digest: what is the same file has the same ones.
    """
    files = dump_files(dumps)
    if missing := sorted(set(said.steps) - files.keys()):
        raise BadInput(f"steps: expected some of {', '.join(map(str, files))}, got {missing[0]}")
    spec = settled(said.spec, problem_set)
    read = {step: read_dump(files[step], problem_set, spec.template) for step in said.steps or files}
    runs = []
    for done, (step, dump) in enumerate(read.items()):
        progress("read dumps", done, len(read))
        path = out / f"step-{step:06d}"
        _draw_from(dump, problem_set, path, replace(said, spec=spec))
        runs.append(verify_run(path, said.verifier, progress, label=f"step {step}"))
    return runs


def disagreements(run: Run) -> int:
    """Count the samples that the training's reward and the run's verifier judged differently."""
    if IN_VERL not in run.verifiers():
        return 0
    key = ["problem_id", "sample_index"]
    mine, theirs = (run.verdicts(name).select(*key, "verdict").collect() for name in (None, IN_VERL))
    both = mine.join(theirs, on=key, suffix="_in_verl")
    return both.filter(pl.col("verdict") != pl.col("verdict_in_verl")).height


def _draw_from(dump: Dump, problem_set: ProblemSet, path: Path, said: Said) -> None:
    n = _n_of_each(dump, said.n_max)
    seed = int(dump.digest[:12], 16)
    spec = replace(said.spec, seed=seed)
    manifest = RunManifest(
        model=f"{said.model} step {dump.step}",
        problem_set=problem_set.name,
        problems_hash=problem_set.hash,
        template_hash=template_hash(spec.template),
        spec=spec,
        rule=DrawRule(n, None, n),
        verifier=said.verifier.name,
        engine={
            "engine": "verl",
            "model": said.model,
            "step": str(dump.step),
            "dump_sha256": dump.digest,
            "seeds": _NOT_TOLD,
            "tokens": _NOT_TOLD,
            "finish": _NOT_TOLD,
        },
        versions=installed_versions(),
    )
    with RunWriter(path, manifest, problem_set.problems) as writer:
        there = set(writer.run.samples().select("problem_id", "sample_index").collect().iter_rows())
        for problem_id, index, line in _first(dump, n):
            if (problem_id, index) not in there:
                request = SampleRequest(problem_id, Prompt(line.input), index, sample_seed(seed, problem_id, index))
                writer.append_sample(request, Completion(line.output, (), None, None, Finish.UNKNOWN))
        writer.commit()
        if IN_VERL not in writer.run.verifiers() and (given := _given(dump, n)) is not None:
            writer.append_verdicts(IN_VERL, given)


def _n_of_each(dump: Dump, n_max: int | None) -> int:
    if n_max is not None and n_max > dump.fewest:
        raise BadInput(
            f"n_max: expected at most {dump.fewest}, the samples of each problem in {dump.path}, got {n_max}"
        )
    few = min(dump.samples, key=lambda name: len(dump.samples[name]))
    most = max(len(lines) for lines in dump.samples.values())
    if n_max is None and dump.fewest < most:
        raise BadInput(
            f"{dump.path}: expected as many samples of each problem, got {dump.fewest} of {few!r} and {most} of "
            f"another; take the first of each with --n-max {dump.fewest}"
        )
    return n_max or most


def _first(dump: Dump, n: int) -> Iterator[tuple[str, int, Line]]:
    for problem_id, lines in dump.samples.items():
        for index, line in enumerate(lines[:n]):
            yield problem_id, index, line


def _given(dump: Dump, n: int) -> pl.DataFrame | None:
    """The verdicts of the training; None where a reward of other makers gave none."""
    rows = [(i, index, line.verdict, line.pred, line.detail) for i, index, line in _first(dump, n)]
    if any(verdict is None for _, _, verdict, _, _ in rows):
        return None
    schema = {"problem_id": pl.String, "sample_index": pl.Int64}
    schema |= dict.fromkeys(("verdict", "answer", "detail"), pl.String)
    return pl.DataFrame([(i, j, str(verdict), *rest) for i, j, verdict, *rest in rows], schema=schema, orient="row")
