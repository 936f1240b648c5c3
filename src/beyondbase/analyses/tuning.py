"""Each model over a grid of temperature and top-p: tuned, at equal entropy, together, and the base's power law."""

from __future__ import annotations

import numpy as np
import polars as pl

from beyondbase.analyses.grid_runs import grid_runs
from beyondbase.analyses.results import Comparison, Recheck, Tuning
from beyondbase.analyses.results.tuning import Matched, PowerArm
from beyondbase.analyses.tuning_tables import DECIMALS, Tables, grid_table, tables_of
from beyondbase.errors import BadInput
from beyondbase.estimators.cross_fit import CrossFit, cross_fitted, folds, union_pass_at_k
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.store.run_store import Run
from beyondbase.types import FloatArray, IntArray, SuccessCounts

NEAR = 0.05
"""largest difference of two mean entropies, as a share, that counts as equal"""
TUNED, MATCHED, UNION, POWER = (
    "tuned temperature",
    "equal token entropy",
    "union over temperatures",
    "power sampling",
)
_DRAWN_BY = "`beyondbase study` with the flags of the first runs and --temperatures draws them"
CHOSEN = {"model": pl.String, "k": pl.Int64, "temperature": pl.Float64, "top_p": pl.Float64, "folds": pl.Int64}


def tuning(
    base: Run,
    rl: Run,
    base_counts: SuccessCounts,
    rl_counts: SuccessCounts,
    comparison: Comparison,
    *,
    cluster_P: IntArray | None = None,
) -> Tuning:
    """Analyse the runs of the grid that lie beside two first runs; settings are those of their comparison.

    Raises BadInput where there is no other run than the first two.
    """
    grid = grid_runs(base, rl, base_counts, rl_counts)
    if len(grid.base) + len(grid.rl) == 2 and grid.power is None:
        unfit = "".join(f"; {name} is not one: {why}" for name, why in grid.unfit.items())
        raise BadInput(f"expected runs at other temperatures beside the first ones, found none{unfit}; {_DRAWN_BY}")
    tables, missing = tables_of(grid, comparison, cluster_P), dict(grid.unfit)
    tuned, chosen, n_folds = _tuned(tables, missing)
    union, union_of = _union(tables, missing)
    return Tuning(
        confidence=comparison.confidence,
        folds=n_folds,
        grid=grid_table(tables),
        chosen=chosen,
        tuned=tuned,
        matched=_matched(tables, missing),
        union=union,
        union_of=union_of,
        power=_power(tables, missing),
        missing=missing,
    )


def _tuned(tables: Tables, missing: dict[str, str]) -> tuple[Recheck | None, pl.DataFrame, int]:
    """Each problem at the settings that the other folds chose, for each model and budget."""
    grid, nothing = tables.grid, pl.DataFrame(schema=CHOSEN)
    if max(len(grid.base), len(grid.rl)) == 1:
        missing[TUNED] = f"each model has one temperature alone; {_DRAWN_BY}"
        return None, nothing, 0
    try:
        fold_P = folds(len(grid.base[0].counts), seed=tables.comparison.seed, cluster_P=tables.cluster_P)
    except BadInput as error:
        missing[TUNED] = str(error)
        return None, nothing, 0
    base, rl = (cross_fitted(value_S_P_K, fold_P) for value_S_P_K in (tables.base_S_P_K, tables.rl_S_P_K))
    rows = [*_choices(tables, "base", base), *_choices(tables, "rl", rl)]
    tuned = tables.recheck(base.estimate_P_K, rl.estimate_P_K, tables.k_K)
    return tuned, pl.DataFrame(rows, schema=CHOSEN, orient="row"), int(fold_P.max()) + 1


def _choices(tables: Tables, model: str, fit: CrossFit) -> list[tuple[str, int, float, float, int]]:
    runs = tables.grid.base if model == "base" else tables.grid.rl
    return [
        (model, k, *runs[setting].setting, int((chosen_F == setting).sum()))
        for k, chosen_F in zip(tables.k_K.tolist(), fit.chosen_F_K.T, strict=True)
        for setting in np.unique(chosen_F).tolist()
    ]


def _matched(tables: Tables, missing: dict[str, str]) -> Matched | None:
    """RL where it is as free as the base: both entropies must be told, and near."""
    of_base, of_rl = tables.entropies
    told = [(entropy, run) for run, entropy in enumerate(of_rl) if entropy is not None]
    wanted = of_base[0]
    if wanted is None or not told:
        missing[MATCHED] = "the runs hold no entropies of tokens; sample them with --engine hf, which tells them"
        return None
    entropy, run = min(told, key=lambda each: (abs(each[0] - wanted), each[1]))
    if abs(entropy - wanted) > NEAR * wanted:
        missing[MATCHED] = (
            f"the nearest RL run has {entropy:.3f} nats a token and the base {wanted:.3f}; `beyondbase study` samples "
            "RL at the temperature between its runs at which they are equal"
        )
        return None
    again = tables.recheck(tables.base_S_P_K[0], tables.rl_S_P_K[run], tables.k_K)
    return Matched(*tables.grid.rl[run].setting, entropy, wanted, again)


def _union(tables: Tables, missing: dict[str, str]) -> tuple[Recheck | None, int]:
    """The budget split evenly over the settings that both models have."""
    grid = tables.grid
    base_at, rl_at = ({each.setting: i for i, each in enumerate(runs)} for runs in (grid.base, grid.rl))
    both = sorted(base_at.keys() & rl_at.keys())
    if len(both) < 2:
        missing[UNION] = f"the models have {len(both)} setting in common; {_DRAWN_BY} for both"
        return None, len(both)
    base_P_K = union_pass_at_k(tables.base_S_P_K[[base_at[setting] for setting in both]])
    rl_P_K = union_pass_at_k(tables.rl_S_P_K[[rl_at[setting] for setting in both]])
    return tables.recheck(base_P_K, rl_P_K, tables.k_K * len(both)), len(both)


def _power(tables: Tables, missing: dict[str, str]) -> PowerArm | None:
    """The base under power sampling beside both first runs."""
    arm = tables.grid.power
    if arm is None:
        missing[POWER] = "no run of the base under power sampling; `beyondbase study --power-arm` draws it"
        return None
    k_K = tables.k_K[tables.k_K <= arm.counts.largest_k]
    base_P_K, rl_P_K = tables.base_S_P_K[0][:, : len(k_K)], tables.rl_S_P_K[0][:, : len(k_K)]
    power_P_K = pass_at_k_per_problem(arm.counts, k_K)
    columns: dict[str, FloatArray | IntArray] = {"k": k_K, "base": base_P_K.mean(axis=0), "rl": rl_P_K.mean(axis=0)}
    for name, band in (
        ("power", tables.own_band(arm.counts, k_K)),
        ("over_base", tables.band(base_P_K, power_P_K, k_K)),
        ("under_rl", tables.band(power_P_K, rl_P_K, k_K)),
    ):
        columns |= {name: band.estimate_K, f"{name}_lo": band.lo_K, f"{name}_hi": band.hi_K}
    curves = pl.DataFrame(columns).with_columns(pl.exclude("k").round(DECIMALS) + 0.0)
    return PowerArm(float(arm.run.manifest.engine["power_alpha"]), curves)
