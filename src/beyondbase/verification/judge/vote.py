"""What a judge said: one vote, or none that can be read."""

from __future__ import annotations

import re

from beyondbase.types import Completion, Finish

_VERDICT = re.compile(r"Verdict: (VALID|INVALID)")
_MARKS = " \t*_`."
"""what a model may put around its verdict"""


def read_vote(completion: Completion) -> bool | None:
    """Return True for valid, False for invalid, None where the last line is no verdict or the reply was cut.

    >>> [read_vote(Completion(text, (), None, None, Finish.EOS)) for text in ("So\\nVerdict: VALID", "It is VALID")]
    [True, None]
    """
    lines = completion.text.strip().splitlines()
    if completion.finish not in (Finish.EOS, Finish.STOP) or not lines:
        return None
    found = _VERDICT.fullmatch(lines[-1].strip(_MARKS))
    return None if found is None else found[1] == "VALID"
