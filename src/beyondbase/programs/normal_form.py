"""Which programs are the same but for names, comments and layout."""

from __future__ import annotations

import ast
import warnings

from beyondbase.programs.extraction import Program
from beyondbase.programs.renaming import Renamed

_FAILURES = (SyntaxError, ValueError, RecursionError, MemoryError)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def normal_form(source: str) -> str:
    r"""Text that is equal for programs that differ in names, comments, docstrings and layout alone.

    Names that the program gives (variables, parameters, functions, classes, `import ... as`) are numbered in the order
    in which they appear, each scope for itself; constants, attributes, keywords of calls, and names from outside stay.
    Of functions defined twice at the margin the last counts. A program that is not Python of the running version
    is its text with all white space alike.

    >>> normal_form("def f(a):\n    return a + 1  # one\n") == normal_form("def g(b):\n  'Add.'\n  return b + 1")
    True
    >>> normal_form("x = 1") == normal_form("x = 2")
    False
    >>> normal_form("def  f(:")
    'text: def f(:'
    """
    tree = _parsed(source)
    try:
        if tree is not None:
            tree.body = _without_superseded(tree.body)
            return f"ast: {ast.dump(Renamed().whole(tree), annotate_fields=False)}"
    except _FAILURES:  # nested too deeply to be walked
        pass
    return f"text: {' '.join(source.split())}"


def meant(program: Program) -> str:
    r"""The first of a program's readings that is Python, or the whole text where none is.

    >>> meant(Program("", "x = 1\nand so on\n", (16, 6)))
    'x = 1\n'
    """
    readings = (program.head + program.text[:cut] for cut in program.cuts)
    return next((text for text in readings if _parsed(text) is not None), program.head + program.text)


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes and comparisons in a model's program
            return ast.parse(source)
    except _FAILURES:
        return None


def _without_superseded(body: list[ast.stmt]) -> list[ast.stmt]:
    """A prompt's function without a body, which the answer defines once more, is no part of the program."""
    last = {node.name: node for node in body if isinstance(node, _FUNCTIONS)}
    return [node for node in body if not isinstance(node, _FUNCTIONS) or last[node.name] is node]
