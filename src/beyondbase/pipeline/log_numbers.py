"""Numbers of a foreign log that a run has no room for."""

from __future__ import annotations

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignSample
from beyondbase.wording import in_short

MOST_TOKEN = 2**31
MOST_NUMBER = 2**63


def check_numbers(sample: ForeignSample, where: str) -> None:
    """Raise BadInput for a seed, a count of tokens or a token that no program has written as such."""
    for name, value in (("seed", sample.seed), ("count of tokens", sample.n_tokens)):
        if value is not None and not -MOST_NUMBER <= value < MOST_NUMBER:
            raise BadInput(f"{where}: expected a {name} below 2^63, got {in_short(value)}; see the log")
    ids = sample.token_ids
    if len(ids) and not (min(ids) >= -MOST_TOKEN and max(ids) < MOST_TOKEN):
        raise BadInput(f"{where}: expected token ids below 2^31, got {in_short(max(ids, key=abs))}; see the log")
