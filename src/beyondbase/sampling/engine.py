"""What a sampling engine is: one method that completes requests, one that says how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from beyondbase.types import Completion, SampleRequest, SamplingSpec


class Engine(Protocol):
    """Something that samples completions from one model."""

    def settings(self, spec: SamplingSpec, first_prompt: str) -> Mapping[str, str]:
        """Resolved settings for the manifest: model, hashes, dtype, the first prompt's token ids."""

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, in any order, as it is finished.

        A completion is a function of (prompt, seed, spec) alone. A request that fails yields a
        completion with `finish=Finish.ERROR` and the reason; it is owed again.
        """
