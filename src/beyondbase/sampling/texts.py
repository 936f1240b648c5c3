"""The text of sampled tokens, and stop strings in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from beyondbase.types import Finish

_HALF = "\ufffd"
"""what a tokenizer shows for bytes that are no whole character"""


def text_of(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int]) -> str:
    """Return all the text of some tokens, special ones included; a character cut off at the end is left out."""
    text = _decoded(tokenizer, token_ids)
    if not text.endswith(_HALF):
        return text
    # Half a character is at most three tokens, and may spoil whole ones before it that are made of bytes.
    shorter = (_decoded(tokenizer, token_ids[: len(token_ids) - cut]) for cut in range(1, 4))
    return max((each.rstrip(_HALF) for each in (text, *shorter)), key=len)


def answer_text(
    tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], finish: Finish, stop: Sequence[str]
) -> str:
    """Return the text of an answer: without the token that ended it, and up to and with the stop string that did."""
    text = text_of(tokenizer, token_ids[:-1] if finish is Finish.EOS else token_ids)
    return up_to_stop(text, stop) if finish is Finish.STOP else text


def up_to_stop(text: str, stop: Sequence[str]) -> str:
    """Return a text up to and with the stop string that ends first in it.

    >>> up_to_stop("a\\n\\nb", ["b", "\\n\\n"])
    'a\\n\\n'
    """
    return text[: min((text.index(word) + len(word) for word in stop if word in text), default=len(text))]


def stops_at(tokenizer: PreTrainedTokenizerBase, stop: Sequence[str]) -> Callable[[Sequence[int]], bool]:
    """Return what tells whether the last token of some completes a stop string, wherever that is cut into tokens."""
    # A token is at least one byte of text, so a stop string lies within this many last tokens.
    window = max(len(word.encode()) for word in stop) + 4

    def stopped(token_ids: Sequence[int]) -> bool:
        text = _decoded(tokenizer, token_ids[-window:])
        return any(word in text for word in stop)

    return stopped


@lru_cache(maxsize=4)
def stop_ids(tokenizer: PreTrainedTokenizerBase, stop: tuple[str, ...]) -> frozenset[int] | None:
    """Tokens that can complete a stop string: those that hold its last character, or a part of some character.

    None if any token can: white space may come from the way that tokens are joined.
    """
    ends = {word[-1] for word in stop}
    if any(end.isspace() for end in ends):
        return None
    ends.add(_HALF)
    texts = tokenizer.batch_decode([[i] for i in range(len(tokenizer))], clean_up_tokenization_spaces=False)
    return frozenset(i for i, text in enumerate(texts) if not ends.isdisjoint(text))


def _decoded(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(token_ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
