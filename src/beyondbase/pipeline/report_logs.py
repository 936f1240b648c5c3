"""Two logs into a study: imported, matched problem by problem, judged again, compared, reported.

STUDY/runs/base  STUDY/runs/rl                 every problem of each log
STUDY/runs/base-shared  STUDY/runs/rl-shared   those that both have, where they differ and the user asked for that
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog
from beyondbase.pipeline.analysis import AnalysisOptions, analyze_runs, report_study
from beyondbase.pipeline.import_options import Imported, ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import judge_again
from beyondbase.store.problem_match import ProblemMatch, match
from beyondbase.types import Problem, Progress, silent


class Matching(StrEnum):
    """Which problems of two logs are the same."""

    ALL = "all"
    """all of both, by id and question; anything else is an error that lists what differs"""
    SHARED = "shared"
    """those that both have by id and question; the others are left out and listed"""
    ID = "id"
    """those that both have by id, whatever the question says"""
    QUESTION = "question"
    """those that both have by question, whatever the id says"""


@dataclass(frozen=True, slots=True)
class LogPair:
    """The two logs of a study, and how they are read."""

    base: ForeignLog
    rl: ForeignLog
    format_name: tuple[str, str]
    options: tuple[ImportOptions, ImportOptions]
    """of the base, of the RL model"""
    matching: Matching = Matching.ALL


def report_logs(
    pair: LogPair, study: Path, options: AnalysisOptions, progress: Progress = silent
) -> tuple[StudyAnalysis, list[str]]:
    """Make both runs, compare them, draw the report; returns the analysis, and what a reader must know of the logs."""
    base, rl = (_import(pair, i, study, name, progress) for i, name in enumerate(("base", "rl")))
    found = match(base.run.problems(), rl.run.problems())
    lines = []
    if not found.same:
        kept = kept_problems(found, pair.matching, base.run.problems())
        lines = [*found.lines(), f"compared: the {len(kept[0]):,} problems that both have, by {pair.matching.value}"]
        shared = replace(pair, options=tuple(replace(o, keep=k) for o, k in zip(pair.options, kept, strict=True)))
        base, rl = (_import(shared, i, study, f"{name}-shared", progress) for i, name in enumerate(("base", "rl")))
    for name, made, how in zip(("base", "RL"), (base, rl), pair.options, strict=True):
        lines += [f"{name}: {line}" for line in (*made.lines, *judge_again(made, how, progress))]
    analyze_runs(base.run.path, rl.run.path, study, options, progress=progress)
    return report_study(study, progress), lines


def kept_problems(
    found: ProblemMatch, matching: Matching, problems: Sequence[Problem]
) -> tuple[Mapping[str, Problem], Mapping[str, Problem]]:
    """For each log: id in it -> the base's problem; raises BadInput where the problems differ and all were wanted."""
    if matching is Matching.ALL:
        raise BadInput(
            f"problems: expected the same in both logs, but {'; '.join(found.lines())}; compare those that both have "
            "with --match shared, or match them by id or by question alone (--match id, --match question)"
        )
    ids = list(found.both)
    if matching is Matching.ID:
        ids += found.changed
    to_rl = {name: name for name in ids}
    if matching is Matching.QUESTION:
        to_rl |= found.renamed
    if not to_rl:
        raise BadInput(f"problems: expected some that both logs have, but {'; '.join(found.lines())}; see --match")
    base = {problem.problem_id: problem for problem in problems if problem.problem_id in to_rl}
    return base, {to_rl[name]: problem for name, problem in base.items()}


def _import(pair: LogPair, i: int, study: Path, name: str, progress: Progress) -> Imported:
    log = (pair.base, pair.rl)[i]
    return import_log(log, pair.format_name[i], study / "runs" / name, pair.options[i], progress)
