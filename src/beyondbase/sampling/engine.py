"""What a sampling engine is: one method that completes requests, one that says how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from beyondbase.sampling.feed import Feed
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


@runtime_checkable
class Fed(Engine, Protocol):
    """An engine that takes more requests while it is at work, so that no seat of it waits for the longest answer."""

    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield as `generate` does, each request that was taken from a feed as there was room for it.

        Ends once the feed is closed and all that was taken has come; waits on the feed where nothing is under way.
        An engine that can tell calls `feed.beat()` as it moves on, and looks at `feed.stopped`.
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
