"""What draws and judges a run in place of one engine in this process: many copies of an engine, on many machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from beyondbase.sampling.engine import Engine
from beyondbase.sampling.plan import Plan
from beyondbase.store import RunWriter
from beyondbase.types import Problem, Progress, Prompt, SamplingSpec
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be drawn of a run, and judged."""

    plan: Plan
    """knows what is there already"""
    prompts: Mapping[str, Prompt]
    spec: SamplingSpec
    verifier: Verifier
    problems: Sequence[Problem]
    label: str


@runtime_checkable
class Fleet(Protocol):
    """Many copies of an engine."""

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps, as the engine itself does."""

    def draw(self, work: Work, writer: RunWriter, progress: Progress) -> None:
        """Draw and judge until the plan owes nothing; every row is in the run that `writer` holds when this returns.

        Problems at which engines ended again and again are rows of failed requests, with the reason.
        """


Sampler = Engine | Fleet
"""what draws a run"""
