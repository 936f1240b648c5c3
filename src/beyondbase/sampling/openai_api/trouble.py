"""When failures mean that the whole run should stop, rather than fail request by request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from beyondbase.errors import BadInput
from beyondbase.sampling.openai_api.exchange import Passing, Refused
from beyondbase.types import SampleRequest

_REFUSED_REQUESTS = 3
_REFUSED_PROBLEMS = 10
"""first requests that are refused alike, or first problems that are too long, before all count as refused"""
_MENDS = {
    401: "set the key in the environment variable that api-key-env names",
    402: "the account has no credit",
    403: "the key may not use this model",
    404: "look at base-url, the model's name and the form (plain or chat)",
    405: "look at base-url",
}
_TOO_LONG = re.compile(
    r"context|too long|(maximum|max_model|input|prompt|inputs`?)[ _](length|len|tokens)", re.IGNORECASE
)


@dataclass(slots=True)
class Trouble:
    """What has failed so far, and whether anything has not."""

    base_url: str
    most_in_a_row: int
    """requests that fail one after the other before the server counts as gone"""
    answered: bool = False
    in_a_row: int = 0
    refused_alike: dict[str, set[object]] = field(default_factory=dict)
    """reason -> requests, or problems, that were refused for it before any was answered"""

    def over(self) -> None:
        """Note a request that was answered."""
        self.answered, self.in_a_row = True, 0

    def passing(self, error: Passing) -> None:
        """Note a request that failed after all its attempts; raises BadInput once too many did so in a row."""
        self.in_a_row += 1
        if self.in_a_row >= self.most_in_a_row:
            raise BadInput(
                f"{self.base_url}: expected answers, got {self.in_a_row} failed requests in a row, the last: {error}; "
                "what came before is stored: mend the server and run the same command again"
            )

    def refused(self, error: Refused, request: SampleRequest) -> None:
        """Note a refused request; raises BadInput if all others would be refused as well."""
        if error.status in _MENDS or 300 <= error.status < 400:
            mend = _MENDS.get(error.status, "base-url should be the address that it points to")
            raise BadInput(f"{self.base_url}: {error}; {mend}")
        self.in_a_row = 0
        if self.answered:
            return
        # A prompt that is too long is refused for itself, with its own length in the reason.
        long = is_too_long(error)
        alike = self.refused_alike.setdefault("too long" if long else str(error), set())
        alike.add(request.problem_id if long else (request.problem_id, request.sample_index))
        if len(alike) >= (_REFUSED_PROBLEMS if long else _REFUSED_REQUESTS):
            raise BadInput(
                f"{self.base_url}: refused the first requests (the last for problem {request.problem_id!r}): {error}; "
                "mend what it names, in the settings or in the problems"
            )


def is_too_long(error: Refused) -> bool:
    """Whether a request was refused for the length of its own prompt.

    >>> is_too_long(Refused("HTTP 400: maximum context length is 2048 tokens", 400))
    True
    """
    return error.status == 413 or bool(_TOO_LONG.search(f"{error} {error.code}"))
