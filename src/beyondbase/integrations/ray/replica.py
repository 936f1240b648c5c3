"""One copy of an engine as a process of a cluster: it draws leases, and hands over what it drew."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import ray

from beyondbase.sampling.copies import Copy
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.leases import Handed
from beyondbase.sampling.plan import Span, requests_of
from beyondbase.types import Completion, Prompt, SampleRequest, SamplingSpec

MOST_BYTES = 16_000_000
"""of text and tokens that are handed over at once"""
_BARE = Prompt("")

Drawn = list[tuple[SampleRequest, Completion]]
"""completions as they travel to a recorder, without their prompts"""


class Ready(NamedTuple):
    """A replica that can be given leases."""

    node: str
    settings: Mapping[str, str]
    """of the engine, for the first prompt"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a driver is told of what a replica hands over."""

    handed: Handed
    n_samples: int
    n_bytes: int
    progress: int
    """grows while the engine is at work"""
    failed: str
    """why the engine has ended; empty: it has not"""


NEW = Told(Handed(frozenset()), 0, 0, 0, "started anew")
"""what a process says that took the place of another and was told nothing yet"""


class Replica:
    """Methods are called from several threads: one waits in `take` while others give."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._engine = load()
        self._copy: Copy | None = None

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve the engine's settings; raises BadInput for a prompt that it cannot sample as asked."""
        return self._engine.settings(spec, prompts)

    def begin(self, spec: SamplingSpec, first: Prompt) -> Ready:
        """Be ready for leases under a specification; what was left of others is dropped."""
        former = self._copy
        self.end()
        settings = dict(self._engine.settings(spec, [first]))
        self._copy = Copy(self._engine, spec, after=former)
        return Ready(ray.get_runtime_context().get_node_id(), settings)

    def give(self, lease: int, spans: Sequence[Span], prompts: Mapping[str, Prompt], run_seed: int) -> None:
        """Add a lease to those that are drawn."""
        if self._copy is not None:
            self._copy.give(lease, requests_of(spans, prompts, run_seed))

    def withdraw(self, lease: int) -> None:
        """Draw no more of a lease."""
        if self._copy is not None:
            self._copy.withdraw(lease)

    def take(self, wait_s: float) -> tuple[Told, Drawn]:
        """Hand over what was drawn since the last call; waits for it a while."""
        if self._copy is None:
            return NEW, []
        taken = self._copy.take(wait_s, MOST_BYTES)
        drawn = [(replace(request, prompt=_BARE), completion) for request, completion in taken.completions]
        n_bytes = sum(len(done.text) + len(done.reasoning) + 4 * len(done.token_ids) for _, done in drawn)
        told = Told(Handed(taken.leases, taken.ended), len(drawn), n_bytes, taken.progress, taken.failed)
        return told, drawn

    def end(self) -> None:
        """Stop drawing."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def pid(self) -> int:
        """Number of this process."""
        return os.getpid()
