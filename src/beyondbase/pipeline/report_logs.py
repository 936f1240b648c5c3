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
from beyondbase.pipeline.log_rows import NO_REFERENCE
from beyondbase.store.problem_match import ProblemMatch, match
from beyondbase.types import Problem, Progress, silent
from beyondbase.wording import number

_NAMES = ("base", "rl")


class Matching(StrEnum):
    """Which problems of two logs are the same."""

    ALL = "all"
    """all of both, by id and question; anything else is an error that lists what differs"""
    SHARED = "shared"
    """those that both have by id, question and reference answer; the others are left out and listed"""
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
    base, rl = (_import(pair, i, study, name, progress) for i, name in enumerate(_NAMES))
    lines = list[str]()
    if base.run.manifest.problems_hash != rl.run.manifest.problems_hash:
        asked = base.run.problems(), rl.run.problems()
        found = match(*asked)
        kept = kept_problems(found, pair.matching, *asked)
        if not found.same:
            lines = [
                *found.lines("base", "RL"),
                f"compared: {number(len(kept[0]), 'problem')}, matched by {pair.matching}",
            ]
        how = tuple(replace(one, keep=keep) for one, keep in zip(pair.options, kept, strict=True))
        shared = replace(pair, options=(how[0], how[1]))
        base, rl = (_import(shared, i, study, f"{name}-shared", progress) for i, name in enumerate(_NAMES))
    for name, made, how_read in zip(("base", "RL"), (base, rl), pair.options, strict=True):
        lines += [f"{name}: {line}" for line in (*made.lines, *judge_again(made, how_read, progress))]
    analyze_runs(str(base.run.path), str(rl.run.path), study, options, progress=progress)
    return report_study(study, progress), lines


def kept_problems(
    found: ProblemMatch, matching: Matching, base: Sequence[Problem], rl: Sequence[Problem]
) -> tuple[Mapping[str, Problem], Mapping[str, Problem]]:
    """For each log: id in it -> problem of the comparison, which has the id of the base.

    Raises BadInput where the problems differ and all were wanted, or none is left.
    """
    if matching is Matching.ALL and not found.same:
        raise BadInput(
            f"problems: expected the same in both logs, but {'; '.join(found.lines('base', 'RL'))}; compare those that "
            "both have with --match shared, or match them by id or by question alone (--match id, --match question)"
        )
    judged_alike = [name for name in found.both if name not in set(found.references)]
    to_rl = {name: name for name in (judged_alike if matching is Matching.SHARED else found.both)}
    if matching is Matching.ID:
        to_rl |= {name: name for name in found.changed}
    if matching is Matching.QUESTION:
        to_rl |= dict(found.renamed)
    if not to_rl:
        raise BadInput(
            f"problems: expected some that both have, but {'; '.join(found.lines('base', 'RL'))}; see --match"
        )
    theirs = {problem.problem_id: problem for problem in rl}
    chosen = {p.problem_id: _fuller(p, theirs[to_rl[p.problem_id]]) for p in base if p.problem_id in to_rl}
    return chosen, {to_rl[name]: problem for name, problem in chosen.items()}


def _fuller(mine: Problem, theirs: Problem) -> Problem:
    """The base's problem, with what only the RL model's log tells of it."""
    reference = theirs.reference if mine.reference == NO_REFERENCE else mine.reference
    return replace(mine, question=mine.question or theirs.question, reference=reference)


def _import(pair: LogPair, i: int, study: Path, name: str, progress: Progress) -> Imported:
    log = (pair.base, pair.rl)[i]
    return import_log(log, pair.format_name[i], study / "runs" / name, pair.options[i], progress)
