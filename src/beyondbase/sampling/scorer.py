"""What a scorer is: a model that says how likely given responses are under it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

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


def distribution(spec: ScoreSpec) -> dict[str, str]:
    """Return what scorer.json keeps of a distribution.

    >>> distribution(ScoreSpec(0.6, 0.95))
    {'temperature': '0.6', 'top_p': '0.95', 'top_k': 'none'}
    """
    top_k = "none" if spec.top_k is None else str(spec.top_k)
    return {"temperature": f"{spec.temperature:g}", "top_p": f"{spec.top_p:g}", "top_k": top_k}


def folder_name(model: str, weights_hash: str, spec: ScoreSpec) -> str:
    """Name the folder of a scorer's scores: the model, its weights, and the distribution if it is not the model's own.

    >>> folder_name("Qwen/Qwen2.5-7B", "f1359377024a85cf", ScoreSpec())
    'Qwen2.5-7B-f1359377'
    >>> folder_name("base_model", "f1359377024a85cf", ScoreSpec(0.6, 0.95, 50))
    'base_model-f1359377-t0.6-p0.95-k50'
    """
    own = re.sub(r"[^A-Za-z0-9._+]+", "-", model.rstrip("/").rpartition("/")[2]).strip("-._+") or "model"
    name = f"{own}-{weights_hash[:8]}"
    if (spec.temperature, spec.top_p) != (1, 1):
        name += f"-t{spec.temperature:g}-p{spec.top_p:g}"
    return name if spec.top_k is None else f"{name}-k{spec.top_k}"


class Response(NamedTuple):
    """One response to be scored: the ids of its prompt, and its own, the token that ended it included."""

    prompt_ids: tuple[int, ...]
    token_ids: Sequence[int] | NDArray[np.int32]


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
    top_ids: Sequence[int] | NDArray[np.int32]
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
        """What the model is called."""

    @property
    def spec(self) -> ScoreSpec:
        """What responses are scored under."""

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what decides a score: model, hashes of weights and tokenizer, dtype, the first prompt's token ids."""

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        """Token ids of a prompt; raises BadInput if it cannot be encoded as the specification says."""

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
        """Yield the position of each response with what came of it, in any order.

        A score is a function of the response alone, up to the rounding of its batch.
        """
