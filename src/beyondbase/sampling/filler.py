"""Made-up reasoning: text of a given length with its tokens and its exact probability, from a seed.

Pieces are drawn independently, so a text says nothing; but it is as varied as a real solution: what zstd makes of
it is what it makes of written solutions of different maths problems (benchmarks/store_full_size.py).
"""

from __future__ import annotations

import hashlib
import random
from array import array
from functools import cache
from typing import NamedTuple

import numpy as np

from beyondbase.types import FloatArray

FIRST_TOKEN = 256
"""below it a token is a byte"""
_WORDS = """the of is to and we a that in for so can it this are by from as be on with have number value each equation
then get since must find let which first total one two sides if at not sum an there point equal now know between line
both more than times all where given other has same solve using means only way three length angle side need square
next also product triangle set left area into substitute step term factor case when its but answer check again
expression see could right our simplify power positive function divided last root remaining circle degree minus
multiply per second following use distance half therefore thus note digits these no out prime add possible radius ratio
integer still before after up make polynomial terms just four gives write over rate actually wait subtract divide
result problem even odd numbers values points below above parallel center probability choose ways order least greatest
common divisor remainder sequence series limit matrix vector base height volume cube real roots complex coefficient
constant compare consider suppose assume because hence however instead either every any such very long short"""
_MARKS = [" =", ",", ".", "\n", " +", " -", ":", " (", ")", " x", " n", "^2", " \\cdot", "/", " y", "\n\n", " $", "$"]
_PHRASES, _LONGEST_PHRASE = 1200, 9
_PHRASE_SHARE = 0.2
_DRAWS = 1 << 16
"""a piece is drawn by two bytes, so its probability is a multiple of 1 / 65,536"""


class Reasoning(NamedTuple):
    """One text, its token ids and its log-probability in nats."""

    text: str
    token_ids: array[int]
    logprob: float


class _Pieces(NamedTuple):
    """What each of the 65,536 draws gives: text, int32 token ids as bytes, log-probability; and the mean length."""

    text_D: list[str]
    token_bytes_D: list[bytes]
    logprob_D: FloatArray
    mean_chars: float


def reasoning(seed: int, chars: int) -> Reasoning:
    """Make up about `chars` characters of reasoning, a token for about every four.

    >>> one = reasoning(seed=1, chars=2000)
    >>> one == reasoning(seed=1, chars=2000), abs(len(one.text) - 2000) < 500
    (True, True)
    """
    pieces = _pieces()
    count = max(1, round(chars / pieces.mean_chars))
    drawn = np.frombuffer(hashlib.shake_128(seed.to_bytes(8, "big")).digest(2 * count), dtype=np.uint16)
    at = drawn.tolist()
    text = "".join(map(pieces.text_D.__getitem__, at))
    token_ids = array("i", b"".join(map(pieces.token_bytes_D.__getitem__, at)))
    return Reasoning(text, token_ids, float(pieces.logprob_D[drawn].sum()))


@cache
def _pieces() -> _Pieces:
    """Words, marks and numbers, and phrases made of them, the frequent first: Zipf's law within either kind."""
    ranked = [(rank, f" {word}") for rank, word in enumerate(_WORDS.split())]
    ranked += [(2 * rank, mark) for rank, mark in enumerate(_MARKS)]
    ranked += [(3 * number + 9, f" {number}") for number in range(100)]
    words = [word for _, word in sorted(ranked)]
    of_token = {word: FIRST_TOKEN + rank for rank, word in enumerate(words)}
    weights = _zipf(len(words))
    rng = random.Random(0)
    phrases = [rng.choices(words, weights.tolist(), k=rng.randint(3, _LONGEST_PHRASE)) for _ in range(_PHRASES)]
    pieces = [[word] for word in words] + phrases
    p_U = np.concatenate([(1 - _PHRASE_SHARE) * weights, _PHRASE_SHARE * _zipf(_PHRASES)])
    ends = np.rint(p_U.cumsum() / p_U.sum() * _DRAWS).astype(np.int64)
    draws_U = np.diff(ends, prepend=0)
    of_D = np.repeat(np.arange(len(pieces)), draws_U)
    texts = ["".join(piece) for piece in pieces]
    token_bytes = [array("i", [of_token[word] for word in piece]).tobytes() for piece in pieces]
    text_D = [texts[u] for u in of_D]
    return _Pieces(
        text_D,
        [token_bytes[u] for u in of_D],
        np.log(draws_U[of_D] / _DRAWS),
        sum(map(len, text_D)) / _DRAWS,
    )


def _zipf(count: int) -> FloatArray:
    weights: FloatArray = 1.0 / (np.arange(count, dtype=np.float64) + 2.7)
    weights /= weights.sum()
    return weights
