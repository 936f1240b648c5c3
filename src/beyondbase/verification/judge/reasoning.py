"""The verifier: another one finds answers right, and votes of a model say whether their reasoning is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.seeds import sample_seed
from beyondbase.types import Completion, Judgement, Problem, Prompt, SampleRequest, SamplingSpec, Verdict
from beyondbase.verification.judge.ballot import Ballot
from beyondbase.verification.judge.rule import JudgeRule
from beyondbase.verification.judge.template import JudgeTemplate
from beyondbase.verification.verifier import Answer, BatchVerifier, Recorded, Verifier

VERSION = "1"
_MOST_AHEAD = 2_000
"""answers read ahead of the first that is not yet judged"""
_LONGEST_SLUG = 40
_EXAMPLE = Problem("example", "What is 2 + 2?", "{}")


class VotingModel(Protocol):
    """A model that answers many prompts at once; every engine of `sampling` is one."""

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Say what decides its answers."""

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, in any order; raises BeyondbaseError for what ends all."""


@dataclass(frozen=True, slots=True)
class Voting:
    """How a judge is asked."""

    template: JudgeTemplate
    spec: SamplingSpec
    votes: int = 3
    rule: JudgeRule = JudgeRule.MAJORITY
    at_once: int = 256
    """requests given to the model together, about; decides no verdict"""

    def __post_init__(self) -> None:
        if self.votes < 1:
            raise BadInput(f"judge-votes: expected at least 1, got {self.votes}")
        if self.spec.temperature == 0 and self.votes > 1:
            raise BadInput(
                f"judge-votes: expected 1 at temperature 0, where all votes are one and the same, got {self.votes}; "
                "lower it, or raise --judge-temperature"
            )


class ReasoningJudge:
    """Call an answer correct if `over` does and the votes of `model` call its reasoning valid.

    What `over` does not call correct keeps its verdict and is not shown to the model. A right answer whose
    reasoning is refused is wrong. A request that fails, and votes that cannot be read and were asked for as many
    times more, are `verifier_error` unless the other votes decide: missing data, never a refusal.
    """

    def __init__(self, over: Verifier, model: VotingModel, model_name: str, voting: Voting) -> None:
        self._over, self._model, self._model_name, self._voting = over, model, model_name, voting
        self._settled = dict[bytes, Judgement]()

    @cached_property
    def name(self) -> str:
        """The model's name, and a digest of all that decides a verdict."""
        voting = self._voting
        spec = dataclasses.asdict(voting.spec)
        decides = [self._model_name, self._over.name, voting.votes, voting.rule.value, voting.template.hash, spec]
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:8]
        slug = re.sub(r"[^A-Za-z0-9._]+", "-", self._model_name.rpartition("/")[2])[:_LONGEST_SLUG].strip("-.")
        return f"judge-{VERSION}+{slug or 'model'}-{digest}"

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """How votes are asked for and counted, the model and its server, and the settings of the verifier below."""
        voting, spec = self._voting, self._voting.spec
        below = self._over.settings if isinstance(self._over, Recorded) else {}
        return {
            **self._model.settings(spec, [voting.template.prompt(_EXAMPLE, "2 + 2 = 4\nAnswer: 4")]),
            "over": self._over.name,
            **{f"over.{name}": value for name, value in below.items()},
            "votes": str(voting.votes),
            "rule": voting.rule.value,
            "template": voting.template.name,
            "template_hash": voting.template.hash,
            "temperature": repr(spec.temperature),
            "top_p": repr(spec.top_p),
            "max_tokens": str(spec.max_tokens),
            "seed": str(spec.seed),
        }

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one answer."""
        return next(self.verify_all([Answer(problem, text)]))

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge answers in order, the votes of many at once.

        Where the model ends all (a budget that is spent, a server that is gone), what was decided is yielded, the
        rest of those under way as `verifier_error`, and then the BeyondbaseError is raised.
        """
        most = -(-self._voting.at_once // self._voting.votes)
        waiting, owing = list[tuple[Answer, Judgement]](), 0
        for answer, judgement in self._judged_below(answers):
            waiting.append((answer, judgement))
            owing += judgement.verdict is Verdict.CORRECT
            if owing >= most or len(waiting) >= _MOST_AHEAD:
                yield from self._settle(waiting)
                waiting, owing = [], 0
        yield from self._settle(waiting)

    def _judged_below(self, answers: Iterable[Answer]) -> Iterator[tuple[Answer, Judgement]]:
        if not isinstance(self._over, BatchVerifier):
            yield from ((answer, _tried(self._over, answer)) for answer in answers)
            return
        under_way = list[Answer]()

        def noted() -> Iterator[Answer]:
            for answer in answers:
                under_way.append(answer)
                yield answer

        for judgement in self._over.verify_all(noted()):
            yield under_way.pop(0), judgement

    def _settle(self, waiting: Sequence[tuple[Answer, Judgement]]) -> Iterator[Judgement]:
        keys = [_key(answer) if below.verdict is Verdict.CORRECT else None for answer, below in waiting]
        ballots, voting = dict[str, Ballot](), self._voting
        for key, (answer, below) in zip(keys, waiting, strict=True):
            if key is not None and key not in self._settled:
                prompt = voting.template.prompt(answer.problem, answer.text)
                name = f"{answer.problem.problem_id} {key.hex()}"
                ballots.setdefault(name, Ballot(key, name, prompt, below, voting.rule, voting.votes))
        end = self._vote(ballots)
        came = {ballot.key: ballot.judgement() for ballot in ballots.values()}
        # A verdict is kept; what failed is asked again.
        self._settled |= {key: made for key, made in came.items() if made.verdict is not Verdict.VERIFIER_ERROR}
        for key, (_, below) in zip(keys, waiting, strict=True):
            yield below if key is None else self._settled.get(key) or came[key]
        if end is not None:
            raise end

    def _vote(self, ballots: Mapping[str, Ballot]) -> BeyondbaseError | None:
        """Ask until every ballot is decided or has no further vote to ask for; return what ended it before."""
        spec = self._voting.spec
        while requests := [
            SampleRequest(ballot.name, ballot.prompt, index, sample_seed(spec.seed, ballot.name, index))
            for ballot in ballots.values()
            for index in ballot.ask()
        ]:
            try:
                for request, completion in self._model.generate(requests, spec):
                    ballots[request.problem_id].take(request.sample_index, completion)
            except BeyondbaseError as error:
                return error
        return None


def _tried(verifier: Verifier, answer: Answer) -> Judgement:
    try:
        return verifier.verify(*answer)
    except Exception as error:
        # As in the runner: whatever a verifier dies of is missing data of this answer alone.
        return Judgement(Verdict.VERIFIER_ERROR, detail=" ".join(f"{type(error).__name__}: {error}".split()))


def _key(answer: Answer) -> bytes:
    """Digest of what a vote is about, the same for equal answers to one problem."""
    parts = [answer.problem.problem_id, answer.problem.question, answer.text]
    return hashlib.sha256(json.dumps(parts).encode()).digest()[:16]
