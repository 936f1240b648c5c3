"""A judge whose votes are scripted: what comes of them, and who is asked what."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest

from beyondbase.errors import BadInput, BudgetSpent
from beyondbase.types import Completion, Finish, Judgement, Problem, Prompt, SampleRequest, SamplingSpec, Verdict
from beyondbase.verification.exact import ExactMatch
from beyondbase.verification.judge import JudgeRule, JudgeTemplate, ReasoningJudge
from beyondbase.verification.judge.reasoning import Voting
from beyondbase.verification.verifier import Answer

PROBLEM = Problem("p", "6 * 7", '{"answer": 42}')
SPEC = SamplingSpec(temperature=0.6, max_tokens=100)
VOTE = {"Y": "Verdict: VALID", "N": "Verdict: INVALID", "?": "who knows"}


class Jury:
    """Casts the votes that stand in the judged text as `votes YN?!`: ! fails, $ ends all."""

    def __init__(self) -> None:
        self.asked: list[SampleRequest] = []
        self.rounds = 0

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {"model": "jury", "first_prompt": prompts[0].text}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        self.rounds += 1
        self.asked += requests
        for request in reversed(requests):  # as they are finished
            cast = request.prompt.text.split("votes ")[1].split()[0]
            vote = cast[request.sample_index]
            if vote == "$":
                continue
            failed = Completion.failed("busy")
            yield request, failed if vote == "!" else Completion(VOTE[vote], (), None, None, Finish.EOS)
        if any("$" in request.prompt.text for request in requests):
            raise BudgetSpent("budget: spent")


def judge_of(jury: Jury, rule: JudgeRule = JudgeRule.MAJORITY, votes: int = 3, **more: int) -> ReasoningJudge:
    return ReasoningJudge(ExactMatch(), jury, "org/jury", Voting(JudgeTemplate.of("steps"), SPEC, votes, rule, **more))


def text(votes: str, answer: str = "42") -> str:
    return f"votes {votes}\nanswer: {answer}"


@pytest.mark.parametrize(
    ("rule", "votes", "verdict", "detail"),
    [
        ("majority", "YYN", "correct", "reasoning accepted: votes YYN"),
        ("majority", "NYN", "wrong", "answer right, reasoning refused: votes NYN"),
        ("any", "NNY", "correct", "reasoning accepted: votes NNY"),
        ("any", "NNN", "wrong", "answer right, reasoning refused: votes NNN"),
        ("all", "YYN", "wrong", "answer right, reasoning refused: votes YYN"),
        ("all", "YYY", "correct", "reasoning accepted: votes YYY"),
        # unreadable: asked again, up to as many times more
        ("majority", "Y?NY", "correct", "reasoning accepted: votes Y?NY"),
        ("all", "??YYY", "correct", "reasoning accepted: votes ??YYY"),
        ("majority", "??????", "verifier_error", "votes ??????: votes cannot be read"),
        ("all", "?????Y", "verifier_error", "votes ?????Y: votes cannot be read"),
        # a failed request is missing data, unless the others decide
        ("majority", "Y!N", "verifier_error", "votes YN: busy"),
        ("majority", "Y!Y", "correct", "reasoning accepted: votes YY"),
        ("all", "!!N", "wrong", "answer right, reasoning refused: votes N"),
        ("any", "!!!", "verifier_error", "votes none: busy"),
    ],
)
def test_what_votes_come_to(rule: str, votes: str, verdict: str, detail: str) -> None:
    judged = judge_of(Jury(), JudgeRule(rule)).verify(PROBLEM, text(votes))
    assert (judged.verdict.value, judged.detail) == (verdict, detail)
    assert judged.answer == ("" if verdict == "verifier_error" else "42")


def test_only_right_answers_are_shown_to_the_model_and_others_keep_their_verdict() -> None:
    jury = Jury()
    judged = [judge_of(jury).verify(PROBLEM, each) for each in (text("YYY", "41"), " ", text("NNN"))]
    assert [each.verdict for each in judged] == [Verdict.WRONG, Verdict.NO_ANSWER, Verdict.WRONG]
    assert judged[0] == ExactMatch().verify(PROBLEM, text("YYY", "41"))
    assert len(jury.asked) == 3


def test_equal_answers_are_judged_once_and_failures_anew() -> None:
    jury = Jury()
    judge = judge_of(jury)
    for _ in range(2):
        verdicts = list(judge.verify_all([Answer(PROBLEM, text("YYY")), Answer(PROBLEM, text("YYY"))]))
        assert [each.verdict for each in verdicts] == [Verdict.CORRECT] * 2
    assert len(jury.asked) == 3
    for _ in range(2):
        assert judge.verify(PROBLEM, text("!!!")).verdict is Verdict.VERIFIER_ERROR
    assert len(jury.asked) == 9
    # the same words about another question are another matter
    judge.verify(dataclasses.replace(PROBLEM, problem_id="q"), text("YYY"))
    assert len(jury.asked) == 12


def test_votes_have_seeds_of_their_own_which_nothing_but_the_vote_decides() -> None:
    one, many = Jury(), Jury()
    judge_of(one).verify(PROBLEM, text("YYY"))
    list(judge_of(many).verify_all([Answer(PROBLEM, text("NNN")), Answer(PROBLEM, text("YYY"))]))
    assert len({request.seed for request in many.asked}) == 6
    assert set(one.asked) <= set(many.asked)


def test_answers_are_judged_in_order_many_at_once_and_read_no_further_than_that() -> None:
    jury, read = Jury(), Counter[str]()

    def answers() -> Iterator[Answer]:
        for index in range(100):
            read["answers"] += 1
            right = index % 2 == 0
            yield Answer(PROBLEM, text("YYY" if index % 4 == 0 else "NNN", "42" if right else "7") + " " * index)

    verdicts = judge_of(jury, at_once=12).verify_all(answers())
    first = next(verdicts)
    assert (first.verdict, read["answers"], len(jury.asked)) == (Verdict.CORRECT, 7, 12)
    assert [each.verdict is Verdict.CORRECT for each in verdicts] == [index % 4 == 0 for index in range(1, 100)]
    assert jury.rounds == 13


def test_a_spent_budget_leaves_what_was_decided_and_ends() -> None:
    judged, end = list[Judgement](), ""
    try:
        for each in judge_of(Jury()).verify_all([Answer(PROBLEM, text(v)) for v in ("YYY", "Y$$", "NNN")]):
            judged.append(each)
    except BudgetSpent as error:
        end = str(error)
    assert [each.verdict.value for each in judged] == ["correct", "verifier_error", "wrong"]
    assert (judged[1].detail, end) == ("votes Y: not asked to the end", "budget: spent")


class Batch(ExactMatch):
    """A verifier below that judges in batches, and one that dies of some answers."""

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        for answer in answers:
            yield self.verify(*answer)


class Dies(ExactMatch):
    def verify(self, problem: Problem, text: str) -> Judgement:
        if "die" in text:
            raise RuntimeError("of that")
        return super().verify(problem, text)


@pytest.mark.parametrize("over", [Batch, Dies])
def test_the_verifier_below_may_judge_in_batches_or_die_of_one_answer(over: Callable[[], ExactMatch]) -> None:
    judge = ReasoningJudge(over(), Jury(), "jury", Voting(JudgeTemplate.of("steps"), SPEC))
    answers = [Answer(PROBLEM, each) for each in (text("YYY"), "die", text("NNN"))]
    below = Verdict.VERIFIER_ERROR if over is Dies else Verdict.WRONG
    assert [each.verdict for each in judge.verify_all(answers)] == [Verdict.CORRECT, below, Verdict.WRONG]


def test_settings_say_all_that_decides_and_other_settings_are_another_name() -> None:
    judge = judge_of(Jury())
    assert (
        judge.settings.items()
        >= {
            "model": "jury",
            "over": "exact-1",
            "votes": "3",
            "rule": "majority",
            "template": "steps",
            "temperature": "0.6",
            "seed": "0",
        }.items()
    )
    assert judge.settings["template_hash"] == JudgeTemplate.of("steps").hash
    assert judge.name.startswith("judge-1+jury-")
    others = [judge_of(Jury(), JudgeRule.ANY), judge_of(Jury(), votes=5)]
    voting = Voting(JudgeTemplate("x", "{mark}{question}{answer}"), SPEC)
    others.append(ReasoningJudge(ExactMatch(), Jury(), "org/jury", voting))
    voting = Voting(JudgeTemplate.of("steps"), dataclasses.replace(SPEC, seed=1))
    others.append(ReasoningJudge(ExactMatch(), Jury(), "org/jury", voting))
    others.append(ReasoningJudge(ExactMatch(), Jury(), "other/jury", Voting(JudgeTemplate.of("steps"), SPEC)))
    names = {judge.name, *(other.name for other in others)}
    assert len(names) == 6
    assert judge_of(Jury(), at_once=1).name == judge.name


def test_votes_that_would_all_be_one_are_refused() -> None:
    with pytest.raises(BadInput, match="judge-votes: expected 1 at temperature 0"):
        Voting(JudgeTemplate.of("steps"), dataclasses.replace(SPEC, temperature=0), 3)
    with pytest.raises(BadInput, match="judge-votes: expected at least 1, got 0"):
        Voting(JudgeTemplate.of("steps"), SPEC, 0)
