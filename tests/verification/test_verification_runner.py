from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl
import pytest

from beyondbase.errors import StoreError
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification import VERIFIERS, VerifierOptions
from beyondbase.verification.runner import Judge
from beyondbase.verification.verifier import Answer

PROBLEMS = [Problem("a", "?", "1"), Problem("b", "?", "2")]
Row = tuple[str, int, str, str]


class EchoVerifier:
    """Says what the text says: a verdict, or the exception to die of."""

    name = "echo-1"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def verify(self, problem: Problem, text: str) -> Judgement:
        self.asked.append((problem.problem_id, text))
        if text == "raise":
            raise RuntimeError("first line\nsecond line " + "x" * 1000)
        return Judgement(Verdict(text), answer=f"{problem.reference}:{text}", detail="why")


def _samples(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["problem_id", "sample_index", "text", "finish"], orient="row")


def _verdicts(rows: list[Row], verifier: EchoVerifier | None = None) -> dict[tuple[str, int], tuple[str, str, str]]:
    frames = list(Judge(verifier or EchoVerifier(), PROBLEMS).rows([_samples(rows)]))
    return {
        (i, index): (verdict, answer, detail) for f in frames for i, index, verdict, answer, detail in f.iter_rows()
    }


@pytest.mark.parametrize("verdict", ["correct", "wrong", "no_answer", "truncated", "verifier_error"])
def test_a_verdict_is_stored_as_the_verifier_gave_it(verdict: str) -> None:
    assert _verdicts([("a", 3, verdict, "eos")]) == {("a", 3): (verdict, f"1:{verdict}", "why")}


@pytest.mark.parametrize(
    ("verdict", "stored"),
    [
        ("correct", "correct"),
        ("wrong", "truncated"),
        ("no_answer", "truncated"),
        ("verifier_error", "verifier_error"),
    ],
)
def test_a_cut_sample_that_is_not_correct_is_truncated(verdict: str, stored: str) -> None:
    assert _verdicts([("a", 0, verdict, "length")])["a", 0][0] == stored


def test_equal_texts_of_a_problem_are_judged_once_and_keep_their_own_finish() -> None:
    verifier = EchoVerifier()
    rows = [("a", 0, "wrong", "eos"), ("b", 0, "wrong", "eos"), ("a", 1, "wrong", "length"), ("a", 2, "correct", "eos")]
    verdicts = _verdicts(rows, verifier)
    assert sorted(verifier.asked) == [("a", "correct"), ("a", "wrong"), ("b", "wrong")]
    assert [verdicts["a", index][0] for index in range(3)] == ["wrong", "truncated", "correct"]
    assert verdicts["b", 0] == ("wrong", "2:wrong", "why")


def test_a_verifier_that_raises_gives_missing_data_with_the_reason_in_one_line() -> None:
    verdict, answer, detail = _verdicts([("a", 0, "raise", "length"), ("a", 1, "correct", "eos")])["a", 0]
    assert (verdict, answer) == ("verifier_error", "")
    assert detail.startswith("RuntimeError: first line second line x")
    assert len(detail) == 500


def test_a_verifier_that_returns_something_else_gives_missing_data() -> None:
    class BoolVerifier(EchoVerifier):
        def verify(self, problem: Problem, text: str) -> Judgement:
            return True  # type: ignore[return-value]

    assert _verdicts([("a", 0, "x", "eos")], BoolVerifier())["a", 0][0] == "verifier_error"


def test_every_row_gets_one_verdict_in_chunks_that_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyondbase.verification.runner.CHUNK_ROWS", 4)
    rows: list[Row] = [("ab"[i % 2], i, ["correct", "wrong", "raise"][i % 3], "eos") for i in range(23)]
    reports: list[int] = []
    frames = [_samples(rows[:10]), _samples([]), _samples(rows[10:])]
    got = list(Judge(EchoVerifier(), PROBLEMS).rows(frames, reports.append))
    assert sorted(pl.concat(got).select("problem_id", "sample_index").rows()) == sorted((r[0], r[1]) for r in rows)
    assert max(frame.height for frame in got) <= 6  # chunks end with a text
    assert reports[-1] == 23
    expected = {"correct": "correct", "wrong": "wrong", "raise": "verifier_error"}
    texts = {(problem_id, index): text for problem_id, index, text, _ in rows}
    assert all(v == expected[texts[i, index]] for f in got for i, index, v, _, _ in f.iter_rows())


def test_each_verifier_of_the_table_has_a_name_with_its_version() -> None:
    for name in VERIFIERS.keys() - {"judge"}:  # which needs a server: tests/verification/judge
        stem, _, version = VERIFIERS[name](VerifierOptions()).name.partition("-")
        assert stem == name and version


def test_what_was_judged_before_the_surroundings_failed_is_handed_on() -> None:
    class Gone(EchoVerifier):
        def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
            for answer in answers:
                if answer.text == "gone":
                    raise StoreError("the server has gone")
                yield self.verify(*answer)

    samples = _samples([("a", 0, "correct", "eos"), ("a", 1, "gone", "eos"), ("b", 0, "wrong", "eos")])
    frames = Judge(Gone(), PROBLEMS).rows([samples])
    assert next(frames)["verdict"].to_list() == ["correct"]
    with pytest.raises(StoreError, match="the server has gone"):
        next(frames)
