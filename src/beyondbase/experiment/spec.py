"""What an experiment is made of, checked: every name in it is one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from beyondbase.types import DrawRule, SamplingSpec

SHIPPED = "shipped"
"""name of the base model that comes with the package"""
TRAINING = "training"
"""name of the problem set that the trainings draw from: samples that are imitated are of it"""
BASE = "base"
"""what a finding compares an arm with, where it means the model that the arm started from"""


@dataclass(frozen=True, slots=True)
class Sampling:
    """One specification and one draw rule for all models."""

    temperature: float = 1.0
    """0 is greedy decoding"""
    top_p: float = 1.0
    """keep the likeliest tokens whose mass reaches this"""
    max_tokens: int = 32
    """cap on new tokens"""
    seed: int = 0
    """from it and a model's name each model has its own"""
    n_max: int = 1024
    """most samples of a problem, and the largest k"""
    stop_at: int = 4
    """stop a problem at this success"""
    n_first: int = 16
    """samples that every problem gets"""
    fixed_n: bool = False
    """draw n_max samples of every problem, whatever comes of them"""

    def spec(self, seed: int) -> SamplingSpec:
        """The specification of a model's samples; the template is that of the problem set."""
        return SamplingSpec(self.temperature, self.top_p, max_tokens=self.max_tokens, seed=seed)

    def rule(self) -> DrawRule:
        """How many samples a problem gets."""
        return DrawRule(self.n_max, None if self.fixed_n else self.stop_at, min(self.n_first, self.n_max))


@dataclass(frozen=True, slots=True)
class SetSpec:
    """A problem set that models are measured on."""

    name: str
    problems: str
    """as `beyondbase sample --problems` takes it"""
    limit: int | None
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class BaseSpec:
    """A model that trainings start from, or that others learn from."""

    name: str
    path: Path | None
    """Hugging Face folder; None: the experiment pretrains it"""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """every field of BaseConfig but the folder, where the experiment pretrains it"""


class ArmKind(StrEnum):
    """How an arm's models are trained."""

    RL = "rl"
    """RLConfig"""
    SFT = "sft"
    """SFTConfig"""


@dataclass(frozen=True, slots=True)
class Imitated:
    """Correct samples of a base on the training problems, which an arm imitates."""

    base: str
    problems: int
    """the first of the training set"""
    n: int
    """samples of each"""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train a base, over several seeds, measured after some of its steps."""

    name: str
    kind: ArmKind
    base: str
    settings: Mapping[str, Any]
    """every field of the configuration but folders, seed, steps and keep_every"""
    steps: int
    measured_steps: tuple[int, ...]
    seeds: tuple[int, ...]
    sets: tuple[str, ...]
    imitated: Imitated | None

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of its models: ARM@STEP."""
        return tuple(f"{self.name}@{step}" for step in self.measured_steps)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of the report: models by problem sets by budgets k."""

    title: str
    rows: tuple[str, ...]
    """ARM@STEP or the name of a base"""
    sets: tuple[str, ...]
    k: tuple[int, ...]
    source: str = ""
    gap: bool = False
    """show Delta_SE too: pass@k of the base at the largest k, less pass@1 of the arm"""
    paper: tuple[tuple[str | float, ...], ...] = ()
    """numbers of the source that are shown beside"""
    paper_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingSpec:
    """A statement that the experiment decides, by the interval of a difference."""

    text: str
    arms: tuple[str, ...]
    """ARM@STEP or the name of a base"""
    set: str
    k: int
    expect: Literal["above", "below"]
    """where pass@k of each arm is expected"""
    against: str = BASE
    """"base", or ARM@STEP, or the name of a base"""
    paper: str = ""
    """what the source says"""


@dataclass(frozen=True, slots=True)
class Model:
    """What a row's name stands for: a base, or an arm after some of its steps."""

    base: BaseSpec | None = None
    arm: Arm | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """All of it."""

    title: str
    question: str
    confidence: float
    margin: float
    """largest difference, as a share of problems, that counts as none"""
    sampling: Sampling
    """of all sets that do not say otherwise, and of samples that are imitated"""
    sets: Mapping[str, SetSpec]
    bases: Mapping[str, BaseSpec]
    """"shipped" among them"""
    arms: Mapping[str, Arm]
    """grids expanded"""
    tables: tuple[TableSpec, ...]
    findings: tuple[FindingSpec, ...]
    measured: tuple[tuple[str, str], ...]
    """base and set, for every base that is sampled on a set"""

    def model(self, row: str) -> Model:
        """Return what a row of a table names."""
        name, _, step = row.partition("@")
        return Model(arm=self.arms[name], step=int(step)) if step else Model(base=self.bases[name])
