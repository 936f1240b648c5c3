"""The pretraining corpus: random traces, a share of which claims a target they do not reach."""

from __future__ import annotations

import random
from collections.abc import Iterator

from beyondbase.problems.countdown import IN_DISTRIBUTION, Split, question, random_trace, split_of


def corpus(seed: int, wrong_share: float) -> Iterator[tuple[str, str]]:
    """Yield (prompt, completion) pairs for ever; no problem is one of the RLVR or test splits.

    A trace with a wrong target has legal steps and right arithmetic, and ends in another number:
    it teaches the model to calculate and not to search, which is what makes a base of it.
    """
    rng = random.Random(f"corpus-{seed}")
    low, high = IN_DISTRIBUTION.targets
    while True:
        numbers, steps, target = random_trace(rng)
        if rng.random() < wrong_share:
            target = rng.randint(low, high)
        if low <= target <= high and split_of(numbers, target) is Split.PRETRAIN:
            yield question(numbers, target), " , ".join(steps)
