"""One cell of the study: many runs of one law, number of problems and sampling rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from beyondbase.analyses.reading import read_band
from beyondbase.analyses.results import Crossover, CrossoverStatus, VerdictLabel
from beyondbase.estimators.exact_tests import benjamini_hochberg
from beyondbase.types import FloatArray, IntArray
from simulations.arms import ARMS, DEFAULT, Multipliers, bands
from simulations.draws import Outcomes
from simulations.fresh import FreshTally
from simulations.laws import Law
from simulations.these import NAME as THESE
from simulations.these import Luck

Peer = Callable[[IntArray, IntArray], tuple[FloatArray, FloatArray]]
"""counts of base and RL to the bounds of another package's band"""

CONFIDENCE, MARGIN = 0.95, 0.02
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class CellPlan:
    """What is simulated in one cell."""

    law: Law
    problems: int
    outcomes: Outcomes
    luck: Luck
    k_K: IntArray
    truth_K: FloatArray
    runs: int
    peer_runs: int
    seed: int


@dataclass(slots=True)
class Tally:
    """Running sums of one band over the runs of a cell."""

    runs: int = 0
    covered: int = 0
    crossover_right: int = 0
    half_K: FloatArray | float = 0.0
    verdicts: dict[VerdictLabel, int] = field(default_factory=lambda: dict.fromkeys(VerdictLabel, 0))


def simulate(plan: CellPlan, multipliers: Multipliers, peer: Peer | None) -> tuple[list[dict], dict]:
    """One row a band (cover, widths, verdicts), and one row of the cell's solvability table."""
    rng = np.random.default_rng(plan.seed)
    truth_K = plan.truth_K
    tallies: dict[str, Tally] = {}
    table, fresh = np.zeros(5), FreshTally(np.random.default_rng(plan.seed + 1))
    for run in range(plan.runs):
        base_P, rl_P = plan.law.draw(rng, plan.problems)
        row_base_P, row_rl_P = plan.outcomes.draw(rng, base_P), plan.outcomes.draw(rng, rl_P)
        base_P_K, rl_P_K = plan.outcomes.pass_R_K[row_base_P], plan.outcomes.pass_R_K[row_rl_P]
        mean_K, cells = (rl_P_K - base_P_K).mean(axis=0), _cells(plan.outcomes, row_base_P, row_rl_P)
        found = [(arm.name, lo, hi) for arm, lo, hi in zip(ARMS, *bands(base_P_K, rl_P_K, multipliers), strict=True)]
        if peer is not None and run < plan.peer_runs:
            found.append(("passk-inference 0.3.1", *peer(row_base_P, row_rl_P)))
        for name, lo_K, hi_K in found:
            _add(tallies.setdefault(name, Tally()), plan.k_K, (mean_K, lo_K, hi_K), truth_K, cells)
        own_K = ((1 - base_P[:, None]) ** plan.k_K - (1 - rl_P[:, None]) ** plan.k_K).mean(axis=0)
        over = next((lo_K, hi_K) for name, lo_K, hi_K in found if name == DEFAULT)
        these = plan.luck.band(row_base_P, row_rl_P, mean_K, over, multipliers)
        _add(tallies.setdefault(THESE, Tally()), plan.k_K, (mean_K, *these), own_K, cells)
        table += _discoveries(cells, base_P, rl_P)
        fresh.add(base_P, rl_P, cells.rl_only_P, cells.base_only_P, cells.rl_confirmed_P | cells.base_confirmed_P)
    rows = [_row(name, tally) for name, tally in tallies.items()]
    return rows, _table_row(table, plan.runs) | fresh.row(plan.runs)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    rl_only_P: FloatArray
    base_only_P: FloatArray
    rl_confirmed_P: FloatArray
    base_confirmed_P: FloatArray


def _cells(outcomes: Outcomes, row_base_P: IntArray, row_rl_P: IntArray) -> _Cells:
    """The solvability table, as beyondbase.analyses.solvability makes it."""
    solved_R = outcomes.counts.c_P > 0
    rl_only_P = solved_R[row_rl_P] & ~solved_R[row_base_P]
    base_only_P = solved_R[row_base_P] & ~solved_R[row_rl_P]
    rl_p_P = np.where(rl_only_P, outcomes.alone_p_R[row_rl_P], 1.0)
    base_p_P = np.where(base_only_P, outcomes.alone_p_R[row_base_P], 1.0)
    limit = 1 - CONFIDENCE
    return _Cells(rl_only_P, base_only_P, benjamini_hochberg(rl_p_P) <= limit, benjamini_hochberg(base_p_P) <= limit)


def _discoveries(cells: _Cells, base_P: FloatArray, rl_P: FloatArray) -> FloatArray:
    """One-sided problems and the false share of them, then confirmed ones and theirs, both sides together.

    A problem seen as RL only is false where RL's rate is not above the base's. The false share of the
    confirmed is the larger of the two sides', for each of which the rate is promised.
    """
    seen = [(cells.rl_only_P, rl_P <= base_P), (cells.base_only_P, base_P <= rl_P)]
    sure = [(cells.rl_confirmed_P, rl_P <= base_P), (cells.base_confirmed_P, base_P <= rl_P)]
    shares = [(found & false).sum() / max(1, found.sum()) for found, false in seen + sure]
    n_seen, n_sure = (sum(found.sum() for found, _ in group) for group in (seen, sure))
    false_seen = sum((found & false).sum() for found, false in seen)
    return np.array([n_seen, false_seen / max(1, n_seen), n_sure, shares[2], shares[3]])


def _add(
    tally: Tally,
    k_K: IntArray,
    band: tuple[FloatArray, FloatArray, FloatArray],
    truth_K: FloatArray,
    cells: _Cells,
) -> None:
    mean_K, lo_K, hi_K = band
    curve = pl.DataFrame({"k": k_K, "delta": mean_K, "delta_lo": lo_K, "delta_hi": hi_K})
    cross, label = read_band(curve, int(cells.rl_confirmed_P.sum()), margin=MARGIN, confidence=CONFIDENCE)
    tally.runs += 1
    tally.covered += bool(((lo_K - _ROUNDING <= truth_K) & (truth_K <= hi_K + _ROUNDING)).all())
    tally.crossover_right += _holds(cross, _turn(k_K, truth_K))
    tally.half_K = tally.half_K + (hi_K - lo_K) / 2
    tally.verdicts[label] += 1


def _turn(k_K: IntArray, truth_K: FloatArray) -> int | None:
    """The true crossover on the grid: the first k where the difference is <= 0 after it was > 0."""
    after_K = np.concatenate([[False], np.maximum.accumulate(truth_K > 0)[:-1]]) & (truth_K <= 0)
    return int(k_K[after_K.argmax()]) if after_K.any() else None


def _holds(cross: Crossover, turn: int | None) -> bool:
    """Whether what the band says of the crossover is true."""
    match cross.status:
        case CrossoverStatus.CROSSES:
            return turn is not None and cross.lo is not None and cross.hi is not None and cross.lo <= turn <= cross.hi
        case CrossoverStatus.UNDECIDED:
            return turn is None or cross.lo is None or turn >= cross.lo
        case _:
            return turn is None


def _row(name: str, tally: Tally) -> dict:
    cover = tally.covered / tally.runs
    half_K = np.asarray(tally.half_K) / tally.runs
    row: dict = {
        "band": name,
        "runs": tally.runs,
        "cover": cover,
        "cover_se": (cover * (1 - cover) / tally.runs) ** 0.5,
    }
    row |= {"crossover_cover": tally.crossover_right / tally.runs}
    row |= {"half_first": half_K[0], "half_middle": half_K[len(half_K) // 2], "half_last": half_K[-1]}
    return row | {label.value: times / tally.runs for label, times in tally.verdicts.items()}


def _table_row(table: FloatArray, runs: int) -> dict:
    names = ("one_sided", "false_share_of_one_sided", "confirmed", "fdr_rl_only", "fdr_base_only")
    return {"runs": runs} | dict(zip(names, (table / runs).tolist(), strict=True))
