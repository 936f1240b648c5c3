"""`beyondbase gold`: does a verifier pass the gold answers of a problem set, and refuse wrong ones?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import tyro

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.problems import load_problems
from beyondbase.types import Progress
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.gold import check_gold

_WRONG = 1
"""exit code where the verifier gets a gold answer wrong, so that a script can stop on it"""


@dataclass(frozen=True, slots=True)
class GoldConfig:
    """Judge the gold answer of each problem, and a wrong one made of it. Exits with 1 if one of them is judged wrongly
    or not at all."""

    problems: tyro.conf.Positional[str]
    """name of a problem set (countdown, countdown-ood), a .jsonl or .parquet file, or a hub id"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of the problem set"""
    limit: int | None = None
    """only the first problems"""
    grade: VerifierOptions = field(default_factory=VerifierOptions)


def run(config: GoldConfig, progress: Progress) -> Outcome:
    """Check all problems, and list every exception."""
    problem_set = load_problems(config.problems, config.limit)
    verifier = verifier_of(config.verifier or problem_set.verifier, config.grade)
    check = check_gold(verifier, problem_set, lambda done: progress("check gold answers", done, len(problem_set)))
    counts = {status.value: n for status, n in check.counts.items()}
    lines = [f"{problem_set.name}: gold answers of {len(problem_set):,} problems, judged by {check.verifier}"]
    lines += [f"  {status.replace('_', ' '):<16}{n:>8,}" for status, n in counts.items()]
    told = [result for result in check.results if result.came]
    lines += [f"{result.problem_id}: {result.status.value.replace('_', ' ')}: {result.came}" for result in told]
    data = {
        "problems": problem_set.name,
        "verifier": check.verifier,
        "counts": counts,
        "exceptions": [dataclasses.asdict(bad) for bad in check.exceptions],
    }
    return Outcome(lines, data, code=_WRONG if check.exceptions else 0)


VERB = Verb(GoldConfig, run, example="beyondbase gold countdown", resume="run the same command again")
