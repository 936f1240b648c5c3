"""The tables and findings of an experiment: what its report is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beyondbase.errors import BadInput
from beyondbase.experiment.checked import Where, checked, dataclass_fields, require
from beyondbase.experiment.spec import BASE, Experiment, FindingSpec, TableSpec


def read_table(where: Where, table: Mapping[str, Any], whole: Experiment) -> TableSpec:
    """Check a table; raises BadInput for a row that is no model, or is not measured on one of the sets."""
    require(where, table, "title", "rows")
    values = checked(where, {"sets": [*whole.sets], "k": [1], **table}, dataclass_fields(TableSpec))
    spec = TableSpec(**values | {"rows": _rows(where, "rows", values["rows"], whole)})
    for set_ in spec.sets:
        for k in spec.k:
            _check_budget(where, set_, k, whole)
        for row in spec.rows:
            _check_measured(where, row, set_, whole)
    return spec


def read_finding(where: Where, table: Mapping[str, Any], whole: Experiment) -> FindingSpec:
    """Check a finding; raises BadInput for a name that is no model, or is not measured on the set."""
    require(where, table, "text", "arms", "set", "k", "expect")
    values = checked(where, table, dataclass_fields(FindingSpec))
    against = values.get("against", BASE)
    if against != BASE:
        against = _one(where, against, whole)
    spec = FindingSpec(**values | {"arms": _rows(where, "arms", values["arms"], whole), "against": against})
    _check_budget(where, spec.set, spec.k, whole)
    for row in (*spec.arms, *([] if against == BASE else [against])):
        _check_measured(where, row, spec.set, whole)
    if against == BASE and (bases := [row for row in spec.arms if row in whole.bases]):
        raise BadInput(f"{where('against')}: expected a model to compare {bases[0]} with, got the base of an arm")
    return spec


def _one(where: Where, name: str, whole: Experiment) -> str:
    rows = _rows(where, "against", (name,), whole)
    if len(rows) > 1:
        raise BadInput(f"{where('against')}: expected one model, got {', '.join(rows)}")
    return rows[0]


def _rows(where: Where, key: str, names: Sequence[str], whole: Experiment) -> tuple[str, ...]:
    """Complete names: ARM is ARM at its last measured step, and the name of a grid is all of its arms."""
    rows = list[str]()
    for given in names:
        name, at, step = given.partition("@")
        if not at and name in whole.bases:
            rows.append(name)
            continue
        arms = [arm for arm in whole.arms.values() if name in (arm.name, arm.name.partition("/")[0])]
        if not arms:
            known = ", ".join([*whole.bases, *whole.arms])
            raise BadInput(f"{where(key)}: expected names among {known}, got {name!r}")
        for arm in arms:
            row = f"{arm.name}@{step or arm.measured_steps[-1]}"
            if row not in arm.rows:
                raise BadInput(f"{where(key)}: expected one of {', '.join(arm.rows)} (measured_steps), got {given!r}")
            rows.append(row)
    if not rows or len({*rows}) < len(rows):
        raise BadInput(f"{where(key)}: expected different models, got {', '.join(rows) or 'none'}")
    return tuple(rows)


def _check_budget(where: Where, set_: str, k: int, whole: Experiment) -> None:
    if set_ not in whole.sets:
        raise BadInput(f"{where('set')}: expected a set among {', '.join(whole.sets)}, got {set_!r}")
    n_max = whole.sets[set_].sampling.n_max
    if not 1 <= k <= n_max:
        raise BadInput(f"{where('k')}: expected k from 1 to n_max = {n_max} of {set_}, got {k}")


def _check_measured(where: Where, row: str, set_: str, whole: Experiment) -> None:
    arm = whole.model(row).arm
    if arm is not None and set_ not in arm.sets:
        raise BadInput(f"{where('sets')}: expected a set that {row} is measured on ({', '.join(arm.sets)}), got {set_}")
