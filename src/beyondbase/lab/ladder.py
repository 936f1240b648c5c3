"""Base models of several sizes, made alike: the ladder on which the effect of size is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

from beyondbase.errors import BadInput
from beyondbase.lab.pretrain import BaseConfig, train_base
from beyondbase.types import Progress, silent


class Size(NamedTuple):
    """Dimensions of a base model; the fields of BaseConfig of these names."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int


SIZES = {
    "small": Size(hidden_size=64, layers=2, heads=2, intermediate_size=192),
    "medium": Size(hidden_size=128, layers=4, heads=4, intermediate_size=384),
    "large": Size(hidden_size=192, layers=6, heads=6, intermediate_size=576),
}
"""medium is the base that ships; a head has 32 numbers in each"""


@dataclass(frozen=True, slots=True)
class LadderConfig:
    """Pretrain base models of several sizes on the same corpus, for the same steps."""

    out: Path = Path("out/bases")
    """folder that gets one model folder a size"""
    sizes: tuple[str, ...] = tuple(SIZES)
    """which of them: small, medium, large"""
    steps: int = 1200
    """batches"""
    batch_size: int = 256
    """traces of a batch"""
    learning_rate: float = 2e-3
    """peak, as in `train base`"""
    wrong_share: float = 0.8
    """share of the traces whose target is a random number; 0 makes a teacher for distillation"""
    seed: int = 0
    """of the weights and of the corpus"""


class Rung(NamedTuple):
    """A base model of the ladder."""

    size: str
    folder: Path
    loss: float
    """mean of the last 20 steps, nats a token"""


def train_ladder(config: LadderConfig, progress: Progress = silent) -> Iterator[Rung]:
    """Pretrain each size and yield it; those that are there already are not made again.

    Raises BadInput for an unknown size, and where a folder holds a base of other settings.
    """
    if unknown := [size for size in config.sizes if size not in SIZES]:
        raise BadInput(f"sizes: expected some of {', '.join(SIZES)}, got {unknown[0]!r}")
    shared = {f.name for f in fields(config)} & {f.name for f in fields(BaseConfig)} - {"out"}
    settings = {name: value for name, value in asdict(config).items() if name in shared}
    for size in config.sizes:
        one = BaseConfig(out=config.out / size, **settings, **SIZES[size]._asdict())

        def told(stage: str, done: int, total: int, note: str = "", size: str = size) -> None:
            progress(f"{stage} {size}", done, total, note)

        yield Rung(size, one.out, train_base(one, told))
