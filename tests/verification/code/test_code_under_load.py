"""Verdicts are the machine's business, not its neighbours'."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from beyondbase.types import Problem, Verdict
from beyondbase.verification.code.verifier import CodeVerifier
from beyondbase.verification.options import CodeOptions
from beyondbase.verification.verifier import Answer

DOUBLE = {"kind": "function", "style": "mbpp", "prompt": "", "test": "assert f(2) == 4", "entry_point": "f"}
PROBLEM = Problem("double", "", json.dumps(DOUBLE))
BUSY = "import time\ndef f(x):\n    while time.process_time() < {}: pass\n    return 2 * x\n"
PROGRAMS = {
    "def f(x): return 2 * x\n": Verdict.CORRECT,
    "def f(x): return x\n": Verdict.WRONG,
    BUSY.format(1.2): Verdict.CORRECT,  # three fifths of what it has
    BUSY.format(99): Verdict.WRONG,
    "import time\ndef f(x):\n    time.sleep(2)\n    return 2 * x\n": Verdict.CORRECT,
    "import time\ndef f(x):\n    time.sleep(99)\n    return 2 * x\n": Verdict.WRONG,
}


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 16])
def test_verdicts_are_the_same_beside_busy_loops(count: int) -> None:
    answers = [Answer(PROBLEM, f"```python\n{program}```\n") for program in PROGRAMS]
    with busy_loops(count):
        judged = list(CodeVerifier(CodeOptions(code_cpu_s=2)).verify_all(answers))
    assert [judgement.verdict for judgement in judged] == list(PROGRAMS.values()), judged
