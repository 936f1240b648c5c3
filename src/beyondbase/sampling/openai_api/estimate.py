"""What a run may cost at most, before any of it is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beyondbase.sampling.openai_api.replies import Usage
from beyondbase.sampling.openai_api.spending import cost_usd
from beyondbase.sampling.options import ServerOptions
from beyondbase.types import SamplingSpec


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that a run can need if no problem stops before n_max and no request fails."""

    samples: int
    requests: int
    prompt_tokens: int
    answer_tokens: int
    """every sample as long as max_tokens"""
    usd: float | None
    """None without prices"""
    counted: str
    """how prompt tokens were counted"""

    def lines(self) -> list[str]:
        """What a reader is told."""
        cost = "no prices given" if self.usd is None else f"at most ${self.usd:,.2f}"
        return [
            f"at most {self.samples:,} samples in {self.requests:,} requests",
            f"at most {self.prompt_tokens:,} prompt tokens (counted {self.counted})",
            f"at most {self.answer_tokens:,} answer tokens (every answer as long as max-tokens)",
            f"cost: {cost}",
        ]


def estimate(
    prompt_tokens: Sequence[int], spec: SamplingSpec, n_max: int, options: ServerOptions, counted: str
) -> Estimate:
    """Estimate a run of n_max samples for each of the prompts, given their numbers of tokens.

    >>> estimate([100, 300], SamplingSpec(max_tokens=1000), 64, ServerOptions(), "by hand").answer_tokens
    128000
    """
    per_prompt = -(-n_max // options.samples_per_request)
    most = Usage(per_prompt * sum(prompt_tokens), n_max * len(prompt_tokens) * spec.max_tokens)
    return Estimate(
        n_max * len(prompt_tokens),
        per_prompt * len(prompt_tokens),
        most.prompt,
        most.answer,
        cost_usd(most, options),
        counted,
    )
