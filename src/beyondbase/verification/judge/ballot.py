"""The votes on one answer: which are in, which are still to be asked for, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from beyondbase.types import Completion, Finish, Judgement, Prompt, Verdict
from beyondbase.verification.judge.rule import JudgeRule, decided
from beyondbase.verification.judge.vote import read_vote

_SAID = {True: "Y", False: "N", None: "?"}


@dataclass(slots=True)
class Ballot:
    """Votes on the reasoning of one right answer; a vote that cannot be read is asked for under another index."""

    key: bytes
    name: str
    prompt: Prompt
    below: Judgement
    """of the verifier that found the answer right"""
    rule: JudgeRule
    votes: int
    said: dict[int, bool | None] = field(default_factory=dict)
    """index of a vote -> valid, invalid, or not to be read"""
    failure: str = ""
    """why a request came to nothing"""
    asked: int = 0

    def ask(self) -> Sequence[int]:
        """Return the indices of the votes to ask for next: those missing, in all at most twice the number of votes."""
        if self.failure or self.decision is not None:
            return ()
        missing = self.votes - sum(vote is not None for vote in self.said.values())
        first, self.asked = self.asked, min(self.asked + missing, 2 * self.votes)
        return range(first, self.asked)

    def take(self, index: int, completion: Completion) -> None:
        """Note what came of one request."""
        if completion.finish is Finish.ERROR:
            self.failure = completion.error or "the request failed"
        else:
            self.said[index] = read_vote(completion)

    @property
    def decision(self) -> bool | None:
        """Whether the reasoning stands; None while the missing votes could turn it."""
        votes = list(self.said.values())
        return decided(self.rule, votes.count(True), votes.count(False), self.votes)

    def judgement(self) -> Judgement:
        """Return what the votes make of the judgement below; missing data where they do not decide."""
        votes = "".join(_SAID[self.said[index]] for index in sorted(self.said)) or "none"
        match self.decision:
            case True:
                return replace(self.below, detail=f"reasoning accepted: votes {votes}")
            case False:
                return Judgement(Verdict.WRONG, self.below.answer, f"answer right, reasoning refused: votes {votes}")
            case None:
                why = self.failure or (
                    "votes cannot be read" if self.asked == 2 * self.votes else "not asked to the end"
                )
                return Judgement(Verdict.VERIFIER_ERROR, detail=f"votes {votes}: {why}")
