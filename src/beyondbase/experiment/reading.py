"""The TOML of an experiment, read and checked: every name in it is one that is there."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from beyondbase.draw_ladder import check_rule
from beyondbase.errors import BadInput
from beyondbase.experiment.arms import expand, read_arm
from beyondbase.experiment.checked import Where, checked, dataclass_fields, require, table_of
from beyondbase.experiment.questions import read_finding, read_table
from beyondbase.experiment.spec import SHIPPED, TRAINING, Arm, BaseSpec, Experiment, Sampling, SetSpec
from beyondbase.extras import load
from beyondbase.sampling.spec import check_spec

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_TABLES = ("sampling", "sets", "bases", "arms", "tables", "findings")


@dataclass(frozen=True, slots=True)
class Head:
    """Keys that stand before the tables."""

    title: str = ""
    question: str = ""
    confidence: float = 0.95
    margin: float = 0.02
    seeds: tuple[int, ...] = (0,)


def read_toml_file(file: Path) -> dict[str, Any]:
    """Read a TOML file, or raise BadInput."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: expected the TOML of an experiment, cannot read it ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: expected TOML, got a syntax error: {error}") from None


def read_experiment(file: Path) -> Experiment:
    """Read the TOML of an experiment; raises BadInput naming file, key, what is expected and what came."""
    table, where = read_toml_file(file), Where(file)
    head = _head(where, table)
    sampling = _sampling(where.inner("sampling"), table.get("sampling", {}), Sampling())
    sets = {name: _set(w, name, t, sampling) for name, w, t in _named(where, table, "sets")}
    bases = {SHIPPED: BaseSpec(SHIPPED, None)}
    given = {name: _base(w, name, t) for name, w, t in _named(where, table, "bases")}
    arms = {
        name: _arm(w, name, t, head, (*sets,))
        for outer, w, grid in _named(where, table, "arms")
        for name, t in expand(w, outer, grid)
    }
    _check_names(where, sets, given, arms)
    bases |= given
    whole = Experiment(
        head.title, head.question, head.confidence, head.margin, sampling, sets, bases, arms,
        tables=(), findings=(), measured=(),
    )  # fmt: skip
    tables = tuple(read_table(w, t, whole) for w, t in _listed(where, table, "tables"))
    findings = tuple(read_finding(w, t, whole) for w, t in _listed(where, table, "findings"))
    whole = replace(whole, tables=tables, findings=findings)
    return replace(whole, measured=_measured(where, whole))


def _head(where: Where, table: Mapping[str, Any]) -> Head:
    known = dataclass_fields(Head)
    values = {key: value for key, value in table.items() if key not in _TABLES}
    checked(where, dict.fromkeys(table, ""), known | dict.fromkeys(_TABLES, str) | dict.fromkeys(known, str))
    head = Head(**checked(where, values, known))
    for name, value in (("confidence", head.confidence), ("margin", head.margin)):
        if not 0 < value < 1:
            raise BadInput(f"{where(name)}: expected a number between 0 and 1, got {value}")
    _check_seeds(where, head.seeds)
    return head


def _check_seeds(where: Where, seeds: tuple[int, ...]) -> None:
    if not seeds or len({*seeds}) < len(seeds) or min(seeds) < 0:
        raise BadInput(f"{where('seeds')}: expected different whole numbers, 0 or more, got {list(seeds)}")


def _named(where: Where, table: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Where, Mapping[str, Any]]]:
    for name, inner in table_of(where, table, kind).items():
        if not _NAME.fullmatch(name):
            raise BadInput(f"{where(kind)}: expected names of letters, digits, '.', '_', '+' and '-', got {name!r}")
        yield name, where.inner(kind).inner(name), inner


def _listed(where: Where, table: Mapping[str, Any], kind: str) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    values = table.get(kind, [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise BadInput(f"{where(kind)}: expected [[{kind}]], got {values!r}")
    for i, value in enumerate(values):
        yield where.inner(f"{kind}[{i}]"), value


def _sampling(where: Where, table: Any, default: Sampling) -> Sampling:
    if not isinstance(table, dict):
        raise BadInput(f"{where.file}: {where.table}: expected a table, got {table!r}")
    sampling = replace(default, **checked(where, table, dataclass_fields(Sampling)))
    try:
        check_spec(sampling.spec(0))
        check_rule(sampling.rule())
    except BadInput as error:
        raise BadInput(f"{where.file}: {where.table}: {error}") from None
    if not sampling.fixed_n and sampling.stop_at > sampling.n_max:
        raise BadInput(f"{where('stop_at')}: expected at most n_max = {sampling.n_max}, got {sampling.stop_at}")
    return sampling


def _set(where: Where, name: str, table: Mapping[str, Any], sampling: Sampling) -> SetSpec:
    require(where, table, "problems")
    own = {"problems": str, "limit": int}
    hints = {key: hint for key, hint in dataclass_fields(Sampling).items() if key != "seed"}
    checked(where, table, own | hints)
    rest = {key: value for key, value in table.items() if key not in own}
    values = checked(where, {key: table[key] for key in table if key in own}, own)
    if values.get("limit", 1) < 1:
        raise BadInput(f"{where('limit')}: expected at least 1 problem, got {values['limit']}")
    return SetSpec(name, values["problems"], values.get("limit"), _sampling(where, rest, sampling))


def _base(where: Where, name: str, table: Mapping[str, Any]) -> BaseSpec:
    config = load("beyondbase.lab.pretrain:BaseConfig")
    hints = {key: hint for key, hint in get_type_hints(config).items() if key != "out"}
    values = checked(where, table, hints | {"path": str, "size": str})
    path, size = values.pop("path", None), values.pop("size", "medium")
    sizes = load("beyondbase.lab.ladder:SIZES")
    if size not in sizes:
        raise BadInput(f"{where('size')}: expected one of {', '.join(sizes)}, got {size!r}")
    if path is None:
        defaults = {f.name: f.default for f in dataclasses.fields(config) if f.name in hints}
        return BaseSpec(name, None, defaults | sizes[size]._asdict() | values)
    if values or "size" in table:
        raise BadInput(f"{where('path')}: expected a path alone or the settings of a pretraining, got both; remove one")
    return BaseSpec(name, Path(where.file.parent, path))


def _arm(where: Where, name: str, table: Mapping[str, Any], head: Head, sets: tuple[str, ...]) -> Arm:
    arm = read_arm(where, name, table, head.seeds, sets)
    _check_seeds(where, arm.seeds)
    for set_ in arm.sets:
        if set_ not in sets:
            raise BadInput(f"{where('sets')}: expected names among {', '.join(sets)}, got {set_!r}")
    return arm


def _check_names(
    where: Where, sets: Mapping[str, SetSpec], bases: Mapping[str, BaseSpec], arms: Mapping[str, Arm]
) -> None:
    if not sets:
        raise BadInput(f"{where('sets')}: expected at least one problem set, got none; add [sets.NAME]")
    if not arms:
        raise BadInput(f"{where('arms')}: expected at least one arm, got none; add [arms.NAME]")
    if TRAINING in sets:
        raise BadInput(f"{where('sets.training')}: this name is kept for the training problems; rename the set")
    if SHIPPED in bases:
        raise BadInput(f"{where('bases.shipped')}: this name is kept for the model of the package; rename the base")
    for name in {SHIPPED, *bases} & {arm.partition("/")[0] for arm in arms}:
        raise BadInput(f"{where(f'arms.{name}')}: expected a name that no base has; rename the arm")
    for arm in arms.values():
        for key, base in (("base", arm.base), ("samples_from or mix_from", arm.imitated and arm.imitated.base)):
            if base is not None and base not in {SHIPPED, *bases}:
                known = ", ".join([SHIPPED, *bases])
                raise BadInput(f"{where(f'arms.{arm.name}')}: {key}: expected a base among {known}, got {base!r}")
    _check_imitated(where, arms)


def _check_imitated(where: Where, arms: Mapping[str, Arm]) -> None:
    """One run of a base on the training problems serves all arms that imitate it."""
    first = dict[str, Arm]()
    for arm in arms.values():
        if arm.imitated is None:
            continue
        other = first.setdefault(arm.imitated.base, arm)
        if other.imitated != arm.imitated:
            raise BadInput(
                f"{where(f'arms.{arm.name}')}: expected training_problems and training_n as in arms.{other.name}, "
                f"which imitates the same samples of {arm.imitated.base}, got others; give both the same"
            )


def _measured(where: Where, whole: Experiment) -> tuple[tuple[str, str], ...]:
    """Pairs of base and set, in the order of both, that some arm, table or finding needs."""
    pairs = {(arm.base, set_) for arm in whole.arms.values() for set_ in arm.sets}
    pairs |= {(row, set_) for table in whole.tables for row in table.rows for set_ in table.sets}
    pairs |= {(row, f.set) for f in whole.findings for row in (*f.arms, f.against)}
    pairs = {(base, set_) for base, set_ in pairs if base in whole.bases}
    used = {base for base, _ in pairs} | {arm.imitated.base for arm in whole.arms.values() if arm.imitated}
    for base in whole.bases:
        if base not in used and base != SHIPPED:
            raise BadInput(f"{where(f'bases.{base}')}: expected an arm, a table or a finding that uses it; remove it")
    return tuple((base, set_) for base in whole.bases for set_ in whole.sets if (base, set_) in pairs)
