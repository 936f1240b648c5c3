"""What votes come to, and when those that are in decide whatever the missing ones would say."""

from __future__ import annotations

from enum import StrEnum


class JudgeRule(StrEnum):
    """How many votes must call reasoning valid."""

    ANY = "any"
    """one"""
    MAJORITY = "majority"
    """more than half of all"""
    ALL = "all"
    """all"""


def needed(rule: JudgeRule, votes: int) -> int:
    """Return how many of `votes` must say valid.

    >>> [needed(rule, 4) for rule in JudgeRule]
    [1, 3, 4]
    """
    return {JudgeRule.ANY: 1, JudgeRule.MAJORITY: votes // 2 + 1, JudgeRule.ALL: votes}[rule]


def decided(rule: JudgeRule, valid: int, invalid: int, votes: int) -> bool | None:
    """Return whether reasoning stands, or None while the votes that are missing could turn it either way.

    >>> decided(JudgeRule.MAJORITY, 2, 0, 3), decided(JudgeRule.MAJORITY, 1, 1, 3), decided(JudgeRule.ALL, 2, 1, 3)
    (True, None, False)
    """
    enough = needed(rule, votes)
    if valid >= enough:
        return True
    return False if votes - invalid < enough else None
