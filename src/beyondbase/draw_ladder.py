"""How far a problem is drawn before its successes are looked at again: the steps of a draw rule.

A problem climbs a ladder of targets: n_first, then a quarter more each time, up to n_max. It stays
on the first rung at or past its stop, so that what a run draws depends on its verdicts alone.
"""

from __future__ import annotations

import numpy as np

from beyondbase.checks import instance, is_whole, shown, whole_number
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
    instance(DrawRule, rule)
    unbiased = "; one success gives no unbiased estimate"
    for name, value, low, of_what, why in (
        ("n_max", rule.n_max, 1, " sample a problem", ""),
        ("n_first", rule.n_first, 1, "", ""),
        ("stop_at", rule.stop_at, 2, "", unbiased),
    ):
        if name == "stop_at" and value is None:
            continue
        if not is_whole(value) or value < low:  # type: ignore[operator]
            raise BadInput(f"{name}: expected at least {low}{of_what}, got {shown(value)}{why}")
        whole_number(name, value, low)
