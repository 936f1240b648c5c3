"""Programs are judged by their tests, and what fails on our side is missing data."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.code import bubblewrap, process
from beyondbase.verification.code.choice import CodeSandbox
from beyondbase.verification.code.docker import docker_command
from beyondbase.verification.code.process import Process
from beyondbase.verification.code.system_calls import seccomp_filter
from beyondbase.verification.code.verifier import CodeVerifier
from beyondbase.verification.options import CodeOptions
from beyondbase.verification.verifier import Answer, BatchVerifier, Checkable, Recorded

QUICK = CodeOptions(code_cpu_s=1)


def function(name: str, style: str, prompt: str, test: str, solution: str) -> Problem:
    fields = {"kind": "function", "style": style, "prompt": prompt, "test": test, "entry_point": name}
    return Problem(name, prompt, json.dumps(fields | {"solution": solution}))


def stdio(name: str, cases: list[tuple[str, str]], solution: str) -> Problem:
    told = [{"input": given, "output": due} for given, due in cases]
    return Problem(name, "", json.dumps({"kind": "stdio", "cases": told, "solution": solution}))


SHIFT = function(
    "unshift",
    "humaneval",
    "def shift(s: str) -> str:\n    return s[1:] + s[:1]\n\n\ndef unshift(s: str) -> str:\n    '''Undo shift.'''\n",
    "def check(candidate):\n    for s in ('', 'a', 'abc', 'é\\ud800'):\n        assert candidate(shift(s)) == s\n",
    "    return s[-1:] + s[:-1]\n",
)
VALUES = function(
    "same",
    "mbpp",
    '"""Return the argument."""',
    "for v in [None, True, 10**40, -0.0, 1e300 * 10, 'x', b'y', (1, [2]), {1: {2}}, frozenset({3}), 1j]:\n"
    "    out = same(v)\n    assert out == v and type(out) is type(v)\nassert same(float('nan')) != 0\n",
    "def same(x):\n    return x",
)
ARRAYS = function(
    "spread",
    "mbpp",
    '"""Zeros."""',
    "import numpy as np\nassert np.allclose(spread(3), np.zeros(3))\nassert spread(2).dtype == np.float64\n",
    "import numpy as np\ndef spread(n):\n    return np.zeros(n)",
)
RAISES = function(
    "root",
    "humaneval",
    "def root(x: float) -> float:\n    '''Root.'''\n",
    "def check(candidate):\n    assert candidate(4) == 2\n"
    "    try:\n        candidate(-1)\n    except ValueError:\n        return\n    assert False\n",
    "    if x < 0:\n        raise ValueError(x)\n    return x ** 0.5\n",
)
FOUND = function(
    "found",
    "mbpp",
    '"""Search."""',
    "assert bool(found('abc')) and not found('x')",
    "import re\ndef found(s): return re.search('b', s)",
)
ADD = stdio("add", [("1 2\n", "3\n"), ("5 -6\n", "-1")], "print(sum(map(int, input().split())))")
DEEP = stdio(
    "deep",
    [("5000", "5000\n")],
    "import sys, threading\nsys.setrecursionlimit(10**5)\ndef depth(n): return n and 1 + depth(n - 1)\n"
    "def main(): print(depth(int(input())))\nt = threading.Thread(target=main)\nt.start()\nt.join()",
)
PROBLEMS = [SHIFT, VALUES, ARRAYS, RAISES, FOUND, ADD, DEEP]


def judged(problem: Problem, program: str, options: CodeOptions = QUICK) -> Judgement:
    return CodeVerifier(options).verify(problem, f"```python\n{program}\n```\n")


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.problem_id)
def test_a_solution_is_correct_and_a_wrong_program_is_not(problem: Problem) -> None:
    verifier = CodeVerifier(QUICK)
    gold = verifier.gold_texts(problem)
    assert gold is not None
    answers = [Answer(problem, gold.right), Answer(problem, gold.wrong), Answer(problem, "I cannot say.")]
    said = list(verifier.verify_all(answers))
    assert [judgement.verdict for judgement in said] == [Verdict.CORRECT, Verdict.WRONG, Verdict.NO_ANSWER], said


def test_it_is_all_that_a_verifier_may_be() -> None:
    verifier = verifier_of("code", VerifierOptions(code=CodeOptions(code_cpu_s=3, code_memory_mb=2048)))
    assert isinstance(verifier, BatchVerifier) and isinstance(verifier, Recorded) and isinstance(verifier, Checkable)
    assert verifier.name == "code-1+cpu3+mem2048"
    assert verifier.settings["sandbox"].startswith("bubblewrap")


def test_no_answer_sees_what_another_one_left_in_the_tests() -> None:
    counts = function(
        "f", "mbpp", '""', "import json\njson.seen = getattr(json, 'seen', 0) + 1\nassert f(0) == json.seen == 1", ""
    )
    once = Answer(counts, "```python\ndef f(x): return 1\n```")
    assert {said.verdict for said in CodeVerifier(QUICK).verify_all([once] * 4)} == {Verdict.CORRECT}


def test_the_order_of_a_set_is_the_same_in_every_run() -> None:
    program = "raise SystemExit(str(list({'a', 'b', 'c', 'd', 'e', 'f', 'g'})))"
    assert len({judged(stdio("set", [("", "")], ""), program).detail for _ in range(4)}) == 1


def test_syntax_limits_and_crashes_are_told() -> None:
    assert "SyntaxError" in judged(SHIFT, "def unshift(s:").detail
    assert "1 s of CPU time" in judged(SHIFT, "def unshift(s):\n    while True: pass").detail
    assert "MemoryError" in judged(SHIFT, "def unshift(s):\n    return bytes(1 << 33)").detail
    assert "ZeroDivisionError" in judged(ADD, "1 / 0").detail


def test_half_of_the_cpu_time_is_no_reason() -> None:
    slow = "import time\ndef unshift(s):\n    while time.process_time() < 0.5: pass\n    return s[-1:] + s[:-1]"
    assert judged(SHIFT, slow).verdict is Verdict.CORRECT


def test_tests_that_break_are_missing_data_for_their_problem_alone() -> None:
    broken = function("unshift", "humaneval", "", "import no_such_module\ndef check(candidate): pass", "")
    crash = function("unshift", "mbpp", "", "import ctypes\nctypes.string_at(0)", "")
    syntax = function("unshift", "mbpp", "", "assert (", "")
    right = "```python\ndef unshift(s): return s[-1:] + s[:-1]\n```"
    verdicts = [
        said.verdict
        for said in CodeVerifier(QUICK).verify_all([Answer(p, right) for p in (crash, SHIFT, syntax, SHIFT)])
    ]
    error, correct = Verdict.VERIFIER_ERROR, Verdict.CORRECT
    assert verdicts == [error, correct, error, correct]
    assert judged(broken, "def unshift(s): return s").verdict is not Verdict.CORRECT


def test_a_program_that_someone_kills_is_missing_data(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Process.hear

    def killed(self: Process) -> tuple[bytes, bytes]:
        subprocess.run(["kill", "-9", str(self._pid)], check=True)
        return turn(self)

    monkeypatch.setattr(Process, "hear", killed)
    assert judged(SHIFT, "import time\ntime.sleep(5)").verdict is Verdict.VERIFIER_ERROR


def test_answers_are_read_no_further_ahead_than_they_are_worked_on() -> None:
    read = 0

    def answers() -> object:
        nonlocal read
        for _ in range(50):
            read += 1
            yield Answer(ADD, "nothing")

    said = CodeVerifier(QUICK).verify_all(answers())  # type: ignore[arg-type]
    next(said)
    assert read <= 5
    said.close()  # type: ignore[attr-defined]


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="found no bwrap; install it"):
        judged(ADD, "print(3)")
    with pytest.raises(BadInput, match="Docker daemon that answers, found none"):
        judged(ADD, "print(3)", CodeOptions(code_sandbox=CodeSandbox.DOCKER))


def test_a_bubblewrap_that_may_not_is_refused_and_one_that_leaks_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: str(refusing) if name == "bwrap" else None)
    with pytest.raises(BadInput, match=r"does not start one: .*No permissions .*\(sysctl"):
        judged(ADD, "print(3)")
    monkeypatch.undo()
    lax = seccomp_filter(forks=True)
    monkeypatch.setattr(bubblewrap, "seccomp_filter", lambda forks: lax)
    with pytest.raises(BadInput, match="lets it reach another process"):
        judged(ADD, "print(3)")


def test_the_docker_command_takes_all_away() -> None:
    command = " ".join(docker_command("program_side", 1 << 30))
    for part in (
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "no-new-privileges",
        "--pids-limit",
        "--memory 1073741824",
    ):
        assert part in command


def test_one_that_sleeps_is_told_from_one_that_waits_for_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "IDLE_S", 1.0)
    began = time.monotonic()
    said = judged(ADD, "import time\ntime.sleep(60)")
    assert (said.verdict, "sleeps" in said.detail) == (Verdict.WRONG, True)
    assert time.monotonic() - began < 30
