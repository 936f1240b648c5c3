"""What a sampling engine is: one method that completes requests, one that says how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from beyondbase.types import Completion, Prompt, SampleRequest, SamplingSpec


class Engine(Protocol):
    """Something that samples completions from one model."""

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what the manifest keeps: model, hashes, dtype, the first prompt's exact token ids.

        Called before anything is drawn, with every prompt of the run. Raises BadInput for a prompt or
        a specification that this engine cannot sample exactly as it is asked to.
        """

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, in any order, as it is finished.

        A completion is a function of (prompt, seed, spec) alone. A request that fails yields a
        completion with `finish=Finish.ERROR` and the reason; it is owed again.
        """


class Foreseen(Protocol):
    """What a run costs at most."""

    def lines(self) -> list[str]:
        """Say it to a reader."""


@runtime_checkable
class Priced(Protocol):
    """An engine that can say what samples cost before any is drawn."""

    def estimate(self, spec: SamplingSpec, prompts: Sequence[Prompt], n_max: int) -> Foreseen:
        """Foresee n_max samples of each prompt."""
