"""A second verifier's verdicts on the samples of both runs, as an audit of the first."""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.verdict_pairs import CORRECT, judged_by_both, verdict_pairs
from beyondbase.errors import BadInput
from beyondbase.estimators.audit_by_problem import AuditByProblem, Errors, gathered
from beyondbase.store.run_store import Run

GATHERED = 1.75
"""spread of the errors over problems, in multiples of what one rate for all would show, beyond which it is told"""


def second_opinion(base: Run, rl: Run, second: str, *, cluster_by: str | None = None) -> AuditByProblem:
    """What the verifier of the runs passes and misses where `second` is taken as the truth.

    Read are the samples that both judged, without the success that stopped a problem: a run that stops at a success
    hunts for what its verifier passes, and of such draws only those before the stop have, in each problem, the mean
    that a fixed number would have (see `health.without_stops`). Each problem's samples of a model weigh alike
    together, so that a problem that drew more, for it passed less, does not count for more.
    cluster_by: the stratum of families of problems, which are then the units; else problems are.

    Raises StoreError where `second` has judged nothing, BadInput where it is the verifier of the runs or found no
    sample wrong.
    """
    frames, names = list[pl.DataFrame](), set[str]()
    for run in (base, rl):
        name, own = run.seen_by(second).manifest.verifier, run.manifest.verifier
        if name == own:
            raise BadInput(f"second-verifier: expected another than that of the runs ({own}), got the same")
        names.add(name)
        frames.append(_shares(run, judged_by_both(verdict_pairs(run, own, name).filter("counted")), cluster_by))
    if len(names) > 1:
        raise BadInput(f"second-verifier: expected one version in both runs, got {' and '.join(sorted(names))}")
    units = _by_unit(pl.concat(frames))
    unit = "problem" if cluster_by is None else f"family of problems ({cluster_by})"
    source = (
        f"every sample but those that stopped a problem, judged again by {min(names)}, whose verdicts are taken as "
        f"the truth; each problem weighs alike, and the unit of the bounds is the {unit}"
    )
    wrong = _errors(units, "wrong")
    spread = gathered(units["wrong_passed_counted"].to_numpy(), units["wrong_counted"].to_numpy())
    if spread > GATHERED:
        source += (
            f"; false positives gather on some problems (their spread is {spread:.1f} times that of one rate "
            "for all, which the curves without false positives take for granted and then may undershoot): "
            f"`beyondbase agreement --second {min(names)}` has the curves under its own verdicts"
        )
    of_models = {"base": _errors(_by_unit(frames[0]), "wrong"), "rl": _errors(_by_unit(frames[1]), "wrong")}
    return AuditByProblem(wrong, _errors(units, "right"), source, of_models)


def _shares(run: Run, both: pl.DataFrame, cluster_by: str | None) -> pl.DataFrame:
    """One row a problem: its unit, and of its samples the wrong, the right and those of each that passed."""
    right, passed = pl.col("second") == CORRECT, pl.col("first") == CORRECT
    kinds = {"wrong": ~right, "wrong_passed": ~right & passed, "right": right, "right_passed": right & passed}
    before = pl.col("before_stop")
    numbers = {f"{name}_counted": kind.sum().cast(pl.Int64) for name, kind in kinds.items()}
    numbers |= {f"{name}_samples": (kind & before).sum().cast(pl.Int64) for name, kind in kinds.items()}
    shares = {f"{name}_share": kind.filter(before).mean().fill_null(0.0) for name, kind in kinds.items()}
    rows = both.with_columns(pl.col("problem_id").cast(pl.String)).group_by("problem_id", maintain_order=True)
    unit = {
        problem.problem_id: problem.problem_id if cluster_by is None else problem.strata.get(cluster_by, "")
        for problem in run.problems()
    }
    counted = rows.agg(**numbers, **shares)
    units = [unit[problem_id] for problem_id in counted["problem_id"].to_list()]
    return counted.with_columns(unit=pl.Series(units, dtype=pl.String)).drop("problem_id")


def _by_unit(shares: pl.DataFrame) -> pl.DataFrame:
    return shares.group_by("unit", maintain_order=True).sum()


def _errors(units: pl.DataFrame, kind: str) -> Errors:
    return Errors(
        samples=int(units[f"{kind}_samples"].sum()),
        passed=int(units[f"{kind}_passed_samples"].sum()),
        share_U=units[f"{kind}_share"].to_numpy(),
        passed_U=units[f"{kind}_passed_share"].to_numpy(),
    )
