from __future__ import annotations

import ast
import sys

import pytest

from beyondbase.programs.extraction import program_of
from beyondbase.programs.normal_form import meant, normal_form
from beyondbase.programs.references import FunctionTests

PROGRAM = '''
import numpy as np
from math import sqrt as root

def mean(values, *, start=0):
    """Mean of the values."""
    total = start  # the sum so far
    for value in values:
        total += value
    squares = [value * value for value in values if value]
    try:
        return total / len(values), root(sum(squares)), sorted(squares, key=lambda x: -x)
    except ZeroDivisionError as error:
        raise ValueError("none") from error
'''
RENAMED = """
import numpy as n
from math import sqrt as r
def average(xs, *, begin=0):
    s = begin
    for x in xs:

        s += x
    z = [y * y for y in xs if y]
    try:
        return (s / len(xs), r(sum(z)), sorted(z, key=lambda q: -q))
    except ZeroDivisionError as e:
        raise ValueError('none') from e
"""


def test_names_comments_docstrings_and_layout_do_not_matter() -> None:
    assert normal_form(PROGRAM) == normal_form(RENAMED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("start=0", "start=1"),
        ('"none"', '"nothing"'),
        ("total += value", "total -= value"),
        ("key=", "reverse="),
        ("len(values)", "sum(values)"),
        ("import sqrt as", "import cbrt as"),
        ("value * value", "value * total"),
        ("ZeroDivisionError", "TypeError"),
    ],
)
def test_constants_operations_and_names_from_outside_do(old: str, new: str) -> None:
    assert old in PROGRAM
    assert normal_form(PROGRAM) != normal_form(PROGRAM.replace(old, new))


def test_two_names_swapped_are_a_different_program() -> None:
    assert normal_form("def f(a, b):\n    return a - b") != normal_form("def f(a, b):\n    return b - a")


def test_each_scope_has_names_of_its_own() -> None:
    shared = "def f(x):\n    return x\ndef g(x):\n    return x\n"
    apart = "def f(x):\n    return x\ndef g(y):\n    return y\n"
    assert normal_form(shared) == normal_form(apart)
    outer = "x = 1\ndef f():\n    global x\n    x = 2\n"
    local = "x = 1\ndef f():\n    x = 2\n"
    assert normal_form(outer) != normal_form(local)
    assert normal_form(outer) == normal_form(outer.replace("x", "state"))


def test_what_a_class_holds_keeps_its_name_and_the_class_does_not() -> None:
    one = "class A:\n    n = 1\n    def get(self):\n        return self.n\n"
    assert normal_form(one) == normal_form(one.replace("A", "Box").replace("self", "me"))
    assert normal_form(one) != normal_form(one.replace("get", "give"))


def test_what_does_not_parse_is_its_text_with_white_space_alike() -> None:
    assert normal_form("def f(:\n   pass") == normal_form("def  f(:  pass") != normal_form("def g(: pass")
    assert normal_form("x = \x00") == "text: x = \x00"
    assert normal_form("-" * (20 * sys.getrecursionlimit()) + "1")  # too deep, and still a kind


def test_a_warning_of_a_models_program_is_nobodys_business() -> None:
    assert normal_form("x = '\\d'\nx is 1") != normal_form("x = 1")


def test_a_body_and_a_whole_function_for_the_same_prompt_are_one_program() -> None:
    tests = FunctionTests("def double(x):\n    '''Twice.'''\n", "", "double", "humaneval")
    body = program_of("    y = 2 * x\n    return y\n\nprint(double(2))\n", tests)
    whole = program_of("So:\n```python\ndef double(n):\n    return_ = 2 * n\n    return return_\n```\n", tests)
    assert body is not None and whole is not None
    ast.parse(meant(body))
    assert "print" not in meant(body)
    assert normal_form(meant(body)) == normal_form(meant(whole))
