"""The gold check before a run: which problems a verifier can be trusted on, kept as RUN/verdicts/NAME/gold.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet
from beyondbase.store import Run
from beyondbase.store.place import Place, make_folder, put
from beyondbase.types import Problem
from beyondbase.verification.gold import GoldCheck, GoldResult, GoldStatus, check_gold
from beyondbase.verification.verifier import Verifier

FILE_NAME = "gold.json"
_SHOWN = 5
_SETTLED = {status.value for status in GoldStatus} - {GoldStatus.VERIFIER_FAILED.value, GoldStatus.NOT_CHECKABLE.value}


class GoldPolicy(StrEnum):
    """What becomes of a run some of whose gold answers the verifier gets wrong."""

    REFUSE = "refuse"
    """it is not begun"""
    DROP = "drop"
    """these problems are left out, and the name of the problem set says so"""
    SKIP = "skip"
    """nothing is checked, and that is recorded"""


@dataclass(frozen=True, slots=True)
class Gold:
    """How a run's gold answers are checked."""

    policy: GoldPolicy = GoldPolicy.REFUSE
    known: tuple[Place, ...] = ()
    """runs whose problems need no second check by the same verifier"""


REFUSE = Gold()


@dataclass(frozen=True, slots=True)
class GoldRecord:
    """What is kept beside the verdicts of a run."""

    policy: GoldPolicy
    check: GoldCheck
    hashes: dict[str, str] = field(default_factory=dict)

    def write(self, run: Run) -> None:
        """Keep it, unless it is there."""
        path = run.verdict_folder(self.check.verifier) / FILE_NAME
        rows = [
            {"problem_id": result.problem_id, "hash": self.hashes[result.problem_id]}
            | {"status": result.status.value, "came": result.came}
            for result in self.check.results
        ]
        content = {"verifier": self.check.verifier, "policy": self.policy.value, "problems": rows}
        text = (json.dumps(content, indent=1) + "\n").encode()
        if not path.exists() or path.read_bytes() != text:
            make_folder(path.parent)
            put(path, text)


def gold_checked(
    problem_set: ProblemSet, verifier: Verifier, path: Place, gold: Gold, report: Callable[[int], None]
) -> tuple[ProblemSet, GoldRecord]:
    """Try the verifier on the problems that no run has a record of; return those to be asked, and the record.

    Raises BadInput where it gets gold answers wrong and the policy is to refuse.
    """
    hashes = {problem.problem_id: _hash(problem) for problem in problem_set}
    if gold.policy is GoldPolicy.SKIP:
        return problem_set, GoldRecord(gold.policy, GoldCheck(verifier.name, ()))
    known = dict[str, GoldResult]()
    for run in (*gold.known, path):
        known |= _recorded(run / "verdicts" / verifier.name / FILE_NAME, hashes)
    new = [problem for problem in problem_set if problem.problem_id not in known]
    for result in check_gold(verifier, new, report).results if new else ():
        known[result.problem_id] = result
    check = GoldCheck(verifier.name, tuple(known[problem.problem_id] for problem in problem_set))
    if check.exceptions and gold.policy is GoldPolicy.REFUSE:
        raise BadInput(_refusal(problem_set, check))
    return _without(problem_set, check), GoldRecord(gold.policy, check, hashes)


def _without(problem_set: ProblemSet, check: GoldCheck) -> ProblemSet:
    bad = {result.problem_id for result in check.exceptions}
    if not bad:
        return problem_set
    kept = tuple(problem for problem in problem_set if problem.problem_id not in bad)
    if not kept:
        raise BadInput(f"{problem_set.name}: {check.verifier} gets the gold answer of every problem wrong; use another")
    return replace(problem_set, name=f"{problem_set.name} less {len(bad)} by the gold check", problems=kept)


def _refusal(problem_set: ProblemSet, check: GoldCheck) -> str:
    shown = "; ".join(
        f"{result.problem_id}: {result.status.value.replace('_', ' ')}, {result.came[:160]}"
        for result in check.exceptions[:_SHOWN]
    )
    more = f"; and {len(check.exceptions) - _SHOWN} more" if len(check.exceptions) > _SHOWN else ""
    return (
        f"{problem_set.name}: expected {check.verifier} to pass each gold answer and no wrong one, got "
        f"{len(check.exceptions)} of {len(problem_set)} problems otherwise ({shown}{more}); use the verifier made for "
        "these problems, or leave the problems out with --gold drop"
    )


def _recorded(path: Place, hashes: dict[str, str]) -> dict[str, GoldResult]:
    """Read what is known of problems as they are now; what failed or could not be tried is tried again."""
    try:
        rows = json.loads(path.read_bytes())["problems"]
        return {
            row["problem_id"]: GoldResult(row["problem_id"], GoldStatus(row["status"]), row["came"])
            for row in rows
            if row["status"] in _SETTLED and hashes.get(row["problem_id"]) == row["hash"]
        }
    except (OSError, ValueError, KeyError, TypeError):  # none, or torn: the check is made anew
        return {}


def _hash(problem: Problem) -> str:
    asked = json.dumps([problem.problem_id, problem.question, problem.reference])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]
