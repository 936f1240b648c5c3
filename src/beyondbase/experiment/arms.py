"""Arms as they stand in the TOML: grids expanded, each checked against the configuration of its kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, get_type_hints

from beyondbase.errors import BadInput
from beyondbase.experiment.checked import Where, checked, dataclass_fields
from beyondbase.experiment.spec import SHIPPED, Arm, ArmKind, Imitated
from beyondbase.extras import load

CONFIGS = {
    ArmKind.RL: ("beyondbase.lab.rl_config:RLConfig", "mix"),
    ArmKind.SFT: ("beyondbase.lab.sft:SFTConfig", "samples"),
}
"""of each kind the configuration, and its field that takes a run to imitate"""

_FROM = {ArmKind.RL: "mix_from", ArmKind.SFT: "samples_from"}
_PROBLEMS, _N = 1000, 16


@dataclasses.dataclass(frozen=True, slots=True)
class ArmKeys:
    """Keys of an arm beside the fields of its configuration."""

    kind: ArmKind = ArmKind.RL
    base: str = SHIPPED
    measured_steps: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None
    sets: tuple[str, ...] | None = None
    samples_from: str | None = None
    mix_from: str | None = None
    training_problems: int = _PROBLEMS
    training_n: int = _N


def config_type(kind: ArmKind) -> Any:
    """Return RLConfig or SFTConfig."""
    return load(CONFIGS[kind][0])


def expand(where: Where, name: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the arms that a table with a grid stands for: NAME/KEY=VALUE,KEY=VALUE; without one, itself."""
    grid = table.get("grid")
    if grid is None:
        yield name, table
        return
    if not isinstance(grid, dict) or not grid or not all(isinstance(v, list) and v for v in grid.values()):
        raise BadInput(f"{where('grid')}: expected a list of values for each key, such as {{ kl = [0.0, 0.01] }}")
    rest = {key: value for key, value in table.items() if key != "grid"}
    for key in grid:
        if key in rest:
            raise BadInput(f"{where(key)}: expected it in the arm or in its grid, got both; remove one")
    for values in product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        said = ",".join(f"{key}={value}" for key, value in chosen.items())
        if "/" in said:
            raise BadInput(f"{where('grid')}: expected values that can name a folder, got {said!r}")
        yield f"{name}/{said}", rest | chosen


def read_arm(where: Where, name: str, table: Mapping[str, Any], seeds: tuple[int, ...], sets: tuple[str, ...]) -> Arm:
    """Check one arm; raises BadInput naming the key that does not fit."""
    own = dataclass_fields(ArmKeys)
    kind = checked(where, {"kind": table.get("kind", "rl")}, {"kind": ArmKind})["kind"]
    config, hints = config_type(kind), _settable(kind)
    values = checked(where, table, own | hints)
    keys = ArmKeys(**{key: value for key, value in values.items() if key in own})
    settings: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(config) if f.name in hints}
    settings |= {key: value for key, value in values.items() if key in hints}
    _check(where, kind, settings)
    steps: int = settings.pop("steps")
    measured = tuple(sorted(set(keys.measured_steps or (steps,))))
    if measured[0] < 1 or measured[-1] > steps:
        raise BadInput(f"{where('measured_steps')}: expected steps from 1 to steps = {steps}, got {list(measured)}")
    return Arm(
        name, kind, keys.base, settings, steps, measured,
        keys.seeds or seeds, keys.sets or sets, _imitated(where, keys, kind),
    )  # fmt: skip


def _check(where: Where, kind: ArmKind, settings: Mapping[str, Any]) -> None:
    if kind is ArmKind.RL:
        try:
            load("beyondbase.lab.rl_config:check_config")(config_type(kind)(**settings))
        except BadInput as error:
            raise BadInput(f"{where.file}: {where.table}: {error}") from None


def _settable(kind: ArmKind) -> dict[str, Any]:
    """Fields of a configuration that an arm sets: not its folders, seed, and what follows from other keys."""
    unset = {"out", "base", "seed", "keep_every", CONFIGS[kind][1]}
    return {name: hint for name, hint in get_type_hints(config_type(kind)).items() if name not in unset}


def _imitated(where: Where, keys: ArmKeys, kind: ArmKind) -> Imitated | None:
    right, wrong = _FROM[kind], _FROM[ArmKind.SFT if kind is ArmKind.RL else ArmKind.RL]
    if getattr(keys, wrong) is not None:
        raise BadInput(f"{where(wrong)}: expected {right} in an arm of kind {kind.value}, got {wrong}; rename it")
    source = getattr(keys, right)
    if source is None and kind is ArmKind.SFT:
        raise BadInput(f"{where(right)}: expected the base whose correct samples are imitated, got none; add it")
    for name, least in (("training_problems", 1), ("training_n", 1)):
        if getattr(keys, name) < least:
            raise BadInput(f"{where(name)}: expected at least {least}, got {getattr(keys, name)}")
    return None if source is None else Imitated(source, keys.training_problems, keys.training_n)
