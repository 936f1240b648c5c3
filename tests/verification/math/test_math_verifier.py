"""What is the same answer, and what is not."""

from __future__ import annotations

import json

import pytest

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.math.extract import last_box
from beyondbase.verification.math.options import MathOptions, MathRule
from beyondbase.verification.math.verifier import MathVerifier
from beyondbase.verification.verifier import Answer


def problem(gold: object) -> Problem:
    return Problem("p", "?", json.dumps({"answer": gold}))


@pytest.fixture(scope="module")
def strict() -> MathVerifier:
    return MathVerifier()


def other_than(expected: str, verifier: MathVerifier, pairs: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Gold answers, answers and verdicts where the verdict is another."""
    answers = [Answer(problem(gold), f"so \\boxed{{{answer}}}.") for gold, answer in pairs]
    judged = verifier.verify_all(answers)
    told = [(gold, answer, j.verdict.value) for (gold, answer), j in zip(pairs, judged, strict=True)]
    return [one for one in told if one[2] != expected]


SAME = [
    ("42", "42.0"),
    ("1,234", "1234"),
    ("0.5", r"\frac12"),
    ("4.5e33", r"4.5 \times 10^{33}"),
    (r"1\frac{4}{5}", "9/5"),
    ("13", r"\text{13}"),
    ("18", r"\$18"),
    (r"7.41\%", r"7.41 \%"),
    (r"\text{Evelyn}", "evelyn"),
    ("True", r"\text{true}"),
    ("A", r"\text{(A)}"),
    ("1,-2", r"-2 \text{ and } 1"),
    ("1,-1", r"\pm 1"),
    (r"\{1,2\}", "2, 1"),
    ("7", "x = 7"),
    ("x = 7", "7"),
    ("7", "x = 14/2 = 7"),
    ("y = 2x+3", "y-2x-3=0"),
    ("x^2+x", "x(x+1)"),
    (r"\frac{\sqrt2}{2}", r"\frac{1}{\sqrt{2}}"),
    ("[-2,7]", r"x \in [-2,7]"),
    (r"k \geqslant 2", r"k \ge 2"),
    (r"30^\circ", r"30^{\circ}"),
    ("n = 2,3", "2, 3"),
    (r"11,\! 111,\! 100", "11111100"),
    (r"5 \text{ cm}", r"5\mathrm{cm}"),
    ("(1, 1/2)", r"\left(1, 0.5\right)"),
    (r"\sin^2 x + \cos^2 x", "1"),
    (r"(-\infty, 2) \cup (3, \infty)", r"(3,\infty)\cup(-\infty,2)"),
    ("1/0", "1/0"),
    (r"\begin{pmatrix} 1/5 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 0.2 \\ 2 \end{pmatrix}"),
    ("4343_6", "4343_{6}"),
]
# Of these math-verify 0.9.0 calls equal, in its own strict mode, those up to the empty line.
DIFFERENT = [
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
    ("10^{-20}", "10^{-21}"),
    ("50", r"50\%"),
    ("0.5", r"50\%"),
    (r"50\%", "0.5"),
    ("4343_6", "4343_7"),
    ("4343_6", "4343"),
    (r"145^\circ", "145"),
    ("1/3", "0.333333"),
    ("1", "9=1"),
    ("1", "x+5=1"),
    ("(1,2)", "1,2"),
    (r"\sqrt{2}", "1.414214"),
    (r"10^{-20}x", r"10^{-21}x"),
    ("12345", "12346"),
    ("n=2,3,4", "n=1,2,3"),
    ("f(x)=0", "f(x)=1"),
    ("y=2x+3", "y=2x+4"),
    ("x=1", "y=1"),
    ("A", "B"),
    ("True", "False"),
    (r"\text{east}", r"\text{west}"),
    (r"\text{no solution}", "0"),
    ("0", r"\text{line}"),
    ("(1,2)", "(2,1)"),
    ("(1,2)", "[1,2]"),
    ("1,2", "1,2,3"),
    ("1,1", "1,2"),
    ("x=1,y=2", "2,1"),
    ("2", "2 3"),
    (r"5 \text{ cm}", "5"),
    (r"5 \text{ cm}", r"5 \text{ m}"),
    (r"\text{listen}", r"\text{silent}"),
    ("E_{1},E_{2}", "E_{1},E_{3}"),
    ("7", "x = 8 = 7"),
    (r"\frac{100!}{2^{50}}", r"\frac{100!}{2^{51}}"),
    ("a", "A"),
    ("y = 2x+3", "y - 2x = 4"),
]


def test_equal_answers_are_correct(strict: MathVerifier) -> None:
    assert other_than("correct", strict, SAME) == []


def test_different_answers_are_wrong(strict: MathVerifier) -> None:
    assert other_than("wrong", strict, DIFFERENT) == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{1} \boxed{2}", "2"),
        (r"\boxed{\boxed{7} + 1}", r"\boxed{7} + 1"),
        (r"\boxed{1 \boxed{2}", "2"),
        (r"\boxed{\frac{1}{\{2\}}} }", r"\frac{1}{\{2\}}"),
        (r"{{ \boxed {3}", "3"),
        (r"\boxed 7.", "7"),
        (r"$\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"\fbox{x} and \boxedup{3}", "x"),
        ("\\\\\\boxed{5}", "5"),
    ],
)
def test_the_last_box_is_the_answer(text: str, answer: str) -> None:
    assert last_box(text) == (answer, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("the answer is 42", "no box"),
        (r"\boxed{42} or \boxed{4", "the last box is not closed"),
        (r"\boxed{42} or \boxed", "the last box is not closed"),
        (r"\boxed{ }", "the last box is empty"),
        (r"\boxed{" + "1" * 2001 + "}", "the last box holds more than 2,000 characters"),
        (r"\boxed{" + "(" * 41 + ")" * 41 + "}", "the last box nests more than 40 brackets"),
    ],
)
def test_without_an_answer_nothing_is_guessed(strict: MathVerifier, text: str, fault: str) -> None:
    assert strict.verify(problem("42"), text) == Judgement(Verdict.NO_ANSWER, detail=fault)


def test_each_lenient_rule_stands_in_the_name_and_changes_what_it_says() -> None:
    for rule, gold, text in [
        (MathRule.LAST_NUMBER, "1300", "so 1,200 or 1,300."),
        (MathRule.PERCENT, "50", r"\boxed{50\%}"),
        (MathRule.UNITS, "145", r"\boxed{145^\circ}"),
        (MathRule.UNITS, r"864 \mbox{ inches}^2", r"\boxed{864}"),
    ]:
        lenient = verifier_of("math", VerifierOptions(math=MathOptions(math_rules=(rule,))))
        assert lenient.name == f"{MathVerifier().name}+{rule}"
        assert lenient.verify(problem(gold), text).verdict is Verdict.CORRECT
        assert MathVerifier().verify(problem(gold), text).verdict is not Verdict.CORRECT
        assert lenient.verify(problem("0.5"), r"\boxed{50\%}").verdict is Verdict.WRONG


def test_any_of_several_references_suffices(strict: MathVerifier) -> None:
    both = problem(["x+1", 7])
    assert [strict.verify(both, rf"\boxed{{{a}}}").verdict.value for a in ("7", "1+x", "8", "x")] == [
        "correct", "correct", "wrong", "wrong",
    ]  # fmt: skip


def test_equal_answers_have_equal_canonical_texts(strict: MathVerifier) -> None:
    for first, second in [
        ("0.5", r"\dfrac{1}{2}"),
        ("1,000", "1000."),
        (r"\text{Yes}", "yes"),
        ("(1, x)", r"\left(1,x\right)"),
    ]:
        one, other = (strict.verify(problem("9"), rf"\boxed{{{a}}}").answer for a in (first, second))
        assert one == other and one


@pytest.mark.parametrize(
    "reference", ["{}", "[]", "no", '{"answer": []}', '{"answer": {}}', '{"answer": [null]}', '{"answer": " "}']
)
def test_a_reference_without_an_answer_is_refused(strict: MathVerifier, reference: str) -> None:
    with pytest.raises(BadInput, match="problem 'p': expected a reference like"):
        strict.verify(Problem("p", "?", reference), r"\boxed{42}")


def test_settings_say_what_the_verdicts_depend_on(strict: MathVerifier) -> None:
    assert strict.name == "math-0.9.0"
    assert strict.settings["rules"] == "strict" and strict.settings["sympy"]
