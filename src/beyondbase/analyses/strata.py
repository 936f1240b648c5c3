"""The same comparison within each stratum (level, subject, source), certain of all strata at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from beyondbase.analyses.confirmation import confirm, with_confirmed
from beyondbase.analyses.curves import curves
from beyondbase.analyses.equal_draws import at_equal_draws
from beyondbase.analyses.escalation import one_sided
from beyondbase.analyses.reading import at_a_glance, read
from beyondbase.analyses.results import Target
from beyondbase.analyses.solvability import cell_counts, cells_of, solvability, table_asymmetry
from beyondbase.checks import names, shown
from beyondbase.errors import BadInput
from beyondbase.estimators.sampling_noise import sampling_share
from beyondbase.types import SuccessCounts

MOST_VALUES = 40
"""of one stratum: more are names of problems, not kinds of them"""
SCHEMA = {
    "stratum": pl.String,
    "value": pl.String,
    "problems": pl.Int64,
    "k": pl.Int64,
    "first": pl.Float64,
    "first_lo": pl.Float64,
    "first_hi": pl.Float64,
    "last": pl.Float64,
    "last_lo": pl.Float64,
    "last_hi": pl.Float64,
    "label": pl.String,
    "crossover": pl.String,
    "crossover_lo": pl.Int64,
    "crossover_hi": pl.Int64,
    "confidence": pl.Float64,
}


def by_stratum(
    base: SuccessCounts,
    rl: SuccessCounts,
    strata: Mapping[str, Sequence[str]],
    *,
    confidence: float,
    seed: int,
    margin: float,
    guessed: frozenset[str] = frozenset(),
    fresh: tuple[SuccessCounts, SuccessCounts] | None = None,
) -> pl.DataFrame:
    """One row a value of each stratum, over problems: the columns of Comparison.strata.

    guessed, fresh: as in `compare`, the two fresh counts in one order of problems; what confirms a problem there
    confirms it here, at this level.

    Each row's bands and tests are at 1 - (1 - confidence) / rows (Bonferroni), so that all rows hold together at
    `confidence`. A stratum with one value says nothing of its own, one with more than 40 is left out.
    """
    groups = [
        (name, value, np.array([i for i, other in enumerate(values) if other == value]))
        for name, values in _checked(strata, len(base)).items()
        if 2 <= len(set(values)) <= MOST_VALUES
        for value in sorted(set(values))
    ]
    level = 1 - (1 - confidence) / max(1, len(groups))
    rows = [
        {"stratum": name, "value": value, "problems": len(which_P), "confidence": level}
        | _row(base.take(which_P), rl.take(which_P), level, seed=seed, margin=margin, guessed=guessed, fresh=fresh)
        for name, value, which_P in groups
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _checked(strata: Mapping[str, Sequence[str]], problems: int) -> dict[str, tuple[str, ...]]:
    if not isinstance(strata, Mapping):
        raise BadInput(f"strata: expected the value of each problem by name of the stratum, got {shown(strata)}")
    checked = {}
    for name, values in strata.items():
        [title] = names("strata", [name])
        checked[title] = names(f"stratum {shown(title)}", values)
        if len(checked[title]) != problems:
            raise BadInput(
                f"stratum {shown(title)}: expected one text for each of {problems} problems, got {len(checked[title])}"
            )
    return checked


def _row(
    base: SuccessCounts,
    rl: SuccessCounts,
    level: float,
    *,
    seed: int,
    margin: float,
    guessed: frozenset[str],
    fresh: tuple[SuccessCounts, SuccessCounts] | None,
) -> dict[str, object]:
    curve = curves(base, rl, confidence=level, seed=seed)
    problems = solvability(base, rl, confidence=level, guessed=guessed)
    found = one_sided(problems, guessed)
    confirmation = None if fresh is None else confirm(found, *fresh, confidence=level)
    problems = with_confirmed(problems, confirmation)
    reading = read(
        curve,
        problems,
        cell_counts(problems),
        Target.OVER_PROBLEMS,
        mcnemar=table_asymmetry(cells_of(*at_equal_draws(base, rl, seed=seed)[:2])),
        margin=margin,
        confidence=level,
        noise=sampling_share(base, rl, int(curve["k"][-1])),
    )
    return at_a_glance(curve, reading.crossover, reading.verdict.label)
