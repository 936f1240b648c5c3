"""What the code verifier reads in a problem's reference."""

from __future__ import annotations

import json
from dataclasses import dataclass

from beyondbase.errors import BadInput
from beyondbase.types import Problem


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """Tests that call one function."""

    prompt: str
    test: str
    entry_point: str
    style: str
    """humaneval: the program goes on with the prompt, and `check(candidate)` tests it; mbpp: the test stands alone"""
    solution: str = ""


@dataclass(frozen=True, slots=True)
class StdioCase:
    """One input, and the output that is due."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class StdioCases:
    """Cases that a program of standard input and output must get right, each in a run of its own."""

    cases: tuple[StdioCase, ...]
    solution: str = ""


def reference_of(problem: Problem) -> FunctionTests | StdioCases:
    """Read a problem's reference; raises BadInput for one that is none of a code problem.

    >>> reference_of(Problem("p", "double it", '{"kind": "stdio", "cases": [{"input": "1", "output": "2"}]}')).cases
    (StdioCase(input='1', output='2'),)
    """
    try:
        fields = json.loads(problem.reference)
        kind = fields.pop("kind")
        if kind == "stdio":
            cases = tuple(StdioCase(case["input"], case["output"]) for case in fields["cases"])
            read: FunctionTests | StdioCases = StdioCases(cases, fields.get("solution") or "")
            usable = bool(cases) and all(isinstance(text, str) for case in cases for text in (case.input, case.output))
        else:
            prompt, test, name, style = (fields[name] for name in ("prompt", "test", "entry_point", "style"))
            read = FunctionTests(prompt, test, name, style, fields.get("solution") or "")
            usable = kind == "function" and read.style in ("humaneval", "mbpp") and read.entry_point.isidentifier()
    except (ValueError, TypeError, KeyError, AttributeError):
        usable = False
    if not usable:
        raise BadInput(
            f"problem {problem.problem_id!r}: expected a reference of kind function (prompt, test, entry_point, style "
            "humaneval or mbpp) or stdio (cases of input and output), got another"
        )
    return read
