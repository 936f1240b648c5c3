from __future__ import annotations

from itertools import product

import pytest

from beyondbase.types import Completion, Finish
from beyondbase.verification.judge import JudgeRule
from beyondbase.verification.judge.rule import decided
from beyondbase.verification.judge.vote import read_vote

MEANS = {
    JudgeRule.ANY: any,
    JudgeRule.ALL: all,
    JudgeRule.MAJORITY: lambda votes: sum(votes) > len(votes) / 2,
}


@pytest.mark.parametrize("rule", JudgeRule)
@pytest.mark.parametrize("votes", range(1, 7))
def test_votes_decide_when_and_only_when_no_missing_vote_could_turn_them(rule: JudgeRule, votes: int) -> None:
    for seen in range(votes + 1):
        for valid in range(seen + 1):
            cast = [True] * valid + [False] * (seen - valid)
            outcomes = {MEANS[rule]([*cast, *rest]) for rest in product([True, False], repeat=votes - seen)}
            expected = outcomes.pop() if len(outcomes) == 1 else None
            assert decided(rule, valid, seen - valid, votes) is expected


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("Verdict: VALID", True),
        ("step 2 is wrong\n\n**Verdict: INVALID**\n", False),
        ("Verdict: INVALID\nno, wait\nVerdict: VALID", True),
        ("Verdict: VALID\nor so I think", None),
        ("Verdict: VALID or INVALID", None),
        ("The verdict: VALID", None),
        ("verdict: valid", None),
        ("VALID", None),
        ("Verdict: UNSURE", None),
        ("", None),
        (" \n\0\n ", None),
    ],
)
def test_a_vote_is_the_last_line_and_nothing_else(text: str, vote: bool | None) -> None:
    assert read_vote(Completion(text, (), None, None, Finish.EOS)) is vote
    assert read_vote(Completion(text, (), None, None, Finish.LENGTH)) is None
    assert read_vote(Completion(text, (), None, None, Finish.ERROR)) is None
