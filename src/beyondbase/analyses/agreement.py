"""A second opinion: two verifiers on the same samples, and what the second does to the curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.disagreements import MOST_LISTED, disagreements
from beyondbase.analyses.results import Agreement
from beyondbase.analyses.verdict_curves import by_verifier, moved_difference
from beyondbase.analyses.verdict_pairs import (
    CORRECT,
    JUDGED,
    first_pairs,
    joint_shares,
    judged_by_both,
    per_problem,
    table_of,
    verdict_pairs,
)
from beyondbase.checks import confidence_level, seed_number
from beyondbase.errors import BadInput, StoreError
from beyondbase.estimators.kappa import agreed
from beyondbase.store.run_store import Run
from beyondbase.types import DrawRule, SuccessCounts

Counts = tuple[SuccessCounts, SuccessCounts]
"""under the first verifier and under the second"""
_CLASSES = {"correct or not": [[CORRECT], JUDGED[1:]], "verdict": [[verdict] for verdict in JUDGED]}


@dataclass(frozen=True, slots=True, eq=False)
class _Opinions:
    """One run with the verdicts of both."""

    run: Run
    pairs: pl.DataFrame
    owing: dict[str, int]


def agreement(
    runs: Mapping[str, Run], first: str | None, second: str, *, confidence: float = 0.95, seed: int = 0
) -> Agreement:
    """Compare two verifiers on the samples of one run, or of two (base, then RL), each by its name.

    first, second: a verifier that has judged the runs, as in `open_run`; None: the one that the first run was made
    with. Where a run owes samples under either (its stops are those of one verifier), or a verdict is missing, the
    curves rest on the first samples of each problem, which no stop chose, and on those alone that both judged.

    Raises StoreError where a verifier has judged nothing, NotComparable for runs on different problems.
    """
    confidence, seed = confidence_level(confidence), seed_number(seed)
    if len(runs) not in (1, 2):
        raise BadInput(f"runs: expected one run or two, got {len(runs)}")
    first = first or next(iter(runs.values())).manifest.verifier
    one, other = _name_in(runs, first), _name_in(runs, second)
    if one == other:
        raise BadInput(f"second: expected another verifier than the first, got {other} twice; see RUN/verdicts")
    found = {name: _opinions(run, one, other) for name, run in runs.items()}
    first_n = _first_n(list(found.values()))
    counts = {name: _counts(opinions, one, other, first_n) for name, opinions in found.items()}
    curves = [by_verifier(*each, confidence=confidence, seed=seed) for each in counts.values()]
    listed = [disagreements(each.run, one, other, each.pairs) for each in found.values()]
    return Agreement(
        first=one,
        second=other,
        confidence=confidence,
        seed=seed,
        n_problems=len(next(iter(counts.values()))[0]),
        first_n=first_n,
        most_listed=MOST_LISTED,
        runs=pl.DataFrame([_run_row(name, each) for name, each in found.items()], infer_schema_length=None),
        shares=pl.DataFrame(
            [row for name, each in found.items() for row in _share_rows(name, each.pairs, confidence)], schema=_SHARES
        ),
        table=_named(found, [table_of(each.pairs) for each in found.values()]),
        problems=_named(found, [per_problem(each.pairs) for each in found.values()]),
        disagreements=_named(found, listed),
        curves=_named(found, curves),
        difference=moved_difference(*counts.values(), confidence=confidence, seed=seed) if len(runs) == 2 else None,
    )


_SHARES = {
    "run": pl.String,
    "of": pl.String,
    "samples": pl.Int64,
    **dict.fromkeys(("share", "share_lo", "share_hi", "kappa", "kappa_lo", "kappa_hi"), pl.Float64),
}


def _name_in(runs: Mapping[str, Run], verifier: str) -> str:
    """The full name by which a verifier's verdicts are stored, the same in all runs."""
    names = [run.seen_by(verifier).manifest.verifier for run in runs.values()]
    if len(set(names)) > 1:
        raise BadInput(f"{verifier}: expected verdicts of one version in both runs, got {' and '.join(names)}")
    return names[0]


def _opinions(run: Run, first: str, second: str) -> _Opinions:
    pairs, rule = verdict_pairs(run, first, second), run.manifest.rule
    if not judged_by_both(pairs).height:
        raise StoreError(
            f"{run.path}: expected samples judged by both {first} and {second}, found none; judge them with "
            f"`beyondbase verify {run.path} --verifier {second}`"
        )
    owing = dict[str, int]()
    for place in ("first", "second"):
        owing |= _owing(pairs, place, None if run.manifest.imported else rule)
    return _Opinions(run, pairs, owing)


def _owing(pairs: pl.DataFrame, place: str, rule: DrawRule | None) -> dict[str, int]:
    """Problems that have neither their last success nor n_max samples, and how many samples they owe at most.

    rule: None for an imported run, which owes nothing.
    """
    missing = pairs.filter(~pl.col(place).is_in(JUDGED).fill_null(False)).height
    if rule is None:
        return {f"{place}_missing": missing, f"{place}_owing": 0, f"{place}_owed": 0}
    correct = (pl.col(place) == CORRECT).fill_null(False)
    rows = pairs.group_by("problem_id").agg(drawn=pl.len().cast(pl.Int64), c=correct.sum())
    open_ = rows.filter(pl.col("drawn") < rule.n_max)
    if rule.stop_at is not None:
        open_ = open_.filter(pl.col("c") < rule.stop_at)
    owed = int((rule.n_max - open_["drawn"]).sum())
    return {f"{place}_missing": missing, f"{place}_owing": open_.height, f"{place}_owed": owed}


def _first_n(found: list[_Opinions]) -> int | None:
    """None where nothing keeps both verifiers' own counts from being made; else the samples that every problem got."""
    if not any(number for each in found for number in each.owing.values()):
        return None
    rules = [each.run.manifest.rule for each in found]
    return min(rule.n_max if rule.stop_at is None else min(rule.n_first, rule.n_max) for rule in rules)


def _counts(each: _Opinions, first: str, second: str, first_n: int | None) -> Counts:
    if first_n is None:
        return each.run.counts(first), each.run.counts(second)
    return first_pairs(each.pairs, first_n)


def _run_row(name: str, each: _Opinions) -> dict[str, object]:
    both, problems, rule = judged_by_both(each.pairs), per_problem(each.pairs), each.run.manifest.rule
    solved_first, solved_second = problems["solved_first"], problems["solved_second"]
    return {
        "run": name,
        "stop_at": rule.stop_at,
        "n_max": rule.n_max,
        "samples": each.pairs.height,
        "judged": both.height,
        "differ": int((both["first"] != both["second"]).sum()),
        "only_first": int(problems["only_first"].sum()),
        "only_second": int(problems["only_second"].sum()),
        "solved_only_first": int((solved_first & ~solved_second).sum()),
        "solved_only_second": int((solved_second & ~solved_first).sum()),
        **each.owing,
    }


def _share_rows(name: str, pairs: pl.DataFrame, confidence: float) -> list[dict[str, object]]:
    before = judged_by_both(pairs.filter("before_stop"))
    rows = list[dict[str, object]]()
    for of, classes in _CLASSES.items() if before.height else ():
        found = agreed(joint_shares(before, classes), confidence=confidence)
        numbers = {column: getattr(found, column) for column in _SHARES if column not in ("run", "of", "samples")}
        rounded = {column: None if value is None else round(value, 12) for column, value in numbers.items()}
        rows.append({"run": name, "of": of, "samples": before.height, **rounded})
    return rows


def _named(found: Mapping[str, object], frames: list[pl.DataFrame]) -> pl.DataFrame:
    named = [frame.select(pl.lit(name).alias("run"), pl.all()) for name, frame in zip(found, frames, strict=True)]
    return pl.concat(named)
