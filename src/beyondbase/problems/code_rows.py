"""Rows whose answer is a program: a function with its tests, or cases of input and output.

The reference of such a problem, read by the verifier "code":
    {"kind": "function", "prompt", "test", "entry_point", "style": "humaneval" | "mbpp", "solution"?}
    {"kind": "stdio", "cases": [{"input", "output"}, ...], "solution"?}
style humaneval: the test defines check(candidate); mbpp: the test calls the function itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

CODE = (
    *("prompt", "test", "entry_point", "canonical_solution", "starter_code"),
    *("cases", "test_cases", "input_output", "public_test_cases", "private_test_cases"),
)
"""columns that are no strata"""
_CHECK = re.compile(r"^def check\(", re.MULTILINE)
_MEND = "write the cases as a column `cases`: a list of objects with input and output"


def code_reference(cells: Mapping[str, object], where: str) -> dict[str, object] | None:
    """Return the reference of a row with tests; None for a row that has none. Raises BadInput for tests of no use."""
    row = {name.lower(): value for name, value in cells.items() if value is not None}
    if "test" in row and "entry_point" in row:
        reference = _function(row, where)
    elif "cases" in row or "test_cases" in row:
        reference = _stdio(_parsed(row.get("cases", row.get("test_cases")), where), where)
    elif "input_output" in row:
        reference = _stdio(_zipped(_parsed(row["input_output"], where), where), where)
    elif "public_test_cases" in row or "private_test_cases" in row:
        columns = [row[name] for name in ("public_test_cases", "private_test_cases") if row.get(name)]
        reference = _stdio([case for column in columns for case in _list(_parsed(column, where), where)], where)
    else:
        return None
    solution = row.get("canonical_solution", row.get("solution"))
    return reference if solution is None else reference | {"solution": _text(solution, "a solution", where)}


def _function(row: Mapping[str, object], where: str) -> dict[str, object]:
    prompt = row.get("prompt", row.get("question"))
    parts = {"prompt": prompt, "test": row["test"], "entry_point": row["entry_point"]}
    texts = {name: _text(value, name, where) for name, value in parts.items()}
    return {"kind": "function", "style": "humaneval" if _CHECK.search(texts["test"]) else "mbpp", **texts}


def _stdio(cases: object, where: str) -> dict[str, object]:
    read = []
    for case in _list(cases, where):
        if not isinstance(case, Mapping) or not {"input", "output"} <= case.keys():
            raise BadInput(f"{where}: expected cases with input and output, got {in_short(case)}; {_MEND}")
        if case.get("testtype", "stdin") != "stdin":
            raise BadInput(
                f"{where}: expected cases of type stdin, got {in_short(case['testtype'])}; leave such rows out, or "
                "write each as a function: columns prompt, test and entry_point"
            )
        read.append({name: _text(case[name], f"the {name} of a case", where) for name in ("input", "output")})
    if not read:
        raise BadInput(f"{where}: expected at least one case, got none; {_MEND}")
    return {"kind": "stdio", "cases": read}


def _zipped(table: object, where: str) -> list[dict[str, object]]:
    """Pair the inputs and outputs of APPS and TACO."""
    if not isinstance(table, Mapping) or table.get("fn_name"):
        raise BadInput(f"{where}: expected input_output with inputs and outputs, and no fn_name; {_MEND}")
    inputs, outputs = (_list(table.get(name), where) for name in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        raise BadInput(f"{where}: expected one output an input, got {len(inputs)} inputs and {len(outputs)} outputs")
    return [{"input": given, "output": wanted} for given, wanted in zip(inputs, outputs, strict=True)]


def _parsed(cell: object, where: str) -> object:
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        # LiveCodeBench's private cases are a pickle, compressed, as base64. Loading a pickle runs whatever it says.
        raise BadInput(
            f"{where}: expected test cases as JSON text, got {in_short(cell)}; a pickle is never loaded here: {_MEND}"
        ) from None


def _list(cell: object, where: str) -> list[object]:
    if not isinstance(cell, list):
        raise BadInput(f"{where}: expected a list of test cases, got {in_short(cell)}; {_MEND}")
    return cell


def _text(value: object, what: str, where: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{where}: expected {what} as text, got {in_short(value)}")
    return value
