"""Which problems of a run one of several writers owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from beyondbase.checks import whole_number

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `of`-th problem of a run, in its order, from the `index`-th on (0 the first).

    >>> Shard(1, 3).take("abcdefgh")
    'beh'
    >>> Shard(3, 3)
    Traceback (most recent call last):
    beyondbase.errors.BadInput: shard: expected a whole number 0 <= shard <= 2, one of 3, got '3'
    """

    index: int
    of: int

    def __post_init__(self) -> None:
        whole_number("shards", self.of, 1)
        whole_number("shard", self.index, 0, self.of - 1, what=f"one of {self.of}")

    def take(self, items: Sequence[T]) -> Sequence[T]:
        """The items at this shard's positions."""
        return items[self.index :: self.of]

    def __str__(self) -> str:
        # as --shard is written, the first being 1
        return f"shard {self.index + 1}/{self.of}"


WHOLE = Shard(0, 1)
"""all problems: the one writer of a run"""
