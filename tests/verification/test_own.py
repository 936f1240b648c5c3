"""A function of one's own as a verifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.options import OwnOptions
from beyondbase.verification.verifier import Answer, BatchVerifier, Recorded

PROBLEM = Problem("p", "?", '{"answer": 42}')
GRADER = """
import os, time
from beyondbase.types import Judgement, Verdict

def grade(problem, text):
    if text == "hang":
        while True: pass
    if text == "crash":
        os._exit(7)
    if text == "raise":
        raise KeyError("no")
    if text == "none":
        return None
    if text == "judgement":
        return Judgement(Verdict.WRONG, "a", problem.reference)
    if text in list(Verdict):
        return text
    return text == "42"

def one(text):
    return True

not_one = 7
"""
OPTIONS = VerifierOptions(own=OwnOptions(own_cpu_s=1.0))


@pytest.fixture(autouse=True)
def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"grader_{request.node.name.partition('[')[0]}"
    (tmp_path / f"{name}.py").write_text(GRADER)
    monkeypatch.chdir(tmp_path)
    return name


def test_what_the_function_says_is_the_verdict_and_what_it_dies_of_is_missing_data(grader: str) -> None:
    verifier = verifier_of(f"{grader}:grade", OPTIONS)
    assert isinstance(verifier, BatchVerifier) and isinstance(verifier, Recorded)
    texts = ["42", "hang", "41", "crash", "no_answer", "raise", "judgement", "42"]
    judged = list(verifier.verify_all(Answer(PROBLEM, text) for text in texts))
    error = Verdict.VERIFIER_ERROR
    assert judged == [
        Judgement(Verdict.CORRECT),
        Judgement(error, detail="cpu: more than 1 s of CPU time"),
        Judgement(Verdict.WRONG),
        Judgement(error, detail="crash: its process exited with 7, twice"),
        Judgement(Verdict.NO_ANSWER),
        Judgement(error, detail="raised: KeyError: 'no'"),
        Judgement(Verdict.WRONG, "a", PROBLEM.reference),
        Judgement(Verdict.CORRECT),
    ]
    assert verifier.settings["function"] == f"{grader}:grade"
    with pytest.raises(BadInput, match=r"expected it to return True, False, .* or one of correct, .* got None"):
        list(verifier.verify_all([Answer(PROBLEM, "none")]))


def test_the_stored_name_finds_the_function_and_an_edited_one_has_another(grader: str, tmp_path: Path) -> None:
    name = verifier_of(f"{grader}:grade").name
    assert name.startswith(f"own-1+{grader}.grade+")
    assert verifier_of(name).name == name
    with (tmp_path / f"{grader}.py").open("a") as file:
        file.write("# edited\n")
    assert verifier_of(f"{grader}:grade").name != name
    with pytest.raises(BadInput, match="expected to judge as own-1"):
        verifier_of(name)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("no_such_module:grade", "module:function of a module in .* No module named 'no_such_module'"),
        ("GRADER:nothing", "has no attribute 'nothing'"),
        ("GRADER:one", "a Python function of .problem, text., but: too many positional arguments"),
        ("GRADER:not_one", "a Python function of .problem, text., but: 7 is not a callable object"),
        ("GRADER:", "module:function"),
        ("own", "module:function"),
    ],
)
def test_what_is_no_such_function_is_refused_in_one_line(grader: str, function: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        verifier_of(function.replace("GRADER", grader))
