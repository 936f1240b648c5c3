"""What a scorer is: a model that says how likely given responses are under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from beyondbase.errors import BadInput
from beyondbase.types import Prompt, SamplingSpec


@dataclass(frozen=True, slots=True)
class ScoreSpec:
    """The distribution that responses are scored under; by default the model's own, nothing cut off or sharpened."""

    temperature: float = 1.0
    """above 0: greedy decoding gives no probabilities"""
    top_p: float = 1.0
    """keep the likeliest tokens whose mass reaches this; 1 keeps all"""
    top_k: int | None = None
    """keep the k likeliest tokens; None keeps all"""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise BadInput(
                f"temperature: expected more than 0 to score under, got {self.temperature}; 1 is the model's own"
            )
        if not 0 < self.top_p <= 1:
            raise BadInput(f"top-p: expected 0 < top-p <= 1, got {self.top_p}; 1 keeps every token")
        if self.top_k is not None and self.top_k < 1:
            raise BadInput(f"top-k: expected at least 1, got {self.top_k}; leave it out to keep every token")

    @property
    def whole(self) -> bool:
        """Whether it is the model's own distribution."""
        return self == ScoreSpec()


class Response(NamedTuple):
    """One response to be scored: the ids of its prompt, and its own, the token that ended it included."""

    prompt_ids: tuple[int, ...]
    token_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model gives one response, token by token in its own context."""

    n_tokens: int
    logprob_sum: float
    """nats, under the scorer's distribution; -inf where that has no room for a token"""
    entropy_mean: float | None
    """nats a token, of the scorer's distribution; None: not told"""
    n_outside: int
    """tokens of probability 0: outside top-p or top-k"""
    n_top1: int
    """tokens that are the model's first choice"""
    n_top5: int
    """tokens among the model's first five"""
    rank_mean: float
    """1: always the first choice; a token's rank is 1 + the number of likelier ones"""
    worst_rank: int
    top_ids: Sequence[int]
    """the model's first choice at each position"""


@dataclass(frozen=True, slots=True)
class Unscored:
    """A response that could not be scored."""

    n_tokens: int
    error: str


class Scorer(Protocol):
    """One model that scores."""

    @property
    def name(self) -> str:
        """What the model is called where nothing else says it."""

    def settings(self) -> Mapping[str, str]:
        """Resolve what decides a score: engine, hashes of weights and tokenizer, dtype, the distribution."""

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt; raises BadInput if it cannot be encoded as the specification says."""

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
        """Yield the position of each response with what came of it, in any order.

        A score is a function of the response alone, up to the rounding of its batch.
        """
