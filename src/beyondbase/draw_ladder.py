"""How far a problem is drawn before its successes are looked at again: the steps of a draw rule.

A problem climbs a ladder of targets: n_first, then a quarter more each time, up to n_max. It stays
on the first rung at or past its stop, so that what a run draws depends on its verdicts alone.
"""

from __future__ import annotations

import numpy as np

from beyondbase.errors import BadInput
from beyondbase.types import DrawRule, IntArray


def ladder(rule: DrawRule) -> list[int]:
    """List the targets that a problem climbs, the last one being n_max.

    >>> ladder(DrawRule(n_max=40, stop_at=4, n_first=16)), ladder(DrawRule(n_max=40, stop_at=None))
    ([16, 20, 25, 32, 40], [40])
    """
    check_rule(rule)
    if rule.stop_at is None:
        return [rule.n_max]
    rungs = [min(rule.n_first, rule.n_max)]
    while rungs[-1] < rule.n_max:
        rungs.append(min(rule.n_max, -(-rungs[-1] * 5 // 4)))
    return rungs


def samples_drawn(n_P: IntArray, rule: DrawRule) -> IntArray:
    """Samples that each problem of a finished run has, given the n_P that count: those past its stop included.

    >>> samples_drawn(np.array([4, 17, 40]), DrawRule(n_max=40, stop_at=4, n_first=16)).tolist()
    [16, 20, 40]
    """
    rungs = np.array(ladder(rule))
    drawn_P: IntArray = rungs[np.searchsorted(rungs, n_P)]
    return drawn_P


def check_rule(rule: DrawRule) -> None:
    """Raise BadInput if a rule cannot be followed or would give no unbiased estimate."""
    if rule.n_max < 1:
        raise BadInput(f"n_max: expected at least 1 sample a problem, got {rule.n_max}")
    if rule.n_first < 1:
        raise BadInput(f"n_first: expected at least 1, got {rule.n_first}")
    if rule.stop_at is not None and rule.stop_at < 2:
        raise BadInput(f"stop_at: expected at least 2, got {rule.stop_at}; one success gives no unbiased estimate")
