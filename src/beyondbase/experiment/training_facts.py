"""What the trainings of an experiment logged, and which of them collapsed."""

from __future__ import annotations

from typing import Any

import polars as pl

from beyondbase.experiment.folders import TIMINGS, Folders
from beyondbase.experiment.measured import collapse_of
from beyondbase.experiment.timings import read_rates
from beyondbase.lab.checkpoint import read_metrics

_F, _I, _S = pl.Float64, pl.Int64, pl.String
_LOGGED = ("reward", "entropy", "kl", "loss")
_TRAININGS: dict[str, Any] = {
    "arm": _S,
    "seed": _I,
    "kind": _S,
    "algorithm": _S,
    "steps": _I,
    "steps_asked": _I,
    **dict.fromkeys(_LOGGED, _F),
    "collapsed": _I,
    "why": _S,
}
_LOGS: dict[str, Any] = {"arm": _S, "seed": _I, "step": _I, **dict.fromkeys(_LOGGED, _F)}
_LAST, _KEPT = 10, 100


def training_facts(folders: Folders) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frames `trainings` and `logs`; a training that several arms share is told once, under the first."""
    facts, logs = list[dict[str, Any]](), list[dict[str, Any]]()
    asked = dict[tuple[str, int], int]()
    for arm in folders.experiment.arms.values():
        for seed in arm.seeds:
            key = folders.owner(arm.name, seed), seed
            asked[key] = max(arm.steps, asked.get(key, 0))
    for (name, seed), steps in asked.items():
        arm, folder = folders.experiment.arms[name], folders.training(name, seed)
        log = read_metrics(folder / "metrics.jsonl", up_to=10**9)
        collapsed = collapse_of(folder)
        algorithm = str(arm.settings.get("algorithm", "")) or arm.kind.value
        fact = {"arm": name, "seed": seed, "kind": arm.kind.value, "algorithm": algorithm}
        fact |= {"steps": int(log[-1]["step"]) if log else 0, "steps_asked": steps}
        fact |= {column: _mean([row[column] for row in log[-_LAST:] if column in row]) for column in _LOGGED}
        missing = "" if log else "not trained"
        fact |= {"collapsed": collapsed and collapsed[0], "why": missing if collapsed is None else collapsed[1]}
        facts.append(fact)
        stride = -(-len(log) // _KEPT) or 1
        # counted from the end: the last step is always there
        kept = [row for place, row in enumerate(reversed(log)) if place % stride == 0][::-1]
        logs += [{"arm": name, "seed": seed, "step": row["step"]} | {c: row.get(c) for c in _LOGGED} for row in kept]
    return pl.DataFrame(facts, schema=_TRAININGS, orient="row"), pl.DataFrame(logs, schema=_LOGS, orient="row")


def time_spent(folders: Folders) -> pl.DataFrame:
    """Units that were timed and their seconds, by kind: the frame `time`."""
    timings = read_rates(folders.root / TIMINGS).timings
    kinds = dict.fromkeys(timing.kind for timing in timings)
    rows = [
        (kind, len(some), round(sum(some), 3))
        for kind in kinds
        if (some := [timing.seconds for timing in timings if timing.kind == kind])
    ]
    return pl.DataFrame(rows, schema={"kind": _S, "units": _I, "seconds": _F}, orient="row")


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 12) if values else None
