"""Which program an answer holds."""

from __future__ import annotations

import pytest

from beyondbase.programs.extraction import program_of
from beyondbase.programs.references import FunctionTests, StdioCase, StdioCases

PROMPT = "from typing import List\n\ndef f(x: int) -> int:\n    '''Twice.'''\n"
HUMANEVAL = FunctionTests(PROMPT, "", "f", "humaneval")
MBPP = FunctionTests('"""Twice."""', "", "f", "mbpp")
STDIO = StdioCases((StdioCase("1", "2"),))


def meant(text: str, reference: FunctionTests | StdioCases) -> str | None:
    """The reading that the sandbox takes: the first that compiles, else the first."""
    program = program_of(text, reference)
    if program is None:
        return None
    for cut in program.cuts:
        source = program.head + program.text[:cut]
        try:
            compile(source, "p", "exec")
        except SyntaxError:
            continue
        return source.removeprefix(PROMPT).strip("\n")
    return "no Python"


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        ("a\n```python\ndef f(x): return 1\n```\nb\n```python\ndef f(x): return 2\n```\n", MBPP, "def f(x): return 2"),
        ("```python\ndef f(x): return 1\n```\nUse it:\n```python\nprint(f(1))\n```\n", MBPP, "def f(x): return 1"),
        ("```py\ndef f(x):\n    return 1\n", MBPP, "def f(x):\n    return 1"),
        ("```python\ndef f(x):\n    return 1\n\nThat is all there", MBPP, "def f(x):\n    return 1"),
        ("```\ndef f(x): return 1\n```", MBPP, "def f(x): return 1"),
        ("```text\ndef f(x): return 1\n```", MBPP, None),
        ("  ```python\n  def f(x): return 1\n  ```", HUMANEVAL, "def f(x): return 1"),
        ("    return 2 * x\n\ndef g(y):\n    return y\n", HUMANEVAL, "    return 2 * x"),
        ("    return 2 * x\n```\nIt doubles.", HUMANEVAL, "    return 2 * x"),
        ("    a = '''\nb\n'''\n    return 2 * x\nprint(1)", HUMANEVAL, "    a = '''\nb\n'''\n    return 2 * x"),
        ("    return 2 * x\n\nHope this helps", HUMANEVAL, "    return 2 * x"),
        ("def f(x):\n    return 2 * x\n\nassert f(1) == 3\n", MBPP, "def f(x):\n    return 2 * x"),
        ("import math\ndef f(x):\n    return 2 * x\nIt doubles x.", MBPP, "import math\ndef f(x):\n    return 2 * x"),
        ("    return ((\n", HUMANEVAL, "no Python"),
        ("It is twice x.", HUMANEVAL, None),
        ("", HUMANEVAL, None),
        ("```python\n```", HUMANEVAL, None),
        ("n = int(input())\nprint(2 * n)\n", STDIO, "n = int(input())\nprint(2 * n)"),
        ("42", STDIO, None),
    ],
)
def test_the_program_that_is_meant(text: str, reference: FunctionTests | StdioCases, expected: str | None) -> None:
    assert meant(text, reference) == expected


def test_many_lines_at_the_margin_give_a_bounded_number_of_readings() -> None:
    program = program_of("    x\n" + "y\n" * 100_000, HUMANEVAL)
    assert program is not None
    assert len(program.cuts) < 50
