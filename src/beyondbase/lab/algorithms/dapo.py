"""DAPO: GRPO with four changes.

The ratio may rise further than it may fall (clip-higher: 0.2 and 0.28); problems whose answers are all right or all
wrong are replaced by others until the batch is full (dynamic sampling); the loss is the mean over all tokens, so that a
long answer's tokens count as much as a short one's; an answer that runs into the last share of the tokens allowed loses
reward, linearly down to 1 for one that is cut (overlong shaping).
Source: Yu et al. 2025 (arXiv 2503.14476), equations 8 to 13. In the paper the last fifth of 20,480 tokens is the soft
zone (16,384 and 4,096); here it is the last quarter, since a whole answer of the small world takes 18 of 24.
"""

from __future__ import annotations

from beyondbase.lab.algorithms.algorithm import Algorithm, Average
from beyondbase.lab.algorithms.grpo import advantages

DAPO = Algorithm(advantages, Average.TOKEN, clip_high=0.28, dynamic_sampling=True, overlong_share=0.25)


def overlong_penalty(length: int, max_tokens: int, share: float) -> float:
    """What an answer's length costs: 0 outside the last share of the tokens, then down to -1 (equation 13).

    >>> [overlong_penalty(length, 20, share=0.2) for length in (16, 18, 20)]
    [0.0, -0.5, -1.0]
    """
    zone = share * max_tokens
    return min(0.0, (max_tokens - zone - length) / zone) if zone else 0.0
